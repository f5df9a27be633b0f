import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Drop } from '@netarium/stack/base/drop-reasons';
import type { IpAddress } from '@netarium/stack/base/ip-address';
import type { DatagramOwner, UdpEndpoint } from '@netarium/stack/l4-transport/udp/udp-endpoint';
import { UDP_HEADER_LENGTH } from '@netarium/stack/l4-transport/udp/udp-header';
import type { FlowInfo, GatewayFlow } from './flow-table.ts';
import { describeEnd, type GatewayParts, tell } from './gateway-parts.ts';
import { insideAddress, type PortForward, type PortForwardOptions } from './port-forward.ts';

/** A real UDP port that leads inside: each real sender gets a port of the gateway's own. */
export class UdpForward implements PortForward {
  readonly protocol = 'udp';
  readonly bind: string;
  readonly to: string;
  readonly toPort: number;
  /** Told when it is closed. Belongs to the gateway. */
  onClose: (() => void) | null = null;
  private readonly parts: GatewayParts;
  private readonly socket: Socket;
  /** By real sender: `127.0.0.1:5000`. */
  private readonly flows = new Map<string, ForwardedDatagrams>();
  private closed = false;

  private constructor(parts: GatewayParts, wanted: Required<PortForwardOptions>) {
    this.parts = parts;
    this.bind = wanted.bind;
    this.to = wanted.to;
    this.toPort = wanted.toPort;
    const type = isIPv6(wanted.bind) ? 'udp6' : 'udp4';
    // Those who are answered are addresses already: no answer waits for a resolver.
    this.socket = createSocket({
      type,
      lookup: (address, _options, done) => done(null, address, isIPv6(address) ? 6 : 4),
    });
    this.socket.on('message', (bytes, from) => parts.external(() => this.toInside(bytes, from)));
  }

  /** Rejects with Node's error (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
  static async listen(parts: GatewayParts, wanted: Required<PortForwardOptions>): Promise<UdpForward> {
    const forward = new UdpForward(parts, wanted);
    const { socket } = forward;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', failed);
      socket.bind({ address: wanted.bind, port: wanted.port, exclusive: true }, () => {
        socket.off('error', failed);
        resolve();
      });
    });
    // The answer to something sent: that datagram is lost.
    socket.on('error', () => {});
    return forward;
  }

  get port(): number {
    return this.closed ? 0 : this.socket.address().port;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const flow of [...this.flows.values()]) flow.close('closed');
    this.socket.close();
    this.onClose?.();
  }

  /** Ends flows that nobody uses any more. True: there are others. */
  sweep(nowNs: number): boolean {
    for (const flow of [...this.flows.values()]) if (flow.isIdle(nowNs)) flow.close('idle');
    return this.flows.size > 0;
  }

  /** Answers a real sender; false when its socket is full. */
  answer(bytes: Uint8Array, to: RemoteInfo): boolean {
    if (this.closed || this.socket.getSendQueueSize() >= this.parts.limits.socketBufferBytes) return false;
    this.socket.send(bytes, to.port, to.address, () => {});
    return true;
  }

  private toInside(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.closed) return;
    const key = `${from.address}:${from.port}`;
    const flow = this.flows.get(key) ?? this.begin(key, from);
    flow?.toInside(bytes);
  }

  private begin(key: string, from: RemoteInfo): ForwardedDatagrams | null {
    const { parts } = this;
    const address = insideAddress(parts, this.to);
    if (address === null) return null;
    const full = parts.flows.full('udp', address);
    if (full !== '') {
      parts.flows.counters.full++;
      parts.node.dropped(Drop.GATEWAY_FULL, full);
      return null;
    }
    const binding = parts.host.udp.ports.bind(null, 0);
    if (typeof binding === 'number') return null;
    const endpoint = parts.host.udp.open(binding, null);
    if (endpoint.connect(address, this.toPort) < 0) {
      endpoint.close();
      return null;
    }
    const flow = new ForwardedDatagrams(parts, this, endpoint, from, () => this.flows.delete(key));
    this.flows.set(key, flow);
    parts.watchTime();
    return flow;
  }
}

class ForwardedDatagrams implements GatewayFlow, DatagramOwner {
  readonly protocol = 'udp';
  private readonly parts: GatewayParts;
  private readonly forward: UdpForward;
  private readonly endpoint: UdpEndpoint;
  private readonly inside: IpAddress;
  private readonly from: RemoteInfo;
  private readonly ended: () => void;
  private readonly sinceNs: number;
  private lastNs: number;
  private bytesOut = 0;
  private bytesIn = 0;

  constructor(parts: GatewayParts, forward: UdpForward, endpoint: UdpEndpoint, from: RemoteInfo, ended: () => void) {
    this.parts = parts;
    this.forward = forward;
    this.endpoint = endpoint;
    this.inside = endpoint.remote!;
    this.from = from;
    this.ended = ended;
    this.sinceNs = parts.node.clock.now;
    this.lastNs = this.sinceNs;
    endpoint.owner = this;
    parts.flows.add(this);
  }

  get insideHost(): IpAddress {
    return this.inside;
  }

  info(): FlowInfo {
    const { localPort } = this.endpoint;
    return {
      protocol: 'udp',
      direction: 'in',
      inside: describeEnd(this.inside, this.forward.toPort),
      outside: this.endpoint.local === null ? `:${localPort}` : describeEnd(this.endpoint.local, localPort),
      real: `${this.from.address}:${this.from.port} at ${this.forward.bind}:${this.forward.port}`,
      state: 'open',
      bytesOut: this.bytesOut,
      bytesIn: this.bytesIn,
      sinceNs: this.sinceNs,
    };
  }

  isIdle(nowNs: number): boolean {
    return nowNs - this.lastNs >= this.parts.limits.udpIdleNs;
  }

  abort(): void {
    this.close('closed');
  }

  close(why: string): void {
    if (this.endpoint.closed) return;
    const { inside, outside } = this.info();
    this.endpoint.close();
    const { flows } = this.parts;
    flows.remove(this);
    this.ended();
    tell(this.parts, `udp ${outside} > ${inside}`, why);
  }

  toInside(bytes: Uint8Array): void {
    this.lastNs = this.parts.node.clock.now;
    if (this.endpoint.send(bytes, 0, bytes.length) < 0) return;
    this.bytesIn += bytes.length;
    this.parts.flows.counters.bytesIn += bytes.length;
  }

  /** From layer 4: answers wait, or nobody is there, which a real sender cannot be told. */
  datagramReady(): void {
    const { endpoint } = this;
    endpoint.takeError();
    for (let packet = endpoint.take(); packet !== null; packet = endpoint.take()) {
      const data = Buffer.from(packet.bytes.subarray(packet.l4 + UDP_HEADER_LENGTH, packet.end));
      packet.release();
      this.lastNs = this.parts.node.clock.now;
      if (!this.forward.answer(data, this.from)) {
        this.parts.node.dropped(Drop.UDP_BUFFER_FULL, 'towards the outside');
        continue;
      }
      this.bytesOut += data.length;
      this.parts.flows.counters.bytesOut += data.length;
    }
  }
}
