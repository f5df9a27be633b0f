import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { FIRST_UNPRIVILEGED_PORT, type PortBinding } from '../l4-transport/ports.ts';
import { Ready } from '../l4-transport/readiness.ts';
import type { StreamOwner, TcpConnection } from '../l4-transport/tcp/connection.ts';
import type { ListenerOwner, TcpListener } from '../l4-transport/tcp/listener.ts';
import type { Tcp } from '../l4-transport/tcp/tcp.ts';
import * as c from './constants.ts';
import { Descriptor } from './descriptor.ts';
import { StreamOptions } from './stream-options.ts';

/** What a stream socket is doing: Linux's `socket_state`, with listening made a state of its own. */
const State = { Unconnected: 0, Connecting: 1, Connected: 2, Listening: 3 } as const;
type State = (typeof State)[keyof typeof State];

/** A stream socket over TCP: SOCK_STREAM. */
export class StreamSocket extends Descriptor implements StreamOwner, ListenerOwner {
  private readonly tcp: Tcp;
  private readonly privileged: boolean;
  private readonly options: StreamOptions;
  private state: State = State.Unconnected;
  private binding: PortBinding | null = null;
  private connection: TcpConnection | null = null;
  private listener: TcpListener | null = null;
  /** Why the last attempt to connect failed, until somebody takes it (SO_ERROR). */
  private error = 0;
  /** The attempt to connect ended well, and no `connect` has said so yet. */
  private untoldSuccess = false;
  /** There was a connection once, or an attempt: POLLHUP is not for those that never tried. */
  private finished = false;

  constructor(node: NodeContext, tcp: Tcp, family: number, privileged: boolean, accepted: TcpConnection | null = null) {
    super(node, family, c.SOCK_STREAM, c.IPPROTO_TCP);
    this.tcp = tcp;
    this.privileged = privileged;
    this.options = new StreamOptions(node.limits, family === c.AF_INET6 ? 6 : 4);
    if (accepted === null) return;
    this.connection = accepted;
    this.state = State.Connected;
    accepted.owner = this;
    this.rememberPeer(accepted);
  }

  get readiness(): number {
    if (this.connection !== null) return this.connection.readiness | (this.error !== 0 ? Ready.Err : 0);
    if (this.listener !== null) return this.listener.pending > 0 ? Ready.In : 0;
    // As Linux: a socket that is not connected reports that it was hung up.
    return Ready.Out | Ready.Hup | (this.error !== 0 ? Ready.Err | Ready.In : 0) | (this.finished ? Ready.In : 0);
  }
  get localAddress(): IpAddress {
    return this.connection?.local ?? this.binding?.address ?? this.anyAddress;
  }
  get localPort(): number {
    return this.connection?.localPort ?? this.binding?.port ?? 0;
  }
  get remoteAddress(): IpAddress | null {
    return this.connection !== null && this.state === State.Connected ? this.connection.remote : null;
  }
  get remotePort(): number {
    return this.connection !== null && this.state === State.Connected ? this.connection.remotePort : 0;
  }
  override get listening(): boolean {
    return this.state === State.Listening;
  }
  override get available(): number {
    return this.connection === null ? 0 : this.connection.available;
  }
  /** The connection below, for tools that show its inside (TCP_INFO); null while there is none. */
  get transport(): TcpConnection | null {
    return this.connection;
  }

  override takeError(): number {
    if (this.error !== 0) {
      const { error } = this;
      this.error = 0;
      return error;
    }
    return this.connection === null ? 0 : this.connection.takeError();
  }

  override bind(address: IpAddress | null, port: number): number {
    if (this.closed) return -Errno.EBADF;
    if (address !== null && !this.mayUse(address)) return -Errno.EAFNOSUPPORT;
    const local = address === null || address.isUnspecified ? null : address;
    if (local !== null && !this.tcp.network.isLocal(local)) return -Errno.EADDRNOTAVAIL;
    if (port > 0 && port < FIRST_UNPRIVILEGED_PORT && !this.privileged) return -Errno.EACCES;
    if (this.binding !== null || this.state !== State.Unconnected) return -Errno.EINVAL;
    return this.open(local, port);
  }

  override connect(address: IpAddress, port: number): number {
    if (this.closed) return -Errno.EBADF;
    if (!this.mayUse(address)) return -Errno.EAFNOSUPPORT;
    if (this.untoldSuccess) {
      this.untoldSuccess = false;
      return 0;
    }
    if (this.state === State.Connecting) return -Errno.EALREADY;
    if (this.state !== State.Unconnected) return -Errno.EISCONN;
    if (this.error !== 0) return -this.takeError();
    if (this.binding === null) {
      const opened = this.open(null, 0);
      if (opened < 0) return opened === -Errno.EADDRINUSE ? -Errno.EADDRNOTAVAIL : opened;
    }
    if (this.node.trace !== null) this.called(`connect ${address}:${port}`);
    const binding = this.binding!;
    binding.retain(); // the connection's hold; ours is for the next attempt, should this one fail
    const connection = this.tcp.connect(binding, address, port, this, this.options.forTcp());
    if (typeof connection === 'number') {
      binding.release();
      return connection;
    }
    this.connection = connection;
    this.state = State.Connecting;
    return -Errno.EINPROGRESS;
  }

  override disconnect(): number {
    if (this.closed) return -Errno.EBADF;
    if (this.connection !== null) this.connection.abort();
    this.stopListening();
    this.forgetConnection();
    return 0;
  }

  override listen(backlog: number): number {
    if (this.closed) return -Errno.EBADF;
    if (this.state === State.Connected || this.state === State.Connecting) return -Errno.EINVAL;
    const { limits } = this.node;
    const allowed = backlog < 0 || backlog > limits.listenBacklog ? limits.listenBacklog : backlog;
    if (this.listener !== null) {
      this.listener.setBacklog(allowed);
      return 0;
    }
    if (this.binding === null) {
      const opened = this.open(null, 0);
      if (opened < 0) return opened;
    }
    const binding = this.binding!;
    if (!binding.mayListen()) return -Errno.EADDRINUSE;
    if (this.node.trace !== null) this.called(`listen, backlog ${allowed}`);
    binding.retain();
    const listener = this.tcp.listen(binding, allowed, this, this.options.forTcp());
    if (typeof listener === 'number') {
      binding.release();
      return listener;
    }
    this.listener = listener;
    this.state = State.Listening;
    return 0;
  }

  override accept(): StreamSocket | number {
    if (this.closed) return -Errno.EBADF;
    if (this.listener === null) return -Errno.EINVAL;
    const connection = this.listener.accept();
    if (connection === null) return -Errno.EAGAIN;
    const socket = new StreamSocket(this.node, this.tcp, this.family, this.privileged, connection);
    socket.options.inherit(this.options);
    if (this.node.trace !== null) this.called(`accept ${connection.remote}:${connection.remotePort}`);
    return socket;
  }

  /** A stream ignores an address, as Linux's does. */
  send(bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    const { connection } = this;
    if (connection === null) return this.error !== 0 ? -this.takeError() : -Errno.EPIPE;
    if (this.state === State.Connecting) return -Errno.EAGAIN;
    if (this.node.trace !== null) this.called(`send ${length} bytes`);
    return connection.write(bytes, offset, length);
  }

  receive(into: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EINVAL;
    const { connection } = this;
    if (connection === null) return this.error !== 0 ? -this.takeError() : -Errno.ENOTCONN;
    if (this.state === State.Connecting) return -Errno.EAGAIN;
    return flags & c.MSG_PEEK ? connection.peek(into, offset, length) : connection.read(into, offset, length);
  }

  shutdown(how: number): number {
    if (this.closed) return -Errno.EBADF;
    if (how !== c.SHUT_RD && how !== c.SHUT_WR && how !== c.SHUT_RDWR) return -Errno.EINVAL;
    if (this.state === State.Listening) {
      // As Linux: to shut the receiving side of a listener ends the listening.
      if (how !== c.SHUT_WR) {
        this.stopListening();
        this.finished = true;
        this.notify(Ready.In | Ready.Out | Ready.Hup);
      }
      return 0;
    }
    const { connection } = this;
    if (connection === null || connection.readiness & Ready.Err) return connection === null ? -Errno.ENOTCONN : 0;
    if (this.state === State.Connecting) {
      connection.abort();
      this.forgetConnection();
      this.notify(Ready.In | Ready.Out | Ready.Hup);
      return 0;
    }
    this.called(`shutdown ${how === c.SHUT_RD ? 'receive' : how === c.SHUT_WR ? 'send' : 'both'}`);
    if (how !== c.SHUT_RD) connection.shutdownSend();
    if (how !== c.SHUT_WR) {
      connection.shutdownReceive();
      this.notify(Ready.In | Ready.RdHup);
    }
    return 0;
  }

  /** TCP says that something about the connection has changed. */
  streamReady(events: number): void {
    if (this.state === State.Connecting && this.connection !== null) {
      if (events & (Ready.Err | Ready.Hup)) {
        this.error = this.connection.takeError() || Errno.ECONNABORTED;
        this.forgetConnection();
        this.notify(Ready.In | Ready.Out | Ready.Err | Ready.Hup);
        return;
      }
      if (!(events & (Ready.Out | Ready.In))) return;
      this.state = State.Connected;
      this.untoldSuccess = true;
      this.rememberPeer(this.connection);
    }
    this.notify(events);
  }

  /** TCP says that a connection waits to be accepted. */
  listenerReady(): void {
    this.notify(Ready.In);
  }

  /** The attempt to connect succeeded, and whoever waited for it knows: a further `connect` is a mistake (EISCONN). */
  connectTold(): void {
    this.untoldSuccess = false;
  }

  override getOption(level: number, name: number): number {
    if (this.closed) return -Errno.EBADF;
    return this.options.get(level, name, this.connection) ?? super.getOption(level, name);
  }

  override getOptionBytes(level: number, name: number): Uint8Array | number {
    if (this.closed) return -Errno.EBADF;
    return this.options.getBytes(level, name, this.connection) ?? super.getOptionBytes(level, name);
  }

  override setOption(level: number, name: number, value: number, second = 0): number {
    if (this.closed) return -Errno.EBADF;
    const done = this.options.set(level, name, value, second, this.connection);
    if (done === null) return super.setOption(level, name, value, second);
    if (this.binding !== null) {
      this.binding.reuseAddress = this.options.reuseAddress;
      this.binding.reusePort = this.options.reusePort;
    }
    return done;
  }

  protected release(): void {
    this.stopListening();
    const { connection } = this;
    if (connection !== null) {
      connection.owner = null;
      // TCP goes on by itself: it delivers what was written, and says good-bye (or resets, as SO_LINGER says).
      if (this.state === State.Connecting) connection.abort();
      else connection.close();
      this.connection = null;
    }
    if (this.binding !== null) this.binding.release();
    this.binding = null;
  }

  private open(local: IpAddress | null, port: number): number {
    const binding = this.tcp.ports.bind(local, port, {
      reuseAddress: this.options.reuseAddress,
      reusePort: this.options.reusePort,
      privileged: this.privileged,
    });
    if (typeof binding === 'number') return binding;
    this.binding = binding;
    return 0;
  }

  private stopListening(): void {
    if (this.listener === null) return;
    this.listener.owner = null;
    this.listener.close();
    this.listener = null;
    this.state = State.Unconnected;
  }

  private forgetConnection(): void {
    if (this.connection !== null) this.connection.owner = null;
    this.connection = null;
    this.state = State.Unconnected;
    this.untoldSuccess = false;
    this.finished = true;
  }

  private rememberPeer(connection: TcpConnection): void {
    this.sender = connection.remote;
    this.senderPort = connection.remotePort;
  }
}
