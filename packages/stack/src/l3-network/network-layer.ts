import type { IpAddress } from '../base/ip-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';

/** IP protocol numbers (IANA "Assigned Internet Protocol Numbers"). */
export const Protocol = { Icmp: 1, Igmp: 2, Tcp: 6, Udp: 17, Icmpv6: 58 } as const;

/** How a packet was addressed. */
export const Cast = { Unicast: 0, Broadcast: 1, Multicast: 2 } as const;
export type Cast = (typeof Cast)[keyof typeof Cast];

/** What the transport layer registers, by protocol number: the way up. */
export interface ProtocolHandler {
  /**
   * A packet for this host. `packet.start` (= `packet.l4`) stands at the transport header, `packet.end` at the end of
   * the IP payload, `packet.l3` at the IP header, which is checked. The handler owns the packet.
   *
   * It must not send while it parses: it queues what is to be sent and does so at the end of the call.
   */
  input(packet: PacketBuffer, cast: Cast): void;
  /**
   * An ICMP error about a packet of ours. `packet.start` stands at the quoted transport header, of which at least 8
   * bytes are there; `packet.l3` at the quoted IP header (our address is its source). Valid during the call only.
   * `mtu` is the next hop's, in bytes, for "fragmentation needed"; otherwise 0. `from` says so: a router, the remote
   * host, or this host itself, when nobody answered ARP.
   */
  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void;
}

/**
 * The way to one remote address: route, source address, next hop and header fields, found once and kept by a
 * connection. It follows changes of routes, addresses and neighbours by itself.
 */
export interface Flow {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** How `remote` is addressed. Nobody sends to a broadcast without SO_BROADCAST: the transport refuses it with EACCES. */
  readonly cast: Cast;
  /** Largest IP packet, in bytes, that the path is known to carry. */
  readonly mtu: number;
  /** Bytes of the IP header that `send` will put in front. */
  readonly headerLength: number;
  /** Unfolded one's-complement sum of the pseudo header's addresses and protocol; the transport adds its length. */
  readonly pseudoSum: number;
  /** The outgoing interface takes packets with `Checksum.Partial`. */
  readonly checksumOffload: boolean;
  /** The number of the interface that packets leave by; who needs no scope ids may leave it out. */
  readonly interfaceIndex?: number;
  /** Largest super-segment (IP payload bytes) that the outgoing interface cuts by itself; 0: none. */
  readonly segmentOffload: number;
  /** Header fields of what is sent from now on. */
  ttl: number;
  tos: number;
  dontFragment: boolean;
  /** IP_MULTICAST_LOOP: this host hears what it sends to groups that it is in itself. */
  multicastLoop?: boolean;
  /**
   * Sends one packet, whose `start` stands at the transport header; takes it over.
   * Returns 0, or a negated error number (ENETUNREACH, EHOSTUNREACH, ENETDOWN, EMSGSIZE): the packet is then dropped.
   * Never calls back into the transport before it returns: even a packet to oneself arrives by the event queue.
   */
  send(packet: PacketBuffer): number;
  /** The remote end made progress: its neighbour entry is confirmed (RFC 4861 7.3.1's upper-layer hint). */
  confirm(): void;
}

export interface SendOptions {
  ttl?: number;
  tos?: number;
  dontFragment?: boolean;
  /** SO_BROADCAST: without it a broadcast is refused with EACCES. */
  broadcast?: boolean;
  /** SO_BINDTODEVICE: only out of the interface with this index (`lo` is 1); with it, a broadcast needs no route. */
  interfaceIndex?: number;
  /** Options for the IP header, a multiple of 4 bytes, 40 at most (IP_OPTIONS); checked by who gives them. */
  ipOptions?: Uint8Array;
  /** IP_MULTICAST_LOOP; default true. */
  multicastLoop?: boolean;
  /** IP_TRANSPARENT: `local` need not be an address of this host. For who speaks in the name of others. */
  transparent?: boolean;
}

/** What the network layer offers to those above. */
export interface NetworkLayer {
  /** Another number whenever a route or an address changes: who keeps a flow without having fixed its source looks again. */
  readonly generation: number;
  register(protocol: number, handler: ProtocolHandler): void;
  /**
   * The way to `remote`, with `local` as the source (null: chosen by the route). A negated error number when there is
   * none (ENETUNREACH) or `local` is not ours (EADDRNOTAVAIL).
   */
  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Flow | number;
  /** Sends one datagram that has no Flow; takes the packet over; 0 or a negated error number. `packet.start` at the transport header. */
  send(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    options?: SendOptions,
  ): number;
  /** The source address that `open` would choose, or a negated error number. */
  sourceFor(remote: IpAddress): IpAddress | number;
  /** Addresses of one host in the order in which they should be tried (RFC 6724 6); left out: as they are. */
  sortDestinations?(addresses: readonly IpAddress[]): IpAddress[];
  /** Has this host an address of a family, loopback apart? Left out: it has. */
  hasAddresses?(family: 4 | 6): boolean;
  /** The number of the interface with this name, for `SendOptions`; 0: there is none. */
  interfaceIndex(name: string): number;
  /** Is this an address of this host (loopback included)? A link-local one: on the interface with this index, 0 for any. */
  isLocal(address: IpAddress, interfaceIndex?: number): boolean;
  /** Tells the sender of `packet` (whose `l3` stands at its IP header) an ICMP error, within the rate limit; does not take the packet. */
  sendIcmpError(packet: PacketBuffer, type: number, code: number, info?: number): void;
}
