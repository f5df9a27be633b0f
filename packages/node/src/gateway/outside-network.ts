import type { IpAddress } from '@netarium/stack/base/ip-address';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import type { Host } from '@netarium/stack/host/host';
import type { Flow, NetworkLayer, ProtocolHandler, SendOptions } from '@netarium/stack/l3-network/network-layer';

/**
 * Layer 3 of all the hosts outside at once: every address is its own. What it sends goes inside, by the gateway's
 * routes, in the name of whom the inside spoke to.
 */
export class OutsideNetwork implements NetworkLayer {
  readonly handlers = new Map<number, ProtocolHandler>();
  private readonly ip: Host['ip'];

  constructor(host: Host) {
    this.ip = host.ip;
  }

  get generation(): number {
    return this.ip.generation;
  }

  register(protocol: number, handler: ProtocolHandler): void {
    this.handlers.set(protocol, handler);
  }

  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Flow | number {
    return this.ip.open(remote, protocol, local, { ...options, transparent: true });
  }

  send(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    options?: SendOptions,
  ): number {
    return this.ip.send(packet, protocol, local, remote, { ...options, transparent: true });
  }

  sourceFor(remote: IpAddress): IpAddress | number {
    return this.ip.sourceFor(remote);
  }

  interfaceIndex(name: string): number {
    return this.ip.interfaceIndex(name);
  }

  isLocal(_address: IpAddress): boolean {
    return true;
  }

  sendIcmpError(packet: PacketBuffer, type: number, code: number, info?: number): void {
    this.ip.sendIcmpError(packet, type, code, info);
  }
}
