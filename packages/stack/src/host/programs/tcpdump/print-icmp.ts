import { finish, fold, sum } from '../../../base/checksum.ts';
import { address4, behind, hex, isWhole, type Piece, type PrintOptions, portText } from './printing.ts';

const HEADER = 8;
const TCP = 6;
const UDP = 17;

/**
 * An ICMP message as tcpdump tells it, from `ICMP` on. Of a fragment the checksum is not known.
 * `quoted` prints the packet that an error quotes (`-v`).
 */
export function printIcmp(
  options: PrintOptions,
  piece: Piece,
  fragment: boolean,
  quoted: (piece: Piece) => string,
): string {
  const { view, at, end } = piece;
  if (end - at < HEADER) return '[|icmp]';
  const type = view.getUint8(at);
  const code = view.getUint8(at + 1);
  let text = `ICMP ${messageText(options, piece, type, code)}, length ${piece.length}`;
  if (options.verbose === 0) return text;
  if (!fragment && isWhole(piece) && finish(sum(view, at, end)) !== 0) {
    const stored = view.getUint16(at + 2);
    const right = ~fold(sum(view, at, end) + (0xffff - stored)) & 0xffff;
    text += ` (wrong icmp cksum ${hex(stored)} (->${hex(right)})!)`;
  }
  const isError = type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
  return isError ? `${text}\n\t${quoted(behind(piece, HEADER))}` : text;
}

function messageText(options: PrintOptions, piece: Piece, type: number, code: number): string {
  const { view, at } = piece;
  switch (type) {
    case 0:
      return `echo reply, id ${view.getUint16(at + 4)}, seq ${view.getUint16(at + 6)}`;
    case 8:
      return `echo request, id ${view.getUint16(at + 4)}, seq ${view.getUint16(at + 6)}`;
    case 3:
      return unreachableText(options, piece, code);
    case 4:
      return 'source quench';
    case 5: {
      const what = ['net', 'host', 'tos net', 'tos host'][code];
      const to = address4(options, quotedAddress(piece, 16));
      const by = address4(options, view.getUint32(at + 4));
      if (what === undefined) return `redirect-#${code} ${to} to net ${by}`;
      return `redirect ${what === 'net' || what === 'host' ? to : `-${what} ${to}`} to ${what.endsWith('net') ? 'net' : 'host'} ${by}`;
    }
    case 9:
      return 'router advertisement';
    case 10:
      return 'router solicitation';
    case 11:
      return ['time exceeded in-transit', 'ip reassembly time exceeded'][code] ?? `time exceeded-#${code}`;
    case 12:
      return code === 0 ? `parameter problem - octet ${view.getUint8(at + 4)}` : `parameter problem - code ${code}`;
    case 13:
      return `time stamp query id ${view.getUint16(at + 4)} seq ${view.getUint16(at + 6)}`;
    case 14:
      return `time stamp reply id ${view.getUint16(at + 4)} seq ${view.getUint16(at + 6)}`;
    default:
      return `type-#${type}`;
  }
}

function unreachableText(options: PrintOptions, piece: Piece, code: number): string {
  const { view, at, end } = piece;
  const to = address4(options, quotedAddress(piece, 16));
  switch (code) {
    case 0:
      return `net ${to} unreachable`;
    case 1:
      return `host ${to} unreachable`;
    case 2:
      return `${to} protocol ${end - at >= HEADER + 10 ? view.getUint8(at + HEADER + 9) : 0} unreachable`;
    case 3:
      return portUnreachableText(options, piece, to);
    case 4: {
      const mtu = view.getUint16(at + 6);
      return `${to} unreachable - need to frag${mtu === 0 ? '' : ` (mtu ${mtu})`}`;
    }
    case 5:
      return `${to} unreachable - source route failed`;
    case 6:
      return `net ${to} unreachable - unknown`;
    case 7:
      return `host ${to} unreachable - unknown`;
    case 8:
      return `${to} unreachable - source host isolated`;
    case 9:
      return `net ${to} unreachable - admin prohibited`;
    case 10:
      return `host ${to} unreachable - admin prohibited`;
    case 11:
      return `net ${to} unreachable - tos prohibited`;
    case 12:
      return `host ${to} unreachable - tos prohibited`;
    case 13:
      return `host ${to} unreachable - admin prohibited filter`;
    case 14:
      return `host ${to} unreachable - host precedence violation`;
    case 15:
      return `host ${to} unreachable - precedence cutoff`;
    default:
      return `${to} unreachable - #${code}`;
  }
}

function portUnreachableText(options: PrintOptions, { view, at, end }: Piece, to: string): string {
  const quote = at + HEADER;
  const transport = quote + (end > quote ? Math.max((view.getUint8(quote) & 15) * 4, 20) : 20);
  if (transport + 4 > end) return `${to} port unreachable`;
  const protocol = view.getUint8(quote + 9);
  const port = view.getUint16(transport + 2);
  if (protocol === TCP) return `${to} tcp port ${portText(options, port, 'tcp')} unreachable`;
  if (protocol === UDP) return `${to} udp port ${portText(options, port, 'udp')} unreachable`;
  return `${to} protocol ${protocol} port ${port} unreachable`;
}

/** An address of the quoted IP header, 0 when it is not there. */
function quotedAddress({ view, at, end }: Piece, offset: number): number {
  const place = at + HEADER + offset;
  return place + 4 <= end ? view.getUint32(place) : 0;
}
