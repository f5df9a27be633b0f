import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { OspfRoute } from './ospf-route.ts';

/** An interface of the machine, as OSPF needs it. */
export interface OspfLink {
  /** What the machine calls it, 1 and up. */
  readonly index: number;
  readonly name: string;
  /** The primary address (32 bits) and its prefix length. */
  readonly address: number;
  readonly length: number;
  /** More networks that are there, told of as stubs. */
  readonly secondary: readonly { readonly network: number; readonly length: number }[];
  /** Largest IP packet, bytes. */
  readonly mtu: number;
}

/** What OSPF needs of the machine that it runs on. */
export interface OspfPort {
  /**
   * Sends a packet, whose `start` stands at the OSPF header, out of this interface with TTL 1; takes it over.
   * `destination` is a neighbour's address or a group (32 bits).
   */
  send(packet: PacketBuffer, link: OspfLink, destination: number): void;
  /** From now on packets to this group are received on this interface, or are not. */
  join(link: OspfLink, group: number): void;
  leave(link: OspfLink, group: number): void;
  /** All routes there are now. */
  install(routes: readonly OspfRoute[]): void;
}
