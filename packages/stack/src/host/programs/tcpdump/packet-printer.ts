import { MacAddress } from '../../../base/mac-address.ts';
import { EtherType } from '../../../l2-link/ethernet.ts';
import { IpPrinter } from './print-ip.ts';
import { address4, behind, hex, type Piece, type PrintOptions } from './printing.ts';

const ETHERNET_HEADER = 14;
const VLAN_TAG = 4;
/** Tags within tags: a customer's within a provider's (IEEE 802.1ad) are two. */
const VLAN_TAGS = 4;
const ETHER_TYPES: Readonly<Record<number, string>> = {
  2048: 'IPv4',
  2054: 'ARP',
  32821: 'Reverse ARP',
  33024: '802.1Q',
  34525: 'IPv6',
  34915: 'PPPoE D',
  34916: 'PPPoE S',
  35020: 'LLDP',
};
const ARP_OPERATIONS: Readonly<Record<number, string>> = {
  1: 'Request',
  2: 'Reply',
  3: 'Reverse Request',
  4: 'Reverse Reply',
};

/**
 * One line for each packet, in tcpdump's form (tcpdump(8), "OUTPUT FORMAT"). It reads any bytes: what makes no sense it
 * tells as such.
 */
export class PacketPrinter {
  private readonly options: PrintOptions;
  private readonly ip: IpPrinter;

  constructor(options: PrintOptions) {
    this.options = options;
    this.ip = new IpPrinter(options);
  }

  /** The line for an Ethernet frame, without the time. `length`: bytes on the wire, of which `frame` may be a part. */
  line(frame: Uint8Array, length = frame.length): string {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    if (frame.length < ETHERNET_HEADER) return '[|ether]';
    const type = view.getUint16(12);
    const piece = { bytes: frame, view, at: ETHERNET_HEADER, end: frame.length, length: length - ETHERNET_HEADER };
    const head = this.options.link ? linkText(view, type, length) : '';
    if (type < 0x600) return `${head}${this.options.link ? '' : '802.3, '}length ${type}`;
    return head + this.network(piece, type);
  }

  private network(piece: Piece, type: number, tags = 0): string {
    // Where the link header is told, it has told the type already.
    const named = (name: string) => (this.options.link ? '' : name);
    switch (type) {
      case EtherType.Ipv4:
        return named('IP ') + this.ip.print4(piece);
      case EtherType.Ipv6:
        return named('IP6 ') + this.ip.print6(piece);
      case EtherType.Arp:
        return named('ARP, ') + this.arp(piece);
      case 0x8100:
        return tags < VLAN_TAGS ? this.vlan(piece, tags + 1) : '[|vlan]';
      default: {
        const name = ETHER_TYPES[type] ?? 'Unknown';
        return this.options.link ? '' : `ethertype ${name} (0x${hex(type, 4)}), length ${piece.length}`;
      }
    }
  }

  private vlan(piece: Piece, tags: number): string {
    const { view, at, end } = piece;
    if (end - at < VLAN_TAG) return '[|vlan]';
    const tag = view.getUint16(at);
    const inner = view.getUint16(at + 2);
    const dropEligible = (tag & 0x1000) !== 0 ? ', DEI' : '';
    const text = `vlan ${tag & 0xfff}, p ${tag >> 13}${dropEligible}`;
    const rest = this.network(behind(piece, VLAN_TAG), inner, tags);
    if (!this.options.link) return `${text}, ${rest}`;
    return `${text}, ethertype ${ETHER_TYPES[inner] ?? 'Unknown'} (0x${hex(inner, 4)}), ${rest}`;
  }

  private arp({ view, at, end, length }: Piece): string {
    if (end - at < 28) return '[|arp]';
    const operation = view.getUint16(at + 6);
    const ordinary = view.getUint16(at) === 1 && view.getUint16(at + 2) === 0x0800 && view.getUint16(at + 4) === 0x0604;
    if (!ordinary) return `hardware #${view.getUint16(at)}, length ${length}`;
    const sender = address4(this.options, view.getUint32(at + 14));
    const target = address4(this.options, view.getUint32(at + 24));
    const name = ARP_OPERATIONS[operation] ?? `Unknown (${operation})`;
    const about = this.options.verbose > 0 ? 'Ethernet (len 6), IPv4 (len 4), ' : '';
    let text = `${about}${name} `;
    if (operation === 2) {
      text += `${sender} is-at ${MacAddress.read(view, at + 8)}`;
    } else {
      const known = MacAddress.read(view, at + 18);
      const asked = known.hi === 0 && known.lo === 0 ? '' : ` (${known})`;
      text += `who-has ${target}${asked} tell ${sender}`;
    }
    return `${text}, length ${length}`;
  }
}

/** `02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: ` */
function linkText(view: DataView, type: number, length: number): string {
  const addresses = `${MacAddress.read(view, 6)} > ${MacAddress.read(view, 0)}`;
  if (type < 0x600) return `${addresses}, 802.3, length ${length}: `;
  return `${addresses}, ethertype ${ETHER_TYPES[type] ?? 'Unknown'} (0x${hex(type, 4)}), length ${length}: `;
}

/** `00:00:02.003141`: a time of day of the network, whose time 0 is midnight. */
export function timeOfDay(ns: number): string {
  const micros = Math.floor(ns / 1e3);
  const seconds = Math.floor(micros / 1e6);
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${String(micros % 1e6).padStart(6, '0')}`;
}

/** `2.003141`: seconds since the network began. */
export function secondsText(ns: number): string {
  const micros = Math.floor(ns / 1e3);
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
}
