import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { What } from '../base/trace.ts';
import { Ready } from '../l4-transport/readiness.ts';
import type { IcmpReport } from '../l4-transport/udp/udp-errors.ts';
import { AF_INET6, SO_ACCEPTCONN, SO_DOMAIN, SO_ERROR, SO_PROTOCOL, SO_TYPE, SOL_SOCKET } from './constants.ts';

/** Who wants to know when a descriptor becomes ready. */
export interface SocketObserver {
  /**
   * `events` are the bits of `Ready` that have just become true: read (accept, write) until -EAGAIN, for what is left
   * lying is not told again. Called at the end of an event of the network; from inside, any call on the socket is
   * allowed.
   */
  socketReady(events: number): void;
}

/** In `events`, beside the bits of `Ready`: the descriptor was closed (POLLNVAL). */
export const CLOSED = 0x20;

/**
 * An open socket below the promises: every call returns at once, with a count or with a negated error number, and
 * -EAGAIN means that `onReady` will be called when it is worth trying again.
 *
 * This is the fast surface: servers, benchmarks and the ported `node:net` use it as it is; `Socket` puts Berkeley's
 * blocking calls on top. What a kind of socket does not know fails as on Linux.
 */
export abstract class Descriptor {
  readonly node: NodeContext;
  /** AF_, SOCK_ and IPPROTO_ numbers. */
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /**
   * The one who is told first of everything; for servers and ported programs. What happened before it was set is not
   * told: look at `readiness` then, or try (an accepted connection may have data already).
   */
  onReady: SocketObserver | null = null;
  closed = false;
  /** IPV6_V6ONLY */
  protected onlyIpv6 = false;
  /** Bound to ::ffff:0.0.0.0, which is every address of IPv4. */
  protected onlyMapped = false;
  /** Who sent what `receive` returned last; for a stream, the peer. */
  sender: IpAddress = IpAddress.ANY4;
  senderPort = 0;
  /** The interface's number, where its address needs one. */
  senderScope = 0;
  /** Whole length of the datagram that `receive` returned last (MSG_TRUNC). */
  fullLength = 0;
  /** Its time to live when it arrived; 0: not known. With IP_RECVTTL, `recvmsg` tells it. */
  receivedTtl = 0;
  receiveTtl = false;
  /** With IP_RECVOPTS, the options in the IP header of what came last; null: none. */
  receivedOptions: Uint8Array | null = null;
  receiveOptions = false;
  /** The same for its traffic class (or TOS), and for the address and interface that it came to (IPV6_RECVPKTINFO). */
  receivedTos = 0;
  receiveTos = false;
  receivedDestination: IpAddress = IpAddress.ANY4;
  receivedDevice = 0;
  receivePacketInfo = false;
  /** Those who wait once, in the order in which they came. */
  private watchers: SocketObserver[] = [];

  constructor(node: NodeContext, family: number, type: number, protocol: number) {
    this.node = node;
    this.family = family;
    this.type = type;
    this.protocol = protocol;
  }

  /** What it is ready for now: bits of `Ready`. */
  abstract get readiness(): number;
  /** Its own address; port 0 while it has none. */
  abstract get localAddress(): IpAddress;
  abstract get localPort(): number;
  /** The peer; null without one (ENOTCONN). */
  abstract get remoteAddress(): IpAddress | null;
  abstract get remotePort(): number;
  /** The interfaces' numbers, where these addresses need one. */
  get localScope(): number {
    return 0;
  }
  get remoteScope(): number {
    return 0;
  }
  /** Waits for connections (SO_ACCEPTCONN). */
  get listening(): boolean {
    return false;
  }
  /** Bytes that can be read at once (FIONREAD). */
  get available(): number {
    return 0;
  }

  /** Takes the pending error (positive; 0: none): SO_ERROR. */
  takeError(): number {
    return 0;
  }

  /** With IP_RECVERR, the next ICMP error as it came (MSG_ERRQUEUE); null when there is none. */
  takeErrorReport(): IcmpReport | null {
    return null;
  }

  /** `address` null: every address of this host. `port` 0: one that is free. `scope`: of a link-local address. */
  bind(_address: IpAddress | null, _port: number, _scope = 0): number {
    return -Errno.EOPNOTSUPP;
  }

  /** 0, or -EINPROGRESS: `onReady` tells how it ends (Out: well; Err: `takeError` says why not). */
  connect(_address: IpAddress, _port: number, _scope = 0): number {
    return -Errno.EOPNOTSUPP;
  }

  /** Takes the peer away: `connect` with AF_UNSPEC. */
  disconnect(): number {
    return -Errno.EOPNOTSUPP;
  }

  listen(_backlog: number): number {
    return -Errno.EOPNOTSUPP;
  }

  /** The next connection, or -EAGAIN. */
  accept(): Descriptor | number {
    return -Errno.EOPNOTSUPP;
  }

  /** Sends from `bytes[offset, offset + length)`; returns how much was taken. `flags`: MSG_ bits. */
  abstract send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags?: number,
    address?: IpAddress | null,
    port?: number,
    scope?: number,
  ): number;

  /**
   * Receives into `into[offset, offset + length)`: the bytes stored. 0 is the end of a stream, or an empty datagram;
   * `sender`, `senderPort` and `fullLength` tell more. `flags`: MSG_PEEK; the others are for `Socket`.
   */
  abstract receive(into: Uint8Array, offset: number, length: number, flags?: number): number;

  /** `how`: SHUT_RD, SHUT_WR or SHUT_RDWR. */
  abstract shutdown(how: number): number;

  /** 0, or -EBADF the second time. Calls that wait on it are woken, and fail. */
  close(): number {
    if (this.closed) return -Errno.EBADF;
    this.closed = true;
    this.called('close');
    this.release();
    this.onReady = null;
    this.notify(CLOSED);
    return 0;
  }

  /** An option as a number, or a negated error number. Kinds add theirs. */
  getOption(level: number, name: number): number {
    if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
    switch (name) {
      case SO_TYPE:
        return this.type;
      case SO_DOMAIN:
        return this.family;
      case SO_PROTOCOL:
        return this.protocol;
      case SO_ERROR:
        return this.takeError();
      case SO_ACCEPTCONN:
        return this.listening ? 1 : 0;
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  /** An option that is a structure, as the bytes that Linux would give; or a negated error number. */
  getOptionBytes(level: number, name: number): Uint8Array | number {
    const value = this.getOption(level, name);
    return value < 0 ? value : Uint8Array.of(value, value >> 8, value >> 16, value >> 24);
  }

  /** `value` a number, or the bytes of a structure; `second` is the second number of a structure (SO_LINGER has two). */
  setOption(_level: number, _name: number, _value: number, _second: number | null = null): number {
    return -Errno.ENOPROTOOPT;
  }

  /** An option whose value is a structure of other things than numbers; null: `setOption` takes its numbers. */
  setOptionBytes(_level: number, _name: number, _value: Uint8Array): number | null {
    return null;
  }

  /** An option whose value is a text (TCP_CONGESTION, SO_BINDTODEVICE). */
  setOptionText(_level: number, _name: number, _value: string): number {
    return -Errno.ENOPROTOOPT;
  }

  /** Tells `watcher` of the next thing that happens, once. */
  watch(watcher: SocketObserver): void {
    this.watchers.push(watcher);
  }

  unwatch(watcher: SocketObserver): void {
    const at = this.watchers.indexOf(watcher);
    if (at >= 0) this.watchers.splice(at, 1);
  }

  /** Gives back what it holds below. Called once, by `close`. */
  protected abstract release(): void;

  protected notify(events: number): void {
    if (this.onReady !== null) this.onReady.socketReady(events);
    if (this.watchers.length === 0) return;
    const watchers = this.watchers;
    this.watchers = []; // who is not content watches again
    for (const watcher of watchers) watcher.socketReady(events);
  }

  /** Reports a program's call to who watches. */
  protected called(what: string): void {
    const { trace } = this.node;
    if (trace !== null) trace.event(this.node.name, 5, What.Call, null, 0, what, '');
  }

  /** The address of a socket that is bound to none, in its family. */
  protected get anyAddress(): IpAddress {
    if (this.family !== AF_INET6) return IpAddress.ANY4;
    return this.onlyMapped ? IpAddress.v6(0, 0, 0xffff, 0) : IpAddress.ANY6;
  }

  /**
   * 0 if this family of sockets can speak with an address. Over an IPv6 socket IPv4 peers stand as ::ffff:10.0.0.1
   * (RFC 3493 3.7), unless it is for IPv6 alone (ENETUNREACH, as on Linux).
   */
  protected unfit(address: IpAddress): number {
    if (address.family !== (this.family === AF_INET6 ? 6 : 4)) return -Errno.EAFNOSUPPORT;
    if (!address.isMapped) return 0;
    const local = this.localAddress;
    return this.onlyIpv6 || !(local.isMapped || local.isUnspecified) ? -Errno.ENETUNREACH : 0;
  }

  /** As `unfit`, for an address that is to be this socket's own: what it cannot have is no address for it (EINVAL). */
  protected unfitToBind(address: IpAddress): number {
    return this.onlyIpv6 && address.isMapped ? -Errno.EINVAL : this.unfit(address);
  }

  /** Whose packets it takes when it is bound to every address; 0: those of both families. */
  protected get families(): 0 | 4 | 6 {
    if (this.family !== AF_INET6 || this.onlyMapped) return 4;
    return this.onlyIpv6 ? 6 : 0;
  }

  /** The one address that a socket is bound to by what a program gave; null: to every address. */
  protected boundTo(address: IpAddress | null): IpAddress | null {
    const local = address === null ? null : this.onWire(address);
    return local === null || local.isUnspecified ? null : local;
  }

  /** The address that goes on the wire for one that a program gave. */
  protected onWire(address: IpAddress): IpAddress {
    return address.isMapped ? IpAddress.v4(address.w3) : address;
  }

  /** As `onWire`, for a peer: "any address" is this host, as on Linux. */
  protected target(address: IpAddress): IpAddress {
    const remote = this.onWire(address);
    if (!remote.isUnspecified) return remote;
    const local = this.onWire(this.localAddress);
    if (!local.isUnspecified) return local;
    return remote.family === 6 ? IpAddress.LOOPBACK6 : IpAddress.LOOPBACK4;
  }

  /** The address that a program is shown for one from the wire. */
  protected shown(address: IpAddress): IpAddress {
    return this.family === AF_INET6 && address.family === 4 ? IpAddress.v6(0, 0, 0xffff, address.w3) : address;
  }
}

/** Bits that end a wait for anything. */
export const ENDS_ANY_WAIT = Ready.Err | Ready.Hup | CLOSED;
