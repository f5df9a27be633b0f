import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import { type DnsMessage, questionText } from './message.ts';
import { rcodeName } from './types.ts';

/**
 * What the DNS tells of its two upper layers: what is asked and answered (7), and in which form it travels (6). `peer` is
 * who it goes to, or comes from; `length` the message's bytes.
 */
export function traceMessage(node: NodeContext, what: What, message: DnsMessage, peer: string, length: number): void {
  const { trace } = node;
  if (trace === null) return;
  const asked = message.questions.map(questionText).join(', ');
  const content = message.response
    ? `${rcodeName(message.rcode)} for ${asked}: ${message.answers.length} answers${message.authoritative ? ', authoritative' : ''}`
    : `asks for ${asked}${message.recursionDesired ? ', recursion desired' : ''}`;
  const way = what === What.Send ? 'to' : 'from';
  const form = `binary, names compressed, ${length} bytes${message.edns === null ? '' : '; EDNS'}${message.truncated ? '; truncated' : ''}`;
  // Downwards the application speaks first, upwards last.
  if (what === What.Send) trace.event(node.name, 7, what, null, 0, `DNS ${way} ${peer}: ${content}`, 'RFC 1035 4');
  trace.event(node.name, 6, what, null, 0, form, 'RFC 1035 4.1');
  if (what !== What.Send) trace.event(node.name, 7, what, null, 0, `DNS ${way} ${peer}: ${content}`, 'RFC 1035 4');
}
