import type { IpAddress } from '../base/ip-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { Ipv4 } from './ipv4.ts';
import { sortDestinations } from './ipv6/address-selection.ts';
import type { Ipv6 } from './ipv6/ipv6.ts';
import type { Flow, NetworkLayer, ProtocolHandler, SendOptions } from './network-layer.ts';

/**
 * Both address families as one network layer: what is asked goes to the one whose addresses are named, and an ICMP
 * error to the one that the packet is of. A flow is the family's own, so that between it and its packets stands nothing.
 */
export class Internet implements NetworkLayer {
  readonly ipv4: Ipv4;
  readonly ipv6: Ipv6;

  constructor(ipv4: Ipv4, ipv6: Ipv6) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  /** Both only ever grow, so that their sum changes when one does. */
  get generation(): number {
    return this.ipv4.generation + this.ipv6.generation;
  }

  register(protocol: number, handler: ProtocolHandler): void {
    this.ipv4.register(protocol, handler);
    this.ipv6.register(protocol, handler);
  }

  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Flow | number {
    return this.of(remote).open(remote, protocol, local, options);
  }

  send(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    options?: SendOptions,
  ): number {
    return this.of(remote).send(packet, protocol, local, remote, options);
  }

  sourceFor(remote: IpAddress): IpAddress | number {
    return this.of(remote).sourceFor(remote);
  }

  sortDestinations(addresses: readonly IpAddress[]): IpAddress[] {
    if (addresses.length < 2) return [...addresses];
    const candidates = addresses.map((address) => {
      const source = this.sourceFor(address);
      if (typeof source === 'number') return { address, source: null };
      const own = this.ipv6.addressOf(source);
      const sourceDeprecated = own?.state === 'deprecated';
      return { address, source, sourceDeprecated, ...(own === null ? {} : { sourceLength: own.length }) };
    });
    return sortDestinations(candidates).map(({ address }) => address);
  }

  hasAddresses(family: 4 | 6): boolean {
    return this.ipv4.interfaces().some((on) => {
      if (on.loopback) return false;
      return family === 4 ? on.addresses.length > 0 : on.v6?.addresses.some(({ usable }) => usable) === true;
    });
  }

  interfaceIndex(name: string): number {
    return this.ipv4.interfaceIndex(name);
  }

  isLocal(address: IpAddress, interfaceIndex = 0): boolean {
    return this.of(address).isLocal(address, interfaceIndex);
  }

  sendIcmpError(packet: PacketBuffer, type: number, code: number, info?: number): void {
    const isIpv6 = packet.view.getUint8(packet.l3) >> 4 === 6;
    (isIpv6 ? this.ipv6 : this.ipv4).sendIcmpError(packet, type, code, info);
  }

  private of(address: IpAddress): Ipv4 | Ipv6 {
    return address.family === 6 ? this.ipv6 : this.ipv4;
  }
}
