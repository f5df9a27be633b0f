import { latin1Encode, utf8Decode, utf8Encode } from '../../base/utf8.ts';

/**
 * TFTP's packets (RFC 1350 5, RFC 2347): two bytes of opcode, and
 *
 *     1 RRQ, 2 WRQ | file name | 0 | mode | 0 |  option | 0 | value | 0 | ...
 *     3 DATA       | block (2) | up to blksize bytes
 *     4 ACK        | block (2) |
 *     5 ERROR      | code (2)  | message | 0 |
 *     6 OACK       | option | 0 | value | 0 | ...
 */
export const Op = { Rrq: 1, Wrq: 2, Data: 3, Ack: 4, Error: 5, Oack: 6 } as const;

export const ErrorCode = {
  NotDefined: 0,
  FileNotFound: 1,
  AccessViolation: 2,
  DiskFull: 3,
  IllegalOperation: 4,
  UnknownTransferId: 5,
  FileExists: 6,
  NoSuchUser: 7,
  OptionRefused: 8, // RFC 2347
} as const;

/** The longest request (RFC 2347), and the longest message that is believed. */
export const REQUEST_BYTES = 512;
const MESSAGE_BYTES = 512;

/** Names in lower case, values as they came. */
export type TftpOptions = ReadonlyMap<string, string>;

export interface TftpRequest {
  readonly op: 1 | 2;
  readonly file: string;
  /** In lower case: `octet`, `netascii`, or what there is not. */
  readonly mode: string;
  readonly options: TftpOptions;
}
export interface TftpData {
  readonly op: 3;
  readonly block: number;
  /** A view into the packet. */
  readonly data: Uint8Array;
}
export interface TftpAck {
  readonly op: 4;
  readonly block: number;
}
export interface TftpErrorPacket {
  readonly op: 5;
  readonly code: number;
  readonly message: string;
}
export interface TftpOack {
  readonly op: 6;
  readonly options: TftpOptions;
}
export type TftpPacket = TftpRequest | TftpData | TftpAck | TftpErrorPacket | TftpOack;

/** A packet, or in a few words why it is none. */
export function parseTftp(bytes: Uint8Array): TftpPacket | string {
  if (bytes.length < 2) return 'shorter than an opcode';
  const op = (bytes[0]! << 8) | bytes[1]!;
  switch (op) {
    case Op.Rrq:
    case Op.Wrq: {
      if (bytes.length > REQUEST_BYTES) return `a request of ${bytes.length} bytes`;
      const words = parseWords(bytes, 2);
      if (typeof words === 'string') return words;
      const [file, mode, ...rest] = words;
      if (file === undefined || mode === undefined) return 'a request without a mode';
      const options = parseOptions(rest);
      return typeof options === 'string' ? options : { op, file, mode: mode.toLowerCase(), options };
    }
    case Op.Data:
      if (bytes.length < 4) return 'no block number';
      return { op, block: (bytes[2]! << 8) | bytes[3]!, data: bytes.subarray(4) };
    case Op.Ack:
      if (bytes.length < 4) return 'no block number';
      return { op, block: (bytes[2]! << 8) | bytes[3]! };
    case Op.Error: {
      if (bytes.length < 4) return 'no error code';
      // Some leave the last zero out: what they say is understood all the same.
      const zero = bytes.indexOf(0, 4);
      const end = Math.min(zero < 0 ? bytes.length : zero, 4 + MESSAGE_BYTES);
      return { op, code: (bytes[2]! << 8) | bytes[3]!, message: utf8Decode(bytes, 4, end) };
    }
    case Op.Oack: {
      if (bytes.length > REQUEST_BYTES) return `an option acknowledgement of ${bytes.length} bytes`;
      const words = parseWords(bytes, 2);
      if (typeof words === 'string') return words;
      const options = parseOptions(words);
      return typeof options === 'string' ? options : { op, options };
    }
    default:
      return `opcode ${op}`;
  }
}

/** Words that each end with a zero. */
function parseWords(bytes: Uint8Array, from: number): string[] | string {
  const words: string[] = [];
  for (let at = from; at < bytes.length; ) {
    const zero = bytes.indexOf(0, at);
    if (zero < 0) return 'a word without its zero';
    words.push(utf8Decode(bytes, at, zero));
    at = zero + 1;
  }
  return words;
}

function parseOptions(words: readonly string[]): TftpOptions | string {
  if (words.length % 2 !== 0) return 'an option without a value';
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!.toLowerCase();
    if (options.has(name)) return `option ${name} twice`; // RFC 2347: "may only be specified once"
    options.set(name, words[i + 1]!);
  }
  return options;
}

/** A request's bytes; null: it is longer than a request may be, or a word holds a zero. */
export function requestPacket(op: 1 | 2, file: string, mode: string, options: TftpOptions): Uint8Array | null {
  const words = [file, mode, ...[...options].flat()];
  if (words.some((word) => word.includes('\0'))) return null;
  const bytes = wordsPacket(op, words);
  return bytes.length > REQUEST_BYTES ? null : bytes;
}

export function oackPacket(options: TftpOptions): Uint8Array {
  return wordsPacket(Op.Oack, [...options].flat());
}

function wordsPacket(op: number, words: readonly string[]): Uint8Array {
  const text = utf8Encode(words.map((word) => `${word}\0`).join(''));
  const bytes = new Uint8Array(2 + text.length);
  bytes[1] = op;
  bytes.set(text, 2);
  return bytes;
}

/** `block` may be any count: its lowest 16 bits are sent. */
export function dataPacket(block: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + data.length);
  numbers(bytes, Op.Data, block);
  bytes.set(data, 4);
  return bytes;
}

export function ackPacket(block: number): Uint8Array {
  return numbers(new Uint8Array(4), Op.Ack, block);
}

export function errorPacket(code: number, message: string): Uint8Array {
  const text = latin1Encode(message.slice(0, MESSAGE_BYTES).replaceAll('\0', '?'));
  const bytes = new Uint8Array(4 + text.length + 1);
  bytes.set(text, 4);
  return numbers(bytes, Op.Error, code);
}

function numbers(bytes: Uint8Array, op: number, second: number): Uint8Array {
  bytes[1] = op;
  bytes[2] = (second >> 8) & 0xff;
  bytes[3] = second & 0xff;
  return bytes;
}
