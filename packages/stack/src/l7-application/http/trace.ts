import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { HttpHeaders, HttpRequest } from './message.ts';

/**
 * What HTTP tells of its two upper layers. The application layer (7) says what is wanted; the presentation layer (6) says
 * in which form it travels: HTTP has no layer of its own for that, its header fields do the work.
 */
export function traceRequest(node: NodeContext, what: What, request: HttpRequest): void {
  if (node.trace === null) return;
  const { method, target, minor, headers } = request;
  tell(node, what, `${method} ${target} HTTP/1.${minor}, host ${headers.get('Host') ?? '-'}`, presentation(headers));
}

export function traceResponse(node: NodeContext, what: What, status: number, headers: HttpHeaders): void {
  if (node.trace === null) return;
  const length = headers.get('Content-Length');
  const body = length === null ? 'a body of unknown length' : `a body of ${length} bytes`;
  tell(node, what, `HTTP/1.1 ${status}, ${body}`, presentation(headers));
}

function tell(node: NodeContext, what: What, application: string, form: string): void {
  const { trace } = node;
  if (trace === null) return;
  // Downwards the application speaks first, upwards last.
  if (what === What.Send) trace.event(node.name, 7, what, null, 0, application, 'RFC 9110');
  trace.event(node.name, 6, what, null, 0, form, 'RFC 9110 8');
  if (what !== What.Send) trace.event(node.name, 7, what, null, 0, application, 'RFC 9110');
}

function presentation(headers: HttpHeaders): string {
  const type = headers.get('Content-Type');
  const coding = headers.get('Content-Encoding');
  const translation = type === null ? 'no body' : `body is ${type}`;
  return `header as ASCII lines, ${translation}; compression: ${coding ?? 'none'}; encryption: none`;
}
