import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import { type Neighbour, NeighbourState } from '../../l3-network/neighbour.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';

export const arp: Program = {
  name: 'arp',
  summary: 'show, set and forget the MAC addresses of neighbours',
  usage: `usage: arp [-an] [HOST]
       arp -s HOST MAC     set by hand
       arp -d HOST         forget
  -a  in the style of BSD
  -n  numbers, no names`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'adens' });
    const { words } = options;
    if (options.has('s')) return set(process, words);
    const [host] = words;
    const asked = host === undefined ? null : await address(process, host);
    if (options.has('d')) return forget(process, asked, host);
    const known = process.host.ip.neighbours.list().filter((entry) => entry.state !== NeighbourState.None);
    const entries = known.filter((entry) => asked === null || entry.address.equals(asked));
    if (entries.length === 0 && host !== undefined) {
      process.print(`${host} (${asked}) -- no entry\n`);
      return 0;
    }
    const name = (entry: Neighbour) => (options.has('n') ? null : process.host.names.reverse(entry.address));
    if (options.has('a')) {
      for (const entry of entries) process.print(bsdLine(entry, name(entry)));
    } else if (entries.length > 0) {
      process.print('Address                  HWtype  HWaddress           Flags Mask            Iface\n');
      for (const entry of entries) process.print(linuxLine(entry, name(entry)));
    }
    return 0;
  },
};

async function address(process: Process, host: string): Promise<IpAddress> {
  const known = IpAddress.parse(host) ?? IpAddress.parse(await process.sockets.gethostbyname(host));
  if (known === null) throw new UsageError(`${host}: Unknown host`);
  return known;
}

async function set(process: Process, [host, text, ...rest]: readonly string[]): Promise<number> {
  if (host === undefined || text === undefined || rest.length > 0)
    throw new UsageError('-s needs a host and a MAC address');
  const mac = MacAddress.parse(text);
  if (mac === null) throw new UsageError(`invalid hardware address: ${text}`);
  const neighbour = await address(process, host);
  const { ip } = process.host;
  const on = ip
    .interfaces()
    .find((each) => !each.loopback && each.addresses.some((prefix) => prefix.contains(neighbour)));
  if (on === undefined) {
    process.complain('SIOCSARP: Network is unreachable\n');
    return 255;
  }
  return ip.neighbours.addPermanent(neighbour, on, mac) === null ? 255 : 0;
}

function forget(process: Process, asked: IpAddress | null, host: string | undefined): number {
  if (asked === null) throw new UsageError('-d needs a host');
  const { neighbours } = process.host.ip;
  const entries = neighbours.list().filter((entry) => entry.address.equals(asked));
  if (entries.length === 0) process.complain(`No ARP entry for ${host}\n`);
  for (const entry of entries) neighbours.remove(entry);
  return entries.length === 0 ? 255 : 0;
}

/** Has its MAC address ever been known? */
function isResolved(entry: Neighbour): boolean {
  return entry.state !== NeighbourState.Incomplete && entry.state !== NeighbourState.Failed;
}

function linuxLine(entry: Neighbour, name: string | null): string {
  const permanent = entry.state === NeighbourState.Permanent;
  const who = (name ?? entry.address.toString()).slice(0, 23).padEnd(23);
  const type = isResolved(entry) ? 'ether' : '';
  const mac = isResolved(entry) ? entry.mac.toString() : '(incomplete)';
  const flags = isResolved(entry) ? `C${permanent ? 'M' : ''}` : '';
  return `${who}  ${type.padEnd(8)}${mac.padEnd(20)}${flags.padEnd(6)}${''.padEnd(15)} ${entry.interface.name}\n`;
}

function bsdLine(entry: Neighbour, name: string | null): string {
  const at = isResolved(entry)
    ? `${entry.mac} [ether]${entry.state === NeighbourState.Permanent ? ' PERM' : ''}`
    : '<incomplete>';
  return `${name ?? '?'} (${entry.address}) at ${at} on ${entry.interface.name}\n`;
}
