import { type Task, Timer } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { PortBinding } from '../ports.ts';
import { Ready } from '../readiness.ts';
import type { ControlBlock, TcpContext } from './control-block.ts';
import { type Endpoint, EndpointTable } from './demux.ts';
import { seqLess } from './sequence.ts';
import { stateName, TcpState } from './states.ts';
import { Flag, type SegmentFields } from './tcp-header.ts';

/** What is left of a connection in TIME-WAIT: enough to answer the peer's FIN, and to know an old segment. */
export class TimeWait implements Endpoint<TimeWait> {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly localPort: number;
  readonly remotePort: number;
  readonly ports: number;
  readonly state: TcpState = TcpState.TimeWait;
  hash = 0;
  chain: TimeWait | null = null;
  readonly binding: PortBinding;
  readonly sndNxt: number;
  readonly rcvNxt: number;
  /** As in the last segment sent: scaled. */
  readonly window: number;
  readonly timestamps: boolean;
  tsRecent: number;
  tsRecentAtNs: number;
  readonly tsOffset: number;
  /** The connection, while its program has not closed it. */
  connection: ControlBlock | null;
  /** When it ends, ns; and its neighbours in that order. */
  endsAtNs = 0;
  later: TimeWait | null = null;
  earlier: TimeWait | null = null;

  constructor(c: ControlBlock) {
    this.local = c.local;
    this.remote = c.remote;
    this.localPort = c.localPort;
    this.remotePort = c.remotePort;
    this.ports = c.ports;
    this.binding = c.binding;
    this.sndNxt = c.sndNxt;
    this.rcvNxt = c.rcvNxt;
    this.window = ((c.rcvAdv - c.rcvNxt) | 0) >> c.rcvScale;
    this.timestamps = c.timestamps;
    this.tsRecent = c.tsRecent;
    this.tsRecentAtNs = c.tsRecentAtNs;
    this.tsOffset = c.tsOffset;
    this.connection = c.orphaned ? null : c;
  }

  get stateName(): string {
    return stateName(this.state);
  }
}

/** What the table needs of its TCP. */
interface TimeWaitContext extends Pick<TcpContext, 'node' | 'options' | 'remove'> {
  /** Sends an ACK from what is left of a connection. */
  acknowledgeFor(waiting: TimeWait): void;
}

/**
 * The connections in TIME-WAIT (RFC 9293 3.6.1), each a small record in place of its connection, in the order in which
 * they end: all last equally long, so one timer serves them all. Past the limit the oldest makes room.
 */
export class TimeWaitTable implements Task {
  readonly table: EndpointTable<TimeWait>;
  private readonly tcp: TimeWaitContext;
  private readonly node: NodeContext;
  private readonly timer: Timer;
  private first: TimeWait | null = null;
  private last: TimeWait | null = null;

  constructor(tcp: TimeWaitContext, seed: number) {
    this.tcp = tcp;
    this.node = tcp.node;
    this.table = new EndpointTable<TimeWait>(seed);
    this.timer = new Timer(tcp.node.clock, this, 0);
  }

  /** A connection whose both directions are closed and acknowledged; its hold on the port goes over. */
  enter(c: ControlBlock, why: string): void {
    c.setState(TcpState.TimeWait, why);
    this.tcp.remove(c);
    c.release();
    if (this.table.size >= this.node.limits.timeWaitConnections && this.first !== null)
      this.end(this.first, 'too many');
    const waiting = new TimeWait(c);
    this.table.add(waiting);
    this.append(waiting);
    if (c.orphaned) c.receiveQueue.clear();
    else c.raise(Ready.In | Ready.Out | Ready.Hup | Ready.RdHup);
  }

  /** The program has closed: nothing of the connection need be kept. */
  forget(c: ControlBlock): void {
    const waiting = this.table.find(c.ports, c.remote, c.local);
    if (waiting !== null && waiting.connection === c) waiting.connection = null;
  }

  /** Ends one before its time: a new connection takes its place. */
  end(waiting: TimeWait, why: string): void {
    this.unlink(waiting);
    this.table.remove(waiting);
    waiting.binding.release();
    const { connection } = waiting;
    waiting.connection = null;
    if (connection !== null) {
      connection.setState(TcpState.Closed, why);
    } else if (this.node.trace !== null) {
      this.node.trace.event(this.node.name, 4, What.State, null, 0, `TIME-WAIT -> CLOSED: ${why}`, 'RFC 9293 3.6.1');
    }
    if (this.first === null) this.timer.dispose();
  }

  run(): void {
    const { now } = this.node.clock;
    while (this.first !== null && this.first.endsAtNs <= now) this.end(this.first, '2 MSL are over');
    if (this.first !== null) this.timer.set(this.first.endsAtNs);
  }

  *[Symbol.iterator](): IterableIterator<TimeWait> {
    for (let waiting = this.first; waiting !== null; waiting = waiting.later) yield waiting;
  }

  /**
   * A segment for it. Returns true when it is a SYN that may open a new connection, whose initial sequence number must
   * then lie beyond `sndNxt`: the caller still owns the packet. Otherwise it is dealt with.
   */
  input(waiting: TimeWait, segment: SegmentFields, packet: PacketBuffer): boolean {
    const { flags, seq } = segment;
    const newerTimestamp = waiting.timestamps && segment.hasTimestamps && ((segment.tsVal - waiting.tsRecent) | 0) > 0;
    if ((flags & (Flag.Syn | Flag.Rst | Flag.Ack)) === Flag.Syn) {
      // RFC 6191 2, RFC 1122 4.2.2.13: a newer timestamp, or without timestamps a higher sequence number, shows that
      // it is no old duplicate.
      if (newerTimestamp || seqLess(waiting.rcvNxt, seq)) return true;
    }
    if ((flags & Flag.Rst) !== 0) {
      // RFC 9293 3.10.7.4, second: an exact RST ends it. RFC 1337 warns of it; Linux does the same by default.
      if (seq === waiting.rcvNxt) this.end(waiting, 'RST came');
      this.node.drop(packet, Drop.TCP_TIME_WAIT);
      return false;
    }
    const old = waiting.timestamps && segment.hasTimestamps && ((segment.tsVal - waiting.tsRecent) | 0) < 0;
    const span = segment.length + ((flags & Flag.Fin) !== 0 ? 1 : 0) + ((flags & Flag.Syn) !== 0 ? 1 : 0);
    if (span > 0 || seq !== waiting.rcvNxt) {
      // "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and
      // restart the 2 MSL timeout."
      if ((flags & Flag.Fin) !== 0 && !old && ((seq + span) | 0) === waiting.rcvNxt) {
        this.unlink(waiting);
        this.append(waiting);
      }
      this.tcp.acknowledgeFor(waiting);
    }
    this.node.drop(packet, Drop.TCP_TIME_WAIT);
    return false;
  }

  private unlink(waiting: TimeWait): void {
    if (waiting.earlier === null) this.first = waiting.later;
    else waiting.earlier.later = waiting.later;
    if (waiting.later === null) this.last = waiting.earlier;
    else waiting.later.earlier = waiting.earlier;
  }

  private append(waiting: TimeWait): void {
    waiting.endsAtNs = this.node.clock.now + this.tcp.options.timeWaitNs;
    waiting.later = null;
    waiting.earlier = this.last;
    if (this.last === null) this.first = waiting;
    else this.last.later = waiting;
    this.last = waiting;
    if (!this.timer.armed) this.timer.set(this.first!.endsAtNs);
  }
}
