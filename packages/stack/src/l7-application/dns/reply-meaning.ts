import type { IpAddress } from '../../base/ip-address.ts';
import type { DnsMessage } from './message.ts';
import type { DomainName } from './name.ts';
import type { ResourceRecord } from './record.ts';
import { Class, Rcode, rcodeName, Type } from './types.ts';
import type { RecordSet } from './zone.ts';

/** A name server, and what addresses of it are known already. */
export interface NameServer {
  readonly name: DomainName;
  readonly addresses: readonly IpAddress[];
}

/** Who serves a zone, as its parent says. */
export interface Delegation {
  readonly zone: DomainName;
  readonly servers: readonly NameServer[];
  readonly ttl: number;
}

/** What a server's answer means for one who asks his way down from the root (RFC 1034 5.3.3, step 4). */
export type Meaning =
  /** Aliases, each set's target being the next one's owner, and at their end the records; or only aliases. */
  | { readonly kind: 'answer'; readonly aliases: readonly RecordSet[]; readonly set: RecordSet | null }
  /** No such name, or nothing of this type. */
  | { readonly kind: 'absence'; readonly rcode: number; readonly soa: ResourceRecord | null }
  | { readonly kind: 'referral'; readonly delegation: Delegation }
  /** It is no help, and why: another server is asked. */
  | { readonly kind: 'useless'; readonly why: string };

/**
 * Reads the answer of a server of `zone` to a question. Nothing is believed that this server has no say in: of the
 * answer section, what is about the name that was asked for, and where its aliases lead within the zone; of the
 * others, what lies in the zone (RFC 5452 6, "bailiwick"). The rest may be true, and may be poison.
 */
export function meaningOf(message: DnsMessage, zone: DomainName, name: DomainName, type: number): Meaning {
  const { rcode } = message;
  if (rcode !== Rcode.NoError && rcode !== Rcode.NxDomain) return useless(`says ${rcodeName(rcode)}`);
  if (message.truncated) return useless('cannot say it all, not even over TCP');
  const chain = chainOf(message.answers, zone, name, type);
  if (chain.set !== null || chain.aliases.length > 0) return { kind: 'answer', ...chain };
  const soa = message.authority.find(
    (record) =>
      record.type === Type.SOA && record.class === Class.IN && name.isWithin(record.name) && record.name.isWithin(zone),
  );
  if (rcode === Rcode.NxDomain || soa !== undefined) return { kind: 'absence', rcode, soa: soa ?? null };
  const referral = referralOf(message, zone, name);
  if (referral !== null) return referral;
  // An authoritative nothing without a word how long it holds: true, but not to be kept (RFC 2308 2.2, type 3).
  if (message.authoritative && message.answers.length === 0) return { kind: 'absence', rcode, soa: null };
  return useless('knows nothing of the zone (lame)');
}

/** The records of a name and type, by the aliases that lead to them within the zone. */
function chainOf(
  answers: readonly ResourceRecord[],
  zone: DomainName,
  name: DomainName,
  type: number,
): { aliases: RecordSet[]; set: RecordSet | null } {
  const aliases: RecordSet[] = [];
  let owner = name;
  const seen = new Set<string>();
  while (owner.isWithin(zone) && !seen.has(owner.key)) {
    seen.add(owner.key);
    const about = answers.filter((record) => record.class === Class.IN && record.name.key === owner.key);
    const set = about.filter((record) => record.type === type || type === Type.ANY);
    if (set.length > 0) return { aliases, set: set.map((record) => record.with(owner)) };
    const alias = about.find((record) => record.type === Type.CNAME); // two would be no alias (RFC 2181 10.1)
    if (alias === undefined) break;
    aliases.push([alias.with(owner)]);
    owner = alias.target!;
  }
  return { aliases, set: null };
}

function referralOf(message: DnsMessage, zone: DomainName, name: DomainName): Meaning | null {
  const first = message.authority.find((record) => record.type === Type.NS && record.class === Class.IN);
  if (first === undefined) return null;
  const cut = first.name;
  // Down it goes, or nowhere: a server that sends us to where we are, or up, does not serve the zone.
  if (cut.key === zone.key || !cut.isWithin(zone)) return useless(`refers to ${cut} (lame)`);
  if (!name.isWithin(cut)) return useless(`refers to ${cut}, where the name does not lie`);
  const set = message.authority.filter((record) => record.isInSetOf(first));
  const servers = set.map((record) => {
    const target = record.target!;
    // Glue: an address of a server that lies in the zone whose server says it.
    const glue = target.isWithin(zone)
      ? message.additional.filter((other) => isAddress(other) && other.name.key === target.key)
      : [];
    return { name: target, addresses: glue.map((other) => other.address).filter(isServerAddress) };
  });
  return { kind: 'referral', delegation: { zone: cut, servers, ttl: Math.min(...set.map((record) => record.ttl)) } };
}

function isAddress(record: ResourceRecord): boolean {
  return record.class === Class.IN && (record.type === Type.A || record.type === Type.AAAA);
}

/** Strangers may not have us ask ourselves, or everybody. */
export function isServerAddress(address: IpAddress): boolean {
  return !address.isLoopback && !address.isUnspecified && !address.isMulticast && !address.isLimitedBroadcast;
}

function useless(why: string): Meaning {
  return { kind: 'useless', why };
}
