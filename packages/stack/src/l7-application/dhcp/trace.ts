import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import { type DhcpMessage, describeMessage } from './message.ts';

/** Tells who watches of a message: BOOTP's fields are binary, and there is nothing to translate on layer 6. */
export function traceMessage(node: NodeContext, what: What, message: DhcpMessage): void {
  if (node.trace === null) return;
  node.trace.event(node.name, 7, what, null, 0, describeMessage(message), 'RFC 2131 2');
}

/** Tells of a step of the client's state machine. */
export function traceState(node: NodeContext, detail: string): void {
  if (node.trace === null) return;
  node.trace.event(node.name, 7, What.State, null, 0, detail, 'RFC 2131 4.4');
}

/** Tells why a client gets no address, or must not have the one that it was given. */
export function traceAlarm(node: NodeContext, detail: string): void {
  if (node.trace === null) return;
  node.trace.event(node.name, 7, What.State, null, 0, `DHCP server: ${detail}`, 'RFC 2131 4.3');
}
