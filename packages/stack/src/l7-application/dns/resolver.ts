import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { Random } from '../../base/random.ts';
import { DnsCache } from './cache.ts';
import type { Reply } from './client.ts';
import { Delegations } from './delegations.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type DnsMessage, query } from './message.ts';
import { DomainName } from './name.ts';
import type { ResourceRecord } from './record.ts';
import { type Delegation, isServerAddress, type Meaning, meaningOf, type NameServer } from './reply-meaning.ts';
import type { Resolution } from './responder.ts';
import { ServerBook } from './server-book.ts';
import { Rcode, Type, typeName } from './types.ts';

/** Asks a server and waits: `ask` of `client.ts`, or what a test puts in its place. */
export type Ask = (
  server: IpAddress,
  asked: DnsMessage,
  how: { timeoutNs: number; exactCase: boolean },
) => Promise<Reply | NetError>;

export interface ResolverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ask: Ask;
  /** The servers of the root (RFC 1034 5.3.2's "SBELT"), each with its addresses. */
  readonly roots: readonly NameServer[];
  readonly limits?: DnsLimits;
  /** Plays with upper and lower case of questions, which a forger has to guess too ("0x20"). */
  readonly mixedCase?: boolean;
  /** Addresses of name servers are looked for, and used, in IPv6 too: whether it can be spoken just now. */
  readonly ipv6?: () => boolean;
}

/** RFC 8914 4: numbers of reasons. */
const Reason = { Other: 0, CachedError: 13, NotReachable: 22 } as const;

/** One client's question, with all that is asked for its sake. */
interface Errand {
  readonly deadlineNs: number;
  /** Questions that may still be asked of servers; one object for all that belongs to it. */
  readonly budget: { left: number };
  /** Questions for whose sake this one is looked into: to need one of them again is to turn in a circle. */
  readonly needing: readonly string[];
}

/** Why there is no answer. */
class Failure {
  readonly text: string;
  readonly code: number;
  constructor(text: string, code: number = Reason.Other) {
    this.text = text;
    this.code = code;
  }
}

type Found = Exclude<Meaning, { kind: 'useless' | 'referral' }>;

/**
 * A recursive resolver (RFC 1034 5.3.3): asks its way from the root's servers down to those of the zone.
 *
 *     www.shop.example. A?   root:     ask the servers of example.
 *                            example.: ask the servers of shop.example.   -> an address of theirs has to be found first?
 *                            shop.example.: an alias; begin again with what it stands for
 *
 * Whatever strangers wrote into their zones, it ends: each client's question has a deadline and a number of questions
 * that may be asked for it, aliases and servers that need servers are counted, circles are seen.
 */
export class Resolver {
  readonly cache: DnsCache;
  readonly delegations: Delegations;
  readonly servers: ServerBook;
  /** Questions that were asked of servers so far. */
  asked = 0;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly send: Ask;
  private readonly limits: DnsLimits;
  private readonly mixedCase: boolean;
  private readonly ipv6: () => boolean;
  /** What is being looked into: who asks the same waits for the same answer. */
  private readonly underWay = new Map<string, Promise<Resolution>>();
  /** What is being asked of servers, by server and question: never twice at once, which would be guessed sooner (RFC 5452 5). */
  private readonly asking = new Map<string, Promise<Reply | NetError>>();

  constructor(options: ResolverOptions) {
    const { clock, random, limits = DNS_LIMITS } = options;
    this.clock = clock;
    this.random = random;
    this.limits = limits;
    this.send = options.ask;
    this.mixedCase = options.mixedCase === true;
    this.ipv6 = options.ipv6 ?? (() => false);
    this.cache = new DnsCache(clock, limits);
    this.servers = new ServerBook(clock, random, limits);
    this.delegations = new Delegations(clock, limits, { zone: DomainName.ROOT, servers: options.roots, ttl: Infinity });
  }

  /** The answer to a question, or why there is none. Never rejects for what others do. */
  resolve(name: DomainName, type: number): Promise<Resolution> {
    const key = keyOf(name, type);
    const same = this.underWay.get(key);
    if (same !== undefined) return same;
    if (this.underWay.size >= this.limits.questionsAtOnce) {
      return Promise.resolve(failed(new Failure('too many questions at once')));
    }
    const errand: Errand = {
      deadlineNs: this.clock.now + this.limits.resolveSeconds * 1e9,
      budget: { left: this.limits.queriesPerQuestion },
      needing: [key],
    };
    const resolution = this.chase(name, type, errand).finally(() => this.underWay.delete(key));
    this.underWay.set(key, resolution);
    return resolution;
  }

  /** Follows aliases to the records themselves. */
  private async chase(name: DomainName, type: number, errand: Errand): Promise<Resolution> {
    const answers: ResourceRecord[] = [];
    const passed = new Set<string>();
    let owner = name;
    for (;;) {
      if (passed.has(owner.key)) return failed(new Failure(`the aliases of ${name} go round in a circle`));
      if (passed.size > this.limits.aliases) return failed(new Failure(`the chain of aliases of ${name} is too long`));
      passed.add(owner.key);
      const found = this.remembered(owner, type) ?? (await this.lookUp(owner, type, errand));
      if (found instanceof Failure) return failed(found, answers);
      if (found.kind === 'absence') {
        return { rcode: found.rcode, answers, authority: found.soa === null ? [] : [found.soa], failure: null };
      }
      for (const alias of found.aliases) {
        answers.push(...alias);
        if (alias !== found.aliases.at(-1) || found.set !== null) passed.add(alias[0].target!.key);
      }
      if (found.set !== null) {
        answers.push(...found.set);
        return { rcode: Rcode.NoError, answers, authority: [], failure: null };
      }
      owner = found.aliases.at(-1)![0].target!;
    }
  }

  private remembered(name: DomainName, type: number): Found | Failure | null {
    const known = this.cache.get(name, type);
    if (known?.kind === 'set') return { kind: 'answer', aliases: [], set: known.set };
    if (known?.kind === 'absence') return known;
    if (known?.kind === 'failure') return new Failure(known.text, Reason.CachedError);
    if (type === Type.CNAME || type === Type.ANY) return null;
    const alias = this.cache.get(name, Type.CNAME);
    return alias?.kind === 'set' ? { kind: 'answer', aliases: [alias.set], set: null } : null;
  }

  /** Asks from the nearest zone whose servers are known downwards, and remembers what comes of it. */
  private async lookUp(name: DomainName, type: number, errand: Errand): Promise<Found | Failure> {
    let delegation = this.delegations.nearest(type === Type.DS && !name.isRoot ? name.parent! : name);
    for (;;) {
      const meaning = await this.askZone(delegation, name, type, errand);
      if (meaning instanceof Failure) {
        // What failed because the errand is over might work for another.
        if (errand.needing.length === 1) this.cache.putFailure(name, type, meaning.code, meaning.text);
        return meaning;
      }
      if (meaning.kind === 'referral') {
        delegation = meaning.delegation;
        this.delegations.put(delegation);
        continue;
      }
      if (meaning.kind === 'absence') {
        this.cache.putAbsence(name, type, meaning.rcode, meaning.soa);
        return meaning;
      }
      for (const alias of meaning.aliases) this.cache.putSet(alias);
      if (meaning.set !== null && type !== Type.ANY) this.cache.putSet(meaning.set);
      return meaning;
    }
  }

  /** Asks the servers of one zone, one after the other, until one is of help. */
  private async askZone(
    { zone, servers }: Delegation,
    name: DomainName,
    type: number,
    errand: Errand,
  ): Promise<Found | Extract<Meaning, { kind: 'referral' }> | Failure> {
    const complaints = new Map<string, string>();
    const usable = servers.slice(0, this.limits.nameServers);
    const nameless = usable.filter((server) => server.addresses.length === 0);
    let addresses = usable.flatMap((server) => server.addresses).filter((each) => each.family === 4 || this.ipv6());
    for (let attempt = 0; attempt < this.limits.triesPerServer; attempt++) {
      let batch: IpAddress[] | null = this.servers.inOrder(addresses, zone.key);
      while (batch !== null) {
        for (const address of batch) {
          if (errand.budget.left <= 0) return new Failure(`${name} needs more questions than one question is worth`);
          const meaning = await this.askServer(address, zone, name, type, attempt, errand);
          if (typeof meaning !== 'string') return meaning;
          complaints.set(address.toString(), meaning);
          if (this.clock.now >= errand.deadlineNs) return noAnswer(zone, complaints);
        }
        // None of them helped: on to those of whom only the name is known.
        batch = await this.moreAddresses(nameless, zone, complaints, errand);
        if (batch !== null) addresses.push(...batch);
      }
      // Who answered with nonsense, or is not there at all, is not asked again.
      addresses = addresses.filter((address) => complaints.get(address.toString()) === TIMED_OUT);
      if (addresses.length === 0) break;
    }
    return noAnswer(zone, complaints);
  }

  /** The addresses of the next server that has any; null when no server is left. */
  private async moreAddresses(
    nameless: NameServer[],
    zone: DomainName,
    complaints: Map<string, string>,
    errand: Errand,
  ): Promise<IpAddress[] | null> {
    for (let server = nameless.shift(); server !== undefined; server = nameless.shift()) {
      const found = await this.addressesOf(server.name, zone, errand);
      if (typeof found !== 'string') return this.servers.inOrder(found, zone.key);
      complaints.set(server.name.toString(), found);
    }
    return null;
  }

  /** One question to one server: what it means, or in words why it is of no use. */
  private async askServer(
    address: IpAddress,
    zone: DomainName,
    name: DomainName,
    type: number,
    attempt: number,
    errand: Errand,
  ): Promise<Found | Extract<Meaning, { kind: 'referral' }> | string> {
    const startNs = this.clock.now;
    const timeoutNs = Math.min(this.servers.timeoutNs(address, attempt), errand.deadlineNs - startNs);
    if (timeoutNs <= 0) return TIMED_OUT;
    const key = `${address} ${keyOf(name, type)}`;
    let asking = this.asking.get(key);
    if (asking === undefined) {
      errand.budget.left--;
      this.asked++;
      const asked = query(this.random.below(0x10000), this.mixedCase ? this.mixed(name) : name, type, {
        udpBytes: this.limits.udpBytes,
      });
      asking = this.send(address, asked, { timeoutNs, exactCase: this.mixedCase });
      asking = asking.finally(() => this.asking.delete(key));
      this.asking.set(key, asking);
    }
    const reply = await asking;
    if (reply instanceof NetError) {
      this.servers.failed(address);
      return reply.code === 'ETIMEDOUT' || reply.code === 'EAGAIN' ? TIMED_OUT : reply.text.toLowerCase();
    }
    this.servers.answered(address, this.clock.now - startNs);
    const meaning = meaningOf(reply.message, zone, name, type);
    if (meaning.kind !== 'useless') return meaning;
    this.servers.notServing(address, zone.key);
    return meaning.why;
  }

  /** The addresses of a name server that came without; in words why there are none. */
  private async addressesOf(server: DomainName, zone: DomainName, errand: Errand): Promise<IpAddress[] | string> {
    // The servers of a zone cannot be found in the zone itself.
    if (server.isWithin(zone)) return 'its address was not told, and nobody else knows it';
    const addresses: IpAddress[] = [];
    let why = '';
    for (const type of this.ipv6() ? [Type.A, Type.AAAA] : [Type.A]) {
      const key = keyOf(server, type);
      if (errand.needing.includes(key)) return 'its address is looked for already: a circle';
      if (errand.needing.length > this.limits.depth) return 'too many servers need servers';
      const found = await this.chase(server, type, { ...errand, needing: [...errand.needing, key] });
      why ||= found.failure?.text ?? `there is no ${typeName(type)} of it`;
      for (const record of found.answers) {
        if (record.type === type && isServerAddress(record.address)) addresses.push(record.address);
      }
    }
    return addresses.length > 0 ? addresses : why;
  }

  /** The same name, each letter in upper or lower case as chance has it. */
  private mixed(name: DomainName): DomainName {
    const wire = name.wire.replace(/[A-Za-z]/g, (letter) =>
      this.random.chance(0.5) ? letter.toUpperCase() : letter.toLowerCase(),
    );
    return new DomainName(wire);
  }
}

const TIMED_OUT = 'no answer';

function keyOf(name: DomainName, type: number): string {
  return `${type} ${name.key}`;
}

function failed({ code, text }: Failure, answers: readonly ResourceRecord[] = []): Resolution {
  return { rcode: Rcode.ServFail, answers, authority: [], failure: { code, text } };
}

function noAnswer(zone: DomainName, complaints: ReadonlyMap<string, string>): Failure {
  const each = [...complaints].map(([server, complaint]) => `${server}: ${complaint}`).join('; ');
  const silent = [...complaints.values()].every((complaint) => complaint === TIMED_OUT);
  return new Failure(
    `no server of ${zone} was of help: ${each === '' ? 'none is known' : each}`,
    silent ? Reason.NotReachable : Reason.Other,
  );
}
