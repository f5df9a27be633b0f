import { Errno, NetError } from '../../base/errors.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { SocketAddress } from '../../l5-session/addresses.ts';
import { SOCK_DGRAM } from '../../l5-session/constants.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { TftpError, TftpExchange } from './exchange.ts';
import { TFTP_LIMITS, type TftpLimits } from './limits.ts';
import { fromNetascii, toNetascii } from './netascii.ts';
import { accept, PLAIN_TERMS, type TftpTerms } from './options.ts';
import { ackPacket, ErrorCode, errorPacket, Op, requestPacket, type TftpPacket } from './packet.ts';

export interface TftpClientOptions {
  readonly node: NodeContext;
  readonly mode?: 'octet' | 'netascii';
  /** Options to ask for; null: not. With any, the file's size is asked for, or told, too. */
  readonly blockBytes?: number | null;
  readonly windowBlocks?: number | null;
  readonly timeoutSeconds?: number | null;
  readonly limits?: TftpLimits;
}

/** What a transfer came to: bytes of the file here, and of how often something had to be sent again. */
export interface TftpResult {
  readonly bytes: number;
  readonly timeouts: number;
}

/** Fetches a file; `keep` stores it. Fails with a TftpError or a NetError. */
export function tftpGet(
  sockets: SocketApi,
  server: SocketAddress,
  file: string,
  keep: (data: Uint8Array) => Promise<void>,
  options: TftpClientOptions,
): Promise<TftpResult> {
  const text = options.mode === 'netascii';
  return converse(sockets, server, options, Op.Rrq, file, 0, async (exchange, first, terms) => {
    if (first.op !== Op.Data && first.op !== Op.Oack) throw unexpected(first);
    let bytes = 0;
    await exchange.receiveFile(terms, ackPacket(0), first.op === Op.Data ? first : null, async (data) => {
      const whole = text ? fromNetascii(data) : data;
      bytes = whole.length;
      await keep(whole);
    });
    return bytes;
  });
}

/** Stores a file. Fails with a TftpError or a NetError. */
export function tftpPut(
  sockets: SocketApi,
  server: SocketAddress,
  file: string,
  bytes: Uint8Array,
  options: TftpClientOptions,
): Promise<TftpResult> {
  const data = options.mode === 'netascii' ? toNetascii(bytes) : bytes;
  return converse(sockets, server, options, Op.Wrq, file, data.length, async (exchange, first, terms) => {
    if (first.op !== Op.Oack && !(first.op === Op.Ack && first.block === 0)) throw unexpected(first);
    await exchange.sendFile(data, terms, null);
    return bytes.length;
  });
}

async function converse(
  sockets: SocketApi,
  [host, port]: SocketAddress,
  options: TftpClientOptions,
  op: 1 | 2,
  file: string,
  size: number,
  carry: (exchange: TftpExchange, first: TftpPacket, terms: TftpTerms) => Promise<number>,
): Promise<TftpResult> {
  const { node, mode = 'octet', limits = TFTP_LIMITS } = options;
  const asked = new Map<string, string>();
  if (options.blockBytes != null) asked.set('blksize', String(options.blockBytes));
  if (options.timeoutSeconds != null) asked.set('timeout', String(options.timeoutSeconds));
  if (options.windowBlocks != null) asked.set('windowsize', String(options.windowBlocks));
  if (asked.size > 0) asked.set('tsize', String(size));
  const request = requestPacket(op, file, mode, asked);
  if (request === null) throw new NetError(Errno.EINVAL, 'tftp', 'a name too long for a request');
  const [answer] = await sockets.getaddrinfo(host, port, 0, SOCK_DGRAM);
  const [family, , , , address] = answer!;
  const socket = sockets.socket(family, SOCK_DGRAM);
  try {
    // A port for this transfer: the answers to an earlier one go elsewhere.
    socket.bind(['', 0]);
    node.trace?.event(node.name, 7, What.Send, null, 0, `TFTP ${op === Op.Rrq ? 'RRQ' : 'WRQ'} ${file}`, 'RFC 1350');
    const exchange = new TftpExchange(socket, sockets.clock, limits, address, false);
    try {
      const first = await exchange.ask(request);
      const terms = first.op === Op.Oack ? accept(asked, first.options) : PLAIN_TERMS;
      if (typeof terms === 'string') throw new TftpError(ErrorCode.OptionRefused, terms);
      if (terms.size !== null && terms.size > limits.fileBytes)
        throw new TftpError(ErrorCode.DiskFull, 'File too large');
      const bytes = await carry(exchange, first, terms);
      await exchange.flush();
      return { bytes, timeouts: exchange.timeouts };
    } catch (error) {
      if (!(error instanceof TftpError) || !error.remote) {
        const failure = error instanceof TftpError ? error : new TftpError(ErrorCode.NotDefined, 'Transfer abandoned');
        if (socket.fileno() >= 0) exchange.send(errorPacket(failure.code, failure.message));
        await exchange.flush();
      }
      throw error;
    }
  } finally {
    socket.close();
  }
}

function unexpected(packet: TftpPacket): TftpError {
  return new TftpError(ErrorCode.IllegalOperation, `Unexpected answer with opcode ${packet.op}`);
}
