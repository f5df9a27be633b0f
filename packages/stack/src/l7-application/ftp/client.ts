import { Errno, NetError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/utf8.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { plainAddress } from '../stream-server.ts';
import { formatExtendedPort, formatPort, parseExtendedPassive, parsePassive } from './data-address.ts';
import { DataChannel } from './data-channel.ts';
import { FTP_LIMITS, type FtpLimits } from './limits.ts';
import { FtpLineReader, TOO_LONG } from './line-reader.ts';
import { type FtpReply, ReplyReader } from './reply.ts';

/** The server said no, or something that cannot be understood (code 0). */
export class FtpError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface FtpClientOptions {
  /** The server connects to us for data, rather than we to it. */
  readonly active?: boolean;
  readonly limits?: FtpLimits;
  /** Seconds to wait for a reply. */
  readonly replySeconds?: number;
  /** What is said: commands (a password is not shown), and the lines of replies. */
  readonly watch?: (sign: '>' | '<', line: string) => void;
}

/** A client's control connection, and its transfers. Fails with an FtpError or a NetError. */
export class FtpClient {
  active: boolean;
  ascii = true;
  private readonly control: Socket;
  private readonly data: DataChannel;
  private readonly options: FtpClientOptions;
  private readonly limits: FtpLimits;
  private readonly lines: FtpLineReader;
  private readonly local: string;
  private readonly peer: string;
  /** The type that the server has been told; it begins with A. */
  private toldAscii = true;
  private extended = true;

  private constructor(control: Socket, sockets: SocketApi, options: FtpClientOptions) {
    this.control = control;
    this.options = options;
    this.active = options.active ?? false;
    this.limits = options.limits ?? FTP_LIMITS;
    this.lines = new FtpLineReader(this.limits.replyLineBytes);
    this.local = plainAddress(control.getsockname()[0]);
    this.peer = plainAddress(control.getpeername()[0]);
    this.data = new DataChannel(sockets, this.local, this.peer, this.limits.dataSeconds, 0);
  }

  /** Connects, and waits for the greeting. */
  static async connect(
    sockets: SocketApi,
    [host, port]: readonly [host: string, port: number],
    options: FtpClientOptions = {},
  ): Promise<FtpClient> {
    const control = await sockets.create_connection([host, port], options.replySeconds ?? 60, null, {
      happy_eyeballs_delay: 0.25,
    });
    const client = new FtpClient(control, sockets, options);
    try {
      let greeting = await client.reply();
      // 120: "ready in nnn minutes".
      while (greeting.code < 200) greeting = await client.reply();
      client.check(greeting);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async login(name: string, password: string): Promise<void> {
    let reply = await this.send(`USER ${name}`);
    if (reply.code === 331) reply = await this.send(`PASS ${password}`);
    if (reply.code === 332) throw new FtpError(332, 'an account is wanted');
    this.check(reply);
  }

  /** A command with a reply that is no refusal. */
  async command(line: string): Promise<FtpReply> {
    return this.check(await this.send(line));
  }

  /** A command, and whatever the reply to it is. */
  async send(line: string): Promise<FtpReply> {
    if (/[\r\n\0]/.test(line)) throw new NetError(Errno.EINVAL, 'ftp', 'a line end within a command');
    this.options.watch?.('>', line.startsWith('PASS ') ? 'PASS ****' : line);
    await this.control.sendall(utf8Encode(`${line}\r\n`));
    return this.reply();
  }

  /** What a command brings over a data connection: RETR, LIST and so on, from `restart` on. */
  async fetch(line: string, restart = 0): Promise<Uint8Array> {
    return this.transfer(line, restart, async (socket) => {
      const { bytes, complete, tooMuch } = await DataChannel.receive(socket, this.limits.fileBytes);
      if (tooMuch) throw new FtpError(0, `more than ${this.limits.fileBytes} bytes`);
      if (!complete) throw new NetError(Errno.ECONNRESET, 'recv');
      return bytes;
    });
  }

  /** Sends bytes over a data connection: STOR, APPE. */
  async store(line: string, bytes: Uint8Array, restart = 0): Promise<void> {
    await this.transfer(line, restart, (socket) => DataChannel.send(socket, bytes));
  }

  /** Says good-bye, and ends. */
  async quit(): Promise<void> {
    try {
      await this.send('QUIT');
    } finally {
      this.close();
    }
  }

  close(): void {
    this.data.close();
    this.control.close();
  }

  private async transfer<T>(line: string, restart: number, carry: (socket: Socket) => Promise<T>): Promise<T> {
    if (this.toldAscii !== this.ascii) {
      await this.command(this.ascii ? 'TYPE A' : 'TYPE I');
      this.toldAscii = this.ascii;
    }
    try {
      let socket: Socket | null = null;
      if (this.active) await this.invite();
      else socket = await this.enter();
      if (restart > 0) await this.command(`REST ${restart}`);
      const first = this.check(await this.send(line));
      if (first.code >= 200) throw new FtpError(first.code, first.lines.join('\n'));
      socket ??= await this.data.connect();
      let failure: unknown = null;
      let result: T | null = null;
      try {
        result = await carry(socket);
      } catch (error) {
        failure = error;
      }
      socket.close();
      // The server's word on it comes in any case, and says more than a reset does.
      this.check(await this.reply());
      if (failure !== null) throw failure;
      return result as T;
    } finally {
      this.data.close();
    }
  }

  /** Passive: asks where to connect to, by EPSV and where that is not known by PASV, and does. */
  private async enter(): Promise<Socket> {
    let port: number | null = null;
    if (this.extended) {
      const reply = await this.send('EPSV');
      if (reply.code === 229) port = parseExtendedPassive(reply.lines.at(-1)!);
      else if (this.local.includes(':')) this.check(reply);
      else this.extended = false;
    }
    if (port === null) {
      const reply = await this.command('PASV');
      // Whatever host it names: the data are where the server is (as curl has it, since 2020).
      port = parsePassive(reply.lines.at(-1)!)?.port ?? null;
    }
    if (port === null) throw new FtpError(0, 'the server does not say where data come from');
    this.data.lead({ host: this.peer, port });
    return this.data.connect();
  }

  /** Active: listens, and says where. */
  private async invite(): Promise<void> {
    const here = this.data.listen();
    if (this.local.includes(':')) {
      await this.command(`EPRT ${formatExtendedPort(here)}`);
      return;
    }
    const reply = await this.send(`PORT ${formatPort(here)}`);
    if (reply.code >= 400) await this.command(`EPRT ${formatExtendedPort(here)}`);
  }

  private check(reply: FtpReply): FtpReply {
    if (reply.code >= 400) throw new FtpError(reply.code, `${reply.code} ${reply.lines.join('\n')}`);
    return reply;
  }

  private async reply(): Promise<FtpReply> {
    const reader = new ReplyReader(this.limits.replyLines);
    this.control.settimeout(this.options.replySeconds ?? 60);
    for (;;) {
      const line = this.lines.next();
      if (line === TOO_LONG) throw new FtpError(0, 'the reply has too long a line');
      if (line === null) {
        const bytes = await this.control.recv(4096);
        if (bytes.length === 0) throw new NetError(Errno.ECONNRESET, 'recv', 'the server has closed the connection');
        this.lines.push(bytes);
        continue;
      }
      this.options.watch?.('<', line);
      const reply = reader.take(line);
      if (typeof reply === 'string') throw new FtpError(0, reply);
      if (reply !== null) return reply;
    }
  }
}
