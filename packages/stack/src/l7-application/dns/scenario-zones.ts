import type { IpAddress } from '../../base/ip-address.ts';
import { DomainName } from './name.ts';
import { ResourceRecord } from './record.ts';
import { Type } from './types.ts';
import { Zone } from './zone.ts';

/** An address and its names, the canonical one first: a line of `/etc/hosts`. */
export type NamedAddress = readonly [address: IpAddress, names: readonly string[]];

export interface ZonesOfOptions {
  /** Names of the hosts that serve these zones; without, the first host that is named. */
  readonly nameServers?: readonly string[];
  /** Seconds that the records may be kept. */
  readonly ttl?: number;
  /** Another number for each version of the zones; default 1. */
  readonly serial?: number;
}

const HOUR = 3600;
/** Labels of a reverse zone's name below which it has one name for each address: /24 (RFC 1035 3.5) and /64. */
const REVERSE_CUT = { 4: 1, 6: 16 } as const;

/**
 * The zones that names and addresses make: one forward, at `origin`, in which each name has its addresses, and a
 * reverse zone for each /24 and each /64 in which they lie, in which each address has its canonical name. Names that
 * cannot be names of hosts are left out; with no name left there is no zone.
 */
export function zonesOf(
  names: Iterable<NamedAddress>,
  origin: string | DomainName,
  options: ZonesOfOptions = {},
): Zone[] {
  const base = typeof origin === 'string' ? DomainName.parse(origin) : origin;
  if (base === null) throw new RangeError(`${String(origin)} is no domain name`);
  const { ttl = HOUR, serial = 1 } = options;
  const within = (name: string): DomainName | null => {
    const absolute = DomainName.parse(name);
    return absolute === null || (!base.isRoot && absolute.isWithin(base)) ? absolute : DomainName.parse(name, base);
  };
  const forward: ResourceRecord[] = [];
  const reverse = new Map<string, { origin: DomainName; records: ResourceRecord[] }>();
  for (const [address, [canonical, ...aliases]] of names) {
    const first = canonical === undefined ? null : within(canonical);
    if (first === null) continue;
    const type = address.family === 4 ? Type.A : Type.AAAA;
    for (const name of [first, ...aliases.map(within)]) {
      if (name !== null) forward.push(ResourceRecord.of(name, type, ttl, address));
    }
    const pointer = DomainName.reverseOf(address);
    const zone = DomainName.fromLabels(pointer.labels.slice(REVERSE_CUT[address.family]))!;
    let records = reverse.get(zone.key);
    if (records === undefined) reverse.set(zone.key, (records = { origin: zone, records: [] }));
    records.records.push(ResourceRecord.of(pointer, Type.PTR, ttl, first));
  }
  if (forward.length === 0) return [];
  const servers = (options.nameServers ?? []).map(within).filter((name) => name !== null);
  if (servers.length === 0) servers.push(forward[0].name);
  const zone = (at: DomainName, records: readonly ResourceRecord[]): Zone => {
    const mailbox = DomainName.parse('hostmaster', base) ?? base;
    // The times are those of RFC 1912 2.2.
    const soa = ResourceRecord.of(at, Type.SOA, ttl, servers[0], mailbox, serial, 20 * 60, 2 * 60, 14 * 86_400, 5 * 60);
    const all = [soa, ...servers.map((server) => ResourceRecord.of(at, Type.NS, ttl, server)), ...records];
    const made = Zone.of(all.map((record, index) => ({ record, line: index + 1, column: 1 })));
    if (!(made instanceof Zone)) throw new Error(`netarium bug: ${made.problems[0].what}`);
    return made;
  };
  return [zone(base, forward), ...[...reverse.values()].map((each) => zone(each.origin, each.records))];
}
