import { formatIpv4, IpAddress } from '../../../base/ip-address.ts';
import { type Route, RouteType } from '../../../l3-network/routes.ts';
import type { Machine } from '../../machine.ts';
import type { Process } from '../../process.ts';
import { groupRows } from '../ip/multicast.ts';

/** The routes that lead somewhere, as net-tools show them: to the nearest networks last, as the kernel lists them. */
function shownRoutes(host: Machine): Route[] {
  const shown = host.ip.routes
    .list()
    .filter((route) => route.type !== RouteType.Local && route.type !== RouteType.Broadcast);
  const visible = shown.filter((route) => route.interface === null || !route.interface.loopback);
  return visible.sort((a, b) => a.network - b.network || a.length - b.length || a.metric - b.metric);
}

/** What `route` and `netstat -r` print. They differ in three columns. */
export function routeTable(host: Machine, numeric: boolean, style: 'route' | 'netstat'): string {
  const columns = style === 'route' ? 'Flags Metric Ref    Use Iface' : 'Flags   MSS Window  irtt Iface';
  let text = `Kernel IP routing table\nDestination     Gateway         Genmask         ${columns}\n`;
  for (const route of shownRoutes(host)) {
    const refused = route.type !== RouteType.Unicast;
    const flags = refused ? '!' : `U${route.gateway === 0 ? '' : 'G'}${route.length === 32 ? 'H' : ''}`;
    const name = route.interface?.name ?? '-';
    const destination = numeric ? formatIpv4(route.network) : networkName(host, route);
    const gateway = refused ? '-' : gatewayText(host, route, numeric);
    text += `${column(destination)} ${column(gateway)} ${formatIpv4(route.prefix.mask4).padEnd(15)} `;
    if (style === 'route') {
      text += `${flags.padEnd(5)} ${String(route.metric).padEnd(6)} ${(refused ? '-' : '0').padEnd(2)} ${'0'.padStart(7)} ${name}\n`;
    } else {
      const none = refused ? '-' : '0';
      text += `${flags.padEnd(5)} ${none.padStart(5)} ${none.padEnd(5)} ${none.padStart(6)} ${name}\n`;
    }
  }
  return text;
}

function column(text: string): string {
  return text.slice(0, 15).padEnd(15);
}

function networkName(host: Machine, route: Route): string {
  if (route.length === 0) return 'default';
  const name = route.length === 32 ? host.names.reverse(IpAddress.v4(route.network)) : null;
  return name ?? formatIpv4(route.network);
}

function gatewayText(host: Machine, route: Route, numeric: boolean): string {
  if (route.gateway === 0) return '0.0.0.0';
  return (numeric ? null : host.names.reverse(IpAddress.v4(route.gateway))) ?? formatIpv4(route.gateway);
}

/** `netstat -i`. */
export function interfaceTable(host: Machine): string {
  let text =
    'Kernel Interface table\n' +
    'Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n';
  const row = (name: string, mtu: number, rx: readonly number[], tx: readonly number[], flags: string) =>
    `${name.padEnd(15)} ${String(mtu).padStart(5)} ${counts(rx)} ${'0'.padEnd(6)} ${counts(tx)} ${'0'.padStart(6)} ${flags}\n`;
  for (const [name, nic] of host.nics) {
    const rx = [nic.rxPackets, nic.rxErrors, nic.rxDropped];
    const tx = [nic.txPackets, nic.txErrors, nic.txDropped];
    text += row(name, nic.mtu, rx, tx, `BM${nic.promiscuous ? 'P' : ''}${nic.running ? 'R' : ''}${nic.up ? 'U' : ''}`);
  }
  const { link } = host.ip.loopback;
  return text + row('lo', link.mtu, [0, 0, 0], [0, 0, 0], 'LRU');
}

/** Packets, errors and drops; overruns, of which there are none, stand on another side for each direction. */
function counts([packets = 0, errors = 0, dropped = 0]: readonly number[]): string {
  return `${String(packets).padStart(8)} ${String(errors).padStart(6)} ${String(dropped).padStart(6)}`;
}

/** `netstat -g`: who is in which multicast group. */
export function groupTable({ host }: Process): string {
  let text = 'IPv6/IPv4 Group Memberships\nInterface       RefCnt Group\n';
  text += '--------------- ------ ---------------------\n';
  for (const { interface: on, group, users } of groupRows(host, 0)) {
    text += `${on.name.padEnd(15)} ${String(users).padEnd(6)} ${group}\n`;
  }
  return text;
}
