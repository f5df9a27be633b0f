import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { Limits } from '../base/limits.ts';
import type { Udp } from '../l4-transport/udp/udp.ts';
import type { UdpEndpoint } from '../l4-transport/udp/udp-endpoint.ts';
import { UdpGroups } from '../l4-transport/udp/udp-groups.ts';
import { receiveBufferFor, sendBufferFor } from './buffer-sizes.ts';
import * as c from './constants.ts';
import type { Descriptor } from './descriptor.ts';
import {
  applyGroupOption,
  type GroupRequest,
  groupOptionText,
  groupRequestFrom,
  groupRequestOf,
  isGroupOption,
  multicastInterfaceOf,
} from './group-options.ts';

/**
 * The options of a datagram socket by their numbers at the socket calls, and what they mean to UDP. They may be set
 * before there is an endpoint, and it then begins with them.
 */
export class DatagramOptions {
  reuseAddress = false;
  reusePort = false;
  /** SO_BINDTODEVICE: the interface's number; 0: none. */
  device = 0;
  /** What a call did, for who watches; null: nothing worth telling. */
  told: string | null = null;
  private readonly udp: Udp;
  private readonly socket: Descriptor;
  private readonly limits: Limits;
  private endpoint: UdpEndpoint | null = null;
  private broadcast = false;
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
  private tos = 0;
  private mtuDiscover: number = c.IP_PMTUDISC_WANT;
  private receiveBuffer: number;
  private sendBuffer: number;

  constructor(udp: Udp, socket: Descriptor) {
    this.udp = udp;
    this.socket = socket;
    this.limits = socket.node.limits;
    this.receiveBuffer = this.limits.receiveBufferBytes;
    this.sendBuffer = this.limits.sendBufferBytes;
  }

  /** The socket has got its endpoint. */
  applyTo(endpoint: UdpEndpoint): void {
    const { flows } = endpoint;
    flows.device = this.device;
    flows.broadcast = this.broadcast;
    endpoint.receiveErrors = this.receiveErrors;
    endpoint.noChecksum = this.noChecksum;
    endpoint.receiveBuffer = this.receiveBuffer;
    flows.ttl = this.ttl;
    flows.multicastTtl = this.multicastTtl;
    flows.multicastLoop = this.multicastLoop;
    flows.setMulticastDevice(this.multicastDevice, this.multicastSource);
    endpoint.groups = this.groups;
    flows.tos = this.tos;
    flows.dontFragment = this.mtuDiscover >= c.IP_PMTUDISC_DO;
    this.endpoint = endpoint;
  }

  /** Leaves all groups. */
  clear(): void {
    this.groups?.clear();
  }

  /** The value, a negated error number, or null: the option is not one of these. */
  get(level: number, name: number): number | null {
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
          return null;
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
          return this.socket.receiveTtl ? 1 : 0;
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
    return null;
  }

  /** SO_BINDTODEVICE: sends and hears by this interface only; an empty name: by any. ENODEV */
  setText(level: number, name: number, value: string): number {
    if (level === c.IPPROTO_IP) return this.setGroupText(name, value);
    if (level !== c.SOL_SOCKET || name !== c.SO_BINDTODEVICE) return -Errno.ENOPROTOOPT;
    const device = value === '' ? 0 : this.udp.network.interfaceIndex(value);
    if (value !== '' && device === 0) return -Errno.ENODEV;
    this.device = device;
    if (this.endpoint !== null) this.endpoint.flows.device = device;
    return 0;
  }

  /** IP_ADD_MEMBERSHIP and its like, as C's structures: `struct ip_mreq`, `ip_mreqn`, `ip_mreq_source`. */
  setBytes(level: number, name: number, value: Uint8Array): number | null {
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
    if (result === 0) this.told = groupOptionText(name, request);
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

  /** 0, a negated error number, or null: the option is not one of these. */
  set(level: number, name: number, value: number, second: number | null): number | null {
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
          this.receiveBuffer = receiveBufferFor(value, this.limits);
          if (endpoint !== null) endpoint.receiveBuffer = this.receiveBuffer;
          return 0;
        case c.SO_SNDBUF:
          this.sendBuffer = sendBufferFor(value, this.limits);
          return 0;
        case c.SO_KEEPALIVE:
        case c.SO_DONTROUTE:
        case c.SO_DEBUG:
        case c.SO_OOBINLINE:
        case c.SO_PRIORITY:
          return 0;
        default:
          return null;
      }
    }
    if (level === c.IPPROTO_IP && isGroupOption(name)) {
      const local = second === null ? null : IpAddress.v4(second);
      return this.setGroups(name, { group: IpAddress.v4(value), local, index: 0, source: null });
    }
    if (level === c.IPPROTO_IP) return this.setIpOption(name, value);
    return null;
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
        this.socket.receiveTtl = value !== 0;
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
