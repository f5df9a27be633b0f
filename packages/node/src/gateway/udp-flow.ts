import { createSocket, type Socket } from 'node:dgram';
import { finish, fold, sum } from '@netarium/stack/base/checksum';
import { Drop } from '@netarium/stack/base/drop-reasons';
import type { IpAddress } from '@netarium/stack/base/ip-address';
import { Checksum, type PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { What } from '@netarium/stack/base/trace';
import { IcmpType } from '@netarium/stack/l3-network/icmp-header';
import type { Flow } from '@netarium/stack/l3-network/network-layer';
import { type Endpoint, portsKey } from '@netarium/stack/l4-transport/tcp/demux';
import {
  describeUdp,
  setUdpChecksum,
  UDP_CHECKSUM,
  UDP_HEADER_LENGTH,
  writeUdpHeader,
} from '@netarium/stack/l4-transport/udp/udp-header';
import type { Target } from './destinations.ts';
import { unreachableCode } from './failures.ts';
import type { FlowInfo, GatewayFlow } from './flow-table.ts';
import { describeEnd, type GatewayParts, tell } from './gateway-parts.ts';

const DNS_PORT = 53;

/**
 * Datagrams between one inside port and one port outside: a connected socket of the real machine, so that it is told
 * when nobody is there, and nobody else can answer.
 */
export class UdpFlow implements GatewayFlow, Endpoint<UdpFlow> {
  readonly protocol = 'udp';
  /** The ends as the inside has them: the other end is local. */
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly ports: number;
  hash = 0;
  chain: UdpFlow | null = null;
  readonly sinceNs: number;
  private readonly parts: GatewayParts;
  private readonly localPort: number;
  private readonly remotePort: number;
  private readonly target: Target;
  /** The way back inside. */
  private readonly back: Flow;
  private readonly socket: Socket;
  private readonly ended: (flow: UdpFlow) => void;
  private readonly idleNs: number;
  private lastNs: number;
  private connected = false;
  private closed = false;
  /** What came before the socket was ready. */
  private waiting: Buffer[] = [];
  /** The newest datagram from the inside: what an ICMP error would quote. */
  private newest: PacketBuffer | null = null;
  private bytesOut = 0;
  private bytesIn = 0;

  constructor(
    parts: GatewayParts,
    back: Flow,
    remotePort: number,
    localPort: number,
    target: Target,
    ended: (flow: UdpFlow) => void,
  ) {
    this.parts = parts;
    this.back = back;
    this.remote = back.remote;
    this.remotePort = remotePort;
    this.local = back.local;
    this.localPort = localPort;
    this.ports = portsKey(remotePort, localPort);
    this.target = target;
    this.ended = ended;
    this.sinceNs = parts.node.clock.now;
    this.lastNs = this.sinceNs;
    const { udpIdleNs, dnsIdleNs } = parts.limits;
    this.idleNs = target.port === DNS_PORT || localPort === DNS_PORT ? dnsIdleNs : udpIdleNs;
    const { family } = target.address;
    // The address is one already: no datagram waits for a resolver.
    const lookup = (address: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
      done(null, address, family);
    this.socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup });
    const { external } = parts;
    this.socket.on('message', (bytes) => external(() => this.toInside(bytes)));
    this.socket.on('error', (error: NodeJS.ErrnoException) => external(() => this.failed(error)));
    // Node calls back with the error, which its types do not say.
    const connected = (error?: NodeJS.ErrnoException): void => {
      if (error == null) this.ready();
      else external(() => this.failed(error));
    };
    this.socket.connect(target.port, `${target.address}`, connected);
  }

  get insideHost(): IpAddress {
    return this.remote;
  }

  get name(): string {
    const { inside, outside } = this.info();
    return `udp ${inside} > ${outside}`;
  }

  info(): FlowInfo {
    return {
      protocol: 'udp',
      direction: 'out',
      inside: describeEnd(this.remote, this.remotePort),
      outside: describeEnd(this.local, this.localPort),
      real: describeEnd(this.target.address, this.target.port),
      state: 'open',
      bytesOut: this.bytesOut,
      bytesIn: this.bytesIn,
      sinceNs: this.sinceNs,
    };
  }

  isIdle(nowNs: number): boolean {
    return nowNs - this.lastNs >= this.idleNs;
  }

  abort(): void {
    this.close('closed');
  }

  close(why: string): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
    this.waiting = [];
    this.newest?.release();
    this.newest = null;
    this.ended(this);
    tell(this.parts, this.name, why);
  }

  /** Takes over a datagram from the inside, `start` at its header. */
  toOutside(packet: PacketBuffer): void {
    const { node, limits } = this.parts;
    const full = this.connected
      ? this.socket.getSendQueueSize() >= limits.socketBufferBytes
      : this.waiting.length >= limits.datagramsWaiting;
    if (full) {
      node.drop(packet, Drop.UDP_BUFFER_FULL, 'towards the outside');
      return;
    }
    const { bytes, start, end } = packet;
    if (node.trace !== null) {
      node.trace.event(node.name, 4, What.Deliver, packet, 0, describeUdp(packet.view, start), 'RFC 768');
    }
    const data = Buffer.from(bytes.subarray(start + UDP_HEADER_LENGTH, end));
    this.lastNs = node.clock.now;
    this.bytesOut += data.length;
    this.parts.flows.counters.bytesOut += data.length;
    this.newest?.release();
    this.newest = packet;
    if (this.connected) this.send(data);
    else this.waiting.push(data);
  }

  private ready(): void {
    if (this.closed) return;
    this.connected = true;
    for (const data of this.waiting) this.send(data);
    this.waiting = [];
  }

  private send(data: Buffer): void {
    const { external } = this.parts;
    this.socket.send(data, (error) => {
      if (error !== null) external(() => this.failed(error));
    });
  }

  private toInside(data: Uint8Array): void {
    if (this.closed) return;
    const { node } = this.parts;
    const { back } = this;
    if (node.pool.tight) {
      node.dropped(Drop.POOL_EXHAUSTED);
      return;
    }
    this.lastNs = node.clock.now;
    this.bytesIn += data.length;
    this.parts.flows.counters.bytesIn += data.length;
    const packet = node.pool.acquire(data.length);
    packet.append(data);
    const at = packet.push(UDP_HEADER_LENGTH);
    packet.l4 = at;
    writeUdpHeader(packet.view, at, this.localPort, this.remotePort, packet.length);
    if (back.checksumOffload) {
      setUdpChecksum(packet.view, at, fold(back.pseudoSum + packet.length));
      packet.checksum = Checksum.Partial;
      packet.checksumStart = at;
      packet.checksumField = at + UDP_CHECKSUM;
    } else {
      setUdpChecksum(
        packet.view,
        at,
        finish(sum(packet.view, at, packet.end, back.pseudoSum + packet.length)) || 0xffff,
      );
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 4, What.Send, packet, 0, describeUdp(packet.view, at), 'RFC 768');
    }
    back.send(packet);
  }

  /** The real host, or one on the way, says no: the inside is told as it would be by the host itself. */
  private failed(error: NodeJS.ErrnoException): void {
    if (this.closed) return;
    const code = unreachableCode(error.code ?? '');
    if (code >= 0 && this.newest !== null) {
      this.parts.outside.sendIcmpError(this.newest, IcmpType.DestinationUnreachable, code);
    }
    this.close(error.code ?? 'failed');
  }
}
