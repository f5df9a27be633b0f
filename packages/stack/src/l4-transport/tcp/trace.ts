import { What } from '../../base/trace.ts';
import type { ControlBlock } from './control-block.ts';
import { Mark, type Segment } from './segment.ts';

/** Where it is written, by how the reason begins. */
const SOURCES: readonly (readonly [begins: string, source: string])[] = [
  ['RTO', 'RFC 6298 5.4'],
  ['RACK', 'RFC 8985 6.2'],
  ['TLP', 'RFC 8985 7.3'],
  ['path', 'RFC 1191 6.5'],
];

/** Why something is sent again, and where that is written. Only called while somebody watches. */
export function traceRetransmit(c: ControlBlock, segment: Segment, why: string): void {
  const found = SOURCES.find(([begins]) => why.startsWith(begins));
  const source = found !== undefined ? found[1] : c.sack ? 'RFC 6675 5' : 'RFC 5681 3.2';
  c.node.trace?.event(c.node.name, 4, What.Retransmit, null, 0, `${describe(c, segment)}: ${why}`, source);
}

/** A segment is held to be lost, for one that was sent later has arrived. */
export function traceLoss(c: ControlBlock, segment: Segment, windowNs: number): void {
  const { rack, node } = c;
  const when =
    segment.sentAtNs < rack.xmitNs ? `${milliseconds(rack.xmitNs - segment.sentAtNs)} before` : 'just before';
  const again = (segment.marks & Mark.Resent) !== 0 ? 'sent again, and that ' : 'sent ';
  const tolerance = windowNs > 0 ? `, ${milliseconds(windowNs)} of reordering allowed for` : '';
  const detail = `${describe(c, segment)} lost: ${again}${when} a segment that arrived${tolerance}`;
  node.trace?.event(node.name, 4, What.Decide, null, 0, detail, 'RFC 8985 6.2');
}

function describe(c: ControlBlock, segment: Segment): string {
  const what = segment.length > 0 ? `${segment.length} bytes` : 'SYN or FIN';
  return `${what} from seq ${segment.seq >>> 0} (${(segment.seq - c.iss) >>> 0} in the stream)`;
}

function milliseconds(ns: number): string {
  return `${Math.round(ns / 1e4) / 100} ms`;
}

/** A decision about congestion, told with the numbers that it changed. */
export function traceCongestion(c: ControlBlock, why: string, source: string): void {
  const { trace } = c.node;
  if (trace === null) return;
  const { cwnd, ssthresh } = c.congestion;
  trace.event(c.node.name, 4, What.Decide, null, 0, `${why}: cwnd ${cwnd}, ssthresh ${ssthresh}`, source);
}
