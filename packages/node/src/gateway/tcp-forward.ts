import { createServer, type Server, type Socket } from 'node:net';
import { Errno } from '@netarium/stack/base/errors';
import type { IpAddress } from '@netarium/stack/base/ip-address';
import type { TcpConnection, TcpSocketOptions } from '@netarium/stack/l4-transport/tcp/tcp';
import type { FlowInfo, GatewayFlow } from './flow-table.ts';
import { describeEnd, type GatewayParts, tell } from './gateway-parts.ts';
import { insideAddress, type PortForward, type PortForwardOptions } from './port-forward.ts';
import { type JointOwner, resetSocket, StreamJoint } from './stream-joint.ts';

/**
 * A real TCP port that leads inside. The real system accepts before the inside has been asked: whoever is refused
 * there hears a RST on a connection that was open for a moment.
 */
export class TcpForward implements PortForward {
  readonly protocol = 'tcp';
  readonly bind: string;
  readonly to: string;
  readonly toPort: number;
  /** Told when it is closed. Belongs to the gateway. */
  onClose: (() => void) | null = null;
  private readonly parts: GatewayParts;
  private readonly options: TcpSocketOptions;
  private readonly server: Server;
  private readonly flows = new Set<ForwardedStream>();

  private constructor(parts: GatewayParts, options: TcpSocketOptions, wanted: Required<PortForwardOptions>) {
    this.parts = parts;
    this.options = options;
    this.bind = wanted.bind;
    this.to = wanted.to;
    this.toPort = wanted.toPort;
    const highWaterMark = parts.limits.socketBufferBytes;
    this.server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true, highWaterMark },
      (socket) => parts.external(() => this.accept(socket)),
    );
  }

  /** Rejects with Node's error (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
  static async listen(
    parts: GatewayParts,
    options: TcpSocketOptions,
    wanted: Required<PortForwardOptions>,
  ): Promise<TcpForward> {
    const forward = new TcpForward(parts, options, wanted);
    const { server } = forward;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: wanted.bind, port: wanted.port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Out of descriptors, for example: those who are connected stay.
    server.on('error', () => {});
    return forward;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.server.close();
    for (const flow of [...this.flows]) flow.abort();
    this.onClose?.();
  }

  private accept(socket: Socket): void {
    const { parts } = this;
    const address = insideAddress(parts, this.to);
    if (address === null || parts.flows.full('tcp', address) !== '') {
      if (address !== null) parts.flows.counters.full++;
      refuse(socket);
      return;
    }
    const connection = this.connect(address);
    if (typeof connection === 'number') {
      parts.flows.counters.failed++;
      refuse(socket);
      return;
    }
    const flow = new ForwardedStream(parts, connection, socket, `${this.bind}:${this.port}`, (ended) => {
      this.flows.delete(ended);
    });
    this.flows.add(flow);
  }

  /** A connection from the gateway's own address; or a negated error number. */
  private connect(address: IpAddress): TcpConnection | number {
    const { tcp } = this.parts.host;
    return tcp.ports.connectFrom({}, (binding) => {
      const connection = tcp.connect(binding, address, this.toPort, null, this.options);
      // The connection holds the port from now on.
      if (connection !== -Errno.EADDRINUSE) binding.release();
      return connection;
    });
  }
}

class ForwardedStream implements GatewayFlow, JointOwner {
  readonly protocol = 'tcp';
  private readonly parts: GatewayParts;
  private readonly real: string;
  private readonly joint: StreamJoint;
  private readonly sinceNs: number;
  private readonly ended: (flow: ForwardedStream) => void;

  constructor(
    parts: GatewayParts,
    connection: TcpConnection,
    socket: Socket,
    at: string,
    ended: (flow: ForwardedStream) => void,
  ) {
    this.parts = parts;
    this.sinceNs = parts.node.clock.now;
    this.ended = ended;
    this.real = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0} at ${at}`;
    this.joint = new StreamJoint(connection, socket, parts, this);
    parts.flows.add(this);
  }

  get insideHost(): IpAddress {
    return this.joint.connection.remote;
  }

  info(): FlowInfo {
    const { connection, bytesOut, bytesIn, state } = this.joint;
    return {
      protocol: 'tcp',
      direction: 'in',
      inside: describeEnd(connection.remote, connection.remotePort),
      outside: describeEnd(connection.local, connection.localPort),
      real: this.real,
      state,
      bytesOut,
      bytesIn,
      sinceNs: this.sinceNs,
    };
  }

  abort(): void {
    this.joint.abort();
  }

  jointOpened(): void {
    tell(this.parts, this.name, 'open');
  }

  jointClosed(reset: boolean): void {
    const { flows } = this.parts;
    if (reset) flows.counters.resets++;
    flows.remove(this);
    this.ended(this);
    tell(this.parts, this.name, reset ? 'reset' : 'closed');
  }

  private get name(): string {
    const { inside, outside } = this.info();
    return `tcp ${outside} > ${inside}`;
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => {});
  resetSocket(socket);
}
