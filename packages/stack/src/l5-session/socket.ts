import { Errno, NetError } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import { Ready } from '../l4-transport/readiness.ts';
import type { IcmpReport } from '../l4-transport/udp/udp-errors.ts';
import { addressText, checkAddress, type SocketAddress, socketAddress, splitZone } from './addresses.ts';
import { type AncillaryData, ancillaryOf } from './ancillary.ts';
import * as c from './constants.ts';
import { bytesOf, type Data } from './data.ts';
import type { Descriptor } from './descriptor.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import { addressOf, zoneIndex } from './name-lookup.ts';
import { NameError } from './names.ts';
import { intsOf, isTimeout, type OptionValue, timevalBytes, timevalOf } from './option-values.ts';
import type { SessionHost } from './session-host.ts';
import { Timeouts } from './timeouts.ts';
import { untilReady, type WaitingRoom } from './waiting.ts';

/** What a socket needs of the process that it belongs to. */
export interface SocketOwner extends WaitingRoom {
  readonly host: SessionHost;
  readonly descriptors: DescriptorTable;
  /** A number and a socket for a new descriptor; throws EMFILE. */
  adopt(descriptor: Descriptor, syscall: string): Socket;
  /** Waits for an answer that comes from elsewhere; the program is awake when it has come. */
  asked<T>(answer: Promise<T>): Promise<T>;
}

/**
 * A socket as Berkeley made it and Python writes it. Blocking is awaiting: `await s.recv(4096)`. A call that fails
 * throws (or rejects with) a NetError, whose `code` is POSIX's: ECONNREFUSED, EAGAIN and so on.
 *
 * The table of calls, states and errors is in this folder's README, and its test compares it with Linux.
 */
export class Socket {
  /** The calls below the promises. */
  readonly descriptor: Descriptor;
  private readonly process: SocketOwner;
  private number: number;
  private readonly timeouts = new Timeouts();

  /** Made by `SocketApi`. */
  constructor(process: SocketOwner, descriptor: Descriptor, number: number) {
    this.process = process;
    this.descriptor = descriptor;
    this.number = number;
  }

  get family(): number {
    return this.descriptor.family;
  }
  get type(): number {
    return this.descriptor.type;
  }
  get proto(): number {
    return this.descriptor.protocol;
  }

  /** The descriptor's number; -1 once it is closed. */
  fileno(): number {
    return this.number;
  }

  /**
   * Gives the socket its own address. `''` is every address of this host, port 0 one that is free.
   * EINVAL (it has one), EADDRINUSE, EADDRNOTAVAIL (not this host's), EACCES (a port below 1024), EAFNOSUPPORT.
   */
  bind(address: SocketAddress): void {
    const [host, port, , scope] = this.checkedAddress('bind', address);
    const local = addressOf(this.process.host.resolver, host, this.family);
    if (local instanceof Promise) {
      local.catch(() => {});
      throw new NetError(Errno.EADDRNOTAVAIL, 'bind', `${host} (a name that has to be asked for: resolve it first)`);
    }
    const bound = this.descriptor.bind(local.isUnspecified ? null : local, port, scope);
    this.done('bind', bound, addressText(host, port));
  }

  /** Waits for connections; `backlog` of them may wait for `accept`. A socket without an address gets a free port. */
  listen(backlog: number = c.SOMAXCONN): void {
    this.done('listen', this.descriptor.listen(backlog));
  }

  /** The next connection and its peer's address. */
  async accept(): Promise<[connection: Socket, address: SocketAddress]> {
    const deadlineNs = this.timeouts.receiveDeadline(this.now);
    for (;;) {
      const accepted = this.descriptor.accept();
      if (typeof accepted !== 'number') {
        const socket = this.process.adopt(accepted, 'accept');
        return [socket, socketAddress(accepted.sender, accepted.senderPort, accepted.senderScope)];
      }
      if (accepted !== -Errno.EAGAIN) throw new NetError(accepted, 'accept');
      await this.waitFor('accept', Ready.In, deadlineNs, 0);
    }
  }

  /**
   * Connects to a peer, whose host may be a name. ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EISCONN,
   * EALREADY; EINPROGRESS when non-blocking. A datagram socket only remembers its peer. null takes the peer away.
   */
  async connect(address: SocketAddress | null): Promise<void> {
    if (address === null) {
      this.done('connect', this.descriptor.disconnect());
      return;
    }
    const [host, port, , scope] = this.checkedAddress('connect', address);
    const deadlineNs = this.timeouts.sendDeadline(this.now);
    const remote = await this.remoteAddress(host);
    for (;;) {
      const result = this.descriptor.connect(remote, port, scope);
      if (result >= 0) return;
      const pending = result === -Errno.EINPROGRESS || result === -Errno.EALREADY;
      if (!pending || this.timeouts.seconds === 0) throw new NetError(result, 'connect', addressText(host, port));
      if (!(await untilReady(this.process, this.descriptor, Ready.Out, deadlineNs))) {
        const late = this.timeouts.sendNs > 0 ? Errno.EINPROGRESS : Errno.ETIMEDOUT;
        throw new NetError(late, 'connect', addressText(host, port));
      }
    }
  }

  /** As `connect`, but returns the error number (0: connected) for errors of the call. A name that is unknown throws. */
  async connect_ex(address: SocketAddress): Promise<number> {
    try {
      await this.connect(address);
      return 0;
    } catch (error) {
      if (error instanceof NetError && error.syscall === 'connect') return error.errno;
      throw error;
    }
  }

  /** Sends to the peer; waits until the socket has taken all. Returns how many bytes it took. */
  async send(data: Data, flags = 0): Promise<number> {
    const bytes = bytesOf('send', data);
    const deadlineNs = this.timeouts.sendDeadline(this.now);
    let sent = 0;
    for (;;) {
      const n = this.descriptor.send(bytes, sent, bytes.length - sent, flags);
      if (n >= 0) {
        sent += n;
        // With a time-out, or none to wait, what fits is sent.
        if (sent >= bytes.length || this.timeouts.seconds !== null || flags & c.MSG_DONTWAIT) return sent;
        continue;
      }
      if (n !== -Errno.EAGAIN) {
        if (sent > 0) return sent;
        throw new NetError(n, 'send');
      }
      if (sent > 0 && deadlineNs !== Infinity && this.now >= deadlineNs) return sent;
      await this.waitFor('send', Ready.Out, deadlineNs, flags);
    }
  }

  /** Sends all. When it fails there is no telling how much was sent. */
  async sendall(data: Data, flags = 0): Promise<void> {
    const bytes = bytesOf('send', data);
    const deadlineNs = this.timeouts.sendDeadline(this.now);
    let sent = 0;
    do {
      const n = this.descriptor.send(bytes, sent, bytes.length - sent, flags);
      if (n >= 0) sent += n;
      else if (n === -Errno.EAGAIN) await this.waitFor('send', Ready.Out, deadlineNs, flags);
      else throw new NetError(n, 'send');
    } while (sent < bytes.length);
  }

  /** Sends a datagram: `sendto(data, address)` or `sendto(data, flags, address)`. */
  async sendto(data: Data, ...more: [SocketAddress] | [number, SocketAddress]): Promise<number> {
    const flags = more.length === 2 ? more[0] : 0;
    const [host, port, , scope] = this.checkedAddress('sendto', more.length === 2 ? more[1] : more[0]);
    const bytes = bytesOf('sendto', data);
    const deadlineNs = this.timeouts.sendDeadline(this.now);
    const remote = await this.remoteAddress(host);
    for (;;) {
      const n = this.descriptor.send(bytes, 0, bytes.length, flags, remote, port, scope);
      if (n >= 0) return n;
      if (n !== -Errno.EAGAIN) throw new NetError(n, 'sendto', addressText(host, port));
      await this.waitFor('sendto', Ready.Out, deadlineNs, flags);
    }
  }

  /** Receives up to `size` bytes of a stream, or one datagram. Empty: the peer sends no more. */
  async recv(size: number, flags = 0): Promise<Uint8Array> {
    return this.receive('recv', size, flags, alone);
  }

  /** Receives into `buffer` (its first `size` bytes; 0: all of it). Returns how many bytes came. */
  async recv_into(buffer: Uint8Array, size = 0, flags = 0): Promise<number> {
    return this.receiveInto('recv', buffer, size, flags, alone);
  }

  /** As `recv`, with the address of who sent it. */
  async recvfrom(size: number, flags = 0): Promise<[data: Uint8Array, address: SocketAddress | null]> {
    return this.receive('recvfrom', size, flags, (data) => [data, this.senderAddress()]);
  }

  /** As `recv_into`, with the address of who sent it. */
  async recvfrom_into(buffer: Uint8Array, size = 0, flags = 0): Promise<[size: number, address: SocketAddress | null]> {
    return this.receiveInto('recvfrom', buffer, size, flags, (n) => [n, this.senderAddress()]);
  }

  /**
   * As `recvfrom`, with what options asked to be told besides, and with flags (MSG_TRUNC: the datagram was longer).
   * With IP_RECVTTL the ancillary data has `[IPPROTO_IP, IP_TTL, bytes]`, an `int` in the machine's byte order.
   */
  async recvmsg(
    size: number,
    ancillarySize = 0,
    flags = 0,
  ): Promise<[data: Uint8Array, ancillary: AncillaryData[], flags: number, address: SocketAddress | null]> {
    return this.receive('recvmsg', size, flags, (data) => {
      const cut = this.type !== c.SOCK_STREAM && this.descriptor.fullLength > data.length;
      const ancillary = ancillarySize > 0 ? ancillaryOf(this.descriptor) : [];
      return [data, ancillary, cut ? c.MSG_TRUNC : 0, this.senderAddress()];
    });
  }

  /**
   * With IP_RECVERR set: the next ICMP error about what this socket sent, and who says so; null when there is none.
   * What Linux gives by `recvmsg` with MSG_ERRQUEUE; traceroute lives on it.
   */
  recverr(): IcmpReport | null {
    this.open('recvmsg');
    return this.descriptor.takeErrorReport();
  }

  /** SHUT_RD: reads no more; SHUT_WR: says good-bye to the peer; SHUT_RDWR: both. ENOTCONN without a peer. */
  shutdown(how: number): void {
    this.done('shutdown', this.descriptor.shutdown(how));
  }

  /** Ends the socket; calls that wait on it fail with EBADF. To close twice is no error. */
  close(): void {
    if (this.number < 0) return;
    this.process.descriptors.remove(this.number);
    this.number = -1;
    this.descriptor.close();
  }

  /** Gives up this object without closing what it stands for: the descriptor's number, for `api.fromfd`. */
  detach(): number {
    const { number } = this;
    this.number = -1;
    return number;
  }

  /** `['10.0.0.1', 80]`; `['0.0.0.0', 0]` while it has no address. */
  getsockname(): SocketAddress {
    this.open('getsockname');
    const { localAddress, localPort, localScope } = this.descriptor;
    return socketAddress(localAddress, localPort, localScope);
  }

  /** The peer's address. ENOTCONN without one. */
  getpeername(): SocketAddress {
    this.open('getpeername');
    const { remoteAddress, remotePort, remoteScope } = this.descriptor;
    if (remoteAddress === null) throw new NetError(Errno.ENOTCONN, 'getpeername');
    return socketAddress(remoteAddress, remotePort, remoteScope);
  }

  /** false: calls that would wait fail with EAGAIN (connect: EINPROGRESS). */
  setblocking(blocking: boolean): void {
    this.open('setblocking');
    this.timeouts.seconds = blocking ? null : 0;
  }
  getblocking(): boolean {
    return this.timeouts.seconds !== 0;
  }

  /** Seconds after which a call that waits fails with ETIMEDOUT; 0: as `setblocking(false)`; null: never. */
  settimeout(seconds: number | null): void {
    this.open('settimeout');
    if (seconds !== null && !(seconds >= 0)) throw new NetError(Errno.EINVAL, 'settimeout', `${seconds}`);
    this.timeouts.seconds = seconds;
  }
  gettimeout(): number | null {
    return this.timeouts.seconds;
  }

  /** An option's value as a number; with `size`, the bytes of its structure (`TCP_INFO`, `SO_LINGER`), at most `size`. */
  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, size: number): Uint8Array;
  getsockopt(level: number, name: number, size?: number): number | Uint8Array {
    this.open('getsockopt');
    if (isTimeout(level, name)) {
      const ns = this.timeouts.option(name);
      return size === undefined ? Math.floor(ns / 1e9) : timevalBytes(ns).subarray(0, size);
    }
    const value =
      size === undefined ? this.descriptor.getOption(level, name) : this.descriptor.getOptionBytes(level, name);
    if (typeof value !== 'number') return value.subarray(0, size);
    this.done('getsockopt', value);
    return value;
  }

  /**
   * Sets an option: a number, or the `int`s of its structure: `setsockopt(SOL_SOCKET, SO_LINGER, [1, 0])`.
   * ENOPROTOOPT for one that is not known, EINVAL for a value that it cannot have.
   */
  setsockopt(level: number, name: number, value: OptionValue): void {
    this.open('setsockopt');
    let result: number;
    if (typeof value === 'string') result = this.descriptor.setOptionText(level, name, value);
    else if (isTimeout(level, name)) result = this.timeouts.setOption(name, timevalOf(value));
    else {
      const whole = value instanceof Uint8Array ? this.descriptor.setOptionBytes(level, name, value) : null;
      const [first, second] = intsOf(value);
      const empty = first === undefined ? -Errno.EINVAL : null;
      result = whole ?? empty ?? this.descriptor.setOption(level, name, first!, second ?? null);
    }
    this.done('setsockopt', result);
  }

  private get now(): number {
    return this.process.clock.now;
  }

  /** Waits as the socket's mode says, or throws: EAGAIN when it does not wait, ETIMEDOUT when it waited long enough. */
  private async waitFor(syscall: string, events: number, deadlineNs: number, flags: number): Promise<void> {
    if (this.timeouts.seconds === 0 || flags & c.MSG_DONTWAIT) throw new NetError(Errno.EAGAIN, syscall);
    if (await untilReady(this.process, this.descriptor, events, deadlineNs)) return;
    throw new NetError(this.timeouts.seconds === null ? Errno.EAGAIN : Errno.ETIMEDOUT, syscall, 'timed out');
  }

  /** `told` sees what was received before anybody else receives: who sent it stands at the descriptor only so long. */
  private async receive<T>(syscall: string, size: number, flags: number, told: (data: Uint8Array) => T): Promise<T> {
    if (!(size >= 0)) throw new NetError(Errno.EINVAL, syscall, `a size of ${size}`);
    if (size === 0) {
      this.open(syscall);
      if (this.type === c.SOCK_STREAM) return told(new Uint8Array(0));
    }
    const deadlineNs = this.timeouts.receiveDeadline(this.now);
    for (;;) {
      // Room for what is there, not for what might be: a program may ask for much and get little.
      const { available } = this.descriptor;
      const room = flags & c.MSG_WAITALL ? size : Math.min(size, Math.max(available, 1));
      const buffer = new Uint8Array(room);
      if (flags & c.MSG_WAITALL && this.type === c.SOCK_STREAM) {
        return this.receiveInto(syscall, buffer, size, flags, (n) => told(buffer.subarray(0, n)));
      }
      const n = this.descriptor.receive(buffer, 0, room, flags);
      if (n >= 0) return told(n === room ? buffer : buffer.subarray(0, n));
      if (n !== -Errno.EAGAIN) throw new NetError(n, syscall);
      await this.waitFor(syscall, Ready.In, deadlineNs, flags);
    }
  }

  private async receiveInto<T>(
    syscall: string,
    buffer: Uint8Array,
    most: number,
    flags: number,
    told: (size: number) => T,
  ): Promise<T> {
    const length = most === 0 ? buffer.length : Math.min(most, buffer.length);
    const deadlineNs = this.timeouts.receiveDeadline(this.now);
    const all = (flags & (c.MSG_WAITALL | c.MSG_PEEK)) === c.MSG_WAITALL && this.type === c.SOCK_STREAM;
    let received = 0;
    for (;;) {
      const n = this.descriptor.receive(buffer, received, length - received, flags);
      if (n >= 0) {
        if (flags & c.MSG_TRUNC && this.type === c.SOCK_DGRAM) return told(this.descriptor.fullLength);
        received += n;
        if (!all || n === 0 || received === length) return told(received);
        continue;
      }
      if (n !== -Errno.EAGAIN) {
        if (received > 0) return told(received);
        throw new NetError(n, syscall);
      }
      if (received > 0 && (this.timeouts.seconds === 0 || flags & c.MSG_DONTWAIT)) return told(received);
      await this.waitFor(syscall, Ready.In, deadlineNs, flags);
    }
  }

  /** Python gives the sender of a datagram, and for a stream nothing. */
  private senderAddress(): SocketAddress | null {
    if (this.type === c.SOCK_STREAM) return null;
    const { sender, senderPort, senderScope } = this.descriptor;
    return socketAddress(sender, senderPort, senderScope);
  }

  private async remoteAddress(host: string): Promise<IpAddress> {
    const found = addressOf(this.process.host.resolver, host, this.family);
    return found instanceof Promise ? this.process.asked(found) : found;
  }

  /** The address with its zone as a number: `fe80::1%eth0` says what `scope_id` would. */
  private checkedAddress(
    syscall: string,
    address: SocketAddress,
  ): [host: string, port: number, flowInfo: number, scope: number] {
    this.open(syscall);
    checkAddress(syscall, address);
    const [host, port, flowInfo = 0, scope = 0] = address;
    const [bare, zone] = splitZone(host);
    if (zone === '') return [host, port, flowInfo, scope];
    const index = zoneIndex(this.process.host.network, zone);
    if (index === 0) throw new NameError(c.EAI_NONAME, syscall, host);
    return [bare, port, flowInfo, index];
  }

  private open(syscall: string): void {
    if (this.descriptor.closed) throw new NetError(Errno.EBADF, syscall);
  }

  private done(syscall: string, result: number, detail = ''): void {
    if (result < 0) throw new NetError(result, syscall, detail);
  }
}

const alone = <T>(value: T): T => value;
