import type { IpAddress } from '../base/ip-address.ts';
import { utf8Decode } from '../base/utf8.ts';
import type { Host } from '../host/host.ts';
import { readIncluded } from '../host/programs/zone-files.ts';
import { DNS_LIMITS } from '../l7-application/dns/limits.ts';
import { DomainName, keyIsWithin, parentKey } from '../l7-application/dns/name.ts';
import { Type } from '../l7-application/dns/types.ts';
import { Zone } from '../l7-application/dns/zone.ts';
import type { DnsServerDescription } from './description.ts';

/** Where the files that a description's DNS is made of are shown, in its hosts. */
export const DNS_FILES = '/run/dns';
/** The domain of a network's names when nobody says another: RFC 2606 2 keeps `test` for such purposes. */
export const DEFAULT_DOMAIN = 'lab.test';

/** One host that serves the DNS, and what. */
export interface NameServerPlan {
  readonly host: Host;
  readonly words: DnsServerDescription;
  /** Serves the network's own names. */
  readonly names: boolean;
  /** Finds names for others. */
  readonly recursive: boolean;
  /** Serves the root. */
  readonly root: boolean;
}

/** A zone, and the host that serves it. */
export interface ServedZone {
  readonly zone: Zone;
  readonly host: Host;
}

/** A zone's text stands in the description itself when it is more than a line. */
export function isZoneText(value: string): boolean {
  return value.includes('\n');
}

/** `/run/dns/example.test.zone`; the root's is `root.zone`. */
export function zonePath(origin: string): string {
  return `${DNS_FILES}/${origin === '.' ? 'root' : origin.replace(/\.$/, '').replace(/[^A-Za-z0-9._-]/g, '_')}.zone`;
}

/** The zones that a host serves from its description; those that cannot be read are told by the server itself. */
export async function zonesIn({ host, words }: NameServerPlan): Promise<ServedZone[]> {
  const zones: ServedZone[] = [];
  for (const [origin, value] of Object.entries(words.zones ?? {})) {
    const name = DomainName.parse(origin);
    if (name === null) continue;
    const text = isZoneText(value) ? value : await host.files.read(value).then(utf8Decode, () => null);
    if (text === null) continue;
    const include = isZoneText(value) ? () => null : await readIncluded(host.files, value, text, DNS_LIMITS);
    const zone = Zone.parse(text, name, DNS_LIMITS, include);
    if (zone instanceof Zone) zones.push({ zone, host });
  }
  return zones;
}

/** A root zone: its own servers, and for each zone that no other zone of these is above, who serves it. */
export function rootZone(roots: readonly Host[], served: readonly ServedZone[]): string {
  const lines = ['$TTL 1d', `. SOA ${roots[0]!.name}. hostmaster. 1 1h 15m 2w 5m`];
  for (const root of roots) lines.push(`. NS ${root.name}.`, ...addressLines(`${root.name}.`, addressesOf(root)));
  const keys = new Set(served.map(({ zone }) => zone.origin.key));
  const told = new Set<string>();
  for (const { zone, host } of served) {
    if (zone.origin.isRoot || hasParent(zone.origin.key, keys)) continue;
    for (const record of zone.setAt(zone.origin, Type.NS) ?? []) {
      const server = record.target!;
      add(`${zone.origin} NS ${server}`);
      // An address that the zone itself has, or that of whom it is loaded by.
      const known = [Type.A, Type.AAAA].flatMap((type) => zone.setAt(server, type) ?? []);
      const addresses = known.map(({ address }) => address);
      if (addresses.length > 0) addressLines(String(server), addresses).forEach(add);
      else if (!isElsewhere(server, host, served)) addressLines(String(server), addressesOf(host)).forEach(add);
    }
  }
  return `${lines.join('\n')}\n`;

  function add(line: string): void {
    if (!told.has(line)) lines.push(line);
    told.add(line);
  }
}

/** The hints of RFC 1034 5.3.2: where the root is. */
export function rootHints(roots: readonly Host[]): string {
  return `${roots
    .flatMap((root) => [`. 1d NS ${root.name}.`, ...addressLines(`${root.name}.`, addressesOf(root), '1d ')])
    .join('\n')}\n`;
}

export function addressesOf(host: Host): IpAddress[] {
  return host.addresses().map(({ address }) => address);
}

/** Another zone of the network has the address of this server: whoever asks will find it there. */
function isElsewhere(server: DomainName, host: Host, served: readonly ServedZone[]): boolean {
  return served.some((other) => other.host !== host && (other.zone.setAt(server, Type.A) ?? []).length > 0);
}

function hasParent(key: string, keys: ReadonlySet<string>): boolean {
  for (let above = parentKey(key); above.length > 1; above = parentKey(above)) {
    if (keys.has(above) && keyIsWithin(key, above)) return true;
  }
  return false;
}

function addressLines(name: string, addresses: readonly IpAddress[], ttl = ''): string[] {
  return addresses.map((address) => `${name} ${ttl}${address.family === 4 ? 'A' : 'AAAA'} ${address}`);
}
