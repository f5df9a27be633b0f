import type { Clock } from '../../base/clock.ts';
import type { ByteStream } from '../byte-stream.ts';
import { dotStuffed } from '../lines/dot-text.ts';
import { LineFault, LineStream } from '../lines/line-stream.ts';
import { NNTP_LIMITS, type NntpLimits } from './limits.ts';
import { type Article, lowOf, type NewsGroup, type NewsStore } from './news-store.ts';
import { headerOf, OVERVIEW, overviewLine } from './overview.ts';
import { formatNewsTime, isMessageId, matchesWildmat, parseNewsTime, parseRange } from './words.ts';

export interface NntpServeOptions {
  readonly clock: Clock;
  readonly store: NewsStore;
  /** Clients may post. */
  readonly posting: boolean;
  readonly limits?: NntpLimits;
  readonly log?: (line: string) => void;
}

/** An answer's line; lines more, or bytes, end with a dot. */
type Answer = string | readonly [line: string, text: readonly string[] | Uint8Array];

const NOT_SELECTED = '412 No newsgroup selected';
const NO_CURRENT = '420 Current article number is invalid';
const NO_NUMBER = '423 No article with that number';
const NO_ID = '430 No article with that message-id';
const SYNTAX = '501 Syntax error';

/** Serves NNTP (RFC 3977) on one connection, to readers and to other servers. */
export async function serveNntp(stream: ByteStream, options: NntpServeOptions): Promise<void> {
  await new NntpSession(stream, options).serve();
}

class NntpSession {
  private readonly lines: LineStream;
  private readonly options: NntpServeOptions;
  private readonly limits: NntpLimits;
  private readonly store: NewsStore;
  private group: NewsGroup | null = null;
  /** Number of the current article; 0: there is none. */
  private current = 0;
  private bad = 0;

  constructor(stream: ByteStream, options: NntpServeOptions) {
    this.lines = new LineStream(stream, options.clock);
    this.options = options;
    this.limits = options.limits ?? NNTP_LIMITS;
    this.store = options.store;
  }

  async serve(): Promise<void> {
    const { lines, limits, store } = this;
    try {
      const posting = this.options.posting ? '200 %, posting allowed' : '201 %, posting prohibited';
      lines.writeLine(posting.replace('%', `${store.name} NetNews server ready`));
      for (;;) {
        const line = await lines.readLine(limits.commandBytes, limits.idleSeconds);
        if (line === LineFault.End || line === LineFault.Late) return;
        const answer = line === LineFault.TooLong ? '501 Line too long' : await this.answer(line);
        if (answer === null) return;
        const first = typeof answer === 'string' ? answer : answer[0];
        lines.writeLine(first);
        if (typeof answer !== 'string') this.writeText(answer[1]);
        this.bad = first.startsWith('50') ? this.bad + 1 : 0;
        if (first.startsWith('205') || first.startsWith('400')) return;
        if (this.bad < limits.badCommands) continue;
        lines.writeLine('400 Too many errors, closing');
        return;
      }
    } finally {
      await lines.end(10);
    }
  }

  private writeText(text: readonly string[] | Uint8Array): void {
    if (text instanceof Uint8Array) {
      this.lines.write(dotStuffed(text));
      return;
    }
    for (const line of text) this.lines.writeLine(line.startsWith('.') ? `.${line}` : line);
    this.lines.writeLine('.');
  }

  private get nowSeconds(): number {
    return Math.floor(this.options.clock.now / 1e9);
  }

  /** Null: the connection has ended in the middle of an article. */
  private async answer(line: string): Promise<Answer | null> {
    const [word = '', ...args] = line.trim().split(/[ \t]+/);
    const verb = word.toUpperCase();
    const count = args.length;
    switch (verb) {
      case 'CAPABILITIES':
        return ['101 Capability list:', this.capabilities()];
      case 'MODE':
        if (count !== 1 || args[0]!.toUpperCase() !== 'READER') return SYNTAX;
        return this.options.posting ? '200 Posting allowed' : '201 Posting prohibited';
      case 'QUIT':
        return count === 0 ? '205 Connection closing' : SYNTAX;
      case 'DATE':
        return count === 0 ? `111 ${formatNewsTime(this.nowSeconds)}` : SYNTAX;
      case 'HELP':
        return ['100 Help text follows', HELP];
      case 'GROUP':
        return count === 1 ? this.select(args[0]!) : SYNTAX;
      case 'LISTGROUP':
        return count <= 2 ? this.listGroup(args) : SYNTAX;
      case 'LAST':
      case 'NEXT':
        return count === 0 ? this.step(verb === 'NEXT') : SYNTAX;
      case 'ARTICLE':
      case 'HEAD':
      case 'BODY':
      case 'STAT':
        return count <= 1 ? this.article(verb, args[0]) : SYNTAX;
      case 'OVER':
      case 'XOVER':
        if (count > 1) return SYNTAX;
        return this.about(args[0], '224 Overview information follows', overviewLine);
      case 'HDR':
      case 'XHDR':
        return this.header(verb, args);
      case 'LIST':
        return this.list(args);
      case 'NEWGROUPS':
        return this.newGroups(args);
      case 'NEWNEWS':
        return this.newNews(args);
      case 'POST':
        return count === 0 ? this.post() : SYNTAX;
      case 'IHAVE':
        return count === 1 && isMessageId(args[0]!) ? this.offered(args[0]!) : SYNTAX;
      case 'SLAVE':
        return '202 Slave status noted';
      default:
        return '500 Unknown command';
    }
  }

  private capabilities(): string[] {
    const { posting } = this.options;
    return [
      'VERSION 2',
      'IMPLEMENTATION netarium',
      'READER',
      ...(posting ? ['POST', 'IHAVE'] : []),
      'NEWNEWS',
      'HDR',
      'OVER MSGID',
      'LIST ACTIVE ACTIVE.TIMES NEWSGROUPS OVERVIEW.FMT HEADERS',
    ];
  }

  private select(name: string): string {
    const group = this.store.group(name);
    if (group === null) return '411 No such newsgroup';
    this.group = group;
    const low = lowOf(group);
    this.current = group.articles.size === 0 ? 0 : low;
    return `211 ${group.articles.size} ${low} ${group.high} ${group.name}`;
  }

  private listGroup(args: readonly string[]): Answer {
    const range = args[1] === undefined ? { first: 0, last: Infinity } : parseRange(args[1]);
    if (range === null) return SYNTAX;
    const name = args[0] ?? this.group?.name;
    if (name === undefined) return NOT_SELECTED;
    const line = this.select(name);
    if (line.startsWith('411')) return line;
    const numbers = [...this.group!.articles.keys()].filter((n) => n >= range.first && n <= range.last);
    return [`${line} list follows`, numbers.map(String)];
  }

  private step(forward: boolean): string {
    const { group, current } = this;
    if (group === null) return NOT_SELECTED;
    if (current === 0) return NO_CURRENT;
    const numbers = [...group.articles.keys()];
    const next = forward ? numbers.find((n) => n > current) : numbers.filter((n) => n < current).at(-1);
    if (next === undefined)
      return forward ? '421 No next article in this group' : '422 No previous article in this group';
    this.current = next;
    return `223 ${next} ${group.articles.get(next)!.id}`;
  }

  /** The article that a word names (a message-id, a number, or none: the current one); or why there is none. */
  private find(word: string | undefined): { number: number; article: Article } | string {
    if (word?.startsWith('<') === true) {
      const article = this.store.article(word);
      return article === null ? NO_ID : { number: 0, article };
    }
    if (word !== undefined && !/^[0-9]{1,16}$/.test(word)) return SYNTAX;
    if (this.group === null) return NOT_SELECTED;
    const number = word === undefined ? this.current : Number(word);
    if (word === undefined && number === 0) return NO_CURRENT;
    const article = this.group.articles.get(number);
    if (article === undefined) return word === undefined ? NO_CURRENT : NO_NUMBER;
    return { number, article };
  }

  private article(verb: 'ARTICLE' | 'HEAD' | 'BODY' | 'STAT', word: string | undefined): Answer {
    const found = this.find(word);
    if (typeof found === 'string') return found;
    const { number, article } = found;
    if (number !== 0) this.current = number;
    const { bytes, message } = article;
    const rest = `${number} ${article.id}`;
    if (verb === 'STAT') return `223 ${rest}`;
    if (verb === 'ARTICLE') return [`220 ${rest}`, bytes];
    // The empty line between the two belongs to neither.
    if (verb === 'HEAD') return [`221 ${rest}`, bytes.subarray(0, message.bodyStart - 2)];
    return [`222 ${rest}`, bytes.subarray(message.bodyStart)];
  }

  /** A line on each article of a range, or on one. */
  private about(word: string | undefined, first: string, line: (number: number, article: Article) => string): Answer {
    const range = word === undefined || word.startsWith('<') ? null : parseRange(word);
    if (range === null) {
      const found = this.find(word);
      return typeof found === 'string' ? found : [first, [line(found.number, found.article)]];
    }
    if (this.group === null) return NOT_SELECTED;
    const lines: string[] = [];
    for (const [number, article] of this.group.articles) {
      if (number >= range.first && number <= range.last) lines.push(line(number, article));
    }
    return lines.length === 0 ? '423 No articles in that range' : [first, lines];
  }

  private header(verb: 'HDR' | 'XHDR', args: readonly string[]): Answer {
    const [name, word] = args;
    if (name === undefined || args.length > 2 || !/^:?[!-9;-~]+$/.test(name)) return SYNTAX;
    const first = verb === 'HDR' ? '225 Headers follow' : '221 Headers follow';
    return this.about(word, first, (number, article) => `${number} ${headerOf(article, name)}`);
  }

  private list(args: readonly string[]): Answer {
    const [what = 'ACTIVE', wildmat] = args;
    const keyword = what.toUpperCase();
    if (args.length > 2) return SYNTAX;
    if (keyword === 'OVERVIEW.FMT' || keyword === 'HEADERS') {
      if (keyword === 'OVERVIEW.FMT')
        return wildmat === undefined ? ['215 Order of fields in overview', OVERVIEW] : SYNTAX;
      return ['215 Fields that HDR tells', [':', ':bytes', ':lines']];
    }
    const line = LISTS.get(keyword);
    if (line === undefined) return LISTS_NOT_KEPT.has(keyword) ? '503 Not kept here' : SYNTAX;
    const groups = this.store.groups.filter(({ name }) => wildmat === undefined || matchesWildmat(wildmat, name));
    return ['215 Information follows', groups.map((group) => line(group, this.options.posting))];
  }

  private newGroups(args: readonly string[]): Answer {
    const since = this.since(args);
    if (since === null) return SYNTAX;
    const groups = this.store.groups.filter(({ createdSeconds }) => createdSeconds >= since);
    return ['231 List of new newsgroups follows', groups.map((group) => active(group, this.options.posting))];
  }

  private newNews([wildmat = '', ...when]: readonly string[]): Answer {
    const since = this.since(when);
    if (since === null) return SYNTAX;
    const fits = ({ seconds, places }: Article) =>
      seconds >= since && places.some(({ group }) => matchesWildmat(wildmat, group.name));
    return ['230 List of new articles follows', [...this.store.articles].filter(fits).map(({ id }) => id)];
  }

  private since(args: readonly string[]): number | null {
    const [date = '', time = '', zone = 'GMT'] = args;
    if (args.length > 3 || zone.toUpperCase() !== 'GMT') return null;
    return parseNewsTime(date, time, this.nowSeconds);
  }

  private async post(): Promise<string | null> {
    if (!this.options.posting) return '440 Posting not permitted';
    const added = await this.take('340 Send article to be posted', 'person');
    if (added === null) return null;
    return typeof added === 'string' ? `441 Posting failed: ${added}` : `240 Article received ${added.id}`;
  }

  private async offered(id: string): Promise<string | null> {
    if (!this.options.posting) return '500 Not permitted';
    if (this.store.article(id) !== null) return '435 Article not wanted';
    const added = await this.take('335 Send it', 'server', id);
    if (added === null) return null;
    return typeof added === 'string' ? `437 Transfer rejected: ${added}` : '235 Article transferred OK';
  }

  /** Reads an article and stores it; a text: why not; null: the connection has ended. */
  private async take(go: string, from: 'person' | 'server', id?: string): Promise<Article | string | null> {
    const { lines, limits, store } = this;
    const bareLineFeeds = lines.bareLineFeed;
    lines.writeLine(go);
    const text = await lines.readText(limits.articleBytes, limits.idleSeconds, bareLineFeeds);
    if (typeof text === 'number') return null;
    if (text.tooLarge) return 'the article is too large';
    if (text.malformed) return 'CR and LF do not stand alone';
    const bytes = text.text();
    if (bytes.includes(0)) return 'there is a NUL in it';
    const added = store.add(bytes, from, this.nowSeconds);
    if (typeof added !== 'string') {
      // An id that was not the offered one came in all the same, under its own.
      this.options.log?.(`${id ?? added.id} in ${added.places.map(({ group }) => group.name).join(', ')}`);
    }
    return added;
  }
}

/** `group high low status`. */
function active(group: NewsGroup, posting: boolean): string {
  return `${group.name} ${group.high} ${lowOf(group)} ${posting && group.postable ? 'y' : 'n'}`;
}

const LISTS = new Map<string, (group: NewsGroup, posting: boolean) => string>([
  ['ACTIVE', active],
  ['ACTIVE.TIMES', ({ name, createdSeconds }) => `${name} ${createdSeconds} netarium`],
  ['NEWSGROUPS', ({ name, description }) => `${name}\t${description}`],
]);
const LISTS_NOT_KEPT = new Set(['DISTRIB.PATS', 'DISTRIBUTIONS', 'MODERATORS', 'MOTD', 'SUBSCRIPTIONS']);

const HELP = `ARTICLE [number|<id>]  BODY  HEAD  STAT  likewise
CAPABILITIES  DATE  HELP  MODE READER  QUIT
GROUP group  LISTGROUP [group [range]]  LAST  NEXT
HDR field [range|<id>]  OVER [range|<id>]
IHAVE <id>  POST
LIST [ACTIVE|ACTIVE.TIMES|NEWSGROUPS [wildmat]|OVERVIEW.FMT|HEADERS]
NEWGROUPS date time [GMT]  NEWNEWS wildmat date time [GMT]`.split('\n');
