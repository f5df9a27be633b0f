import { formatDuration } from '../base/units.ts';
import type { Conversation } from './conversations.ts';
import type { Names } from './explain-names.ts';
import type { TcpHalf, TcpStream } from './tcp-stream.ts';
import { count } from './text-layout.ts';

/** What became of a conversation: how it began, what was said, what went wrong, how it ended. A sentence each. */
export function conversationStory(conversation: Conversation, names: Names): string[] {
  const { tcp, kind } = conversation;
  const a = names.host(conversation.a.address);
  const b = names.host(conversation.b.address);
  if (tcp === null) {
    const packets = `${a} sent ${count(conversation.packetsA, 'packet')}, ${b} ${conversation.packetsB}`;
    return [conversation.packetsB === 0 ? `${packets}: no answer in this capture` : packets].map((text) =>
      kind === 'icmp' ? `ICMP: ${text}` : text,
    );
  }
  const lines = [beginning(tcp, a, b)];
  if (tcp.a.streamBytes > 0 || tcp.b.streamBytes > 0) {
    lines.push(`${a} sent ${count(tcp.a.streamBytes, 'byte')}, ${b} ${count(tcp.b.streamBytes, 'byte')}`);
  }
  for (const [half, name] of [
    [tcp.a, a],
    [tcp.b, b],
  ] as const) {
    if (half.retransmissions > 0) lines.push(`${name} sent ${count(half.retransmissions, 'segment')} again`);
    if (half.outOfOrder > 0) lines.push(`${count(half.outOfOrder, 'segment')} of ${name} came out of order`);
  }
  lines.push(ending(tcp, a, b));
  return lines;
}

function beginning(tcp: TcpStream, a: string, b: string): string {
  const [opener, answerer, from, to] =
    tcp.a.synNumber > 0 || tcp.b.synNumber === 0 ? [tcp.a, tcp.b, a, b] : [tcp.b, tcp.a, b, a];
  if (opener.synNumber === 0) return 'it was open before the capture began';
  const asks = `${from} asks ${to} for a connection (packet ${opener.synNumber})`;
  if (tcp.handshakeNumber > 0) {
    const steps = [opener.synNumber, answerer.synNumber, tcp.handshakeNumber].join(', ');
    return `${from} opened it with a three-way handshake (packets ${steps}) in ${formatDuration(tcp.initialRoundTripNs)}`;
  }
  if (answerer.synNumber > 0) return `${asks}, ${to} accepts (${answerer.synNumber}), the last ACK is missing`;
  if (answerer.rstNumber > 0) return `${asks}, ${to} refuses: nobody listens there (RST, packet ${answerer.rstNumber})`;
  const again = opener.retransmissions > 0 ? `, and again ${count(opener.retransmissions, 'time')}` : '';
  return `${asks}${again}: no answer in this capture`;
}

function ending(tcp: TcpStream, a: string, b: string): string {
  const reset = firstOf(tcp.a.rstNumber, tcp.b.rstNumber);
  const { finNumber: finA } = tcp.a;
  const { finNumber: finB } = tcp.b;
  if (reset > 0 && tcp.handshakeNumber > 0) {
    return `${reset === tcp.a.rstNumber ? a : b} broke it off (RST, packet ${reset})`;
  }
  if (reset > 0) return 'it never came to be';
  if (finA > 0 && finB > 0) {
    const whole = tcp.a.finAckedNumber > 0 && tcp.b.finAckedNumber > 0;
    const first = finA < finB ? `${a} (${finA}) and then ${b} (${finB})` : `${b} (${finB}) and then ${a} (${finA})`;
    return `${first} said that they send no more (FIN)${whole ? '; both were acknowledged: closed in order' : ''}`;
  }
  if (finA > 0 || finB > 0) return `only ${finA > 0 ? a : b} has closed its side (FIN, packet ${finA || finB})`;
  return answered(tcp.a) && answered(tcp.b) ? 'it is still open at the end of the capture' : '';
}

function answered(half: TcpHalf): boolean {
  return half.packets > 0;
}

function firstOf(a: number, b: number): number {
  if (a === 0 || b === 0) return a || b;
  return Math.min(a, b);
}
