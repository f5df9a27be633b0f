import type { Clock } from '../../base/clock.ts';
import type { ByteStream } from '../byte-stream.ts';
import { dotStuffed } from '../lines/dot-text.ts';
import { LineFault, LineStream } from '../lines/line-stream.ts';
import { parseMessage } from '../mail/message.ts';
import { POP_LIMITS, type PopLimits } from './limits.ts';
import { apopDigest, Maildrop, type PopAccounts } from './maildrop.ts';

export interface PopServeOptions {
  readonly clock: Clock;
  readonly accounts: PopAccounts;
  /** The server's name. */
  readonly name: string;
  /** What makes this connection's greeting unlike any other, for APOP: letters and digits. */
  readonly nonce: string;
  readonly limits?: PopLimits;
  readonly log?: (line: string) => void;
}

/** Known, and not done here: the answer says so. */
const NOT_DONE = new Set(['AUTH', 'STLS', 'XTND', 'UTF8', 'LANG']);
const CAPABILITIES = ['TOP', 'USER', 'UIDL', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', 'EXPIRE NEVER'];

/**
 * Serves POP3 (RFC 1939) on one connection.
 *
 *     AUTHORIZATION --USER, PASS or APOP--> TRANSACTION --QUIT--> UPDATE: what was marked is deleted
 *                                                `--the connection ends--> nothing is deleted
 */
export async function servePop3(stream: ByteStream, options: PopServeOptions): Promise<void> {
  await new Pop3Session(stream, options).serve();
}

class Pop3Session {
  private readonly lines: LineStream;
  private readonly options: PopServeOptions;
  private readonly limits: PopLimits;
  private readonly timestamp: string;
  private user: string | null = null;
  private drop: Maildrop | null = null;
  private wrongPasswords = 0;
  private bad = 0;
  /** What follows the line of the answer. */
  private text: Uint8Array | null = null;
  private ended = false;

  constructor(stream: ByteStream, options: PopServeOptions) {
    this.lines = new LineStream(stream, options.clock);
    this.options = options;
    this.limits = options.limits ?? POP_LIMITS;
    this.timestamp = `<${options.nonce}@${options.name}>`;
  }

  async serve(): Promise<void> {
    const { lines, limits } = this;
    try {
      lines.writeLine(`+OK POP3 server ready ${this.timestamp}`);
      while (!this.ended) {
        const line = await lines.readLine(limits.commandBytes, limits.idleSeconds);
        if (line === LineFault.End || line === LineFault.Late) return;
        lines.writeLine(line === LineFault.TooLong ? this.error('line too long') : this.answer(line));
        if (this.text !== null) lines.write(this.text);
        this.text = null;
        if (this.bad >= limits.badCommands) this.ended = true;
      }
    } finally {
      this.drop?.close();
      await lines.end(10);
    }
  }

  private answer(line: string): string {
    const [word = '', ...args] = line.trim().split(/[ \t]+/);
    const verb = word.toUpperCase();
    if (verb === 'QUIT') return this.quit();
    if (verb === 'CAPA') return this.multiline('capabilities follow', [...CAPABILITIES, 'IMPLEMENTATION netarium']);
    if (NOT_DONE.has(verb)) return this.error(`${verb} is not implemented`);
    if (this.drop === null) return this.authorize(verb, line, args);
    return this.transact(verb, args, this.drop);
  }

  private authorize(verb: string, line: string, args: readonly string[]): string {
    const { accounts } = this.options;
    if (verb === 'USER') {
      if (args.length !== 1) return this.error('USER needs a name');
      this.user = args[0]!.toLowerCase();
      // Whether there is such a user is told to nobody who does not have the password.
      return this.ok('send PASS');
    }
    if (verb === 'PASS') {
      if (this.user === null) return this.error('USER first');
      const { user } = this;
      this.user = null;
      // A password may have blanks (RFC 1939 7).
      const password = line.trimStart().slice(5);
      return this.enter(user, accounts.passwords.get(user) === password);
    }
    if (verb === 'APOP') {
      if (args.length !== 2) return this.error('APOP needs a name and a digest');
      const user = args[0]!.toLowerCase();
      const password = accounts.passwords.get(user);
      return this.enter(
        user,
        password !== undefined && apopDigest(this.timestamp, password) === args[1]!.toLowerCase(),
      );
    }
    return this.error(TRANSACTION.has(verb) ? 'log in first' : 'unknown command');
  }

  private enter(user: string, proved: boolean): string {
    this.options.log?.(`${user}: ${proved ? 'logged in' : 'wrong password'}`);
    if (!proved) {
      if (++this.wrongPasswords >= this.limits.wrongPasswords) this.ended = true;
      return this.error('[AUTH] wrong user or password');
    }
    this.drop = Maildrop.open(this.options.accounts.mailboxes, user);
    if (this.drop === null) return this.error('[IN-USE] the mailbox is open elsewhere');
    return this.ok(`${this.status(this.drop)} messages, octets`);
  }

  private transact(verb: string, args: readonly string[], drop: Maildrop): string {
    const known = TRANSACTION.get(verb);
    if (known === undefined) return this.error(ENTRY.has(verb) ? 'logged in already' : 'unknown command');
    const [least, most] = known;
    if (args.length < least || args.length > most) return this.error(`${verb} has another number of arguments`);
    if (verb === 'NOOP') return this.ok('');
    if (verb === 'STAT') return this.ok(this.status(drop));
    if (verb === 'RSET') {
      drop.undelete();
      return this.ok(`${this.status(drop)} messages, octets`);
    }
    const numbers = args.map((arg) => (/^[0-9]{1,9}$/.test(arg) ? Number(arg) : -1));
    const [number = 0, bodyLines = 0] = numbers;
    if (numbers.includes(-1)) return this.error('that is no number');
    const about = verb === 'LIST' ? sizeOf : uidOf;
    if (args.length === 0) {
      return this.multiline(
        'list follows',
        drop.list().map(({ number: each, message }) => `${each} ${about(message)}`),
      );
    }
    const message = drop.get(number);
    if (message === null) return this.error('no such message');
    if (verb === 'LIST' || verb === 'UIDL') return this.ok(`${number} ${about(message)}`);
    if (verb === 'DELE') {
      drop.delete(number);
      return this.ok(`message ${number} deleted`);
    }
    this.text = dotStuffed(verb === 'TOP' ? top(message.bytes, bodyLines) : message.bytes);
    return this.ok(`${message.bytes.length} octets`);
  }

  private quit(): string {
    this.drop?.update();
    this.ended = true;
    return this.ok('bye');
  }

  /** Number of messages and of bytes. */
  private status(drop: Maildrop): string {
    const left = drop.list();
    return `${left.length} ${left.reduce((sum, { message }) => sum + message.bytes.length, 0)}`;
  }

  private ok(text: string): string {
    return text === '' ? '+OK' : `+OK ${text}`;
  }

  private error(text: string): string {
    this.bad++;
    return `-ERR ${text}`;
  }

  private multiline(text: string, list: readonly string[]): string {
    // No line here begins with a dot.
    return [this.ok(text), ...list, '.'].join('\r\n');
  }
}

const ENTRY = new Set(['USER', 'PASS', 'APOP']);
/** Least and most arguments. */
const TRANSACTION = new Map<string, [least: number, most: number]>([
  ['STAT', [0, 0]],
  ['LIST', [0, 1]],
  ['RETR', [1, 1]],
  ['DELE', [1, 1]],
  ['NOOP', [0, 0]],
  ['RSET', [0, 0]],
  ['TOP', [2, 2]],
  ['UIDL', [0, 1]],
]);

const sizeOf = ({ bytes }: { bytes: Uint8Array }) => String(bytes.length);
const uidOf = ({ uid }: { uid: string }) => uid;

/** The header and so many lines of the body. */
function top(bytes: Uint8Array, count: number): Uint8Array {
  let end = parseMessage(bytes).bodyStart;
  for (let left = count; left > 0 && end < bytes.length; left--) {
    const at = bytes.indexOf(0x0a, end);
    end = at < 0 ? bytes.length : at + 1;
  }
  return bytes.subarray(0, end);
}

/** A password as it may stand in a list `USER:PASSWORD`; null: it is none. */
export function parseAccount(text: string): [user: string, password: string] | null {
  const colon = text.indexOf(':');
  const user = text.slice(0, colon).toLowerCase();
  const password = text.slice(colon + 1);
  return colon < 1 || password === '' || /[\s]/.test(user) ? null : [user, password];
}

/** A greeting's timestamp (RFC 1939 7); null: the server does not know APOP. */
export function timestampOf(greeting: string): string | null {
  return /<[!-;=?-~]+@[!-;=?-~]+>/.exec(greeting)?.[0] ?? null;
}
