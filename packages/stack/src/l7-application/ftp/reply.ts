/**
 * Replies (RFC 959 4.2): a code of three digits, and a text; of several lines when a hyphen follows the code, up to a line
 * with the same code and a space.
 *
 *     220 ready                 211-Features:
 *                                SIZE
 *                               211 End
 */
export interface FtpReply {
  readonly code: number;
  /** The lines, the first and the last without the code. */
  readonly lines: readonly string[];
}

/** One line is `text`; more have the first line before them and the last behind. */
export function formatReply(code: number, text: string | readonly string[]): string {
  if (typeof text === 'string') return `${code} ${clean(text)}\r\n`;
  const lines = text.map(clean);
  const last = lines.pop() ?? '';
  const first = lines.shift();
  if (first === undefined) return `${code} ${last}\r\n`;
  // A line between must not look like the last one: a space before it (RFC 959 4.2).
  return [`${code}-${first}`, ...lines.map((line) => ` ${line}`), `${code} ${last}`].join('\r\n').concat('\r\n');
}

/** Nobody's words end a line for us. */
function clean(text: string): string {
  return text.replace(/[\r\n\0]/g, '?');
}

/** Puts replies together from their lines. */
export class ReplyReader {
  private readonly most: number;
  private code = 0;
  private lines: string[] = [];

  constructor(most: number) {
    this.most = most;
  }

  /** The reply that this line ends; null: there is more to come; a text says what is wrong with it. */
  take(line: string): FtpReply | string | null {
    const found = /^([1-5][0-9]{2})([ -]?)/.exec(line);
    if (this.code === 0) {
      if (found === null) return `no reply: ${line.slice(0, 80)}`;
      const code = Number(found[1]);
      if (found[2] !== '-') return { code, lines: [line.slice(4)] };
      this.code = code;
      this.lines = [line.slice(4)];
      return null;
    }
    if (this.lines.length >= this.most) return `a reply of more than ${this.most} lines`;
    const last = found !== null && Number(found[1]) === this.code && found[2] !== '-';
    if (!last) {
      this.lines.push(line);
      return null;
    }
    const reply = { code: this.code, lines: [...this.lines, line.slice(4)] };
    this.code = 0;
    return reply;
  }
}
