import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { IpInterface } from './ip-interface.ts';

/**
 * Who may look at every packet of a host, change it, or end it: a firewall, an address translator. The five points are
 * netfilter's:
 *
 *     in -> prerouting -> route -> forward ------> postrouting -> out
 *                           |                          ^
 *                         input -> this host -> output-+
 *
 * Each takes the packet over, `start` and `l3` at its checked IP header (of either version: the first four bits tell),
 * and returns the packet to go on with, which may be another one, for only who holds the bytes alone may change them;
 * or null: it was dropped, and perhaps answered, or kept. Fragments have been put together before `prerouting`; what
 * this host sends is cut behind `postrouting`.
 */
export interface PacketFilter {
  /** Came in on `from`; addresses and options were found good. The destination may be changed: it is routed after this. */
  prerouting(packet: PacketBuffer, from: IpInterface): PacketBuffer | null;
  /** Is for this host. */
  input(packet: PacketBuffer, from: IpInterface): PacketBuffer | null;
  /** Is for another host, and leaves by `out`; it came in on the interface with the number `packet.device`. */
  forward(packet: PacketBuffer, out: IpInterface): PacketBuffer | null;
  /** This host sends it. */
  output(packet: PacketBuffer, out: IpInterface): PacketBuffer | null;
  /** Is about to leave; `forwarded`: for another host. The source may be changed. */
  postrouting(packet: PacketBuffer, out: IpInterface, forwarded: boolean): PacketBuffer | null;
  /**
   * The header that stands at `at` in `copy`, with as much behind it as there is, is that of packet number `id`, which
   * came to grief on its way: puts back the addresses and ports that its sender knows, so that an error may be told.
   */
  restore(copy: PacketBuffer, at: number, id: number): void;
}
