import { latin1Decode } from '../../../base/utf8.ts';
import { joined } from '../../../l7-application/lines/line-stream.ts';
import { MAIL_LIMITS } from '../../../l7-application/mail/limits.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';

/** What comes in, to its end or, at a terminal, to a line with a dot. */
export async function typedText(process: Process): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = await process.stdin.read();
    if (piece === null) break;
    length += piece.length;
    if (length > MAIL_LIMITS.messageBytes) throw new UsageError('the text is too long');
    pieces.push(piece);
    const text = process.stdin.terminal === true ? latin1Decode(joined(pieces)) : '';
    const end = /^\.\r?\n/m.exec(text);
    if (end !== null) return joined(pieces).slice(0, end.index);
  }
  return joined(pieces);
}
