import { Errno, NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { What } from '../../base/trace.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type DnsMessage, sameQuestion } from './message.ts';
import { isProblem, readMessage } from './message-reader.ts';
import { writeMessage } from './message-writer.ts';
import { framed, StreamMessages } from './stream-messages.ts';
import { traceMessage } from './trace.ts';
import { Rcode } from './types.ts';

/** An answer, and how it came. */
export interface Reply {
  readonly message: DnsMessage;
  /** Its bytes. */
  readonly length: number;
  readonly tcp: boolean;
}

export interface AskOptions {
  readonly port?: number;
  /** Network time for an answer, all in all. */
  readonly timeoutNs: number;
  /** TCP from the beginning. */
  readonly tcp?: boolean;
  /** A truncated answer is taken as it is. */
  readonly keepTruncated?: boolean;
  /** The name must come back with its letters in the same case (0x20). */
  readonly exactCase?: boolean;
  readonly limits?: DnsLimits;
  /** Hears that an answer was truncated and TCP is tried. */
  readonly onTruncated?: () => void;
}

/**
 * Asks one server once and waits for the answer. A truncated answer is asked for again over TCP (RFC 7766 5), and a
 * server that does not understand EDNS without it (RFC 6891 7). Returns, not throws, the NetError of what went wrong:
 * ETIMEDOUT, ECONNREFUSED (an ICMP message said so), EHOSTUNREACH, ...
 *
 * Each question goes from a socket of its own, connected to the server: a port that nobody can guess, and nothing
 * heard from others (RFC 5452 9).
 */
export async function ask(
  sockets: SocketApi,
  server: IpAddress,
  asked: DnsMessage,
  options: AskOptions,
): Promise<Reply | NetError> {
  const deadlineNs = sockets.clock.now + options.timeoutNs;
  let query = asked;
  for (;;) {
    let reply = await once(sockets, server, query, deadlineNs, options, options.tcp === true);
    if (!(reply instanceof NetError) && reply.message.truncated && !reply.tcp && options.keepTruncated !== true) {
      options.onTruncated?.();
      reply = await once(sockets, server, query, deadlineNs, options, true);
    }
    const puzzled = !(reply instanceof NetError) && isPuzzled(reply.message);
    if (!puzzled || query.edns === null) return reply;
    query = { ...query, edns: null };
  }
}

/** Is it an answer to what was asked? Everything counts that a forger has to guess (RFC 5452 9.1). */
export function isAnswerTo(asked: DnsMessage, answer: DnsMessage, exactCase = false): boolean {
  if (!answer.response || answer.id !== asked.id || answer.opcode !== asked.opcode) return false;
  // A server that could not read the question may not repeat it.
  if (answer.questions.length === 0 && answer.rcode === Rcode.FormErr) return true;
  return sameQuestion(asked, answer, exactCase);
}

/** RFC 6891 7: so answers a server that knows no EDNS. */
function isPuzzled(answer: DnsMessage): boolean {
  return answer.edns === null && (answer.rcode === Rcode.FormErr || answer.rcode === Rcode.NotImp);
}

async function once(
  sockets: SocketApi,
  server: IpAddress,
  asked: DnsMessage,
  deadlineNs: number,
  options: AskOptions,
  tcp: boolean,
): Promise<Reply | NetError> {
  const { port = 53 } = options;
  let socket: Socket | null = null;
  try {
    socket = sockets.socket(server.family === 4 ? AF_INET : AF_INET6, tcp ? SOCK_STREAM : SOCK_DGRAM);
    socket.settimeout(left(sockets, deadlineNs));
    await socket.connect([server.toString(), port]);
    const bytes = writeMessage(asked);
    const { node } = sockets.host;
    if (node.trace !== null) traceMessage(node, What.Send, asked, server.toString(), bytes.length);
    await socket.sendall(tcp ? framed(bytes) : bytes);
    const reply = await receive(sockets, socket, asked, deadlineNs, options, tcp);
    if (node.trace !== null) traceMessage(node, What.Receive, reply.message, server.toString(), reply.length);
    return reply;
  } catch (error) {
    if (error instanceof NetError) return error;
    throw error;
  } finally {
    socket?.close();
  }
}

async function receive(
  sockets: SocketApi,
  socket: Socket,
  asked: DnsMessage,
  deadlineNs: number,
  options: AskOptions,
  tcp: boolean,
): Promise<Reply> {
  const { strayReplies } = options.limits ?? DNS_LIMITS;
  const stream = new StreamMessages();
  for (let stray = 0; stray < strayReplies; ) {
    socket.settimeout(left(sockets, deadlineNs));
    const bytes = await socket.recv(65_535);
    if (tcp && bytes.length === 0) throw new NetError(Errno.ECONNRESET, 'recv', 'end of file');
    if (tcp) stream.push(bytes);
    for (let whole = tcp ? stream.next() : bytes; whole !== null; whole = tcp ? stream.next() : null) {
      const message = readMessage(whole);
      if (!isProblem(message) && isAnswerTo(asked, message, options.exactCase)) {
        return { message, length: whole.length, tcp };
      }
      stray++;
    }
  }
  throw new NetError(Errno.EPROTO, 'recv', `${strayReplies} messages that were no answers to the question`);
}

/** Seconds; throws ETIMEDOUT when none are left. */
function left(sockets: SocketApi, deadlineNs: number): number {
  const ns = deadlineNs - sockets.clock.now;
  if (ns <= 0) throw new NetError(Errno.ETIMEDOUT, 'recv', 'timed out');
  return ns / 1e9;
}
