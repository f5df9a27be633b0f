import { Drop } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { EchoEndpoint, EchoOwner, EchoService } from '../l3-network/icmp.ts';
import type { NetworkLayer, SendOptions } from '../l3-network/network-layer.ts';
import { ipOptionsOf, wantedIpOptions } from '../l4-transport/ip-options.ts';
import { Ready } from '../l4-transport/readiness.ts';
import { type IcmpReport, meaningOfIcmp } from '../l4-transport/udp/udp-errors.ts';
import { needsScope } from './addresses.ts';
import { receiveBufferFor, sendBufferFor } from './buffer-sizes.ts';
import * as c from './constants.ts';
import { Descriptor } from './descriptor.ts';
import { twinOf, twinValue } from './ipv6-options.ts';

/** The header of an echo message (RFC 792, RFC 4443 4.1): type, code, checksum, identifier, sequence number. */
const HEADER = 8;
const ECHO = 8;
const ECHO6 = 128;

/**
 * A ping socket: SOCK_DGRAM over IPPROTO_ICMP or IPPROTO_ICMPV6, as Linux has it (net/ipv4/ping.c). A program sends whole echo requests,
 * header included, whose identifier and checksum the system fills in; it receives whole echo replies to its own.
 * The identifier is what the port is to others.
 */
export class PingSocket extends Descriptor implements EchoOwner {
  private readonly icmp: EchoService;
  private readonly network: NetworkLayer;
  private endpoint: EchoEndpoint | null = null;
  private local: IpAddress | null = null;
  private remote: IpAddress | null = null;
  private error = 0;
  /** The interface's number of a peer with a link-local address. */
  private scope = 0;
  private readonly reports: IcmpReport[] = [];
  private readonly queue: { packet: PacketBuffer; from: IpAddress; ttl: number }[] = [];
  private queuedBytes = 0;
  private receiveBuffer: number;
  private sendBuffer: number;
  private receiveErrors = false;
  private shutdownReceive = false;
  private shutdownSend = false;
  private readonly options: SendOptions = {};
  private multicastTtl = 1;
  private multicastLoop = true;
  /** IP_MULTICAST_IF: the interface's number; 0: none. */
  private multicastDevice = 0;

  constructor(node: NodeContext, family: number, icmp: EchoService, network: NetworkLayer) {
    super(node, family, c.SOCK_DGRAM, family === c.AF_INET6 ? c.IPPROTO_ICMPV6 : c.IPPROTO_ICMP);
    this.icmp = icmp;
    this.network = network;
    this.receiveBuffer = node.limits.receiveBufferBytes;
    this.sendBuffer = node.limits.sendBufferBytes;
  }

  get readiness(): number {
    const read = this.queue.length > 0 || this.shutdownReceive ? Ready.In : 0;
    return Ready.Out | read | (this.error !== 0 ? Ready.Err : 0);
  }
  get localAddress(): IpAddress {
    return this.local ?? this.anyAddress;
  }
  /** The identifier of its requests. */
  get localPort(): number {
    return this.endpoint === null ? 0 : this.endpoint.identifier;
  }
  get remoteAddress(): IpAddress | null {
    return this.remote;
  }
  get remotePort(): number {
    return 0;
  }
  override get available(): number {
    return this.queue.length === 0 ? 0 : this.queue[0]!.packet.length + HEADER;
  }

  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  override takeErrorReport(): IcmpReport | null {
    return this.reports.shift() ?? null;
  }

  /** The identifier cannot be chosen: `port` has to be 0. */
  override bind(address: IpAddress | null, port: number): number {
    if (this.closed) return -Errno.EBADF;
    if (address !== null && this.unfit(address) < 0) return this.unfit(address);
    if (address !== null && !address.isUnspecified && !this.network.isLocal(address)) return -Errno.EADDRNOTAVAIL;
    if (this.endpoint !== null) return -Errno.EINVAL;
    if (port !== 0) return -Errno.EADDRINUSE;
    const opened = this.open();
    if (opened === 0 && address !== null && !address.isUnspecified) this.local = address;
    return opened;
  }

  override connect(address: IpAddress, _port: number, scope = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (this.unfit(address) < 0) return this.unfit(address);
    const device = needsScope(address) ? scope : 0;
    if (device === 0 && needsScope(address)) return -Errno.EINVAL; // which link?
    const way = this.network.open(address, this.protocol, null, device === 0 ? {} : { interfaceIndex: device });
    if (typeof way === 'number') return way;
    const opened = this.endpoint === null ? this.open() : 0;
    if (opened < 0) return opened;
    this.remote = address;
    this.scope = device;
    if (this.local === null) this.local = way.local;
    return 0;
  }

  override disconnect(): number {
    if (this.closed) return -Errno.EBADF;
    this.remote = null;
    return 0;
  }

  send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags = 0,
    address: IpAddress | null = null,
    _port = 0,
    scope = 0,
  ): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    if (length > 0xffff) return -Errno.EMSGSIZE;
    const type = this.family === c.AF_INET6 ? ECHO6 : ECHO;
    if (length < HEADER || bytes[offset] !== type || bytes[offset + 1] !== 0) return -Errno.EINVAL;
    const remote = address ?? this.remote;
    if (remote === null) return -Errno.EDESTADDRREQ;
    if (this.unfit(remote) < 0) return this.unfit(remote);
    if (this.shutdownSend) return -Errno.EPIPE;
    if (this.error !== 0) return -this.takeError();
    const opened = this.endpoint === null ? this.open() : 0;
    if (opened < 0) return opened;
    const sequence = (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
    if (this.node.trace !== null) this.called(`send echo request ${sequence} to ${remote}`);
    const data = bytes.subarray(offset + HEADER, offset + length);
    const device = needsScope(remote) ? scope || this.scope : 0;
    const options = this.optionsTo(remote, device);
    const result = this.endpoint!.send(remote, sequence, data, options);
    return result < 0 ? result : length;
  }

  /** To a group its own time to live is sent with, and by the interface that was asked for. */
  private optionsTo(remote: IpAddress, device: number): SendOptions {
    const isGroup = remote.isMulticast && remote.family === 4;
    if (device === 0 && !isGroup) return this.options;
    const { multicastTtl: ttl, multicastLoop, multicastDevice } = this;
    if (!isGroup) return { ...this.options, interfaceIndex: device };
    const interfaceIndex = device !== 0 ? device : (this.options.interfaceIndex ?? multicastDevice);
    return { ...this.options, ttl, multicastLoop, interfaceIndex };
  }

  receive(into: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    if (this.error !== 0) return -this.takeError();
    const first = this.queue[0];
    if (first === undefined) return this.shutdownReceive ? 0 : -Errno.EAGAIN;
    const { packet, from, ttl } = first;
    const at = packet.start - HEADER;
    this.fullLength = packet.end - at;
    const n = Math.min(this.fullLength, length);
    into.set(packet.bytes.subarray(at, at + n), offset);
    this.sender = from;
    this.senderPort = 0;
    this.senderScope = needsScope(from) ? packet.device : 0;
    this.receivedTtl = ttl;
    if (this.receiveOptions) this.receivedOptions = ipOptionsOf(packet);
    if ((flags & c.MSG_PEEK) === 0) {
      this.queue.shift();
      this.queuedBytes -= this.fullLength;
      packet.release();
    }
    return n;
  }

  shutdown(how: number): number {
    if (this.closed) return -Errno.EBADF;
    if (how !== c.SHUT_RD && how !== c.SHUT_WR && how !== c.SHUT_RDWR) return -Errno.EINVAL;
    if (how !== c.SHUT_WR) this.shutdownReceive = true;
    if (how !== c.SHUT_RD) this.shutdownSend = true;
    this.notify(this.readiness);
    return this.remote === null ? -Errno.ENOTCONN : 0;
  }

  echoReply(packet: PacketBuffer, from: IpAddress, _sequence: number, ttl: number): void {
    const length = packet.length + HEADER;
    if (this.remote !== null && !this.remote.equals(from)) {
      this.node.drop(packet, Drop.UDP_NOT_PEER);
      return;
    }
    const full =
      this.queue.length >= this.node.limits.datagramsQueued || this.queuedBytes + length > this.receiveBuffer;
    if (full && this.queue.length > 0) {
      this.node.drop(packet, Drop.UDP_BUFFER_FULL);
      return;
    }
    this.queue.push({ packet, from, ttl });
    this.queuedBytes += length;
    if (this.queue.length === 1) this.notify(Ready.In);
  }

  echoError(sequence: number, type: number, code: number, from: IpAddress, mtu: number): void {
    const meaning = meaningOfIcmp(this.family === c.AF_INET6 ? 6 : 4, type, code);
    if (meaning === null) return;
    if (!this.receiveErrors && (!meaning.hard || this.remote === null)) return;
    if (this.receiveErrors && this.reports.length < this.node.limits.datagramsQueued) {
      const remote = this.remote ?? this.anyAddress; // who was asked is not told to us
      this.reports.push({ errno: meaning.errno, type, code, mtu, from, remote, remotePort: sequence });
    }
    this.error = meaning.errno;
    this.notify(Ready.Err);
  }

  override getOption(level: number, name: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.SOL_SOCKET) {
      if (name === c.SO_RCVBUF) return this.receiveBuffer * 2;
      if (name === c.SO_SNDBUF) return this.sendBuffer * 2;
      if (name === c.SO_BROADCAST) return this.options.broadcast === true ? 1 : 0;
      return super.getOption(level, name);
    }
    const twin = twinOf(level, name, this.family);
    if (twin !== 0) return this.getOption(c.IPPROTO_IP, twin);
    if (level !== c.IPPROTO_IP) return super.getOption(level, name);
    if (name === c.IP_TTL) return this.options.ttl ?? 64;
    if (name === c.IP_TOS) return this.options.tos ?? 0;
    if (name === c.IP_RECVTTL) return this.receiveTtl ? 1 : 0;
    if (name === c.IP_RECVERR) return this.receiveErrors ? 1 : 0;
    if (name === c.IP_MTU_DISCOVER) return this.options.dontFragment === true ? c.IP_PMTUDISC_DO : c.IP_PMTUDISC_DONT;
    return -Errno.ENOPROTOOPT;
  }

  override setOption(level: number, name: number, value: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.SOL_SOCKET) {
      if (name === c.SO_RCVBUF) this.receiveBuffer = receiveBufferFor(value, this.node.limits);
      else if (name === c.SO_SNDBUF) this.sendBuffer = sendBufferFor(value, this.node.limits);
      else if (name === c.SO_BROADCAST) this.options.broadcast = value !== 0;
      else return super.setOption(level, name, value);
      return 0;
    }
    const twin = twinOf(level, name, this.family);
    if (twin !== 0) {
      const as4 = twinValue(name, value);
      return as4 < -1 ? as4 : this.setOption(c.IPPROTO_IP, twin, as4);
    }
    if (level !== c.IPPROTO_IP) return super.setOption(level, name, value);
    if (name === c.IP_TTL) {
      if (value < 1 || value > 255) return -Errno.EINVAL;
      this.options.ttl = value;
    } else if (name === c.IP_TOS) this.options.tos = value & 0xff;
    else if (name === c.IP_RECVTTL) this.receiveTtl = value !== 0;
    else if (name === c.IP_RECVOPTS) this.receiveOptions = value !== 0;
    else if (name === c.IP_MULTICAST_TTL) this.multicastTtl = value < 0 ? 1 : value & 0xff;
    else if (name === c.IP_MULTICAST_LOOP) this.multicastLoop = value !== 0;
    else if (name === c.IP_RECVERR) this.receiveErrors = value !== 0;
    else if (name === c.IP_MTU_DISCOVER) this.options.dontFragment = value >= c.IP_PMTUDISC_DO;
    else return -Errno.ENOPROTOOPT;
    return 0;
  }

  /** SO_BINDTODEVICE, and IP_MULTICAST_IF by name. */
  override setOptionText(level: number, name: number, value: string): number {
    if (this.closed) return -Errno.EBADF;
    const index = value === '' ? 0 : this.network.interfaceIndex(value);
    if (value !== '' && index === 0) return -Errno.ENODEV;
    if (level === c.SOL_SOCKET && name === c.SO_BINDTODEVICE) this.options.interfaceIndex = index;
    else if (level === c.IPPROTO_IP && name === c.IP_MULTICAST_IF) this.multicastDevice = index;
    else return -Errno.ENOPROTOOPT;
    return 0;
  }

  /** IP_OPTIONS: what stands in the IP headers of requests (ip(7)). Source routes are not sent (EPERM). */
  override setOptionBytes(level: number, name: number, value: Uint8Array): number | null {
    if (this.closed) return -Errno.EBADF;
    if (level !== c.IPPROTO_IP || name !== c.IP_OPTIONS) return null;
    const options = wantedIpOptions(value);
    if (typeof options === 'number') return options;
    if (options.length === 0) delete this.options.ipOptions;
    else this.options.ipOptions = options;
    return 0;
  }

  protected release(): void {
    for (const { packet } of this.queue.splice(0)) this.node.drop(packet, Drop.SOCKET_CLOSED);
    if (this.endpoint !== null) this.endpoint.close();
    this.endpoint = null;
  }

  private open(): number {
    const endpoint = this.icmp.openEcho(this);
    if (typeof endpoint === 'number') return endpoint;
    this.endpoint = endpoint;
    return 0;
  }
}
