import type { ByteStream } from '../byte-stream.ts';
import { LineFault, LineStream } from '../lines/line-stream.ts';
import { POP_LIMITS } from './limits.ts';
import { Maildrop } from './maildrop.ts';
import type { PopServeOptions } from './pop3-server.ts';

/**
 * Serves POP2 (RFC 937) on one connection. Counts come with a `#`, lengths with a `=`; a message is as many bytes as
 * were announced, without an end of its own; a mistake ends the conversation.
 *
 *     AUTH --HELO--> MBOX --READ--> ITEM --RETR--> NEXT --ACKS, ACKD, NACK--> ITEM
 *                     ^--FOLD--------'
 */
export async function servePop2(stream: ByteStream, options: PopServeOptions): Promise<void> {
  await new Pop2Session(stream, options).serve();
}

class Pop2Session {
  private readonly lines: LineStream;
  private readonly options: PopServeOptions;
  private state: 'AUTH' | 'MBOX' | 'ITEM' | 'NEXT' | 'DONE' = 'AUTH';
  private user = '';
  /** Null: a folder that there is not, which is an empty one. */
  private drop: Maildrop | null = null;
  private number = 1;

  constructor(stream: ByteStream, options: PopServeOptions) {
    this.lines = new LineStream(stream, options.clock);
    this.options = options;
  }

  async serve(): Promise<void> {
    const { lines, options } = this;
    const limits = options.limits ?? POP_LIMITS;
    try {
      lines.writeLine(`+ POP2 ${options.name} server`);
      while (this.state !== 'DONE') {
        const line = await lines.readLine(limits.commandBytes, limits.idleSeconds);
        if (line === LineFault.End || line === LineFault.Late) return;
        const problem = line === LineFault.TooLong ? 'line too long' : this.answer(line);
        if (problem === null) continue;
        lines.writeLine(`- ${problem}`);
        return;
      }
    } finally {
      this.drop?.close();
      await lines.end(10);
    }
  }

  /** Null: answered; or why the conversation ends. */
  private answer(line: string): string | null {
    const [word = '', ...args] = line.trim().split(/[ \t]+/);
    const verb = word.toUpperCase();
    const { state, lines } = this;
    if (verb === 'QUIT' && args.length === 0 && state !== 'NEXT') {
      this.drop?.update();
      lines.writeLine('+ bye');
      this.state = 'DONE';
      return null;
    }
    if (state === 'AUTH') return verb === 'HELO' ? this.hello(args) : 'HELO first';
    if (state !== 'NEXT' && verb === 'FOLD') return args.length === 1 ? this.fold(args[0]!) : 'FOLD needs a mailbox';
    if (state !== 'NEXT' && verb === 'READ') {
      if (args.length > 1 || !/^[0-9]{0,9}$/.test(args[0] ?? '')) return 'READ needs the number of a message';
      if (args.length === 1) this.number = Number(args[0]);
      return this.item();
    }
    if (state === 'ITEM' && verb === 'RETR' && args.length === 0) {
      const message = this.drop?.get(this.number) ?? null;
      if (message === null) return 'there is no such message';
      lines.write(message.bytes);
      this.state = 'NEXT';
      return null;
    }
    if (state === 'NEXT' && args.length === 0 && (verb === 'ACKS' || verb === 'ACKD' || verb === 'NACK')) {
      if (verb === 'ACKD') this.drop?.delete(this.number);
      if (verb !== 'NACK') this.number++;
      return this.item();
    }
    return 'that command is not known, or not now';
  }

  private hello(args: readonly string[]): string | null {
    const { accounts, log } = this.options;
    const [user = '', password] = args;
    this.user = user.toLowerCase();
    const proved = args.length === 2 && accounts.passwords.get(this.user) === password;
    log?.(`${this.user}: ${proved ? 'logged in' : 'wrong password'}`);
    return proved ? this.fold(this.user) : 'wrong user or password';
  }

  /** Opens a folder: what was marked in the one before is deleted. Every user has one, of several names. */
  private fold(name: string): string | null {
    this.drop?.update();
    this.drop?.close();
    this.drop = null;
    if ([this.user, 'inbox'].includes(name.toLowerCase())) {
      this.drop = Maildrop.open(this.options.accounts.mailboxes, this.user);
      if (this.drop === null) return 'the mailbox is open elsewhere';
    }
    this.number = 1;
    this.state = 'MBOX';
    this.lines.writeLine(`#${this.drop?.messages.length ?? 0} messages`);
    return null;
  }

  /** How long the message is that RETR would send; 0: there is none. */
  private item(): null {
    this.state = 'ITEM';
    this.lines.writeLine(`=${this.drop?.get(this.number)?.bytes.length ?? 0} characters`);
    return null;
  }
}
