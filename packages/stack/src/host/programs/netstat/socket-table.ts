import { IpAddress } from '../../../base/ip-address.ts';
import { getservbyport } from '../../../l4-transport/services.ts';
import type { TcpListener } from '../../../l4-transport/tcp/listener.ts';
import { TcpState } from '../../../l4-transport/tcp/states.ts';
import { SOCK_DGRAM, SOCK_STREAM } from '../../../l5-session/constants.ts';
import type { Machine } from '../../machine.ts';

/** One line of net-tools' table. */
export interface SocketRow {
  readonly protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6';
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** Null: every address of the host. */
  readonly local: IpAddress | null;
  readonly localPort: number;
  /** Null: nobody in particular. */
  readonly remote: IpAddress | null;
  readonly remotePort: number;
  /** In net-tools' words; empty for a UDP socket without a peer. */
  readonly state: string;
}

/** States in the words of Linux's tools. */
const STATES: Readonly<Record<number, string>> = {
  [TcpState.Established]: 'ESTABLISHED',
  [TcpState.SynSent]: 'SYN_SENT',
  [TcpState.SynReceived]: 'SYN_RECV',
  [TcpState.FinWait1]: 'FIN_WAIT1',
  [TcpState.FinWait2]: 'FIN_WAIT2',
  [TcpState.TimeWait]: 'TIME_WAIT',
  [TcpState.Closed]: 'CLOSE',
  [TcpState.CloseWait]: 'CLOSE_WAIT',
  [TcpState.LastAck]: 'LAST_ACK',
  [TcpState.Listen]: 'LISTEN',
  [TcpState.Closing]: 'CLOSING',
};

/** Listeners by port, then connections by their ports, those in TIME-WAIT last. */
export function tcpRows(host: Machine): SocketRow[] {
  const rows: SocketRow[] = [];
  for (const listener of host.tcp.listeners()) {
    rows.push({
      protocol: listensToIpv6(listener) ? 'tcp6' : 'tcp',
      receiveQueue: listener.pending,
      sendQueue: 0,
      local: listener.local,
      localPort: listener.localPort,
      remote: null,
      remotePort: 0,
      state: 'LISTEN',
    });
  }
  for (const connection of host.tcp.connections()) {
    rows.push(connectionRow(connection, connection.available, connection.unacknowledged));
  }
  rows.sort(byPorts);
  const waiting = [...host.tcp.timeWaits].map((each) => connectionRow(each, 0, 0));
  return [...rows, ...waiting.sort(byPorts)];
}

export function udpRows(host: Machine): SocketRow[] {
  return host.udp.endpoints().map((endpoint) => ({
    protocol: (endpoint.local ?? endpoint.remote)?.family === 4 || endpoint.family === 4 ? 'udp' : 'udp6',
    receiveQueue: endpoint.nextLength,
    sendQueue: 0,
    local: endpoint.local,
    localPort: endpoint.localPort,
    remote: endpoint.remote,
    remotePort: endpoint.remotePort,
    state: endpoint.remote === null ? '' : 'ESTABLISHED',
  }));
}

/** On its IPv6 address, or on all addresses of both families, as Linux shows those. */
function listensToIpv6({ local, options }: TcpListener): boolean {
  return local === null ? options.family !== 4 : local.family === 6;
}

interface Connected {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: number;
}

function connectionRow(connection: Connected, receiveQueue: number, sendQueue: number): SocketRow {
  const { local, remote, localPort, remotePort, state } = connection;
  const protocol = local.family === 6 ? 'tcp6' : 'tcp';
  return { protocol, receiveQueue, sendQueue, local, localPort, remote, remotePort, state: STATES[state] ?? '' };
}

function byPorts(a: SocketRow, b: SocketRow): number {
  const listening = Number(b.state === 'LISTEN') - Number(a.state === 'LISTEN');
  return listening || a.localPort - b.localPort || a.remotePort - b.remotePort;
}

/** `10.0.1.10:49152`, `0.0.0.0:http`, `web:*`: address and port with the names that they have, unless numeric. */
export function endpointText(host: Machine, row: SocketRow, side: 'local' | 'remote', numeric: boolean): string {
  const address = row[side];
  const port = side === 'local' ? row.localPort : row.remotePort;
  const name = numeric || address === null ? null : host.names.reverse(address);
  const any = row.protocol.endsWith('6') ? '::' : '0.0.0.0';
  const service = numeric ? null : getservbyport(port, row.protocol.startsWith('tcp') ? 'tcp' : 'udp');
  return `${name ?? address?.toString() ?? any}:${port === 0 ? '*' : (service?.name ?? port)}`;
}

/** An IPv6 socket shows its IPv4 peers as mapped addresses. */
function unmapped(address: IpAddress): IpAddress {
  return address.isMapped ? IpAddress.v4(address.w3) : address;
}

/** `12/httpd`: the process that has this socket open; `-` when none has. */
export function ownerOf(host: Machine, row: SocketRow): string {
  const type = row.protocol.startsWith('tcp') ? SOCK_STREAM : SOCK_DGRAM;
  for (const [pid, process] of host.processes) {
    const { descriptors } = process.sockets;
    for (const number of descriptors.numbers()) {
      const descriptor = descriptors.get(number);
      if (descriptor === null || descriptor.type !== type || descriptor.localPort !== row.localPort) continue;
      if (descriptor.remotePort !== row.remotePort) continue;
      const { remoteAddress } = descriptor;
      const samePeer =
        row.remote === null
          ? remoteAddress === null
          : remoteAddress !== null && unmapped(remoteAddress).equals(row.remote);
      const { localAddress } = descriptor;
      const sameEnd = row.local === null ? localAddress.isUnspecified : unmapped(localAddress).equals(row.local);
      if (samePeer && sameEnd) return `${pid}/${process.name}`;
    }
  }
  return '-';
}
