import { fold, sum } from '../../../base/checksum.ts';
import { printText } from './print-text.ts';
import { behind, hex, isWhole, type Piece, type PrintOptions, portText } from './printing.ts';

const HEADER = 20;
const SYN = 0x02;
const ACK = 0x10;
const URG = 0x20;
/** FIN, SYN or RST. */
const TAKES_A_NUMBER = 0x07;
const FLAG_LETTERS = 'FSRP.UEWe';

/** Conversations that are remembered; past it the oldest is forgotten and its numbers are told as they are. */
const CONVERSATIONS = 4096;

/** Where the numbers of a conversation begin, as its first segment with an acknowledgement told. */
interface Origin {
  /** Of the direction in which that segment went. */
  readonly from: string;
  readonly sequence: number;
  readonly acknowledgment: number;
}

/** What segments look like; remembers conversations, so that numbers are told from their beginning. */
export class TcpPrinter {
  private readonly options: PrintOptions;
  private readonly origins = new Map<string, Origin>();

  constructor(options: PrintOptions) {
    this.options = options;
  }

  /**
   * `source` and `destination` are addresses as text, `key` names them; `pseudoSum` is for the checksum of `-v`, which
   * is told of what is no fragment.
   */
  print(
    piece: Piece,
    source: string,
    destination: string,
    pseudoSum: number,
    key: readonly [string, string],
    fragment: boolean,
  ): string {
    const { view, at, end, length: total } = piece;
    const { options } = this;
    if (end - at < 4) return `${source} > ${destination}: [|tcp]`;
    const ports = [view.getUint16(at), view.getUint16(at + 2)] as const;
    const head = `${source}.${portText(options, ports[0], 'tcp')} > ${destination}.${portText(options, ports[1], 'tcp')}: `;
    if (end - at < HEADER) return `${head} [|tcp]`;
    const headerLength = (view.getUint8(at + 12) >> 4) * 4;
    if (headerLength < HEADER) return `${head}tcp ${total} [bad hdr length ${headerLength} - too short, < 20]`;
    if (headerLength > total) return `${head}tcp ${total} [bad hdr length ${headerLength} - too long, > ${total}]`;
    const flags = view.getUint16(at + 12) & 0x1ff;
    const length = total - headerLength;
    const base = this.base(`${key[0]}.${ports[0]}`, `${key[1]}.${ports[1]}`, view, at, flags);
    let text = `${head}Flags [${flagText(flags)}]`;
    if (options.verbose > 0 && !fragment && isWhole(piece)) text += `, cksum ${checksumText(piece, pseudoSum)}`;
    if (options.verbose > 1 || length > 0 || (flags & TAKES_A_NUMBER) !== 0) {
      const sequence = (view.getUint32(at + 4) - base.sequence) >>> 0;
      text += `, seq ${sequence}${length > 0 ? `:${(sequence + length) >>> 0}` : ''}`;
    }
    if ((flags & ACK) !== 0) text += `, ack ${(view.getUint32(at + 8) - base.acknowledgment) >>> 0}`;
    text += `, win ${view.getUint16(at + 14)}`;
    if ((flags & URG) !== 0) text += `, urg ${view.getUint16(at + 18)}`;
    if (headerLength > HEADER) text += `, options [${optionsText(view, at + HEADER, at + headerLength, end, base)}]`;
    text += `, length ${length}`;
    if (length === 0) return text;
    return text + printText(behind(piece, headerLength), ports, options.verbose > 0);
  }

  /** What is to be taken off the numbers of this segment. */
  private base(
    from: string,
    to: string,
    view: DataView,
    at: number,
    flags: number,
  ): { sequence: number; acknowledgment: number } {
    const none = { sequence: 0, acknowledgment: 0 };
    if (this.options.absolute || (flags & ACK) === 0) return none;
    const name = from < to ? `${from} ${to}` : `${to} ${from}`;
    const origin = this.origins.get(name);
    if (origin === undefined || (flags & SYN) !== 0) {
      const sequence = view.getUint32(at + 4);
      const acknowledgment = (view.getUint32(at + 8) - 1) >>> 0;
      this.origins.delete(name);
      if (this.origins.size >= CONVERSATIONS) this.origins.delete(this.origins.keys().next().value!);
      this.origins.set(name, { from, sequence, acknowledgment });
      return none;
    }
    if (origin.from === from) return origin;
    return { sequence: origin.acknowledgment, acknowledgment: origin.sequence };
  }
}

function flagText(flags: number): string {
  let text = '';
  for (let bit = 0; bit < FLAG_LETTERS.length; bit++) if ((flags & (1 << bit)) !== 0) text += FLAG_LETTERS[bit];
  return text === '' ? 'none' : text;
}

function optionsText(
  view: DataView,
  from: number,
  to: number,
  end: number,
  base: { sequence: number; acknowledgment: number },
): string {
  const parts: string[] = [];
  let at = from;
  while (at < to) {
    if (at >= end) {
      parts.push('[|tcp]');
      break;
    }
    const kind = view.getUint8(at);
    if (kind === 0) {
      parts.push('eol');
      break; // what follows is padding
    }
    if (kind === 1) {
      parts.push('nop');
      at++;
      continue;
    }
    const length = at + 1 < Math.min(to, end) ? view.getUint8(at + 1) : 0;
    const name = OPTION_NAMES[kind] ?? `unknown-${kind}`;
    if (length < 2 || at + length > Math.min(to, end)) {
      parts.push(`${name} [bad opt]`);
      break;
    }
    parts.push(optionText(view, kind, at + 2, length - 2, name, base));
    at += length;
  }
  return parts.join(',');
}

const OPTION_NAMES: Readonly<Record<number, string>> = {
  2: 'mss',
  3: 'wscale',
  4: 'sackOK',
  5: 'sack',
  8: 'TS',
  19: 'md5',
  28: 'uto',
  34: 'tfo',
};

function optionText(
  view: DataView,
  kind: number,
  at: number,
  length: number,
  name: string,
  base: { sequence: number; acknowledgment: number },
): string {
  if (kind === 2 && length === 2) return `mss ${view.getUint16(at)}`;
  if (kind === 3 && length === 1) return `wscale ${view.getUint8(at)}`;
  if (kind === 4 && length === 0) return name;
  if (kind === 8 && length === 8) return `TS val ${view.getUint32(at)} ecr ${view.getUint32(at + 4)}`;
  if (kind === 5 && length > 0 && length % 8 === 0) {
    let blocks = '';
    for (let i = at; i < at + length; i += 8) {
      // The blocks are numbers of the other direction.
      const left = (view.getUint32(i) - base.acknowledgment) >>> 0;
      const right = (view.getUint32(i + 4) - base.acknowledgment) >>> 0;
      blocks += `{${left}:${right}}`;
    }
    return `sack ${length / 8} ${blocks}`;
  }
  let digits = '';
  for (let i = at; i < at + length; i++) digits += hex(view.getUint8(i), 2);
  return digits === '' ? name : `${name} 0x${digits}`;
}

function checksumText({ view, at, end }: Piece, pseudoSum: number): string {
  const stored = view.getUint16(at + 16);
  if (fold(sum(view, at, end, pseudoSum + end - at)) === 0xffff) return `0x${hex(stored, 4)} (correct)`;
  const right = ~fold(sum(view, at, end, pseudoSum + end - at) + (0xffff - stored)) & 0xffff;
  return `0x${hex(stored, 4)} (incorrect -> 0x${hex(right, 4)})`;
}
