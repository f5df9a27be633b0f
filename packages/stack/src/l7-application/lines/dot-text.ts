/**
 * Texts that end with a line of a single dot, in which every line that begins with a dot gets one more in front
 * (RFC 5321 4.5.2 "transparency", RFC 1939 3, RFC 3977 3.1.1):
 *
 *     H i CR LF  . . h i d d e n CR LF  . CR LF
 *                ^ taken away           ^ the end
 */
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

const FIRST_CAPACITY = 4096;

/** What was read last. */
const At = { LineStart: 0, Text: 1, Cr: 2, Dot: 3, DotCr: 4 } as const;

/** Takes such a text in pieces of any size. */
export class DotReader {
  /** The line with the dot has come. */
  done = false;
  /** There was more than `limit` allows: what is beyond was thrown away. */
  tooLarge = false;
  /** Carriage returns or line feeds stood alone where only CRLF is a line's end: two readers could disagree. */
  malformed = false;
  private readonly limit: number;
  private readonly bareLineFeeds: boolean;
  private kept = new Uint8Array(FIRST_CAPACITY);
  private length = 0;
  private at: number = At.LineStart;

  constructor(limit: number, bareLineFeeds: boolean) {
    this.limit = limit;
    this.bareLineFeeds = bareLineFeeds;
  }

  /** Reads `bytes` from `from` on, to the text's end at most; how many that were. */
  push(bytes: Uint8Array, from: number): number {
    let i = from;
    while (i < bytes.length && !this.done) this.take(bytes[i++]!);
    return i - from;
  }

  /** The text, each of its lines ended with CRLF. */
  text(): Uint8Array {
    return this.kept.slice(0, this.length);
  }

  private take(byte: number): void {
    const { at } = this;
    const afterCr = at === At.Cr || at === At.DotCr;
    if (byte === LF && (afterCr || this.bareLineFeeds)) {
      if (at === At.Dot || at === At.DotCr) {
        this.done = true;
        return;
      }
      this.keep(CR);
      this.keep(LF);
      this.at = At.LineStart;
      return;
    }
    // A CR is kept once it is known that no LF follows; a dot that was doubled, or stands there though it was not, is not.
    if (afterCr) {
      this.malformed = true;
      this.keep(CR);
    }
    if (byte === CR) {
      this.at = at === At.Dot ? At.DotCr : At.Cr;
      return;
    }
    if (byte === DOT && at === At.LineStart) {
      this.at = At.Dot;
      return;
    }
    if (byte === LF) this.malformed = true;
    this.keep(byte);
    this.at = At.Text;
  }

  private keep(byte: number): void {
    if (this.length === this.limit) {
      this.tooLarge = true;
      return;
    }
    if (this.length === this.kept.length) {
      const larger = new Uint8Array(this.kept.length * 2);
      larger.set(this.kept);
      this.kept = larger;
    }
    this.kept[this.length++] = byte;
  }
}

/** `text` ready to be sent: dots doubled, line ends made CRLF, the last line ended, and the line with the dot. */
export function dotStuffed(text: Uint8Array): Uint8Array {
  let extra = 5;
  for (let i = 0; i < text.length; i++) if (text[i] === LF || text[i] === DOT || text[i] === CR) extra++;
  const out = new Uint8Array(text.length + extra);
  let at = 0;
  let lineStart = true;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i]!;
    if (byte === LF || (byte === CR && text[i + 1] === LF)) {
      if (byte === CR) i++;
      out[at++] = CR;
      out[at++] = LF;
      lineStart = true;
      continue;
    }
    if (lineStart && byte === DOT) out[at++] = DOT;
    // RFC 5321 2.3.8: a CR is never sent but before an LF.
    out[at++] = byte === CR ? 0x20 : byte;
    lineStart = false;
  }
  if (!lineStart) {
    out[at++] = CR;
    out[at++] = LF;
  }
  out[at++] = DOT;
  out[at++] = CR;
  out[at++] = LF;
  return out.subarray(0, at);
}
