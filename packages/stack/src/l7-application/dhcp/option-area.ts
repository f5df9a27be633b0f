import { Option } from './option-codes.ts';
import type { DhcpOptions } from './options.ts';

/**
 * Options as bytes (RFC 2132 2).
 *
 *     +------+--------+----------------+     one byte without length: 0 Pad, 255 End
 *     | code | length | length bytes   |
 *     +------+--------+----------------+
 *
 * A value longer than 255 bytes stands as several options of one code, whose bytes are joined by the reader
 * (RFC 3396). When the options field is too small, `file` and `sname` may hold more (option 52, "overload"); a reader
 * joins in the order options, `file`, `sname`, and so the writer fills them in this order.
 */

/** Option 52. */
export const Overload = { None: 0, File: 1, Sname: 2, Both: 3 } as const;

/** Most bytes of one piece of an option. */
const PIECE = 255;

/**
 * Reads one area into `pieces`, which keeps what was read of each code so far. False when an option runs past the end:
 * then nothing of the message can be trusted. A missing End is forgiven, as everybody does.
 */
export function readOptionArea(bytes: Uint8Array, start: number, end: number, pieces: OptionPieces): boolean {
  let at = start;
  while (at < end) {
    const code = bytes[at++]!;
    if (code === Option.Pad) continue;
    if (code === Option.End) return true;
    if (at === end) return false;
    const length = bytes[at++]!;
    if (length > end - at) return false;
    pieces.add(code, bytes, at, at + length);
    at += length;
  }
  return true;
}

/** Options under way from bytes to values: the pieces of each code, in the order in which they stood. */
export class OptionPieces {
  private readonly pieces = new Map<number, Uint8Array[]>();

  add(code: number, bytes: Uint8Array, start: number, end: number): void {
    const piece = bytes.slice(start, end);
    const known = this.pieces.get(code);
    if (known === undefined) this.pieces.set(code, [piece]);
    else known.push(piece);
  }

  /** The value of option 52 as it stands in the options field; 0 when it makes no sense. */
  get overload(): number {
    const [first] = this.pieces.get(Option.Overload) ?? [];
    return first !== undefined && first.length === 1 && first[0]! <= Overload.Both ? first[0]! : Overload.None;
  }

  /** Joins the pieces. Option 52 has done its work and is left out. */
  into(options: DhcpOptions): void {
    for (const [code, parts] of this.pieces) {
      if (code === Option.Overload) continue;
      if (parts.length === 1) {
        options.set(code, parts[0]!);
        continue;
      }
      const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      options.set(code, whole);
    }
  }
}

/** One area that is being written: `bytes[at, end)` is free. */
export class OptionArea {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly end: number;

  /** `end` leaves room for End. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end - 1;
  }

  fits(value: Uint8Array): boolean {
    return optionLength(value) <= this.end - this.at;
  }

  /** Writes an option that fits. */
  write(code: number, value: Uint8Array): void {
    let from = 0;
    do {
      const length = Math.min(PIECE, value.length - from);
      this.bytes[this.at++] = code;
      this.bytes[this.at++] = length;
      this.bytes.set(value.subarray(from, from + length), this.at);
      this.at += length;
      from += length;
    } while (from < value.length);
  }

  finish(): void {
    this.bytes[this.at++] = Option.End;
  }
}

/** Bytes that an option takes, its headers included. */
export function optionLength(value: Uint8Array): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / PIECE));
}
