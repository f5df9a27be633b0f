import { Errno, NetError } from '../../base/errors.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import { utf8Encode } from '../../base/utf8.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { plainAddress } from '../stream-server.ts';
import { accountNamed, type FtpAccount } from './accounts.ts';
import { DataChannel } from './data-channel.ts';
import { clientPath, FACTS, type Fact, type FtpFiles } from './files.ts';
import type { FtpLimits } from './limits.ts';
import { FtpLineReader, TOO_LONG } from './line-reader.ts';
import { formatReply } from './reply.ts';

export interface FtpSessionOptions {
  readonly node: NodeContext;
  readonly files: FtpFiles;
  readonly accounts: readonly FtpAccount[];
  /** Seconds since 1970 at the network's time 0. */
  readonly epochSeconds: number;
  readonly limits: FtpLimits;
  readonly log: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** A command of RFC 959, 2389, 2428 or 3659. */
export interface FtpCommand {
  readonly argument: 'needed' | 'possible';
  /** Before one has logged in, too. */
  readonly early: boolean;
  run(session: FtpSession, argument: string): unknown;
}
export type FtpCommands = ReadonlyMap<string, FtpCommand>;

const PIECE = 4096;
const FTP_DATA_PORT = 20;

/** One client's control connection, from its greeting to its end. */
export class FtpSession {
  readonly options: FtpSessionOptions;
  readonly client: string;
  /** The address of the server that the client speaks to. */
  readonly local: string;
  readonly data: DataChannel;
  account: FtpAccount | null = null;
  /** The name that was said, which needs a password. */
  asked: string | null = null;
  cwd = '/';
  ascii = true;
  restart = 0;
  /** EPSV ALL was said. */
  onlyExtendedPassive = false;
  facts: ReadonlySet<Fact> = new Set(FACTS);
  ending = false;
  failures = 0;
  /** What is being carried, in words. */
  carrying: string | null = null;
  private readonly commands: FtpCommands;
  private aborted = false;
  private transfer: Promise<void> | null = null;
  private readonly control: Socket;
  private readonly reader: FtpLineReader;
  private readonly sockets: SocketApi;
  private writing: Promise<unknown> = Promise.resolve();
  private gone = false;

  constructor(control: Socket, client: string, sockets: SocketApi, commands: FtpCommands, options: FtpSessionOptions) {
    this.commands = commands;
    this.control = control;
    this.client = client;
    this.sockets = sockets;
    this.options = options;
    this.reader = new FtpLineReader(options.limits.lineBytes);
    this.local = plainAddress(control.getsockname()[0]);
    this.data = new DataChannel(sockets, this.local, client, options.limits.dataSeconds, FTP_DATA_PORT);
  }

  get now(): number {
    return this.options.epochSeconds + Math.floor(this.options.node.clock.now / 1e9);
  }

  async run(): Promise<void> {
    const { node } = this.options;
    try {
      this.reply(220, `${node.name} FTP server (netarium) ready`);
      while (!this.ending) {
        const line = await this.nextLine();
        if (line === null) break;
        if (line === TOO_LONG) {
          this.reply(500, 'The line is too long');
          continue;
        }
        await this.obey(line);
      }
      // An end without QUIT ends what is being carried, too (RFC 959 4.1.1).
      if (this.transfer !== null && !this.ending) this.abort();
      await this.transfer;
    } finally {
      this.gone = true;
      this.data.close();
      await this.transfer;
      await this.writing;
    }
  }

  reply(code: number, text: string | readonly string[]): void {
    if (this.gone) return;
    const bytes = utf8Encode(formatReply(code, text));
    this.writing = this.writing
      .then(() => (this.gone ? null : this.control.sendall(bytes)))
      .catch((error) => {
        if (!(error instanceof NetError)) throw error;
        this.gone = true;
      });
  }

  log(text: string): void {
    this.options.log(`ftpd: ${this.client}${this.account === null ? '' : ` ${this.account.name}`}: ${text}`);
  }

  /** Waits, before a wrong password is told of. */
  async pause(seconds: number): Promise<void> {
    await this.sockets.sleep(seconds * 1000);
  }

  login(account: FtpAccount): void {
    this.account = account;
    this.asked = null;
    this.cwd = '/';
    this.log('logged in');
  }

  /** USER anew, and REIN: as at the beginning. */
  logout(): void {
    this.account = null;
    this.asked = null;
    this.cwd = '/';
    this.ascii = true;
    this.restart = 0;
    this.onlyExtendedPassive = false;
  }

  known(name: string): FtpAccount | null {
    return accountNamed(this.options.accounts, name);
  }

  /** A path of the client's words, or null, the client having been told why not. */
  path(text: string): string | null {
    const path = clientPath(this.cwd, text);
    if (path === null) this.reply(553, 'Not a name for a file');
    return path;
  }

  /** Where a path of the client's is, in truth. */
  place(path: string): string {
    const root = this.account!.root.replace(/\/+$/, '');
    return path === '/' ? (root === '' ? '/' : root) : root + path;
  }

  /** Tells what a call for a file said. What is not about files is thrown on. */
  fileError(error: unknown, path: string): void {
    if (!(error instanceof NetError)) throw error;
    this.reply(error.errno === Errno.ENOMEM ? 452 : 550, `${path}: ${error.text}`);
  }

  /**
   * Makes the data connection and gives it to `carry`, while the control connection is read on; `carry` answers what the
   * reply to it all is.
   */
  begin(what: string, carry: (socket: Socket) => Promise<[code: number, text: string]>): void {
    if (!this.data.ready) {
      this.reply(425, 'Use PASV, EPSV, PORT or EPRT first');
      return;
    }
    this.carrying = what;
    this.aborted = false;
    this.reply(150, `Opening ${this.ascii ? 'ASCII' : 'BINARY'} mode data connection for ${what}`);
    const { node } = this.options;
    node.trace?.event(node.name, 7, What.Call, null, 0, `FTP ${what} for ${this.client}`, 'RFC 959');
    this.transfer = this.carry(carry)
      .catch((error) => this.options.onError(error))
      .finally(() => {
        this.transfer = null;
        this.carrying = null;
      });
  }

  private async carry(carry: (socket: Socket) => Promise<[number, string]>): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.data.connect();
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      if (this.aborted) this.reply(426, 'Transfer aborted');
      else this.reply(425, `Cannot open data connection: ${error.text}`);
      return;
    }
    let result: [code: number, text: string];
    try {
      result = await carry(socket);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      result = [426, `Transfer aborted: ${error.text}`];
    }
    socket.close();
    if (this.aborted) result = [426, 'Transfer aborted'];
    this.log(`${this.carrying}: ${result[0]} ${result[1]}`);
    this.reply(...result);
  }

  /** Ends what is being carried; false: nothing is. */
  abort(): boolean {
    if (this.transfer === null) return false;
    this.aborted = true;
    this.data.abort();
    return true;
  }

  async transferEnded(): Promise<void> {
    await this.transfer;
  }

  private async obey(line: string): Promise<void> {
    const found = /^([A-Za-z]{3,4})(?: (.*))?$/s.exec(line);
    const verb = (found?.[1] ?? '').toUpperCase();
    const command = this.commands.get(verb);
    const argument = found?.[2] ?? '';
    if (command === undefined) {
      this.reply(500, `'${line.slice(0, 20)}': command not understood`);
      return;
    }
    // Others wait for their turn.
    if (verb !== 'ABOR' && verb !== 'STAT') await this.transfer;
    if (this.account === null && !command.early) {
      this.reply(530, 'Please log in with USER and PASS');
      return;
    }
    if (command.argument === 'needed' && argument === '') {
      this.reply(501, `${verb} needs an argument`);
      return;
    }
    try {
      await command.run(this, argument);
    } catch (error) {
      this.fileError(error, argument);
    }
    // RFC 959 4.1.3: REST is for the very next command.
    if (!['REST', 'PASV', 'EPSV', 'PORT', 'EPRT', 'STAT', 'NOOP'].includes(verb)) this.restart = 0;
  }

  /** The next line; null: the client has ended, or says nothing for too long. */
  private async nextLine(): Promise<string | typeof TOO_LONG | null> {
    const { limits } = this.options;
    for (;;) {
      const line = this.reader.next();
      if (line !== null) return line;
      this.control.settimeout(limits.idleSeconds);
      try {
        const bytes = await this.control.recv(PIECE);
        if (bytes.length === 0) return null;
        this.reader.push(bytes);
        const refusals = Uint8Array.from(this.reader.refusals);
        this.reader.refusals = [];
        if (refusals.length > 0) await this.control.sendall(refusals);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        if (error.code !== 'ETIMEDOUT') return null;
        if (this.transfer !== null) {
          await this.transfer; // a long one
          continue;
        }
        this.reply(421, `No command for ${limits.idleSeconds} seconds: closing`);
        this.ending = true;
        return null;
      }
    }
  }
}
