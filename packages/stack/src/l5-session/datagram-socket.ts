import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { FIRST_UNPRIVILEGED_PORT } from '../l4-transport/ports.ts';
import { Ready } from '../l4-transport/readiness.ts';
import type { Udp } from '../l4-transport/udp/udp.ts';
import type { DatagramOwner, UdpEndpoint } from '../l4-transport/udp/udp-endpoint.ts';
import type { IcmpReport } from '../l4-transport/udp/udp-errors.ts';
import { needsScope } from './addresses.ts';
import * as c from './constants.ts';
import { DatagramOptions } from './datagram-options.ts';
import { DatagramOptions6 } from './datagram-options6.ts';
import { Descriptor } from './descriptor.ts';

/** A datagram socket over UDP: SOCK_DGRAM. The endpoint is made when it gets a port, by `bind` or by itself. */
export class DatagramSocket extends Descriptor implements DatagramOwner {
  private readonly udp: Udp;
  private readonly privileged: boolean;
  private endpoint: UdpEndpoint | null = null;
  private shutdownReceive = false;
  private shutdownSend = false;
  private readonly options: DatagramOptions;
  /** What only IPv6 has; null for AF_INET. */
  private readonly ipv6: DatagramOptions6 | null;

  constructor(node: NodeContext, udp: Udp, family: number, privileged: boolean) {
    super(node, family, c.SOCK_DGRAM, c.IPPROTO_UDP);
    this.udp = udp;
    this.privileged = privileged;
    this.options = new DatagramOptions(udp, this);
    this.ipv6 = family === c.AF_INET6 ? new DatagramOptions6(udp, this) : null;
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
    if (address !== null && this.unfitToBind(address) < 0) return this.unfitToBind(address);
    const local = this.boundTo(address);
    if (local?.family === 6 && local.isLinkLocal && scope === 0) return -Errno.EINVAL; // which link?
    if (local !== null && !this.mayBindTo(local, scope)) return -Errno.EADDRNOTAVAIL;
    if (port > 0 && port < FIRST_UNPRIVILEGED_PORT && !this.privileged) return -Errno.EACCES;
    if (this.endpoint !== null) return -Errno.EINVAL;
    if (this.ipv6 !== null) this.ipv6.scope = scope;
    this.onlyMapped = local === null && address?.isMapped === true;
    return this.open(local, port);
  }

  override connect(address: IpAddress, port: number, scope = 0): number {
    if (this.closed) return -Errno.EBADF;
    const unfit = this.unfit(address);
    if (unfit < 0) return unfit;
    const device = this.ipv6 === null ? 0 : this.ipv6.scopeFor(address, scope || this.options.device);
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
    this.options.clear();
    this.ipv6?.clear();
    if (this.endpoint !== null) this.endpoint.close();
    this.endpoint = null;
  }

  /** Group and broadcast addresses too: such a socket hears only what is sent there. */
  private mayBindTo(address: IpAddress, scope: number): boolean {
    return this.udp.network.isLocal(address, scope) || address.isMulticast || address.isLimitedBroadcast;
  }

  private open(local: IpAddress | null, port: number): number {
    const binding = this.udp.ports.bind(local, port, {
      reuseAddress: this.options.reuseAddress,
      reusePort: this.options.reusePort,
      privileged: this.privileged,
      family: this.families,
    });
    if (typeof binding === 'number') return binding;
    const endpoint = this.udp.open(binding, this, this.families);
    this.options.applyTo(endpoint);
    this.ipv6?.applyTo(endpoint);
    this.endpoint = endpoint;
    return 0;
  }

  override getOption(level: number, name: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) return this.ipv6.get(name) ?? (this.onlyIpv6 ? 1 : 0);
    return this.options.get(level, name) ?? super.getOption(level, name);
  }

  override setOption(level: number, name: number, value: number, second: number | null = null): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) {
      if (name !== c.IPV6_V6ONLY) return this.ipv6.set(name, value);
      if (this.endpoint !== null) return -Errno.EINVAL;
      this.onlyIpv6 = value !== 0;
      return 0;
    }
    return this.tell(this.options.set(level, name, value, second)) ?? super.setOption(level, name, value, second);
  }

  override setOptionText(level: number, name: number, value: string): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) return this.ipv6.setText(name, value);
    return this.tell(this.options.setText(level, name, value));
  }

  override setOptionBytes(level: number, name: number, value: Uint8Array): number | null {
    if (this.closed) return -Errno.EBADF;
    if (level === c.IPPROTO_IPV6 && this.ipv6 !== null) return this.ipv6.setBytes(name, value);
    return this.tell(this.options.setBytes(level, name, value));
  }

  /** What an option did, for who watches. */
  private tell<T>(result: T): T {
    const { told } = this.options;
    this.options.told = null;
    if (told !== null && this.node.trace !== null) this.called(told);
    return result;
  }
}
