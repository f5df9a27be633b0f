import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { Udp } from '../l4-transport/udp/udp.ts';
import type { UdpEndpoint } from '../l4-transport/udp/udp-endpoint.ts';
import { UdpGroups6 } from '../l4-transport/udp/udp-groups6.ts';
import { needsScope } from './addresses.ts';
import * as c from './constants.ts';
import type { Descriptor } from './descriptor.ts';
import { groupRequest6, groupRequestFrom6, twinOf, twinValue } from './ipv6-options.ts';

/** What a datagram socket of AF_INET6 has besides: groups, the scope of its address, and what to tell of datagrams. */
export class DatagramOptions6 {
  /** The interface's number, when it is bound to a link-local address. */
  scope = 0;
  private readonly udp: Udp;
  private readonly socket: Descriptor;
  private groups: UdpGroups6 | null = null;
  /** IPV6_MULTICAST_IF: the interface's number; 0: none. */
  private multicastDevice = 0;
  private endpoint: UdpEndpoint | null = null;

  constructor(udp: Udp, socket: Descriptor) {
    this.udp = udp;
    this.socket = socket;
  }

  /** The socket has got its endpoint. */
  applyTo(endpoint: UdpEndpoint): void {
    this.endpoint = endpoint;
    endpoint.groups6 = this.groups;
    endpoint.flows.multicastDevice6 = this.multicastDevice;
  }

  /** Keeps what the ancillary data of the datagram that was received last would tell. */
  note(endpoint: UdpEndpoint): void {
    const { socket } = this;
    socket.senderScope = needsScope(endpoint.sender) ? endpoint.receivedDevice : 0;
    socket.receivedTos = endpoint.receivedTos;
    socket.receivedDestination = endpoint.destination;
    socket.receivedDevice = endpoint.receivedDevice;
  }

  /** The link of a peer; -EINVAL when it needs one and none was told, as on Linux. */
  scopeFor(address: IpAddress, scope: number): number {
    if (!needsScope(address)) return 0;
    const device = scope || this.scope || (address.isMulticast ? this.multicastDevice : 0);
    return device === 0 ? -Errno.EINVAL : device;
  }

  /** The value of an option at IPPROTO_IPV6, a negated error number, or null for IPV6_V6ONLY. */
  get(name: number): number | null {
    const { socket } = this;
    const twin = twinOf(c.IPPROTO_IPV6, name, c.AF_INET6);
    if (twin !== 0) return socket.getOption(c.IPPROTO_IP, twin);
    switch (name) {
      case c.IPV6_V6ONLY:
        return null;
      case c.IPV6_MULTICAST_IF:
        return this.multicastDevice;
      case c.IPV6_RECVTCLASS:
        return socket.receiveTos ? 1 : 0;
      case c.IPV6_RECVPKTINFO:
        return socket.receivePacketInfo ? 1 : 0;
      case c.IPV6_DONTFRAG:
        return socket.getOption(c.IPPROTO_IP, c.IP_MTU_DISCOVER) >= c.IP_PMTUDISC_DO ? 1 : 0;
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  set(name: number, value: number): number {
    const { socket } = this;
    const twin = twinOf(c.IPPROTO_IPV6, name, c.AF_INET6);
    if (twin !== 0) {
      const as4 = twinValue(name, value);
      return as4 < -1 ? as4 : socket.setOption(c.IPPROTO_IP, twin, as4);
    }
    switch (name) {
      case c.IPV6_MULTICAST_IF:
        return this.setMulticastInterface(value);
      case c.IPV6_RECVTCLASS:
        socket.receiveTos = value !== 0;
        return 0;
      case c.IPV6_RECVPKTINFO:
        socket.receivePacketInfo = value !== 0;
        return 0;
      case c.IPV6_DONTFRAG: {
        const discover = value === 0 ? c.IP_PMTUDISC_WANT : c.IP_PMTUDISC_DO;
        return socket.setOption(c.IPPROTO_IP, c.IP_MTU_DISCOVER, discover);
      }
      default:
        return name === c.IPV6_JOIN_GROUP || name === c.IPV6_LEAVE_GROUP ? -Errno.EINVAL : -Errno.ENOPROTOOPT;
    }
  }

  /** `struct ipv6_mreq`; null: `set` takes its number. */
  setBytes(name: number, value: Uint8Array): number | null {
    if (name !== c.IPV6_JOIN_GROUP && name !== c.IPV6_LEAVE_GROUP) return null;
    const request = groupRequest6(value);
    return request === null ? -Errno.EINVAL : this.setGroup(name, request.group, request.index);
  }

  /** `ff02::fb eth0`; IPV6_MULTICAST_IF takes `eth0`. */
  setText(name: number, value: string): number {
    const indexOf = (device: string): number => this.udp.network.interfaceIndex(device);
    if (name === c.IPV6_MULTICAST_IF) return this.setMulticastInterface(indexOf(value) || -1);
    if (name !== c.IPV6_JOIN_GROUP && name !== c.IPV6_LEAVE_GROUP) return -Errno.ENOPROTOOPT;
    const request = groupRequestFrom6(value, indexOf);
    return typeof request === 'number' ? request : this.setGroup(name, request.group, request.index);
  }

  /** Leaves all groups. */
  clear(): void {
    this.groups?.clear();
  }

  private setGroup(name: number, group: IpAddress, index: number): number {
    if (this.udp.groups6 === null) return -Errno.ENOPROTOOPT;
    if (this.groups === null) {
      this.groups = new UdpGroups6(this.udp.groups6);
      if (this.endpoint !== null) this.endpoint.groups6 = this.groups;
    }
    return name === c.IPV6_JOIN_GROUP ? this.groups.join(group, index) : this.groups.leave(group, index);
  }

  private setMulticastInterface(index: number): number {
    const known = index === 0 || (this.udp.groups6?.interfaceFor(this.socket.localAddress, index) ?? -1) === index;
    if (!known) return -Errno.ENODEV;
    this.multicastDevice = index;
    if (this.endpoint !== null) this.endpoint.flows.multicastDevice6 = index;
    return 0;
  }
}
