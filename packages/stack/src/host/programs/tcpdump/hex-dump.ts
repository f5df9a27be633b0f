import { hex } from './printing.ts';

const PER_LINE = 16;
/** Two columns for each byte and a space for each two of them. */
const HEX_WIDTH = 40;

/**
 * `-x`: the bytes in hexadecimal; `-X`: and as text.
 *
 *             0x0000:  4500 0054 0000 4000 4001 26a7 7f00 0001  E..T..@.@.&.....
 */
export function hexDump(bytes: Uint8Array, from: number, ascii: boolean): string {
  let text = '';
  for (let at = from; at < bytes.length; at += PER_LINE) {
    const end = Math.min(at + PER_LINE, bytes.length);
    let digits = '';
    let characters = '';
    for (let i = at; i < end; i++) {
      const byte = bytes[i]!;
      digits += ((i - at) % 2 === 0 ? ' ' : '') + hex(byte, 2);
      characters += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    text += `\n\t0x${hex(at - from, 4)}: ${ascii ? `${digits.padEnd(HEX_WIDTH)}  ${characters}` : digits}`;
  }
  return text;
}
