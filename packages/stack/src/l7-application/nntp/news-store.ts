import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { joined } from '../lines/line-stream.ts';
import { fieldOf, formatMailDate, type MailMessage, parseMessage } from '../mail/message.ts';
import { NNTP_LIMITS, type NntpLimits } from './limits.ts';
import { isGroupName, isMessageId } from './words.ts';

export interface Article {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly message: MailMessage;
  /** Of the body. */
  readonly lines: number;
  /** When it came here, seconds since 1970. */
  readonly seconds: number;
  /** The groups that it is in, and its number in each. */
  readonly places: readonly { readonly group: NewsGroup; readonly number: number }[];
}

export interface NewsGroup {
  readonly name: string;
  readonly description: string;
  /** Everybody may post there; otherwise only other servers bring articles. */
  readonly postable: boolean;
  readonly createdSeconds: number;
  /** By number, ascending. */
  readonly articles: Map<number, Article>;
  /** The highest number that was ever given; 0: none. */
  high: number;
}

/** The articles and groups of a server (RFC 3977 6): in memory, of limited size; the oldest articles go first. */
export class NewsStore {
  /** The server's name, in `Path` and `Xref`. */
  readonly name: string;
  private readonly limits: NntpLimits;
  private readonly byName = new Map<string, NewsGroup>();
  /** In the order of their coming. */
  private readonly byId = new Map<string, Article>();
  private bytes = 0;
  private nextId = 1;

  constructor(name: string, limits: NntpLimits = NNTP_LIMITS) {
    this.name = name;
    this.limits = limits;
  }

  /** By name. */
  get groups(): NewsGroup[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get articles(): IterableIterator<Article> {
    return this.byId.values();
  }

  addGroup(name: string, description: string, postable: boolean, seconds: number): void {
    const group = { name, description, postable, createdSeconds: seconds, articles: new Map(), high: 0 };
    this.byName.set(name, group);
  }

  group(name: string): NewsGroup | null {
    return this.byName.get(name) ?? null;
  }

  article(id: string): Article | null {
    return this.byId.get(id) ?? null;
  }

  /**
   * Takes an article, from a person (who need not give it an id and a date) or from another server. A text says why not.
   */
  add(bytes: Uint8Array, from: 'person' | 'server', seconds: number): Article | string {
    const given = parseMessage(bytes);
    if (!isSeparated(bytes, given.bodyStart)) return 'no header, or no empty line behind it';
    for (const name of ['From', 'Newsgroups', 'Subject']) {
      if ((fieldOf(given, name) ?? '') === '') return `no ${name}`;
      if (given.fields.filter((field) => field.name.toLowerCase() === name.toLowerCase()).length > 1)
        return `two ${name}`;
    }
    const names = [
      ...new Set(
        fieldOf(given, 'Newsgroups')!
          .split(',')
          .map((name) => name.trim()),
      ),
    ];
    if (names.length > this.limits.crossPosts) return 'too many groups';
    if (!names.every(isGroupName)) return 'Newsgroups has what is no name of a group';
    const groups = names.map((name) => this.group(name)).filter((group) => group !== null);
    if (groups.length === 0) return 'no such group here';
    if (from === 'person' && !groups.every(({ postable }) => postable)) return 'posting to this group is not allowed';
    const known = fieldOf(given, 'Message-ID');
    if (known === null && from === 'server') return 'no Message-ID';
    const id = known ?? `<${seconds}.${this.nextId++}@${this.name}>`;
    if (!isMessageId(id)) return 'Message-ID is none';
    if (this.byId.has(id)) return 'there is such an article already';
    const places = groups.map((group) => ({ group, number: group.high + 1 }));
    const path = fieldOf(given, 'Path') ?? 'not-for-mail';
    const own = [
      `Path: ${this.name}!${path}`,
      ...(known === null ? [`Message-ID: ${id}`] : []),
      ...(fieldOf(given, 'Date') === null ? [`Date: ${formatMailDate(seconds)}`] : []),
      `Xref: ${this.name} ${places.map(({ group, number }) => `${group.name}:${number}`).join(' ')}`,
    ];
    const rest = withoutFields(bytes, given.bodyStart, ['path', 'xref']);
    const whole = joined([latin1Encode(`${own.join('\r\n')}\r\n`), rest]);
    const message = parseMessage(whole);
    if (!isSeparated(whole, message.bodyStart)) return 'too many fields';
    const article = { id, bytes: whole, message, lines: linesFrom(whole, message.bodyStart), seconds, places };
    this.byId.set(id, article);
    this.bytes += whole.length;
    for (const { group, number } of places) {
      group.high = number;
      group.articles.set(number, article);
    }
    this.expire();
    return article;
  }

  private expire(): void {
    for (const [id, article] of this.byId) {
      if (this.byId.size <= this.limits.articles && this.bytes <= this.limits.storedBytes) return;
      this.byId.delete(id);
      this.bytes -= article.bytes.length;
      for (const { group, number } of article.places) group.articles.delete(number);
    }
  }
}

/** The lowest number that a group has; of an empty one, one more than the highest it ever had (RFC 3977 6.1.1.2). */
export function lowOf(group: NewsGroup): number {
  for (const number of group.articles.keys()) return number;
  return group.high + 1;
}

/** Does an empty line stand between the header and the body? */
function isSeparated(bytes: Uint8Array, bodyStart: number): boolean {
  return bodyStart >= 4 && latin1Decode(bytes, bodyStart - 4, bodyStart) === '\r\n\r\n';
}

function linesFrom(bytes: Uint8Array, start: number): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a, start); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}

/** The article without the fields of these names, which this server writes itself. */
function withoutFields(bytes: Uint8Array, bodyStart: number, names: readonly string[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let dropping = false;
  for (let at = 0; at < bodyStart; ) {
    const end = bytes.indexOf(0x0a, at) + 1 || bodyStart;
    const folded = bytes[at] === 0x20 || bytes[at] === 0x09;
    if (!folded) {
      const line = latin1Decode(bytes, at, Math.min(end, at + 10)).toLowerCase();
      dropping = names.some((name) => line.startsWith(`${name}:`));
    }
    if (!dropping) pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return joined([...pieces, bytes.subarray(bodyStart)]);
}
