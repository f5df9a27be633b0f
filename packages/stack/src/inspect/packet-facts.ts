import type { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';

/**
 * What a dissection found in the headers that analysis and explanations reason about, as numbers and addresses, so that
 * nobody searches a tree for them. Offsets are into the packet's bytes.
 */
export interface LinkFacts {
  readonly source: MacAddress;
  readonly destination: MacAddress;
  /** EtherType, or below 1536 the length of an IEEE 802.3 frame. After VLAN tags the inner one. */
  readonly type: number;
  /** VLAN identifiers, outermost first. */
  readonly vlans: readonly number[];
}

export interface ArpFacts {
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: IpAddress;
  readonly targetMac: MacAddress;
  readonly targetIp: IpAddress;
}

export interface NetworkFacts {
  readonly version: 4 | 6;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** What the payload is: an IP protocol number (after IPv6 extension headers, the last one's). */
  readonly protocol: number;
  /** Time to live, or hop limit. */
  readonly ttl: number;
  readonly tos: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Bytes of the original payload before this fragment's. */
  readonly fragmentOffset: number;
  readonly headerLength: number;
  readonly totalLength: number;
}

/** TCP's flags, as bits of bytes 12 and 13 of its header (RFC 9293 3.1, RFC 3168, RFC 9768). */
export const TcpFlag = {
  Fin: 0x001,
  Syn: 0x002,
  Rst: 0x004,
  Psh: 0x008,
  Ack: 0x010,
  Urg: 0x020,
  Ece: 0x040,
  Cwr: 0x080,
  Ae: 0x100,
} as const;

export interface TcpFacts {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** As on the wire; relative ones come from `Analysis`. */
  readonly sequence: number;
  readonly acknowledgment: number;
  /** `TcpFlag` bits. */
  readonly flags: number;
  /** As on the wire, not scaled. */
  readonly window: number;
  readonly urgentPointer: number;
  /** Option values; -1 when the option is not there. */
  readonly mss: number;
  readonly windowScale: number;
  readonly sackPermitted: boolean;
  readonly timestampValue: number;
  readonly timestampEcho: number;
  /** SACK blocks: left edge, right edge, left edge, ... */
  readonly sack: readonly number[];
  readonly headerLength: number;
  readonly payloadStart: number;
  /** Payload bytes of the segment, those that were not captured included. */
  readonly payloadLength: number;
  /** The options as the summary tells them, SACK blocks left out: ` MSS=1460 SACK_PERM WS=128`. */
  readonly optionsText: string;
  readonly checksumBad: boolean;
}

export interface UdpFacts {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Header and payload. */
  readonly length: number;
  readonly payloadStart: number;
  readonly payloadLength: number;
  readonly checksumBad: boolean;
}

export interface IcmpFacts {
  readonly kind: 'icmp';
  readonly version: 4 | 6;
  readonly type: number;
  readonly code: number;
  /** Echo's; -1 elsewhere. */
  readonly identifier: number;
  readonly sequence: number;
  /** The next link's MTU in "fragmentation needed" and "packet too big"; 0 elsewhere. */
  readonly mtu: number;
  /** The packet that an error message quotes, as far as it is quoted. */
  readonly quoted: { readonly network: NetworkFacts | null; readonly transport: TransportFacts | null } | null;
}

export type TransportFacts = TcpFacts | UdpFacts | IcmpFacts;

/** What one application message says, in short. */
export interface ApplicationFacts {
  /** The dissector's name: `http`, `dns`. */
  readonly protocol: string;
  /** Its line in the summary: `GET / HTTP/1.1`. */
  readonly text: string;
  readonly isRequest: boolean | null;
}

export interface PacketFacts {
  link: LinkFacts | null;
  arp: ArpFacts | null;
  network: NetworkFacts | null;
  transport: TransportFacts | null;
  application: ApplicationFacts | null;
}
