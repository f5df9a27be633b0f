import { fold, sum } from '../../../base/checksum.ts';
import { printDiscovery } from './print-nd.ts';
import { address6, isWhole, type Piece, type PrintOptions, portText } from './printing.ts';

const HEADER = 8;
/** ICMPv6's own header and the IPv6 header that an error quotes. */
const QUOTE = HEADER + 40;
const TCP = 6;
const UDP = 17;

const NAMES: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded in-transit',
  4: 'parameter problem',
  128: 'echo request',
  129: 'echo reply',
  130: 'multicast listener query',
  131: 'multicast listener report',
  132: 'multicast listener done',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbor solicitation',
  136: 'neighbor advertisement',
  137: 'redirect',
  143: 'multicast listener report v2',
};
const UNREACHABLE = [
  'unreachable route',
  'unreachable prohibited',
  'beyond scope',
  'unreachable address',
  'unreachable port',
];
const PROBLEMS = ['erroneous', 'next header', 'option', 'incomplete header chain'];

/** An ICMPv6 message as tcpdump tells it, from `ICMP6` on. Of a fragment the checksum is not known. */
export function printIcmp6(options: PrintOptions, piece: Piece, pseudoSum: number, fragment: boolean): string {
  const { view, at, end, length } = piece;
  if (end - at < HEADER) return '[|icmp6]';
  let check = '';
  if (options.verbose > 0 && !fragment && isWhole(piece)) {
    check = fold(sum(view, at, end, pseudoSum + length)) === 0xffff ? '[icmp6 sum ok] ' : '[bad icmp6 cksum] ';
  }
  const type = view.getUint8(at);
  const name = NAMES[type];
  if (name === undefined) return `${check}ICMP6, unknown icmp6 type (${type}), length ${length}`;
  if (options.verbose === 0) return `ICMP6, ${name}${restText(options, piece, type)}, length ${length}`;
  const discovers = type >= 133 && type <= 137;
  const rest = discovers ? `, length ${length}${printDiscovery(options, piece, type)}` : restText(options, piece, type);
  return `${check}ICMP6, ${name}${rest}`;
}

function restText(options: PrintOptions, piece: Piece, type: number): string {
  const { view, at, end } = piece;
  const code = view.getUint8(at + 1);
  const word = view.getUint32(at + 4);
  const address = (offset: number) => (at + offset + 16 <= end ? address6(options, view, at + offset) : '');
  switch (type) {
    case 1:
      return unreachableText(options, piece, code);
    case 2:
      return `, mtu ${word}`;
    case 3:
      if (code === 0) return ` for ${address(HEADER + 24)}`;
      return code === 1 ? ' (reassembly)' : `, unknown code (${code})`;
    case 4:
      return PROBLEMS[code] === undefined ? `, code-#${code}` : `, ${PROBLEMS[code]} - octet ${word}`;
    case 128:
    case 129:
      return `, id ${word >>> 16}, seq ${word & 0xffff}`;
    case 130:
      if (piece.length < 28) return `max resp delay: ${word >>> 16} addr: ${address(8)}`;
      return ` v2 ${listenerText(options, piece, address(8))}`;
    case 131:
    case 132:
      return `max resp delay: ${word >>> 16} addr: ${address(8)}`;
    case 135:
      return `, who has ${address(8)}`;
    case 136:
      return `, tgt is ${address(8)}`;
    case 137:
      return `, ${address(24)} to ${address(8)}`;
    case 143:
      return `, ${word & 0xffff} group record(s)${options.verbose > 0 ? recordTexts(options, piece) : ''}`;
    default:
      return '';
  }
}

const RECORDS = ['', 'is_in', 'is_ex', 'to_in', 'to_ex', 'allow', 'block'];

function recordTexts(options: PrintOptions, { view, at, end }: Piece): string {
  let text = '';
  for (let place = at + 8; place + 20 <= end; ) {
    const type = view.getUint8(place);
    const sources = view.getUint16(place + 2);
    const kind = RECORDS[type] || `[v2-report-#${type}]`;
    text += ` [gaddr ${address6(options, view, place + 4)} ${kind}, ${sources} source(s)]`;
    place += 20 + sources * 16 + view.getUint8(place + 1) * 4;
  }
  return text;
}

function listenerText(options: PrintOptions, { view, at, end }: Piece, group: string): string {
  const sources = view.getUint16(at + 26);
  const told = sources > 0 ? `, ${sources} source(s)` : '';
  if (options.verbose === 0 || at + 28 > end) return `[gaddr ${group}${told}]`;
  const bits = view.getUint8(at + 24);
  const robustness = (bits & 7) === 0 ? '' : ` robustness=${bits & 7}`;
  const suppress = (bits & 8) === 0 ? '' : ' sflag';
  const interval = view.getUint8(at + 25);
  const qqi = interval < 128 ? interval : ((interval & 15) | 16) << (((interval >> 4) & 7) + 3);
  return `[max resp delay=${view.getUint16(at + 4)}] [gaddr ${group}${suppress}${robustness}${qqi > 0 ? ` qqi=${qqi}` : ''}${told}]`;
}

function unreachableText(options: PrintOptions, piece: Piece, code: number): string {
  const { view, at, end } = piece;
  const name = UNREACHABLE[code];
  if (name === undefined) return `, unknown unreach code (${code})`;
  if (at + QUOTE > end) return `, ${name}`;
  const to = address6(options, view, at + HEADER + 24);
  if (code === 2) return `, ${name} ${to}, source address ${address6(options, view, at + HEADER + 8)}`;
  if (code !== 4) return `, ${name} ${to}`;
  const protocol = view.getUint8(at + HEADER + 6);
  if (at + QUOTE + 4 > end) return `, ${name}`;
  const port = view.getUint16(at + QUOTE + 2);
  if (protocol === TCP) return `, ${name}, ${to} tcp port ${portText(options, port, 'tcp')}`;
  if (protocol === UDP) return `, ${name}, ${to} udp port ${portText(options, port, 'udp')}`;
  return `, ${name}, ${to} protocol ${protocol} port ${port} unreachable`;
}
