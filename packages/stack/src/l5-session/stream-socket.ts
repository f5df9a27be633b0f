import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { type BindOptions, FIRST_UNPRIVILEGED_PORT, type PortBinding } from '../l4-transport/ports.ts';
import { Ready } from '../l4-transport/readiness.ts';
import type { StreamOwner, TcpConnection } from '../l4-transport/tcp/connection.ts';
import type { ListenerOwner, TcpListener } from '../l4-transport/tcp/listener.ts';
import { TcpState } from '../l4-transport/tcp/states.ts';
import type { Tcp } from '../l4-transport/tcp/tcp.ts';
import { needsScope } from './addresses.ts';
import * as c from './constants.ts';
import { Descriptor } from './descriptor.ts';
import { twinOf, twinValue } from './ipv6-options.ts';
import { StreamOptions } from './stream-options.ts';
import { tcpInfoBytes } from './tcp-info.ts';

/** What a stream socket is doing: Linux's `socket_state`, with two states made of others. */
const State = {
  Unconnected: 0,
  Connecting: 1,
  /** An attempt to connect failed, and no `connect` has said so yet. */
  Failed: 2,
  Connected: 3,
  Listening: 4,
} as const;
type State = (typeof State)[keyof typeof State];

const SIDES = ['receiving', 'sending', 'both sides'];

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
  /** The interface's number, when it is bound to a link-local address. */
  private scope = 0;

  constructor(node: NodeContext, tcp: Tcp, family: number, privileged: boolean, accepted: TcpConnection | null = null) {
    super(node, family, c.SOCK_STREAM, c.IPPROTO_TCP);
    this.tcp = tcp;
    this.privileged = privileged;
    this.options = new StreamOptions(node.limits, family === c.AF_INET6 ? 0 : 4);
    if (accepted === null) return;
    this.connection = accepted;
    this.state = State.Connected;
    accepted.owner = this;
    this.rememberPeer(accepted);
  }

  get readiness(): number {
    if (this.connection !== null) return this.connection.readiness;
    if (this.listener !== null) return this.listener.pending > 0 ? Ready.In : 0;
    // As on Linux a socket without a connection counts as hung up, and one that could not connect as at its end.
    if (this.state !== State.Failed) return Ready.Out | Ready.Hup;
    return Ready.In | Ready.Out | Ready.Hup | Ready.RdHup | (this.error !== 0 ? Ready.Err : 0);
  }
  get localAddress(): IpAddress {
    const local = this.connection?.local ?? this.binding?.address ?? null;
    return local === null ? this.anyAddress : this.shown(local);
  }
  get localPort(): number {
    return this.connection?.localPort ?? this.binding?.port ?? 0;
  }
  get remoteAddress(): IpAddress | null {
    return this.hasPeer ? this.shown(this.connection!.remote) : null;
  }
  get remotePort(): number {
    return this.hasPeer ? this.connection!.remotePort : 0;
  }
  override get localScope(): number {
    return needsScope(this.localAddress) ? (this.connection?.flow.interfaceIndex ?? this.scope) : 0;
  }
  override get remoteScope(): number {
    const remote = this.remoteAddress;
    return remote !== null && needsScope(remote) ? (this.connection?.flow.interfaceIndex ?? 0) : 0;
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

  override bind(address: IpAddress | null, port: number, scope = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (address !== null && this.unfitToBind(address) < 0) return this.unfitToBind(address);
    const local = this.boundTo(address);
    if (local !== null && ((local.family === 6 && local.isMulticast) || (needsScope(local) && scope === 0))) {
      return -Errno.EINVAL;
    }
    if (local !== null && !this.tcp.network.isLocal(local, scope)) return -Errno.EADDRNOTAVAIL;
    if (port > 0 && port < FIRST_UNPRIVILEGED_PORT && !this.privileged) return -Errno.EACCES;
    if (this.binding !== null || this.state !== State.Unconnected) return -Errno.EINVAL;
    this.scope = scope;
    this.onlyMapped = local === null && address?.isMapped === true;
    return this.open(local, port);
  }

  override connect(address: IpAddress, port: number, scope = 0): number {
    if (this.closed) return -Errno.EBADF;
    const unfit = this.unfit(address);
    if (unfit < 0) return unfit;
    if (this.untoldSuccess) {
      this.untoldSuccess = false;
      return 0;
    }
    if (this.state === State.Connecting) return -Errno.EALREADY;
    if (this.state === State.Failed) {
      this.state = State.Unconnected; // the next `connect` tries again
      return -(this.takeError() || Errno.ECONNABORTED);
    }
    if (this.state !== State.Unconnected) return -Errno.EISCONN;
    if (port === 0) return -Errno.ECONNREFUSED; // nobody can listen there; no SYN is wasted on it
    if (this.node.trace !== null) this.called(`connect ${address}:${port}`);
    const device = needsScope(address) ? scope || this.scope : 0;
    if (device === 0 && needsScope(address)) return -Errno.EINVAL; // which link?
    const connection = this.openConnection(this.target(address), port, device);
    if (typeof connection === 'number') return connection === -Errno.EADDRINUSE ? -Errno.EADDRNOTAVAIL : connection;
    this.connection = connection;
    this.state = State.Connecting;
    return -Errno.EINPROGRESS;
  }

  override disconnect(): number {
    if (this.closed) return -Errno.EBADF;
    if (this.connection !== null) this.connection.abort();
    this.stopListening();
    this.forgetConnection(State.Unconnected);
    this.error = 0;
    return 0;
  }

  override listen(backlog: number): number {
    if (this.closed) return -Errno.EBADF;
    if (this.state !== State.Unconnected && this.state !== State.Listening) return -Errno.EINVAL;
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
    const listener = this.tcp.listen(binding, allowed, this, this.options.forTcp());
    if (typeof listener === 'number') return listener;
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
    if (socket.options.inherit(this.options)) connection.setOptions(socket.options.forTcp());
    if (this.node.trace !== null) this.called(`accept ${connection.remote}:${connection.remotePort}`);
    return socket;
  }

  /** A stream ignores an address, as Linux's does. */
  send(bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    const { connection } = this;
    if (connection === null) return -(this.takeError() || Errno.EPIPE);
    if (this.state === State.Connecting) return -Errno.EAGAIN;
    if (this.node.trace !== null) this.called(`send ${length} bytes`);
    return connection.write(bytes, offset, length);
  }

  receive(into: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EINVAL;
    const { connection } = this;
    if (connection === null) {
      if (this.error !== 0) return -this.takeError();
      return this.state === State.Failed ? 0 : -Errno.ENOTCONN;
    }
    if (this.state === State.Connecting) return -Errno.EAGAIN;
    if (flags & c.MSG_PEEK) return connection.peek(into, offset, length);
    const taken = connection.read(into, offset, length);
    if (this.node.trace !== null && taken > 0) this.called(`receive ${taken} bytes`);
    return taken;
  }

  shutdown(how: number): number {
    if (this.closed) return -Errno.EBADF;
    if (how !== c.SHUT_RD && how !== c.SHUT_WR && how !== c.SHUT_RDWR) return -Errno.EINVAL;
    const { connection } = this;
    if (this.state === State.Listening) {
      // As on Linux: to shut the receiving side of a listener ends the listening.
      if (how === c.SHUT_WR) return 0;
      this.stopListening();
    } else if (this.state === State.Connecting) {
      connection!.abort();
      this.forgetConnection(State.Unconnected);
    } else {
      if (!this.hasPeer) return -Errno.ENOTCONN;
      if (this.node.trace !== null) this.called(`shutdown ${SIDES[how]!}`);
      if (how !== c.SHUT_RD) connection!.shutdownSend();
      if (how !== c.SHUT_WR) connection!.shutdownReceive();
    }
    this.notify(this.readiness); // who waits for what will not come any more
    return 0;
  }

  /** TCP says that something about the connection has changed. */
  streamReady(events: number): void {
    if (this.state === State.Connecting && this.connection !== null) {
      if (events & (Ready.Err | Ready.Hup)) {
        this.error = this.connection.takeError() || Errno.ECONNABORTED;
        this.forgetConnection(State.Failed);
        this.notify(this.readiness);
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

  override getOption(level: number, name: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && name === c.IPV6_V6ONLY && this.family === c.AF_INET6) return this.onlyIpv6 ? 1 : 0;
    const twin = twinOf(level, name, this.family);
    if (twin !== 0) return this.getOption(c.IPPROTO_IP, twin);
    // The first number of TCP_INFO's structure is the state.
    if (level === c.IPPROTO_TCP && name === c.TCP_INFO) return this.tcpState;
    return this.options.get(level, name, this.connection) ?? super.getOption(level, name);
  }

  override getOptionBytes(level: number, name: number): Uint8Array | number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_TCP && name === c.TCP_INFO) return tcpInfoBytes(this.tcpState, this.connection);
    return this.options.getBytes(level, name, this.connection) ?? super.getOptionBytes(level, name);
  }

  override setOption(level: number, name: number, value: number, second: number | null = null): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && name === c.IPV6_V6ONLY && this.family === c.AF_INET6) {
      if (this.binding !== null || this.state !== State.Unconnected) return -Errno.EINVAL;
      this.onlyIpv6 = value !== 0;
      this.options.takeFamily(value !== 0 ? 6 : 0);
      return 0;
    }
    const twin = twinOf(level, name, this.family);
    if (twin !== 0) {
      const as4 = twinValue(name, value);
      return as4 < -1 ? as4 : this.setOption(c.IPPROTO_IP, twin, as4);
    }
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
    const binding = this.tcp.ports.bind(local, port, this.bindOptions);
    if (typeof binding === 'number') return binding;
    this.binding = binding;
    return 0;
  }

  /** The connection holds its port too. Our own hold is for the next attempt, should this one fail. */
  private openConnection(remote: IpAddress, port: number, device: number): TcpConnection | number {
    const chosen = this.options.forTcp();
    const options = device === 0 ? chosen : { ...chosen, device };
    if (this.binding !== null) return this.tcp.connect(this.binding, remote, port, this, options);
    return this.tcp.ports.connectFrom(this.bindOptions, (binding) => {
      const connection = this.tcp.connect(binding, remote, port, this, options);
      if (typeof connection !== 'number') this.binding = binding;
      else if (connection !== -Errno.EADDRINUSE) binding.release();
      return connection;
    });
  }

  private get bindOptions(): BindOptions {
    const { reuseAddress, reusePort } = this.options;
    return { reuseAddress, reusePort, privileged: this.privileged, family: this.families };
  }

  private stopListening(): void {
    if (this.listener === null) return;
    this.listener.owner = null;
    this.listener.close();
    this.listener = null;
    this.state = State.Unconnected;
  }

  private forgetConnection(next: State): void {
    if (this.connection !== null) this.connection.owner = null;
    this.connection = null;
    this.state = next;
    this.untoldSuccess = false;
  }

  /** There is a peer until both sides have said good-bye, or one has reset the connection. */
  private get hasPeer(): boolean {
    if (this.connection === null || this.state !== State.Connected) return false;
    return this.connection.state !== TcpState.Closed && this.connection.state !== TcpState.TimeWait;
  }

  private get tcpState(): number {
    if (this.connection !== null) return this.connection.state;
    return this.listener !== null ? TcpState.Listen : TcpState.Closed;
  }

  private rememberPeer(connection: TcpConnection): void {
    this.sender = this.shown(connection.remote);
    this.senderPort = connection.remotePort;
    this.senderScope = this.remoteScope;
  }
}
