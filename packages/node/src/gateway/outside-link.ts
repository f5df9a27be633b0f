import { Drop } from '@netarium/stack/base/drop-reasons';
import { MacAddress } from '@netarium/stack/base/mac-address';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import type { Host } from '@netarium/stack/host/host';
import { EtherType } from '@netarium/stack/l2-link/ethernet';
import { IcmpType, TimeExceeded, Unreachable } from '@netarium/stack/l3-network/icmp-header';
import type { IpLink } from '@netarium/stack/l3-network/ip-link';
import {
  IPV4_MAX_LENGTH,
  ipv4HeaderLength,
  ipv4IsFragment,
  ipv4Protocol,
  protocolName,
} from '@netarium/stack/l3-network/ipv4-header';
import { Cast } from '@netarium/stack/l3-network/network-layer';
import { Reassembly, type ReassemblyOwner } from '@netarium/stack/l3-network/reassembly';
import type { OutsideNetwork } from './outside-network.ts';

/**
 * The gateway's interface to the real network: packets that the routes send there end here, and what they carry goes on
 * by real sockets. There is no wire: nothing comes in by it, for answers are sent as the gateway's own packets are.
 */
export class OutsideLink implements IpLink, ReassemblyOwner {
  readonly name: string;
  readonly mac = MacAddress.ZERO;
  mtu = IPV4_MAX_LENGTH;
  readonly up = true;
  checksumOffload = true;
  segmentOffload = IPV4_MAX_LENGTH;
  private readonly host: Host;
  private readonly outside: OutsideNetwork;
  private readonly reassembly: Reassembly;

  constructor(name: string, host: Host, outside: OutsideNetwork) {
    this.name = name;
    this.host = host;
    this.outside = outside;
    this.reassembly = new Reassembly(host.node, this);
  }

  /** Takes a packet that was routed, its header checked, as the hosts outside would. */
  output(packet: PacketBuffer, _destination: MacAddress, etherType: number): number {
    if (etherType !== EtherType.Ipv4) {
      this.host.node.drop(packet, Drop.FRAME_UNKNOWN_TYPE, this.name);
      return 0;
    }
    packet.l3 = packet.start;
    if (!ipv4IsFragment(packet.view, packet.l3)) {
      this.deliver(packet);
      return 0;
    }
    const whole = this.reassembly.add(packet);
    if (whole !== null) this.deliver(whole);
    return 0;
  }

  register(): void {
    // Nothing comes in.
  }

  close(): void {
    this.reassembly.clear();
  }

  reassemblyExpired(packet: PacketBuffer): void {
    this.outside.sendIcmpError(packet, IcmpType.TimeExceeded, TimeExceeded.Reassembly);
  }

  private deliver(packet: PacketBuffer): void {
    const protocol = ipv4Protocol(packet.view, packet.l3);
    const handler = this.outside.handlers.get(protocol);
    if (handler === undefined) {
      this.outside.sendIcmpError(packet, IcmpType.DestinationUnreachable, Unreachable.Protocol);
      this.host.node.drop(packet, Drop.IP_UNKNOWN_PROTOCOL, protocolName(protocol));
      return;
    }
    packet.l4 = packet.pull(ipv4HeaderLength(packet.view, packet.l3));
    handler.input(packet, Cast.Unicast);
  }
}
