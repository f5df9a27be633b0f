/** Where something stands in a master file, from 1; a column counts characters. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One word of an entry; escapes are still in it, for what `\.` means is for the reader of names. */
export interface Word extends Place {
  readonly text: string;
  readonly quoted: boolean;
}

/** What one entry of a master file consists of. */
export interface Entry {
  /** It began with a blank: it is about the owner of the entry before. */
  readonly indented: boolean;
  readonly words: readonly Word[];
  /** What could not be read as words; the entry is none then. */
  readonly problem: { readonly at: Place; readonly what: string } | null;
}

const NEWLINE = 0x0a;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/**
 * The entries of a master file (RFC 1035 5.1): lines, unless parentheses hold several together. `;` begins a comment,
 * `"` keeps blanks together, `\` takes the next character as it is.
 */
export class MasterWords {
  private readonly text: string;
  private at = 0;
  private line = 1;
  private lineStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next entry that has words, or a problem; null at the end. */
  next(): Entry | null {
    while (this.at < this.text.length) {
      const entry = this.entry();
      if (entry.words.length > 0 || entry.problem !== null) return entry;
    }
    return null;
  }

  private entry(): Entry {
    const { text } = this;
    const words: Word[] = [];
    const first = text.charCodeAt(this.at);
    const indented = first === SPACE || first === TAB;
    let opened: Place | null = null;
    for (;;) {
      const code = this.at < text.length ? text.charCodeAt(this.at) : NEWLINE;
      if (code === NEWLINE) {
        const atEnd = this.at >= text.length;
        if (opened !== null && atEnd) {
          return { indented, words, problem: { at: opened, what: 'this parenthesis is not closed' } };
        }
        if (!atEnd) this.newLine();
        if (opened === null) return { indented, words, problem: null };
      } else if (code === SPACE || code === TAB || code === CARRIAGE_RETURN) {
        this.at++;
      } else if (code === SEMICOLON) {
        const end = text.indexOf('\n', this.at);
        this.at = end < 0 ? text.length : end;
      } else if (code === OPEN) {
        if (opened !== null) return this.giveUp(indented, this.place, 'a parenthesis within another');
        opened = this.place;
        this.at++;
      } else if (code === CLOSE) {
        if (opened === null) return this.giveUp(indented, this.place, 'this parenthesis was not opened');
        opened = null;
        this.at++;
      } else {
        const word = code === QUOTE ? this.quoted() : this.plain();
        if (word === null) return this.giveUp(indented, this.place, 'this quote is not closed on its line');
        words.push(word);
      }
    }
  }

  private plain(): Word {
    const { text, place } = this;
    const start = this.at;
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === BACKSLASH && this.at + 1 < text.length && text.charCodeAt(this.at + 1) !== NEWLINE) this.at++;
      else if (code <= SPACE || code === SEMICOLON || code === OPEN || code === CLOSE || code === QUOTE) break;
    }
    // A control character separates nothing and means nothing: it is a word, and will be told as one.
    if (this.at === start) this.at++;
    return { text: text.slice(start, this.at), quoted: false, ...place };
  }

  private quoted(): Word | null {
    const { text, place } = this;
    for (let i = this.at + 1; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === NEWLINE) break;
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) {
        const word = { text: text.slice(this.at + 1, i), quoted: true, ...place };
        this.at = i + 1;
        return word;
      }
    }
    return null;
  }

  /** An entry that cannot be read; the next begins on the next line. */
  private giveUp(indented: boolean, at: Place, what: string): Entry {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
    if (end >= 0) this.newLine();
    return { indented, words: [], problem: { at, what } };
  }

  private get place(): Place {
    return { line: this.line, column: this.at - this.lineStart + 1 };
  }

  private newLine(): void {
    this.at++;
    this.line++;
    this.lineStart = this.at;
  }
}
