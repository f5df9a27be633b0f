import type { Piece } from './printing.ts';

const TYPES = ['', 'Hello', 'Database Description', 'LS-Request', 'LS-Update', 'LS-Ack'] as const;

/** An OSPF packet (RFC 2328 A.3) in one line; the real tcpdump tells more with `-v`. */
export function printOspf({ view, at, end }: Piece): string {
  if (end - at < 4) return '[|ospf2]';
  const version = view.getUint8(at);
  const type = view.getUint8(at + 1);
  const name = TYPES[type] || `unknown packet type (${type})`;
  // A digest and what else may follow are not counted.
  return `OSPFv${version}, ${name}, length ${view.getUint16(at + 2)}`;
}
