import { finish, fold, sum } from '../../../base/checksum.ts';
import { printIcmp } from './print-icmp.ts';
import { printIcmp6 } from './print-icmp6.ts';
import { printOspf } from './print-ospf.ts';
import { TcpPrinter } from './print-tcp.ts';
import { address4, address6, hex, isWhole, type Piece, type PrintOptions, portText } from './printing.ts';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;
const OSPF = 89;
const MORE_FRAGMENTS = 0x2000;
/** Extension headers of IPv6 in tcpdump's words. */
const ROUTING = 43;
const FRAGMENT = 44;
const NO_NEXT_HEADER = 59;
const EXTENSIONS = new Map([
  [0, 'HBH'],
  [ROUTING, 'srcrt'],
  [FRAGMENT, 'frag'],
  [60, 'DSTOPT'],
]);
const FLAG_NAMES = [
  [0x2000, '+'],
  [0x4000, 'DF'],
  [0x8000, 'rsvd'],
] as const;

/** IP protocol numbers in tcpdump's words (IANA's, and `/etc/protocols`). */
const PROTOCOLS: Readonly<Record<number, readonly [shown: string, name: string]>> = {
  1: ['ICMP', 'icmp'],
  2: ['IGMP', 'igmp'],
  4: ['IPIP', 'ipencap'],
  6: ['TCP', 'tcp'],
  17: ['UDP', 'udp'],
  41: ['IPv6', 'ipv6'],
  47: ['GRE', 'gre'],
  50: ['ESP', 'esp'],
  51: ['AH', 'ah'],
  58: ['ICMPv6', 'ipv6-icmp'],
  89: ['OSPF', 'ospf'],
  132: ['SCTP', 'sctp'],
};

const EXTENSION_NAMES: Readonly<Record<number, string>> = {
  0: 'Options',
  [ROUTING]: 'Routing',
  [FRAGMENT]: 'Fragment',
  [NO_NEXT_HEADER]: 'No next header',
  60: 'Options',
};

/** What IP packets and their content look like. */
export class IpPrinter {
  private readonly options: PrintOptions;
  private readonly tcp: TcpPrinter;
  /** Inside of an ICMP error: what it quotes quotes nothing in its turn. */
  private quoting = false;

  constructor(options: PrintOptions) {
    this.options = options;
    this.tcp = new TcpPrinter(options);
  }

  print4(piece: Piece): string {
    const { view, at, end } = piece;
    const { options } = this;
    if (end - at < 20) return `truncated-ip ${end - at}`;
    const headerLength = (view.getUint8(at) & 15) * 4;
    if (view.getUint8(at) >> 4 !== 4) return `IP${view.getUint8(at) >> 4} ip_hl ${headerLength}`;
    if (headerLength < 20) return `bad-hlen ${headerLength}`;
    const totalLength = view.getUint16(at + 2);
    if (totalLength < headerLength) return `bad-len ${totalLength}`;
    if (at + headerLength > end) return '[|ip]';
    const flags = view.getUint16(at + 6);
    const protocol = view.getUint8(at + 9);
    const missing = totalLength - piece.length;
    const head =
      (options.verbose > 0 ? this.header4(piece, headerLength, totalLength) : '') +
      (missing > 0 ? `truncated-ip - ${missing} bytes missing! ` : '');
    const source = address4(options, view.getUint32(at + 12));
    const destination = address4(options, view.getUint32(at + 16));
    const fragmentOffset = (flags & 0x1fff) * 8;
    if (fragmentOffset !== 0) {
      // Only the first fragment has the header of what is inside.
      const name = options.numeric ? undefined : PROTOCOLS[protocol]?.[1];
      return `${head}${source} > ${destination}: ${name ?? `ip-proto-${protocol}`}`;
    }
    const payload = part(piece, headerLength, totalLength);
    const fragment = (flags & MORE_FRAGMENTS) !== 0;
    const pseudoSum = sum(view, at + 12, at + 20) + protocol;
    const key = [String(view.getUint32(at + 12)), String(view.getUint32(at + 16))] as const;
    return head + this.transport(payload, protocol, source, destination, pseudoSum, key, fragment);
  }

  print6(piece: Piece): string {
    const { view, at, end } = piece;
    if (end - at < 40) return `truncated-ip6 ${end - at}`;
    const payloadLength = view.getUint16(at + 4);
    const protocol = view.getUint8(at + 6);
    const missing = 40 + payloadLength - piece.length;
    const { options } = this;
    const source = address6(options, view, at + 8);
    const destination = address6(options, view, at + 24);
    let head = '';
    if (options.verbose > 0) {
      const flow = view.getUint32(at) & 0xfffff;
      const trafficClass = (view.getUint32(at) >>> 20) & 0xff;
      const shown = EXTENSION_NAMES[protocol] ?? PROTOCOLS[protocol]?.[0] ?? 'unknown';
      head =
        `(${trafficClass === 0 ? '' : `class 0x${hex(trafficClass, 2)}, `}${flow === 0 ? '' : `flowlabel 0x${hex(flow, 5)}, `}` +
        `hlim ${view.getUint8(at + 7)}, next-header ${shown} (${protocol}) payload length: ${payloadLength}) `;
    }
    if (missing > 0) head += `truncated-ip6 - ${missing} bytes missing!`;
    const payload = part(piece, 40, 40 + payloadLength);
    const addresses = sum(view, at + 8, at + 40);
    const key = [source, destination] as const;
    if (!EXTENSIONS.has(protocol)) {
      return head + this.transport(payload, protocol, source, destination, addresses + protocol, key, false);
    }
    return `${head}${source} > ${destination}: ${this.extensions(payload, protocol, addresses, key)}`;
  }

  /** Extension headers (RFC 8200 4), and what follows them: of TCP and UDP the ports alone. */
  private extensions(piece: Piece, first: number, addresses: number, key: readonly [string, string]): string {
    const { view, end } = piece;
    let { at } = piece;
    let protocol = first;
    let text = '';
    let fragment = false;
    while (EXTENSIONS.has(protocol)) {
      const name = EXTENSIONS.get(protocol)!;
      if (at + 8 > end) return `${text}[|${name.toLowerCase()}]`;
      const length = protocol === FRAGMENT ? 8 : (view.getUint8(at + 1) + 1) * 8;
      text += `${name} `;
      if (this.options.verbose > 0 && (protocol === 0 || protocol === 60))
        text += optionsText(view, at + 2, Math.min(at + length, end));
      if (protocol === ROUTING)
        text += `(len=${view.getUint8(at + 1)}, type=${view.getUint8(at + 2)}, segleft=${view.getUint8(at + 3)}) `;
      if (protocol === FRAGMENT) {
        const offset = view.getUint16(at + 2) & 0xfff8;
        const id = this.options.verbose > 0 ? `0x${hex(view.getUint32(at + 4), 8)}:` : '';
        text += `(${id}${offset}|${piece.length - (at - piece.at) - 8})`;
        if (offset !== 0) return text;
        text += ' ';
        fragment = true;
      }
      protocol = view.getUint8(at);
      at += length;
    }
    if (protocol === NO_NEXT_HEADER) return `${text}no next header`;
    const rest = { ...piece, at, length: piece.length - (at - piece.at) };
    const told = this.transport(rest, protocol, '', '', addresses + protocol, key, fragment);
    return text + told.replace(/^ > : /, '').replace(/^\.(\S+) > \./, '$1 > ');
  }

  private quote(piece: Piece): string {
    const name = this.options.link ? '' : 'IP ';
    if (this.quoting) return name;
    this.quoting = true;
    // How long the whole packet was, its own header tells.
    const { view, at, end } = piece;
    const text = `${name}${this.print4(end - at >= 4 ? { ...piece, length: view.getUint16(at + 2) } : piece)}`;
    this.quoting = false;
    return text;
  }

  private transport(
    piece: Piece,
    protocol: number,
    source: string,
    destination: string,
    pseudoSum: number,
    key: readonly [string, string],
    fragment: boolean,
  ): string {
    const between = `${source} > ${destination}: `;
    switch (protocol) {
      case TCP:
        return this.tcp.print(piece, source, destination, pseudoSum, key, fragment);
      case UDP:
        return this.udp(piece, source, destination, pseudoSum, fragment);
      case ICMP:
        return between + printIcmp(this.options, piece, fragment, (quoted) => this.quote(quoted));
      case OSPF:
        return between + printOspf(piece);
      case ICMPV6:
        return between + printIcmp6(this.options, piece, pseudoSum, fragment);
      default:
        return `${between} ${protocolText(this.options, protocol)} ${piece.length}`;
    }
  }

  private udp(piece: Piece, source: string, destination: string, pseudoSum: number, fragment: boolean): string {
    const { view, at, end } = piece;
    const { options } = this;
    if (end - at < 8) return `${source} > ${destination}: [|udp]`;
    const from = portText(options, view.getUint16(at), 'udp');
    const to = portText(options, view.getUint16(at + 2), 'udp');
    const length = view.getUint16(at + 4);
    const head = `${source}.${from} > ${destination}.${to}: `;
    if (length < 8) return `${head}[bad udp length ${length} < 8]`;
    let check = '';
    if (options.verbose > 0 && !fragment && isWhole(piece)) {
      const stored = view.getUint16(at + 6);
      const total = sum(view, at, end, pseudoSum + end - at);
      if (stored === 0) check = '[no cksum] ';
      else if (fold(total) === 0xffff) check = '[udp sum ok] ';
      else check = `[bad udp cksum 0x${hex(stored, 4)} -> 0x${hex(finish(total + (0xffff - stored)), 4)}!] `;
    }
    return `${head}${check}UDP, length ${length - 8}`;
  }

  /** `(tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)` */
  private header4({ view, at }: Piece, headerLength: number, totalLength: number): string {
    const tos = view.getUint8(at + 1);
    const flags = view.getUint16(at + 6);
    const protocol = view.getUint8(at + 9);
    const ttl = view.getUint8(at + 8);
    const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
    const parts = [
      `(tos 0x${hex(tos)}${['', ',ECT(1)', ',ECT(0)', ',CE'][tos & 3]}`,
      ...(ttl >= 1 ? [`ttl ${ttl}`] : []),
      `id ${view.getUint16(at + 4)}`,
      `offset ${(flags & 0x1fff) * 8}`,
      `flags [${names.join(', ') || 'none'}]`,
      `proto ${PROTOCOLS[protocol]?.[0] ?? 'unknown'} (${protocol})`,
      `length ${totalLength}`,
    ];
    if (headerLength > 20) parts.push(`options (${headerLength - 20} bytes)`);
    if (finish(sum(view, at, at + headerLength)) !== 0) {
      const stored = view.getUint16(at + 10);
      const right = ~fold(sum(view, at, at + headerLength) + (0xffff - stored)) & 0xffff;
      parts.push(`bad cksum ${hex(stored)} (->${hex(right)})!`);
    }
    return `${parts.join(', ')})\n    `;
  }
}

/** `(rtalert: 0x0000) (padn) `: hop-by-hop and destination options. */
function optionsText(view: DataView, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; ) {
    const type = view.getUint8(at);
    if (type === 0) {
      text += '(pad1) ';
      at++;
      continue;
    }
    if (at + 2 > to) break;
    const length = view.getUint8(at + 1);
    if (type === 1) text += '(padn) ';
    else if (type === 5 && at + 4 <= to) text += `(rtalert: 0x${hex(view.getUint16(at + 2), 4)}) `;
    else text += `(opt_type 0x${hex(type, 2)}: len=${length}) `;
    at += 2 + length;
  }
  return text;
}

function protocolText(options: PrintOptions, protocol: number): string {
  const known = PROTOCOLS[protocol];
  return known === undefined || options.numeric ? `ip-proto-${protocol}` : known[1];
}

/** What stands behind a header, up to where the packet ends by that header. */
function part(piece: Piece, headerLength: number, totalLength: number): Piece {
  return {
    ...piece,
    at: piece.at + headerLength,
    end: Math.min(piece.end, piece.at + totalLength),
    length: Math.min(piece.length, totalLength) - headerLength,
  };
}
