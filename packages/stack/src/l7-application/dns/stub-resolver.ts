import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { Random } from '../../base/random.ts';
import { EAI_AGAIN, EAI_FAIL, EAI_NONAME } from '../../l5-session/constants.ts';
import type { NameResolver } from '../../l5-session/names.ts';
import { DnsCache, type Known } from './cache.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { query } from './message.ts';
import { DomainName } from './name.ts';
import { meaningOf } from './reply-meaning.ts';
import type { Ask } from './resolver.ts';
import { Rcode, Type } from './types.ts';
import type { RecordSet } from './zone.ts';

/** What `resolv.conf(5)` says, with its defaults. It is read at each question: a lease may change it. */
export interface StubConfiguration {
  /** Resolvers, asked in this order. */
  readonly nameservers: readonly IpAddress[];
  /** Domains in which a short name is looked for. */
  readonly search?: readonly string[];
  /** A name with at least so many dots is tried as it stands first (1). */
  readonly ndots?: number;
  /** Seconds that one server has (5), and how often all are asked (2). */
  readonly timeoutSeconds?: number;
  readonly attempts?: number;
}

export interface StubOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ask: Ask;
  readonly limits?: DnsLimits;
}

/** Names that are tried for one: a search list has this many domains (glibc's MAXDNSRCH was 6, and is none now). */
const SEARCH_DOMAINS = 32;

/**
 * The resolver in every host (RFC 1123 6.1.3.1, "stub"): asks recursive servers, believes them, and remembers what
 * they said as long as they allowed.
 */
export class StubResolver implements NameResolver {
  readonly configuration: StubConfiguration;
  readonly cache: DnsCache;
  private readonly random: Random;
  private readonly send: Ask;
  private readonly limits: DnsLimits;
  /** Whom the cache was filled by: others may say something else. */
  private filledBy = '';
  private readonly underWay = new Map<string, Promise<Known>>();

  constructor(configuration: StubConfiguration, options: StubOptions) {
    const { clock, random, ask, limits = DNS_LIMITS } = options;
    this.configuration = configuration;
    this.random = random;
    this.send = ask;
    this.limits = limits;
    this.cache = new DnsCache(clock, limits);
  }

  /** All addresses of a name, IPv4's first; or why there are none: an `EAI_` number. */
  async lookup(name: string): Promise<IpAddress[] | number> {
    let worst: number = EAI_NONAME;
    for (const candidate of this.candidates(name)) {
      const both = await Promise.all([this.find(candidate, Type.A), this.find(candidate, Type.AAAA)]);
      const addresses = both.flatMap((known) => (known.kind === 'set' ? known.set.map(({ address }) => address) : []));
      if (addresses.length > 0) return addresses;
      // Somebody who does not answer may know the name: it is not said that there is none.
      for (const known of both) if (known.kind === 'failure') worst = known.code;
    }
    return worst;
  }

  async reverse(address: IpAddress): Promise<string | null> {
    const known = await this.find(DomainName.reverseOf(address), Type.PTR);
    return known.kind === 'set' ? known.set[0].target!.toString().replace(/\.$/, '') : null;
  }

  /** The records of a name as they are written, without search domains. */
  async find(name: DomainName, type: number): Promise<Known> {
    const servers = this.configuration.nameservers.join(' ');
    if (servers !== this.filledBy) this.cache.clear();
    this.filledBy = servers;
    const known = this.cache.get(name, type);
    if (known !== null) return known;
    const key = `${type} ${name.key}`;
    const same = this.underWay.get(key);
    if (same !== undefined) return same;
    const asking = this.askAll(name, type).finally(() => this.underWay.delete(key));
    this.underWay.set(key, asking);
    return asking;
  }

  /** In what order names are tried for one that somebody typed (`resolv.conf(5)`: search, ndots). */
  candidates(name: string): DomainName[] {
    const asIs = DomainName.parse(name);
    if (asIs === null) return [];
    if (name.endsWith('.')) return [asIs];
    const { ndots = 1, search = [] } = this.configuration;
    const within = search
      .slice(0, SEARCH_DOMAINS)
      .map((domain) => DomainName.parse(domain))
      .map((domain) => (domain === null ? null : DomainName.parse(name, domain)))
      .filter((each) => each !== null);
    return asIs.labelCount - 1 >= ndots ? [asIs, ...within] : [...within, asIs];
  }

  private async askAll(name: DomainName, type: number): Promise<Known> {
    const { nameservers, timeoutSeconds = 5, attempts = 2 } = this.configuration;
    const timeoutNs = Math.round(timeoutSeconds * 1e9);
    let failure: Known = { kind: 'failure', code: EAI_AGAIN, text: 'no answer' };
    for (let attempt = 0; attempt < attempts; attempt++) {
      for (const server of nameservers) {
        const asked = query(this.random.below(0x10000), name, type, {
          recursionDesired: true,
          udpBytes: this.limits.udpBytes,
        });
        const reply = await this.send(server, asked, { timeoutNs, exactCase: false });
        if (reply instanceof NetError) continue;
        const { rcode } = reply.message;
        const meaning = meaningOf(reply.message, DomainName.ROOT, name, type);
        if (meaning.kind === 'answer') return this.keep(name, type, [...meaning.aliases, meaning.set ?? []]);
        if (meaning.kind === 'absence') {
          this.cache.putAbsence(name, type, meaning.rcode, meaning.soa);
          return meaning;
        }
        const code = rcode === Rcode.ServFail ? EAI_AGAIN : EAI_FAIL;
        failure = { kind: 'failure', code, text: meaning.kind === 'useless' ? meaning.why : 'refers to others' };
      }
    }
    return failure;
  }

  /** An answer, kept under the name that was asked for as long as the least of its records may be. */
  private keep(name: DomainName, type: number, chain: readonly RecordSet[]): Known {
    const set = chain.at(-1)!;
    if (set.length === 0) return { kind: 'absence', rcode: Rcode.NoError, soa: null };
    const ttl = Math.min(...chain.flat().map((record) => record.ttl));
    const kept = set.map((record) => record.with(name, ttl));
    this.cache.putSet(kept);
    return { kind: 'set', set: kept };
  }
}
