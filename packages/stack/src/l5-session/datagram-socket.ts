import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { FIRST_UNPRIVILEGED_PORT } from '../l4-transport/ports.ts';
import { Ready } from '../l4-transport/readiness.ts';
import type { Udp } from '../l4-transport/udp/udp.ts';
import type { DatagramOwner, UdpEndpoint } from '../l4-transport/udp/udp-endpoint.ts';
import type { IcmpReport } from '../l4-transport/udp/udp-errors.ts';
import { UdpGroups } from '../l4-transport/udp/udp-groups.ts';
import { needsScope } from './addresses.ts';
import { receiveBufferFor, sendBufferFor } from './buffer-sizes.ts';
import * as c from './constants.ts';
import { DatagramOptions6 } from './datagram-options6.ts';
import { Descriptor } from './descriptor.ts';
import {
  applyGroupOption,
  type GroupRequest,
  groupOptionText,
  groupRequestFrom,
  groupRequestOf,
  isGroupOption,
  multicastInterfaceOf,
} from './group-options.ts';

/** A datagram socket over UDP: SOCK_DGRAM. The endpoint is made when it gets a port, by `bind` or by itself. */
export class DatagramSocket extends Descriptor implements DatagramOwner {
  private readonly udp: Udp;
  private readonly privileged: boolean;
  private endpoint: UdpEndpoint | null = null;
  private shutdownReceive = false;
  private shutdownSend = false;
  // What was set before there was an endpoint, or is read back.
  private reuseAddress = false;
  private reusePort = false;
  private broadcast = false;
  /** SO_BINDTODEVICE: the interface's number; 0: none. */
  private device = 0;
  private receiveErrors = false;
  private noChecksum = false;
  private ttl = -1;
  private multicastTtl = 1;
  private multicastLoop = true;
  /** IP_MULTICAST_IF: the interface's number, 0: none; and the address that was asked for. */
  private multicastDevice = 0;
  private multicastSource: IpAddress | null = null;
  /** The groups that it joined; null: it never did. */
  private groups: UdpGroups | null = null;
  /** What only IPv6 has; null for AF_INET. */
  private readonly ipv6: DatagramOptions6 | null;
  private tos = 0;
  private mtuDiscover: number = c.IP_PMTUDISC_WANT;
  private receiveBuffer: number;
  private sendBuffer: number;

  constructor(node: NodeContext, udp: Udp, family: number, privileged: boolean) {
    super(node, family, c.SOCK_DGRAM, c.IPPROTO_UDP);
    this.udp = udp;
    this.privileged = privileged;
    this.ipv6 = family === c.AF_INET6 ? new DatagramOptions6(udp, this) : null;
    this.receiveBuffer = node.limits.receiveBufferBytes;
    this.sendBuffer = node.limits.sendBufferBytes;
  }

  get readiness(): number {
    let ready = this.endpoint === null ? Ready.Out : this.endpoint.readiness;
    if (this.shutdownReceive) ready |= Ready.In | Ready.RdHup;
    if (this.shutdownReceive && this.shutdownSend) ready |= Ready.Hup;
    return ready;
  }
  get localAddress(): IpAddress {
    const local = this.endpoint?.local ?? null;
    return local === null ? this.anyAddress : this.shown(local);
  }
  get localPort(): number {
    return this.endpoint === null ? 0 : this.endpoint.localPort;
  }
  get remoteAddress(): IpAddress | null {
    // As on Linux: one that is connected to port 0 sends there, but has no peer.
    const remote = this.endpoint?.remote ?? null;
    return remote === null || this.remotePort === 0 ? null : this.shown(remote);
  }
  get remotePort(): number {
    return this.endpoint === null ? 0 : this.endpoint.remotePort;
  }
  override get localScope(): number {
    return needsScope(this.localAddress) ? (this.endpoint!.flows.peer?.interfaceIndex ?? this.ipv6!.scope) : 0;
  }
  override get remoteScope(): number {
    return this.endpoint === null ? 0 : this.endpoint.flows.peerScope;
  }
  override get available(): number {
    return this.endpoint === null ? 0 : this.endpoint.nextLength;
  }

  override takeError(): number {
    return this.endpoint === null ? 0 : this.endpoint.takeError();
  }

  override takeErrorReport(): IcmpReport | null {
    return this.endpoint === null ? null : this.endpoint.takeReport();
  }

  override bind(address: IpAddress | null, port: number, scope = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (address !== null && this.unfit(address) < 0) return this.unfit(address);
    const local = address === null || address.isUnspecified ? null : this.onWire(address);
    if (local?.family === 6 && local.isLinkLocal && scope === 0) return -Errno.EINVAL; // which link?
    if (local !== null && !this.mayBindTo(local)) return -Errno.EADDRNOTAVAIL;
    if (port > 0 && port < FIRST_UNPRIVILEGED_PORT && !this.privileged) return -Errno.EACCES;
    if (this.endpoint !== null) return -Errno.EINVAL;
    if (this.ipv6 !== null) this.ipv6.scope = scope;
    return this.open(local, port);
  }

  override connect(address: IpAddress, port: number, scope = 0): number {
    if (this.closed) return -Errno.EBADF;
    const unfit = this.unfit(address);
    if (unfit < 0) return unfit;
    const device = this.ipv6 === null ? 0 : this.ipv6.scopeFor(address, scope || this.device);
    if (device < 0) return device;
    if (this.endpoint === null) {
      const opened = this.open(null, 0);
      if (opened < 0) return opened === -Errno.EADDRINUSE ? -Errno.EAGAIN : opened;
    }
    const { trace } = this.node;
    if (trace !== null) this.called(`connect ${address}:${port}`);
    return this.endpoint!.connect(this.target(address), port, device);
  }

  override disconnect(): number {
    if (this.closed) return -Errno.EBADF;
    if (this.endpoint !== null) this.endpoint.disconnect();
    return 0;
  }

  send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags = 0,
    address: IpAddress | null = null,
    port = 0,
    scope = 0,
  ): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    let { endpoint } = this;
    if (endpoint === null) {
      if (address === null) return -Errno.EDESTADDRREQ;
      const opened = this.open(null, 0);
      if (opened < 0) return opened === -Errno.EADDRINUSE ? -Errno.EAGAIN : opened;
      endpoint = this.endpoint!;
    }
    if (address !== null && this.unfit(address) < 0) return this.unfit(address);
    if (this.shutdownSend) return -Errno.EPIPE;
    if (this.node.trace !== null) this.called(`send ${length} bytes`);
    if (address === null) return endpoint.send(bytes, offset, length);
    const device = this.ipv6 === null || !needsScope(address) ? 0 : scope || this.ipv6.scope;
    return endpoint.send(bytes, offset, length, this.target(address), port, device);
  }

  receive(into: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    const { endpoint } = this;
    if (endpoint === null) return this.shutdownReceive ? 0 : -Errno.EAGAIN;
    const n = endpoint.receive(into, offset, length, (flags & c.MSG_PEEK) !== 0);
    if (n >= 0) {
      this.sender = this.shown(endpoint.sender);
      this.senderPort = endpoint.senderPort;
      this.fullLength = endpoint.fullLength;
      this.receivedTtl = endpoint.receivedTtl;
      if (this.ipv6 !== null) this.ipv6.note(endpoint);
    } else if (n === -Errno.EAGAIN && this.shutdownReceive) {
      this.sender = this.anyAddress;
      this.senderPort = 0;
      this.fullLength = 0;
      return 0;
    }
    return n;
  }

  shutdown(how: number): number {
    if (this.closed) return -Errno.EBADF;
    if (how !== c.SHUT_RD && how !== c.SHUT_WR && how !== c.SHUT_RDWR) return -Errno.EINVAL;
    if (how !== c.SHUT_WR) this.shutdownReceive = true;
    if (how !== c.SHUT_RD) this.shutdownSend = true;
    this.notify(this.readiness);
    // As Linux: without a peer it fails, and works all the same.
    return this.remoteAddress === null ? -Errno.ENOTCONN : 0;
  }

  datagramReady(events: number): void {
    this.notify(events);
  }

  protected release(): void {
    this.groups?.clear();
    this.ipv6?.clear();
    if (this.endpoint !== null) this.endpoint.close();
    this.endpoint = null;
  }

  /** Group and broadcast addresses too: such a socket hears only what is sent there. */
  private mayBindTo(address: IpAddress): boolean {
    return this.udp.network.isLocal(address) || address.isMulticast || address.isLimitedBroadcast;
  }

  private open(local: IpAddress | null, port: number): number {
    const binding = this.udp.ports.bind(local, port, {
      reuseAddress: this.reuseAddress,
      reusePort: this.reusePort,
      privileged: this.privileged,
      family: this.families,
    });
    if (typeof binding === 'number') return binding;
    const endpoint = this.udp.open(binding, this, this.families);
    endpoint.flows.device = this.device;
    endpoint.flows.broadcast = this.broadcast;
    endpoint.receiveErrors = this.receiveErrors;
    endpoint.noChecksum = this.noChecksum;
    endpoint.receiveBuffer = this.receiveBuffer;
    endpoint.flows.ttl = this.ttl;
    endpoint.flows.multicastTtl = this.multicastTtl;
    endpoint.flows.multicastLoop = this.multicastLoop;
    endpoint.flows.setMulticastDevice(this.multicastDevice, this.multicastSource);
    endpoint.groups = this.groups;
    this.ipv6?.applyTo(endpoint);
    endpoint.flows.tos = this.tos;
    endpoint.flows.dontFragment = this.mtuDiscover >= c.IP_PMTUDISC_DO;
    this.endpoint = endpoint;
    return 0;
  }

  override getOption(level: number, name: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.SOL_SOCKET) {
      switch (name) {
        case c.SO_REUSEADDR:
          return this.reuseAddress ? 1 : 0;
        case c.SO_REUSEPORT:
          return this.reusePort ? 1 : 0;
        case c.SO_BROADCAST:
          return this.broadcast ? 1 : 0;
        case c.SO_NO_CHECK:
          return this.noChecksum ? 1 : 0;
        case c.SO_RCVBUF:
          return this.receiveBuffer * 2;
        case c.SO_SNDBUF:
          return this.sendBuffer * 2;
        case c.SO_RCVLOWAT:
        case c.SO_SNDLOWAT:
          return 1;
        case c.SO_KEEPALIVE:
        case c.SO_LINGER:
        case c.SO_DONTROUTE:
        case c.SO_DEBUG:
        case c.SO_OOBINLINE:
        case c.SO_PRIORITY:
          return 0;
        default:
          return super.getOption(level, name);
      }
    }
    if (level === c.IPPROTO_IP) {
      switch (name) {
        case c.IP_TTL:
          return this.ttl < 0 ? 64 : this.ttl;
        case c.IP_TOS:
          return this.tos;
        case c.IP_MULTICAST_TTL:
          return this.multicastTtl;
        case c.IP_MULTICAST_LOOP:
          return this.multicastLoop ? 1 : 0;
        case c.IP_MULTICAST_IF:
          return this.multicastSource?.v4 ?? 0;
        case c.IP_RECVTTL:
          return this.receiveTtl ? 1 : 0;
        case c.IP_RECVERR:
          return this.receiveErrors ? 1 : 0;
        case c.IP_MTU_DISCOVER:
          return this.mtuDiscover;
        case c.IP_HDRINCL:
          return 0;
        case c.IP_MTU:
          return this.endpoint === null || this.endpoint.remote === null ? -Errno.ENOTCONN : this.endpoint.pathMtu;
        default:
          return -Errno.ENOPROTOOPT;
      }
    }
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) return this.ipv6.get(name) ?? (this.onlyIpv6 ? 1 : 0);
    return super.getOption(level, name);
  }

  /** SO_BINDTODEVICE: sends and hears by this interface only; an empty name: by any. ENODEV */
  override setOptionText(level: number, name: number, value: string): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IP) return this.setGroupText(name, value);
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) return this.ipv6.setText(name, value);
    if (level !== c.SOL_SOCKET || name !== c.SO_BINDTODEVICE) return -Errno.ENOPROTOOPT;
    const device = value === '' ? 0 : this.udp.network.interfaceIndex(value);
    if (value !== '' && device === 0) return -Errno.ENODEV;
    this.device = device;
    if (this.endpoint !== null) this.endpoint.flows.device = device;
    return 0;
  }

  /** IP_ADD_MEMBERSHIP and its like, as C's structures: `struct ip_mreq`, `ip_mreqn`, `ip_mreq_source`. */
  override setOptionBytes(level: number, name: number, value: Uint8Array): number | null {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) return this.ipv6.setBytes(name, value);
    if (level !== c.IPPROTO_IP) return null;
    if (name === c.IP_MULTICAST_IF) return this.setMulticastInterface(multicastInterfaceOf(value));
    if (!isGroupOption(name)) return null;
    const request = groupRequestOf(name, value);
    return request === null ? -Errno.EINVAL : this.setGroups(name, request);
  }

  /** The same in words: `239.1.2.3 eth0`; IP_MULTICAST_IF takes `eth0` or `10.0.0.1`. */
  private setGroupText(name: number, value: string): number {
    const indexOf = (device: string): number => this.udp.network.interfaceIndex(device);
    if (name === c.IP_MULTICAST_IF) {
      const local = IpAddress.parse(value);
      const index = local === null ? indexOf(value) : 0;
      if (local === null && index === 0) return -Errno.ENODEV;
      return this.setMulticastInterface({ local, index });
    }
    if (!isGroupOption(name)) return -Errno.ENOPROTOOPT;
    const request = groupRequestFrom(name, value, indexOf);
    return typeof request === 'number' ? request : this.setGroups(name, request);
  }

  private setGroups(name: number, request: GroupRequest): number {
    if (this.udp.groups === null) return -Errno.ENOPROTOOPT;
    if (this.groups === null) {
      this.groups = new UdpGroups(this.udp.groups);
      if (this.endpoint !== null) this.endpoint.groups = this.groups;
    }
    const result = applyGroupOption(this.groups, name, request);
    if (result === 0 && this.node.trace !== null) this.called(groupOptionText(name, request));
    return result;
  }

  private setMulticastInterface(wanted: { local: IpAddress | null; index: number } | null): number {
    const service = this.udp.groups;
    if (wanted === null) return -Errno.EINVAL;
    if (service === null) return -Errno.ENOPROTOOPT;
    const any = wanted.index === 0 && (wanted.local === null || wanted.local.isUnspecified);
    const index = any ? 0 : service.interfaceFor(IpAddress.ANY4, wanted.index, wanted.local);
    if (index < 0) return index === -Errno.ENODEV ? -Errno.EADDRNOTAVAIL : index;
    this.multicastDevice = index;
    this.multicastSource = any
      ? null
      : wanted.local !== null && !wanted.local.isUnspecified
        ? wanted.local
        : service.addressOf(index);
    if (this.endpoint !== null) this.endpoint.flows.setMulticastDevice(index, this.multicastSource);
    return 0;
  }

  override setOption(level: number, name: number, value: number, second: number | null = null): number {
    if (this.closed) return -Errno.EBADF;
    const on = value !== 0;
    const { endpoint } = this;
    if (level === c.SOL_SOCKET) {
      switch (name) {
        case c.SO_REUSEADDR:
          this.reuseAddress = on;
          if (endpoint !== null) endpoint.binding.reuseAddress = on;
          return 0;
        case c.SO_REUSEPORT:
          this.reusePort = on;
          if (endpoint !== null) endpoint.binding.reusePort = on;
          return 0;
        case c.SO_BROADCAST:
          this.broadcast = on;
          if (endpoint !== null) endpoint.flows.broadcast = on;
          return 0;
        case c.SO_NO_CHECK:
          this.noChecksum = on;
          if (endpoint !== null) endpoint.noChecksum = on;
          return 0;
        case c.SO_RCVBUF:
          this.receiveBuffer = receiveBufferFor(value, this.node.limits);
          if (endpoint !== null) endpoint.receiveBuffer = this.receiveBuffer;
          return 0;
        case c.SO_SNDBUF:
          this.sendBuffer = sendBufferFor(value, this.node.limits);
          return 0;
        case c.SO_KEEPALIVE:
        case c.SO_DONTROUTE:
        case c.SO_DEBUG:
        case c.SO_OOBINLINE:
        case c.SO_PRIORITY:
          return 0;
        default:
          return super.setOption(level, name, value, second);
      }
    }
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) {
      if (name !== c.IPV6_V6ONLY) return this.ipv6.set(name, value);
      if (endpoint !== null) return -Errno.EINVAL;
      this.onlyIpv6 = on;
      return 0;
    }
    if (level === c.IPPROTO_IP && isGroupOption(name)) {
      const local = second === null ? null : IpAddress.v4(second);
      return this.setGroups(name, { group: IpAddress.v4(value), local, index: 0, source: null });
    }
    if (level === c.IPPROTO_IP) return this.setIpOption(name, value);
    return super.setOption(level, name, value, second);
  }

  private setIpOption(name: number, value: number): number {
    const { endpoint } = this;
    switch (name) {
      case c.IP_TTL:
        if (value !== -1 && (value < 1 || value > 255)) return -Errno.EINVAL;
        this.ttl = value;
        if (endpoint !== null) endpoint.flows.ttl = value;
        return 0;
      case c.IP_MULTICAST_TTL:
        if (value < -1 || value > 255) return -Errno.EINVAL;
        this.multicastTtl = value === -1 ? 1 : value;
        if (endpoint !== null) endpoint.flows.multicastTtl = this.multicastTtl;
        return 0;
      case c.IP_MULTICAST_LOOP:
        this.multicastLoop = value !== 0;
        if (endpoint !== null) endpoint.flows.multicastLoop = this.multicastLoop;
        return 0;
      case c.IP_MULTICAST_IF:
        return this.setMulticastInterface({ local: IpAddress.v4(value), index: 0 });
      case c.IP_TOS:
        this.tos = value & 0xff;
        if (endpoint !== null) endpoint.flows.tos = this.tos;
        return 0;
      case c.IP_RECVTTL:
        this.receiveTtl = value !== 0;
        return 0;
      case c.IP_RECVERR:
        this.receiveErrors = value !== 0;
        if (endpoint !== null) endpoint.receiveErrors = this.receiveErrors;
        return 0;
      case c.IP_MTU_DISCOVER:
        if (value < c.IP_PMTUDISC_DONT || value > c.IP_PMTUDISC_PROBE) return -Errno.EINVAL;
        this.mtuDiscover = value;
        if (endpoint !== null) endpoint.flows.dontFragment = value >= c.IP_PMTUDISC_DO;
        return 0;
      default:
        return -Errno.ENOPROTOOPT;
    }
  }
}
