import { LineFault, type LineStream } from '../lines/line-stream.ts';

/**
 * Replies of SMTP (RFC 5321 4.2): three digits, a sign, a text; all lines but the last have `-`.
 *
 *     250-mx.example greets client.example CRLF
 *     250-PIPELINING CRLF
 *     250 8BITMIME CRLF
 */
export interface SmtpReply {
  readonly code: number;
  /** At least one, without the code. */
  readonly lines: readonly string[];
}

/** RFC 5321 4.5.3.1.5 says 512; others send more. */
const REPLY_LINE_BYTES = 2000;
/** Lines of one reply: an EHLO's are some dozens. */
const REPLY_LINES = 200;

const LINE = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s;

export function reply(code: number, ...lines: string[]): SmtpReply {
  return { code, lines };
}

export function replyText({ code, lines }: SmtpReply): string {
  return `${code} ${lines.join(' / ')}`;
}

/** The lines as they are sent, without their ends. */
export function replyLines({ code, lines }: SmtpReply): string[] {
  return lines.map((line, i) => `${code}${i === lines.length - 1 ? ' ' : '-'}${line}`);
}

/** The next reply; a text says why there is none. */
export async function readReply(lines: LineStream, seconds: number): Promise<SmtpReply | string> {
  const texts: string[] = [];
  for (;;) {
    const line = await lines.readLine(REPLY_LINE_BYTES, seconds);
    if (line === LineFault.Late) return 'no answer in time';
    if (line === LineFault.End) return 'the server has ended the connection';
    const found = typeof line === 'string' ? LINE.exec(line) : null;
    if (found === null || texts.length === REPLY_LINES) return 'the server does not speak SMTP';
    texts.push(found[3] ?? '');
    if (found[2] !== '-') return { code: Number(found[1]), lines: texts };
  }
}
