import { Drop, dropReasons, isHarmless } from '../base/drop-reasons.ts';
import { What } from '../base/trace.ts';
import { formatDuration } from '../base/units.ts';
import { type HeaderView, readHeader, type SequenceBases } from './journey-headers.ts';
import type { JourneyEvent, JourneyStep } from './journey-step.ts';
import { TcpFlag } from './packet-facts.ts';

/** IEEE 802.3 3.1.1: preamble and start delimiter in front, frame check sequence behind, no frame shorter than this. */
const PREAMBLE = 8;
const FCS = 4;
const SHORTEST_FRAME = 60;

/** What is remembered of one node while the events are gone through. */
interface NodeState {
  /** Calls of programs since the last packet that this node sent, and the last one that sent something. */
  calls: JourneyEvent[];
  lastSend: JourneyEvent | null;
  /** States and decisions that wait for the packet that they belong to. */
  pending: JourneyEvent[];
  /** The last event here that was about a packet. */
  last: JourneyEvent | null;
  /** Our packet's data was delivered here and no program has read yet. */
  unread: boolean;
  /** What a program of this node has read of it. */
  read: Read | null;
}

/** Data that a program took from its socket. */
interface Read {
  readonly event: JourneyEvent;
  readonly header: HeaderView;
  /** Where in the steps what it was belongs. */
  readonly at: number;
  /** The program itself has said what it was. */
  told: boolean;
}

/**
 * Picks one packet's steps out of all events. Events without a packet belong to the one that they were told with: a
 * state that changed when it came in, a program's call that it was made of.
 */
export function buildJourney(events: readonly JourneyEvent[], packetId: number): JourneyStep[] {
  const builder = new JourneyBuilder(packetId);
  for (const event of events) builder.take(event);
  return builder.finish();
}

class JourneyBuilder {
  private readonly steps: JourneyStep[] = [];
  private readonly nodes = new Map<string, NodeState>();
  private readonly bases: SequenceBases = new Map();
  private readonly packetId: number;
  private protocol = -1;
  /** The device that had the packet last: a cable's events are told with it. */
  private holder = '';
  /** Where the step of the last wait stands, to be told how long it was. */
  private waiting = -1;
  /** The cable that carried the packet last. */
  private medium = '';
  /** The transport header that was seen last, for what it carries. */
  private payload: HeaderView | null = null;
  private readonly reads: Read[] = [];
  /** The routers that passed it on, one after the other. */
  private readonly routers: string[] = [];

  constructor(packetId: number) {
    this.packetId = packetId;
  }

  take(event: JourneyEvent): void {
    const state = this.stateOf(event.node);
    if (event.packetId === 0) this.aside(event, state);
    else this.about(event, state);
  }

  finish(): JourneyStep[] {
    // Where no program said what it read, the bytes say it themselves.
    for (const read of this.reads.reverse()) {
      if (read.told) continue;
      const step = this.dataStep(read.event, read.header, 'up');
      this.steps.splice(read.at, 0, step);
    }
    return this.steps;
  }

  private stateOf(node: string): NodeState {
    let state = this.nodes.get(node);
    if (state === undefined) {
      state = { calls: [], lastSend: null, pending: [], last: null, unread: false, read: null };
      this.nodes.set(node, state);
    }
    return state;
  }

  /** An event without a packet. */
  private aside(event: JourneyEvent, state: NodeState): void {
    if (event.layer >= 6 && event.what === What.Receive) {
      // The program's own word for what it read takes the place of what the bytes look like.
      if (state.read !== null && state.read.event.timeNs === event.timeNs) {
        state.read.told = true;
        this.told(event, 'up', state.read.header.payloadLength);
      }
      return;
    }
    if (event.layer >= 5) {
      const takes = /^(receive|recv)/.test(event.detail);
      const accepts = event.detail.startsWith('accept');
      if (!takes && !accepts) {
        state.calls.push(event);
        if (event.detail.startsWith('send')) state.lastSend = event;
      } else if (takes ? state.unread : this.cameLast(state)) {
        this.told(event, 'up');
        if (state.unread && this.payload !== null) {
          state.read = { event, header: this.payload, at: this.steps.length, told: false };
          this.reads.push(state.read);
        }
        state.unread = false;
      }
      return;
    }
    const told = state.last !== null && state.last.timeNs === event.timeNs && event.what !== What.Retransmit;
    if (!told) state.pending.push(event);
    else if (state.last?.packetId === this.packetId) this.told(event, 'stay');
  }

  /** Our packet was the last that layer 4 of this node took in. */
  private cameLast(state: NodeState): boolean {
    return state.last?.packetId === this.packetId && state.last.layer === 4;
  }

  /** An event about a packet, ours or another. */
  private about(event: JourneyEvent, state: NodeState): void {
    const ours = event.packetId === this.packetId;
    const { pending, calls } = state;
    const leaves = event.what === What.Send && event.layer >= 3;
    if (ours || leaves) state.pending = [];
    if (leaves && state.last?.packetId !== event.packetId) state.calls = [];
    // Every SYN tells where sequence numbers begin.
    const header = ours || (event.layer === 4 && event.what === What.Send) ? this.read(event) : null;
    if (ours && header !== null) {
      if (leaves && state.last?.packetId !== this.packetId) this.origins(event, header, calls, state.lastSend);
      for (const aside of pending) if (aside.timeNs === event.timeNs) this.told(aside, 'stay');
      this.step(event, header, state);
    }
    state.last = event;
  }

  private read(event: JourneyEvent): HeaderView {
    const header = readHeader(event, event.packetId === this.packetId ? this.protocol : -1, this.bases);
    if (event.packetId !== this.packetId) return header;
    if (header.protocol >= 0) this.protocol = header.protocol;
    // What is handed up stands behind its header already.
    if (header.payloadLength > 0 && event.what !== What.Deliver) this.payload = header;
    return header;
  }

  /** The calls that the packet was made of: those of this moment, or for data the last that sent some. */
  private origins(
    event: JourneyEvent,
    header: HeaderView,
    calls: readonly JourneyEvent[],
    lastSend: JourneyEvent | null,
  ): void {
    const flags = header.tcp?.flags ?? 0;
    const carries = header.payloadLength > 0 || (flags & (TcpFlag.Syn | TcpFlag.Fin)) !== 0 || header.tcp === null;
    if (!carries) return;
    let made = calls.filter((call) => call.timeNs === event.timeNs);
    if (made.length === 0 && header.payloadLength > 0 && lastSend !== null) made = [lastSend];
    const explained = made.some((call) => call.layer === 7);
    if (header.payloadLength > 0 && !explained) this.steps.push(this.dataStep(event, header, 'down'));
    for (const call of [...made].sort((a, b) => b.layer - a.layer)) {
      this.told(call, 'down', call.layer >= 6 ? header.payloadLength : 0);
    }
  }

  /** The payload as the program sees it. */
  private dataStep(event: JourneyEvent, header: HeaderView, way: 'down' | 'up'): JourneyStep {
    const { payloadLength, payloadText } = header;
    const text = payloadText === '' ? `${payloadLength} byte${payloadLength === 1 ? '' : 's'} of data` : payloadText;
    return stepOf(event, { layer: 7, way, unit: 'data', bytes: payloadLength, text });
  }

  /** A call, a state, a decision; `bytes` are those of ours that it was about, where they are known. */
  private told(event: JourneyEvent, way: 'down' | 'up' | 'stay', bytes = 0): void {
    this.push(event, { layer: event.layer, way, unit: event.layer >= 5 ? 'data' : '', bytes, text: event.detail });
  }

  private step(event: JourneyEvent, header: HeaderView, state: NodeState): void {
    const { what, layer, detail } = event;
    if (this.waiting >= 0) this.endWait(event);
    if (layer === 1) {
      this.physical(event);
      return;
    }
    this.arrives(event);
    this.holder = event.node;
    const { unit } = header;
    const common = { layer, unit, bytes: event.length };
    const bytes = event.bytes.subarray(0, Math.min(event.bytes.length, header.length));
    const shown = { header: bytes, headerLength: header.length };
    // Layer 4's own words say no more than its header does, except where it has something to tell (TCP).
    const text = layer === 4 ? (header.tcp === null ? header.text : join(header.text, detail)) : detail || header.text;
    if (what === What.Send) this.push(event, { ...common, ...shown, way: 'down', text });
    else if (what === What.Receive) this.push(event, { ...common, ...shown, way: 'up', text });
    else if (what === What.Forward) {
      if (layer === 3) this.routers.push(event.node);
      this.push(event, { ...common, ...shown, way: 'across', text: `passes it on ${detail}` });
    } else if (what === What.Deliver) {
      this.push(event, { ...common, unit: layer === 4 ? 'data' : unit, way: 'up', text: join('hands it up', detail) });
      if (layer === 4) state.unread = true;
    } else if (what === What.Drop) this.ends(event, unit);
    else {
      this.push(event, { ...common, way: 'stay', text: what === What.Wait ? `waits ${detail}` : detail });
      if (what === What.Wait) this.waiting = this.steps.length - 1;
    }
  }

  private ends(event: JourneyEvent, unit: JourneyStep['unit']): void {
    const { text } = dropReasons[event.reason]!;
    const loop = event.reason === Drop.IP_TTL_EXPIRED ? this.loop(event.node) : '';
    const why = join(event.detail === '' ? text : `${text}: ${event.detail}`, loop);
    let told = isHarmless(event.reason) ? why : `dropped: ${why}`;
    if (event.reason === Drop.FIREWALL_DENIED || event.reason === Drop.FIREWALL_REJECTED) {
      told = `dropped by ${event.detail}`; // "r1's firewall, rule 3: ..."
    }
    this.push(event, { layer: event.layer, way: 'end', unit, bytes: event.length, text: told, reason: event.reason });
  }

  /** The circle in which the packet went, if it came to this router before: `it went in circles: r1, r2, r1`. */
  private loop(last: string): string {
    const before = this.routers.lastIndexOf(last);
    if (before < 0) return '';
    const circle = [...this.routers.slice(before), last];
    const rounds = this.routers.filter((router) => router === last).length;
    const times = rounds === 1 ? 'once' : `${rounds} times`;
    return `it went in circles: ${circle.join(', ')} (${last} passed it on ${times} before)`;
  }

  /** A cable sends the bits of the device that gave it the frame; a hub is a device of its own. */
  private physical(event: JourneyEvent): void {
    const bytes = PREAMBLE + Math.max(SHORTEST_FRAME, event.length) + FCS;
    const isCable = event.what === What.Send || event.what === What.Drop;
    const node = isCable && this.holder !== '' ? this.holder : event.node;
    if (event.what === What.Drop) {
      const { text } = dropReasons[event.reason]!;
      const where = isCable && node !== event.node ? ` on ${event.node}` : '';
      const told = join(`dropped${where}: ${text}`, event.detail);
      this.push(event, { node, layer: 1, way: 'end', unit: 'bits', bytes, text: told, reason: event.reason });
      return;
    }
    const way = event.what === What.Send ? 'down' : event.what === What.Forward ? 'across' : 'stay';
    const text = event.what === What.Send ? `${event.node}: ${event.detail}` : event.detail;
    this.push(event, { node, layer: 1, way, unit: 'bits', bytes, text });
    if (event.what === What.Send) this.medium = event.node;
    else this.holder = event.node;
  }

  /** When the packet comes to another device, its bits have come in there. */
  private arrives(event: JourneyEvent): void {
    if (this.medium === '' || event.node === this.holder) return;
    const bytes = PREAMBLE + Math.max(SHORTEST_FRAME, event.length) + FCS;
    const by = this.medium.split('-').some((end) => end.startsWith(`${event.node}:`)) ? `by ${this.medium}` : 'come in';
    if (event.what !== What.Send) this.push(event, { layer: 1, way: 'up', unit: 'bits', bytes, text: by, source: '' });
  }

  private endWait(event: JourneyEvent): void {
    const step = this.steps[this.waiting]!;
    if (event.node !== step.node || event.timeNs === step.timeNs) return;
    this.steps[this.waiting] = { ...step, text: `${step.text}, ${formatDuration(event.timeNs - step.timeNs)}` };
    this.waiting = -1;
  }

  private push(event: JourneyEvent, step: StepWords): void {
    this.steps.push(stepOf(event, step));
  }
}

type StepWords = Pick<JourneyStep, 'layer' | 'way' | 'unit' | 'bytes' | 'text'> & Partial<JourneyStep>;

function stepOf(event: JourneyEvent, step: StepWords): JourneyStep {
  const { node, timeNs, source } = event;
  return { node, timeNs, header: null, headerLength: 0, reason: 0, source, ...step };
}

function join(a: string, b: string): string {
  return a === '' ? b : b === '' ? a : `${a}: ${b}`;
}
