import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { parseData, parseSeconds, readMasterName } from './master-data.ts';
import { parseRange, withNumber } from './master-generate.ts';
import { type Entry, MasterWords, type Place, type Word } from './master-words.ts';
import type { DomainName } from './name.ts';
import { ResourceRecord } from './record.ts';
import { Class, className, classNumber, isQuestionType, Type, typeNames, typeNumber } from './types.ts';

/** A record, and where it stands. */
export interface MasterRecord extends Place {
  readonly record: ResourceRecord;
  /** Absent: in the file itself, else in this one, which it includes. */
  readonly file?: string;
}

/** A mistake, and where: `db.example:7:12: ...` is made of it. */
export interface MasterProblem extends Place {
  readonly what: string;
  readonly file?: string;
}

export interface MasterFile {
  readonly records: readonly MasterRecord[];
  /** Empty when all is well. */
  readonly problems: readonly MasterProblem[];
}

/** The text of a file that `$INCLUDE` names; null when there is none. Whoever reads files asynchronously has read it before. */
export type Include = (file: string) => string | null;

/**
 * Reads a master file (RFC 1035 5; `$TTL` RFC 2308 4; unknown types RFC 3597 5; BIND's `$GENERATE`). `origin` is what
 * names without a dot at their end are below, until `$ORIGIN` says otherwise. Reads on after a mistake, so that several
 * are told at once.
 */
export function readMasterFile(
  text: string,
  origin: DomainName,
  limits: DnsLimits = DNS_LIMITS,
  include: Include = () => null,
): MasterFile {
  return new MasterReader(text, origin, limits, include).read();
}

/** The files that a master file includes, as it names them. */
export function includesIn(text: string): string[] {
  const files: string[] = [];
  const words = new MasterWords(text);
  for (let entry = words.next(); entry !== null; entry = words.next()) {
    const [first, file] = entry.words;
    if (!entry.indented && first?.text.toUpperCase() === '$INCLUDE' && file !== undefined) files.push(file.text);
  }
  return files;
}

/** As compilers and BIND write it. */
export function problemText(file: string, { line, column, what, file: included }: MasterProblem): string {
  return `${included ?? file}:${line}:${column}: ${what}`;
}

/** Files included within files. */
const MOST_INCLUDES = 8;

/** A mistake on its way out of an entry. */
class Mistake {
  readonly word: Word | null;
  readonly what: string;
  constructor(word: Word | null, what: string) {
    this.word = word;
    this.what = what;
  }
}

class MasterReader {
  private readonly words: MasterWords;
  private readonly limits: DnsLimits;
  private readonly include: Include;
  private readonly tooLong: boolean;
  /** Files that this one is included by, one within the other. */
  private depth = 0;
  private readonly records: MasterRecord[] = [];
  private readonly problems: MasterProblem[] = [];
  private origin: DomainName;
  private owner: DomainName | null = null;
  /** What `$TTL` said; without it, what the record before said; without that, what the SOA says. */
  private defaultTtl = -1;
  private lastTtl = -1;
  private soaMinimum = -1;

  constructor(text: string, origin: DomainName, limits: DnsLimits, include: Include) {
    this.include = include;
    this.tooLong = text.length > limits.zoneFileBytes;
    this.words = new MasterWords(text);
    this.origin = origin;
    this.limits = limits;
  }

  read(): MasterFile {
    const { records, problems, limits } = this;
    if (this.tooLong) {
      problems.push({ line: 1, column: 1, what: `the file is longer than ${limits.zoneFileBytes} bytes` });
      return { records, problems };
    }
    for (let entry = this.words.next(); entry !== null; entry = this.words.next()) {
      const problem = this.take(entry);
      if (problem !== null) problems.push(problem);
      if (records.length > limits.zoneRecords) {
        const [{ line, column }] = entry.words;
        problems.push({ line, column, what: `the file has more than ${limits.zoneRecords} records` });
        break;
      }
      if (problems.length >= limits.zoneProblems) break;
    }
    return { records, problems };
  }

  private take(entry: Entry): MasterProblem | null {
    if (entry.problem !== null) return { ...entry.problem.at, what: entry.problem.what };
    const [first] = entry.words;
    const directive = !entry.indented && !first.quoted && first.text.startsWith('$');
    const result = directive ? this.directive(entry.words) : this.record(entry);
    if (result === null) return null;
    const { word, what } = result;
    if (word !== null) return { line: word.line, column: word.column, what };
    // Something is missing at the end of the entry.
    const last = entry.words.at(-1)!;
    return { line: last.line, column: last.column + last.text.length + (last.quoted ? 2 : 0), what };
  }

  private directive(words: readonly Word[]): Mistake | null {
    const [directive, value, ...rest] = words;
    switch (directive.text.toUpperCase()) {
      case '$ORIGIN': {
        if (value === undefined) return new Mistake(null, '$ORIGIN wants a name');
        const name = readMasterName(value, this.origin);
        if (typeof name === 'string') return new Mistake(value, name);
        this.origin = name;
        break;
      }
      case '$TTL': {
        if (value === undefined) return new Mistake(null, '$TTL wants a time');
        const seconds = parseTtl(value.text);
        if (seconds < 0)
          return new Mistake(value, `${JSON.stringify(value.text)} is not a time in seconds, or like 1h30m`);
        this.defaultTtl = seconds;
        break;
      }
      case '$INCLUDE':
        return this.included(value, rest);
      case '$GENERATE':
        return this.generate(value, rest);
      default:
        return new Mistake(directive, `there is no ${directive.text}; there are $ORIGIN, $TTL, $INCLUDE and $GENERATE`);
    }
    return rest.length > 0 ? new Mistake(rest[0], `nothing stands behind the value of ${directive.text}`) : null;
  }

  /** `$INCLUDE file [origin]`: neither its origin nor its last owner holds behind it (RFC 1035 5.1). */
  private included(file: Word | undefined, [originWord, ...rest]: readonly Word[]): Mistake | null {
    if (file === undefined) return new Mistake(null, '$INCLUDE wants a file');
    if (rest.length > 0) return new Mistake(rest[0], 'nothing stands behind the file and the origin of $INCLUDE');
    const origin = originWord === undefined ? this.origin : readMasterName(originWord, this.origin);
    if (typeof origin === 'string') return new Mistake(originWord ?? null, origin);
    if (this.depth >= MOST_INCLUDES)
      return new Mistake(file, 'files that include one another are too many, or go in a circle');
    const text = this.include(file.text);
    if (text === null) return new Mistake(file, `there is no file ${file.text} to include`);
    const inner = new MasterReader(text, origin, this.limits, this.include);
    inner.depth = this.depth + 1;
    inner.owner = this.owner;
    inner.defaultTtl = this.defaultTtl;
    inner.lastTtl = this.lastTtl;
    inner.soaMinimum = this.soaMinimum;
    const { records, problems } = inner.read();
    const at = (place: { readonly file?: string }) => place.file ?? file.text;
    for (const each of records) this.records.push({ ...each, file: at(each) });
    for (const each of problems) this.problems.push({ ...each, file: at(each) });
    if (this.soaMinimum < 0) this.soaMinimum = inner.soaMinimum;
    return null;
  }

  /** `$GENERATE 1-254 host$ A 10.0.0.$`: a record for each number. */
  private generate(rangeWord: Word | undefined, words: readonly Word[]): Mistake | null {
    const range = rangeWord === undefined ? null : parseRange(rangeWord.text);
    if (range === null) return new Mistake(rangeWord ?? null, '$GENERATE wants a range like 1-254 or 0-100/2');
    if (words.length < 3) return new Mistake(null, '$GENERATE wants an owner, a type and data behind its range');
    for (let number = range.first; number <= range.last; number += range.step) {
      if (this.records.length > this.limits.zoneRecords) return null;
      const made: Word[] = [];
      for (const word of words) {
        const counted = withNumber(word, number);
        if (counted === null)
          return new Mistake(word, `${word.text}: in braces stand an offset, a width and d, o, x or X`);
        made.push(counted);
      }
      const mistake = this.record({ indented: false, words: made, problem: null });
      if (mistake !== null) return mistake;
    }
    return null;
  }

  /** `[owner] [ttl] [class] type data`, ttl and class in either order. */
  private record({ indented, words }: Entry): Mistake | null {
    let next = 0;
    if (!indented) {
      const word = words[next++];
      const name = readMasterName(word, this.origin);
      if (typeof name === 'string') return new Mistake(word, name);
      this.owner = name;
    }
    const owner = this.owner;
    if (owner === null)
      return new Mistake(words[0], 'a line that begins with a blank is about the name before; there is none');
    let ttl = -1;
    let klass = -1;
    let word = words[next];
    for (; word !== undefined && !word.quoted; word = words[++next]) {
      const asTtl = ttl < 0 ? parseTtl(word.text) : -1;
      const asClass = klass < 0 ? classNumber(word.text) : -1;
      if (asTtl >= 0) ttl = asTtl;
      // ANY and NONE are for questions; here ANY is a type, and a wrong one.
      else if (asClass >= 0 && asClass < Class.NONE) klass = asClass;
      else break;
      if (klass >= 0 && klass !== Class.IN)
        return new Mistake(word, `only class IN is served, not ${className(klass)}`);
    }
    if (word === undefined) return new Mistake(null, 'the type of the record is missing');
    const type = word.quoted ? -1 : typeNumber(word.text);
    if (type < 0) return new Mistake(word, `${JSON.stringify(word.text)} is no type of record; ${similar(word.text)}`);
    if (isQuestionType(type)) return new Mistake(word, `${word.text} can be asked for, but stands in no zone`);
    const data = parseData(type, Class.IN, words.slice(next + 1), this.origin);
    if ('what' in data) return new Mistake(data.word, data.what);
    if (type === Type.SOA && this.soaMinimum < 0) this.soaMinimum = data[6] as number;
    if (ttl >= 0) this.lastTtl = ttl;
    else ttl = this.defaultTtl >= 0 ? this.defaultTtl : this.lastTtl >= 0 ? this.lastTtl : this.soaMinimum;
    if (ttl < 0) return new Mistake(word, 'no time to live: neither here, nor before, nor by $TTL, nor in an SOA');
    const { line, column } = words[0];
    this.records.push({ record: new ResourceRecord(owner, type, Class.IN, ttl, data), line, column });
    return null;
  }
}

/** RFC 2181 8: 31 bits. */
function parseTtl(text: string): number {
  const seconds = parseSeconds(text);
  return seconds > 0x7fffffff ? -1 : seconds;
}

/** The types whose names are like what somebody wrote; else the usual ones. */
function similar(text: string): string {
  const written = text.toUpperCase();
  const near = typeNames().filter((name) => name.length > 1 && (name.startsWith(written) || written.startsWith(name)));
  return near.length > 0
    ? `there is ${near.join(', ')}`
    : 'there are A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT and others';
}
