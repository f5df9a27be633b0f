import { What } from '../../base/trace.ts';
import type { ControlBlock } from './control-block.ts';
import type { Segment } from './segment.ts';

/** Why something is sent again, and where that is written. Only called while somebody watches. */
export function traceRetransmit(c: ControlBlock, segment: Segment, why: string): void {
  const what = segment.length > 0 ? `${segment.length} bytes` : 'SYN or FIN';
  const detail = `${what} from seq ${segment.seq >>> 0} (${(segment.seq - c.iss) >>> 0} in the stream): ${why}`;
  const source = why.startsWith('RTO') ? 'RFC 6298 5.4' : why.startsWith('path') ? 'RFC 1191 6.5' : 'RFC 5681 3.2';
  c.node.trace?.event(
    c.node.name,
    4,
    What.Retransmit,
    null,
    0,
    detail,
    c.sack && source === 'RFC 5681 3.2' ? 'RFC 6675 5' : source,
  );
}

/** A decision about congestion, told with the numbers that it changed. */
export function traceCongestion(c: ControlBlock, why: string, source: string): void {
  const { trace } = c.node;
  if (trace === null) return;
  const { cwnd, ssthresh } = c.congestion;
  trace.event(c.node.name, 4, What.Decide, null, 0, `${why}: cwnd ${cwnd}, ssthresh ${ssthresh}`, source);
}
