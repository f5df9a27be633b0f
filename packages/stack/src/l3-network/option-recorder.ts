import type { Clock } from '../base/clock.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { IpInterface } from './ip-interface.ts';
import { IPV4_HEADER_LENGTH, ipv4Destination, ipv4HeaderLength, updateIpv4Checksum } from './ipv4-header.ts';
import { recordOptions } from './ipv4-options.ts';
import { RouteType, type RoutingTable } from './routes.ts';

/** Writes a node into the record route and timestamp options of packets that it handles (RFC 791 3.1). */
export class OptionRecorder {
  private readonly clock: Clock;
  private readonly isOurs: (address: number) => boolean;

  constructor(clock: Clock, routes: RoutingTable) {
    this.clock = clock;
    this.isOurs = (address) => routes.lookup(address)?.type === RouteType.Local;
  }

  /**
   * A packet on its way, which leaves by `out` (RFC 1812 5.2.4.1): its header at `packet.start` is checked, and may be
   * written.
   */
  forwarded(packet: PacketBuffer, out: IpInterface): void {
    const { view, start } = packet;
    const headerLength = ipv4HeaderLength(view, start);
    if (headerLength === IPV4_HEADER_LENGTH) return;
    this.record(packet, start, headerLength, out.sourceFor4(ipv4Destination(view, start)));
  }

  /** A header that was just written with the sender's `address` in it, or one that arrived at `address`. */
  record(packet: PacketBuffer, at: number, headerLength: number, address: number): void {
    const { view } = packet;
    const { now } = this.clock;
    const changed = recordOptions(view, at + IPV4_HEADER_LENGTH, at + headerLength, address, now, this.isOurs);
    if (changed) updateIpv4Checksum(view, at);
  }
}
