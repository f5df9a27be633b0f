import { Errno, NetError } from '../../base/errors.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { SocketAddress } from '../../l5-session/addresses.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { everywhere, plainAddress } from '../stream-server.ts';
import { TftpError, TftpExchange } from './exchange.ts';
import { TFTP_LIMITS, type TftpLimits } from './limits.ts';
import { fromNetascii, toNetascii } from './netascii.ts';
import { agree } from './options.ts';
import { ackPacket, ErrorCode, errorPacket, Op, oackPacket, parseTftp, type TftpRequest } from './packet.ts';

export const TFTP_PORT = 69;

/** The files that are served; a host's files have this shape. Paths are absolute and hold no `..`. */
export interface TftpFiles {
  stat(path: string): Promise<{ readonly kind: 'file' | 'directory'; readonly size: number } | null>;
  read(path: string): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array): Promise<void>;
}

export interface TftpServerOptions {
  readonly node: NodeContext;
  readonly files: TftpFiles;
  /** The directory below which everything is; absolute. */
  readonly root: string;
  readonly port?: number;
  readonly dualStack: boolean;
  /** Clients may write files that there are not yet, and replace those that there are. */
  readonly create: boolean;
  readonly replace: boolean;
  readonly limits?: TftpLimits;
  readonly log: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** A server: one socket for requests, and one for each transfer. Throws a NetError when its port is taken. */
export class TftpServer {
  private readonly options: TftpServerOptions;
  private readonly limits: TftpLimits;
  private readonly sockets: SocketApi;
  private readonly socket: Socket;
  /** Who has a transfer: `address port`. A request that comes twice is one. */
  private readonly busy = new Set<string>();

  constructor(sockets: SocketApi, options: TftpServerOptions) {
    this.sockets = sockets;
    this.options = options;
    this.limits = options.limits ?? TFTP_LIMITS;
    this.socket = everywhere(sockets, SOCK_DGRAM, options.port ?? TFTP_PORT, options.dualStack);
  }

  /** Serves until its socket is closed: EBADF. */
  async serve(): Promise<never> {
    for (;;) {
      let bytes: Uint8Array;
      let from: SocketAddress | null;
      try {
        [bytes, from] = await this.socket.recvfrom(65_535);
      } catch (error) {
        // What ICMP said of an error message that we sent.
        if (error instanceof NetError && error.code === 'ECONNREFUSED') continue;
        throw error;
      }
      if (from === null) continue;
      const { receivedDestination } = this.socket.descriptor;
      const request = parseTftp(bytes);
      const peer: SocketAddress = [plainAddress(from[0]), from[1], ...from.slice(2).map(Number)];
      void this.answer(request, peer, plainAddress(receivedDestination.toString())).catch(this.options.onError);
    }
  }

  private async answer(request: ReturnType<typeof parseTftp>, peer: SocketAddress, local: string): Promise<void> {
    const { busy, limits, options } = this;
    const [host, port] = peer;
    const key = `${host} ${port}`;
    if (busy.has(key) || port === 0) return;
    // An error is never answered, nor what belongs to a transfer that has ended.
    if (typeof request !== 'string' && request.op !== Op.Rrq && request.op !== Op.Wrq) return;
    let ofClient = 0;
    for (const other of busy) if (other.startsWith(`${host} `)) ofClient++;
    // Who has too many is not answered: it asks again.
    if (busy.size >= limits.transfers || ofClient >= limits.transfersPerClient) return;
    busy.add(key);
    let socket: Socket | null = null;
    try {
      socket = this.open(host, local);
      const exchange = new TftpExchange(socket, this.sockets.clock, limits, peer, true);
      try {
        if (typeof request === 'string')
          throw new TftpError(ErrorCode.IllegalOperation, `Malformed request: ${request}`);
        await this.transfer(request, exchange, host);
      } catch (error) {
        const failure = error instanceof NetError ? meaning(error) : error;
        if (!(failure instanceof TftpError)) throw error;
        const whom = typeof request === 'string' ? '' : ` ${request.file}`;
        options.log(`tftpd: ${host}:${whom} ${failure.remote ? 'client says: ' : ''}${failure.message}`);
        if (!failure.remote) exchange.send(errorPacket(failure.code, failure.message));
        await exchange.flush();
      }
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
    } finally {
      busy.delete(key);
      socket?.close();
    }
  }

  /** A port of its own, at the address that the client asked. */
  private open(host: string, local: string): Socket {
    const family = host.includes(':') ? AF_INET6 : AF_INET;
    const socket = this.sockets.socket(family, SOCK_DGRAM);
    try {
      socket.bind([local.includes(':') === host.includes(':') ? local : '', 0]);
    } catch (error) {
      // A request to everybody came to no address of this host.
      if (!(error instanceof NetError)) throw error;
      socket.bind(['', 0]);
    }
    return socket;
  }

  private async transfer(request: TftpRequest, exchange: TftpExchange, host: string): Promise<void> {
    const { limits, options } = this;
    const { files, node } = options;
    const { file, mode } = request;
    const reading = request.op === Op.Rrq;
    const what = `${reading ? 'RRQ' : 'WRQ'} from ${host} filename ${JSON.stringify(file).slice(1, -1)}`;
    options.log(`tftpd: ${what}`);
    node.trace?.event(node.name, 7, What.Receive, null, 0, `TFTP ${what}, ${mode}`, 'RFC 1350');
    const text = mode === 'netascii';
    // RFC 1350 1: mail is obsolete and should not be implemented.
    if (!text && mode !== 'octet') throw new TftpError(ErrorCode.IllegalOperation, `Unsupported mode`);
    const path = this.path(file);
    const stat = await files.stat(path);
    if (stat !== null && stat.kind !== 'file') throw new TftpError(ErrorCode.AccessViolation, 'Not a file');
    if (reading) {
      if (stat === null) throw new TftpError(ErrorCode.FileNotFound, 'File not found');
      if (stat.size > limits.fileBytes) throw new TftpError(ErrorCode.NotDefined, 'File too large');
      const bytes = await files.read(path);
      // The size of a text is known only once it is translated; it is, here.
      const data = text ? toNetascii(bytes) : bytes;
      const { terms, answer } = agree(request.options, limits, true, data.length);
      const { sent } = await exchange.sendFile(data, terms, answer.size === 0 ? null : oackPacket(answer));
      options.log(
        `tftpd: sent ${file} to ${host}: ${data.length} bytes, ${sent} blocks, ${exchange.timeouts} timeouts`,
      );
      return;
    }
    if (stat === null && !options.create) {
      throw new TftpError(options.replace ? ErrorCode.FileNotFound : ErrorCode.AccessViolation, 'No new files here');
    }
    if (stat !== null && !options.replace) throw new TftpError(ErrorCode.FileExists, 'File already exists');
    const { terms, answer } = agree(request.options, limits, false, null);
    if (terms.size !== null && terms.size > limits.fileBytes) throw new TftpError(ErrorCode.DiskFull, 'File too large');
    const hello = answer.size === 0 ? ackPacket(0) : oackPacket(answer);
    await exchange.receiveFile(terms, hello, null, async (data) => {
      const bytes = text ? fromNetascii(data) : data;
      await files.write(path, bytes);
      options.log(`tftpd: got ${file} from ${host}: ${bytes.length} bytes, ${exchange.timeouts} timeouts`);
    });
  }

  /** Below the root, whatever the client says; a name that tries to leave it is refused. */
  private path(name: string): string {
    if (name === '' || /[\0-\x1f\x7f\ufffd]/.test(name))
      throw new TftpError(ErrorCode.AccessViolation, 'Not a file name');
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw new TftpError(ErrorCode.AccessViolation, 'Access violation');
    return `${this.options.root.replace(/\/+$/, '')}/${parts.join('/')}`;
  }
}

/** What went wrong with a file, in TFTP's words; null: it was the network. */
function meaning(error: NetError): TftpError | null {
  switch (error.errno) {
    case Errno.ENOENT:
    case Errno.ENOTDIR:
      return new TftpError(ErrorCode.FileNotFound, 'File not found');
    case Errno.EACCES:
    case Errno.EPERM:
    case Errno.EISDIR:
      return new TftpError(ErrorCode.AccessViolation, 'Access violation');
    case Errno.ENOMEM:
      return new TftpError(ErrorCode.DiskFull, 'Disk full');
    default:
      return null;
  }
}
