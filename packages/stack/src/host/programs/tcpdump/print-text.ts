import type { Piece } from './printing.ts';

const METHODS =
  'GET PUT COPY HEAD LOCK MOVE POLL POST BCOPY BMOVE MKCOL TRACE LABEL MERGE DELETE SEARCH UNLOCK REPORT UPDATE NOTIFY ' +
  'BDELETE CONNECT OPTIONS CHECKIN PROPFIND CHECKOUT CCM_POST SUBSCRIBE PROPPATCH BPROPFIND BPROPPATCH UNCHECKOUT ' +
  'MKACTIVITY MKWORKSPACE UNSUBSCRIBE RPC_CONNECT VERSION-CONTROL BASELINE-CONTROL';
/** A method, or anything and then three digits. */
const HTTP = new RegExp(`^(?:(?:${METHODS.replace(/ /g, '|')})(?: |$)|[^ ]+ [0-9]{3}(?: |$))`);
const ANYTHING = /^/;

/** Protocols that speak in lines, by their ports, and what a message of theirs begins with. */
const BY_PORT = new Map<number, readonly [name: string, begins: RegExp]>([
  [21, ['FTP', ANYTHING]],
  [25, ['SMTP', ANYTHING]],
  [80, ['HTTP', HTTP]],
  [8080, ['HTTP', HTTP]],
]);

/** What a segment says in a protocol of lines: `: HTTP: GET / HTTP/1.1`; nothing when its ports are of none. */
export function printText(piece: Piece, ports: readonly number[], verbose: boolean): string {
  for (const port of ports) {
    const found = BY_PORT.get(port);
    if (found === undefined) continue;
    const [name, begins] = found;
    const { lines, cut } = textLines(piece, verbose ? Infinity : 1);
    if (lines.length === 0 || !begins.test(lines[0]!)) return `: ${name}`;
    const end = cut ? ` [|${name.toLowerCase()}]` : '';
    if (!verbose) return `: ${name}: ${lines[0]}${end}`;
    return `: ${name}, length: ${piece.length}${lines.map((line) => `\n\t${line}`).join('')}${end}`;
  }
  return '';
}

/** Lines as long as they are text; `cut` when the last one has no end. */
function textLines({ bytes, at, end }: Piece, most: number): { lines: string[]; cut: boolean } {
  const lines: string[] = [];
  let line = '';
  for (let i = at; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 0x0a || (byte === 0x0d && (i + 1 === end || bytes[i + 1] === 0x0a))) {
      if (byte === 0x0d) i++;
      lines.push(line);
      line = '';
      if (lines.length === most) return { lines, cut: false };
    } else if (byte === 0x09 || (byte >= 0x20 && byte < 0x7f)) {
      line += String.fromCharCode(byte);
    } else {
      return { lines, cut: false };
    }
  }
  if (line === '') return { lines, cut: false };
  lines.push(line);
  return { lines, cut: true };
}
