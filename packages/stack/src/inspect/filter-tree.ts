import type { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';

/**
 * A capture filter as a tree: what the parser makes of the text, and what a predicate, or code for a BPF machine, is
 * made from.
 */
export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: 'not'; readonly operand: FilterNode }
  /** Everything: the empty filter. */
  | { readonly kind: 'all' }
  /** The frame carries this EtherType. */
  | { readonly kind: 'ether-type'; readonly type: number }
  /** IPv4 (4), IPv6 (6) or either (0) carries this protocol. */
  | { readonly kind: 'ip-protocol'; readonly version: 0 | 4 | 6; readonly protocol: number }
  | { readonly kind: 'ether-host'; readonly side: Side; readonly address: MacAddress }
  | { readonly kind: 'host'; readonly side: Side; readonly carrier: Carrier; readonly address: IpAddress }
  /** IPv4 or IPv6 by the address's family; `length` bits of it count. */
  | {
      readonly kind: 'net';
      readonly side: Side;
      readonly carrier: Carrier;
      readonly address: IpAddress;
      readonly length: number;
    }
  /** `protocol` 0: any transport with ports. One port has `low` = `high`. */
  | {
      readonly kind: 'port';
      readonly side: Side;
      readonly protocol: number;
      readonly low: number;
      readonly high: number;
    }
  | { readonly kind: 'cast'; readonly layer: 'ether' | 'ip' | 'ip6'; readonly cast: 'broadcast' | 'multicast' }
  /** A VLAN tag (-1: any), which moves everything that stands to its right in the text by four bytes. */
  | { readonly kind: 'vlan'; readonly id: number }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Sum; readonly right: Sum };

export type Side = 'src' | 'dst' | 'either' | 'both';
/** In what an address is looked for: `any` is IPv4 (or IPv6), ARP and RARP. */
export type Carrier = 'any' | 'ip' | 'ip6' | 'arp' | 'rarp';
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** Arithmetic of unsigned 32-bit numbers. */
export type Sum =
  | { readonly kind: 'number'; readonly value: number }
  /** The packet's length on the wire. */
  | { readonly kind: 'length' }
  /** `tcp[13]`, `ip[2:2]`: `size` bytes of a header. */
  | { readonly kind: 'load'; readonly layer: LoadLayer; readonly offset: Sum; readonly size: 1 | 2 | 4 }
  | { readonly kind: 'operation'; readonly operator: Operation; readonly left: Sum; readonly right: Sum };

export type LoadLayer = 'ether' | 'ip' | 'ip6' | 'arp' | 'rarp' | 'tcp' | 'udp' | 'icmp' | 'icmp6' | 'igmp' | 'sctp';
export type Operation = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';

/** What is wrong with a filter's text, and where. */
export interface FilterError {
  readonly message: string;
  /** Offset in the text, in UTF-16 units, and how many of them it is about. */
  readonly position: number;
  readonly length: number;
  /** The known word that was probably meant. */
  readonly nearest?: string;
}
