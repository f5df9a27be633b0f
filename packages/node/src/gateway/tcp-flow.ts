import { connect, type Socket } from 'node:net';
import type { IpAddress } from '@netarium/stack/base/ip-address';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import type { PortBinding } from '@netarium/stack/l4-transport/ports';
import { type Endpoint, portsKey } from '@netarium/stack/l4-transport/tcp/demux';
import type { Acceptor, TcpConnection, TcpSocketOptions } from '@netarium/stack/l4-transport/tcp/tcp';
import type { Target } from './destinations.ts';
import type { FlowInfo, GatewayFlow } from './flow-table.ts';
import { describeEnd, type GatewayParts, tell } from './gateway-parts.ts';
import { type JointOwner, StreamJoint } from './stream-joint.ts';

/** What a flow needs of the relay that it belongs to. */
export interface TcpFlowRelay {
  readonly parts: GatewayParts;
  readonly options: TcpSocketOptions;
  /** The real host has answered: says SYN+ACK inside. Null when there is no way back. */
  accept(flow: TcpFlow, syn: PacketBuffer): TcpConnection | null;
  /** The real host cannot be reached, says Node by this code; the inside is told what it means. */
  refuse(flow: TcpFlow, syn: PacketBuffer, code: string): void;
  ended(flow: TcpFlow): void;
}

/**
 * A connection from the inside outwards. Its SYN waits until the real host has answered, so that the inside sees what a
 * host of its own would show it:
 *
 *     SYN ->  connecting  --connected-->  SYN+ACK, answering  --ACK-->  open (a StreamJoint)
 *                         --refused---->  RST
 *                         --no way----->  ICMP unreachable
 */
export class TcpFlow implements Acceptor, GatewayFlow, JointOwner, Endpoint<TcpFlow> {
  readonly protocol = 'tcp';
  /** The ends as the connection inside has them: the other end is local. */
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly ports: number;
  hash = 0;
  chain: TcpFlow | null = null;
  readonly binding: PortBinding;
  readonly options: TcpSocketOptions;
  /** Until when the handshakes must be over, ns. */
  readonly deadlineNs: number;
  readonly sinceNs: number;
  private readonly relay: TcpFlowRelay;
  private readonly localPort: number;
  private readonly remotePort: number;
  private readonly target: Target;
  private readonly socket: Socket;
  /** The newest SYN, while the real host has not answered. */
  private syn: PacketBuffer | null;
  private joint: StreamJoint | null = null;
  private handshakeOver = false;
  private over = false;

  constructor(
    relay: TcpFlowRelay,
    binding: PortBinding,
    syn: PacketBuffer,
    remote: IpAddress,
    remotePort: number,
    local: IpAddress,
    localPort: number,
    target: Target,
  ) {
    this.relay = relay;
    this.binding = binding;
    this.options = relay.options;
    this.syn = syn;
    this.remote = remote;
    this.remotePort = remotePort;
    this.local = local;
    this.localPort = localPort;
    this.ports = portsKey(remotePort, localPort);
    this.target = target;
    const { node, limits, external } = relay.parts;
    this.sinceNs = node.clock.now;
    this.deadlineNs = this.sinceNs + limits.handshakeNs;
    this.socket = connect({
      host: `${target.address}`,
      port: target.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true, // as inside: a real host that is gone would hold its flow for ever
      ...{ writableHighWaterMark: limits.socketBufferBytes },
    });
    this.socket.once('connect', () => external(() => this.reached()));
    this.socket.once('error', (error: NodeJS.ErrnoException) => external(() => this.unreached(error.code ?? '')));
  }

  get insideHost(): IpAddress {
    return this.remote;
  }

  /** The handshake inside is over, or the flow is. */
  get settled(): boolean {
    return this.handshakeOver || this.over;
  }

  get waitsOutside(): boolean {
    return this.syn !== null;
  }

  /** `tcp 10.0.2.15:49152 > 10.0.2.2:80` */
  get name(): string {
    const { inside, outside } = this.info();
    return `tcp ${inside} > ${outside}`;
  }

  info(): FlowInfo {
    return {
      protocol: 'tcp',
      direction: 'out',
      inside: describeEnd(this.remote, this.remotePort),
      outside: describeEnd(this.local, this.localPort),
      real: describeEnd(this.target.address, this.target.port),
      state: this.joint === null ? 'connecting' : this.joint.state,
      bytesOut: this.joint?.bytesOut ?? 0,
      bytesIn: this.joint?.bytesIn ?? 0,
      sinceNs: this.sinceNs,
    };
  }

  /** The SYN came again: the newest counts, for its sender may have begun anew. Returns the one to drop. */
  replaceSyn(syn: PacketBuffer): PacketBuffer | null {
    const old = this.syn;
    this.syn = syn;
    return old;
  }

  /** Ends it while the real host has not answered, without a word to the inside. */
  abandon(): void {
    if (this.over) return;
    this.syn?.release();
    this.syn = null;
    this.socket.destroy();
    this.finish('given up');
  }

  abort(): void {
    if (this.joint !== null) this.joint.abort();
    else this.abandon();
  }

  /** Layer 4: the inside has answered our SYN+ACK. */
  established(connection: TcpConnection): boolean {
    connection.listener = null;
    this.handshakeOver = true;
    return true;
  }

  /** Layer 4: the handshake inside came to nothing. The joint hears of it too. */
  ended(): void {}

  jointOpened(): void {
    tell(this.relay.parts, this.name, 'open');
  }

  jointClosed(reset: boolean): void {
    if (reset) this.relay.parts.flows.counters.resets++;
    this.finish(reset ? 'reset' : 'closed');
  }

  private reached(): void {
    if (this.syn === null) return;
    const { parts } = this.relay;
    this.socket.removeAllListeners('error');
    const { syn } = this;
    this.syn = null;
    const connection = this.relay.accept(this, syn);
    if (connection === null) {
      this.socket.on('error', () => {});
      this.socket.destroy();
      this.finish('no way back');
      return;
    }
    this.joint = new StreamJoint(connection, this.socket, parts, this);
  }

  private unreached(code: string): void {
    if (this.syn === null) return;
    const { syn } = this;
    this.syn = null;
    this.relay.refuse(this, syn, code);
    this.finish(code);
  }

  private finish(how: string): void {
    if (this.over) return;
    this.over = true;
    this.relay.ended(this);
    tell(this.relay.parts, this.name, how);
  }
}
