import type { BatchListener } from '../base/link.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';

/**
 * What layer 3 needs of an interface below: a NIC has all of it, and so have the loopback interface and, in tests, a
 * few lines.
 */
export interface IpLink {
  /** `eth0`. */
  readonly name: string;
  readonly mac: MacAddress;
  /** Largest IP packet in bytes. */
  mtu: number;
  readonly up: boolean;
  /** Up, and its line alive; absent: as `up`. */
  readonly running?: boolean;
  /** Takes packets with `Checksum.Partial`. */
  checksumOffload: boolean;
  /** Largest super-segment, in bytes of IP payload, that it cuts by itself; 0: none. */
  segmentOffload: number;
  /** Who is told of packets that come in at one time. */
  batches?: BatchListener | null;
  /**
   * Sends what stands from `packet.start` on to a station; takes the packet over. 0 or a negated error number, the
   * packet being dropped then.
   */
  output(packet: PacketBuffer, destination: MacAddress, etherType: number): number;
  /** Hands what comes in with this EtherType to `handler`; null: to nobody any more. */
  register(etherType: number, handler: LinkHandler | null): void;
}

/** Who takes the frames of one EtherType. */
export interface LinkHandler {
  /**
   * A frame for this station: `packet.start` at the payload, `packet.l2` at the frame header; `cast` is how it was
   * addressed: 0 unicast, 1 broadcast, 2 multicast. The handler owns the packet.
   */
  etherInput(packet: PacketBuffer, link: IpLink, cast: 0 | 1 | 2): void;
}
