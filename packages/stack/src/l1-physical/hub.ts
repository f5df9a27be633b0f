import type { Task, TimerHandle } from '../base/clock.ts';
import { Drop } from '../base/drop-reasons.ts';
import { assert } from '../base/errors.ts';
import type { LinkDevice, LinkEnd } from '../base/link.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { Random } from '../base/random.ts';
import { What } from '../base/trace.ts';
import { PortList } from './port-list.ts';
import { FRAME_OVERHEAD, MIN_FRAME } from './transmitter.ts';

/** IEEE 802.3 4.4.2, for 10 and 100 Mbit/s: in bit times, attempts, and the largest exponent of the backoff. */
const SLOT_BITS = 512;
const JAM_BITS = 32;
const GAP_BITS = 96;
const ATTEMPT_LIMIT = 16;
const BACKOFF_LIMIT = 10;

const IEEE = 'IEEE 802.3 4.2.3.2';

/** The tag of the medium's own event; a larger tag is the number of a port whose backoff has passed. */
const MEDIUM_TAG = 0;

/**
 * A hub: a repeater whose ports share one medium, on which one station at a time can be heard (IEEE 802.3 4.2.3.2).
 *
 *     port 1 -- waiting frames --+
 *     port 2 -- waiting frames --+--> one medium, half duplex --> all other ports
 *     port 3 -- waiting frames --+
 *
 * Each port plays the half-duplex MAC of the station behind it:
 *
 *   1. medium idle: the frame starts. It is repeated to the others when its last bit has passed.
 *   2. somebody else started less than a slot time (512 bits) ago and is not heard yet: collision. Both stop, a jam
 *      goes out, and each waits r slot times, r drawn from 0 to 2^min(n, 10) - 1, n being the collisions of the frame
 *      among them that has had most. After 16 attempts a frame is dropped.
 *   3. somebody has been heard for longer: the port defers, and starts as soon as the medium is free; all who have
 *      deferred start together, and collide.
 *
 * What is simplified: stations speak to their cable in full duplex and do not know of the medium, so carrier sense,
 * collisions and retries happen here, on complete frames; all stations are equally far apart; and the ports' queues
 * stand for those of the stations.
 */
export class Hub implements Task {
  readonly node: NodeContext;
  readonly rateBps: number;
  /** Frames that were repeated, and collisions on the medium (two or more stations each). */
  repeated = 0;
  collisions = 0;
  private readonly list: PortList<HubPort>;
  private readonly random: Random;
  /** Whose frame is on the medium, and since when; null while idle or jammed. */
  private sender: HubPort | null = null;
  private startedAt = 0;
  private jammed = false;
  private mediumEvent: TimerHandle = 0;

  /** `ports` 0: as many as cables are plugged in. `rateBps`: the medium's, shared by all; default 10 Mbit/s. */
  constructor(node: NodeContext, ports = 0, options: { rateBps?: number } = {}) {
    this.node = node;
    this.rateBps = options.rateBps ?? 10e6;
    assert(this.rateBps >= 1 && this.rateBps < Infinity, `a hub's rate is ${this.rateBps}`);
    this.random = node.random.fork('hub');
    this.list = new PortList(ports, node.limits.devicePorts, (number) => new HubPort(this, number));
  }

  get name(): string {
    return this.node.name;
  }

  get ports(): readonly HubPort[] {
    return this.list.ports;
  }

  port(number: number): HubPort | null {
    return this.list.port(number);
  }

  freePort(): number {
    return this.list.freePort();
  }

  /** Something came in at a port; the ports' to call. */
  input(port: HubPort, frame: PacketBuffer): void {
    const { waiting } = port;
    if (waiting.length >= this.node.limits.linkQueueFrames) {
      this.node.drop(frame, Drop.LINK_QUEUE_FULL);
      return;
    }
    waiting.push(frame);
    if (waiting.length === 1) this.contend(port);
  }

  /** A port's link went down; the ports' to call. */
  portDown(port: HubPort): void {
    this.node.clock.cancel(port.backoffEvent);
    port.reset();
    while (port.waiting.length > 0) this.node.drop(port.waiting.shift() as PacketBuffer, Drop.LINK_DOWN);
    if (this.sender !== port) return;
    this.node.clock.cancel(this.mediumEvent);
    this.becomeIdle();
  }

  run(tag: number): void {
    if (tag !== MEDIUM_TAG) {
      const port = this.list.port(tag) as HubPort;
      port.backoffEvent = 0;
      this.contend(port);
      return;
    }
    const { sender } = this;
    if (sender !== null) {
      const frame = sender.waiting.shift() as PacketBuffer;
      sender.reset();
      sender.deferring = sender.waiting.length > 0;
      this.repeat(sender, frame);
    }
    this.becomeIdle();
  }

  /** The first frame that waits at `port` wants to go. */
  private contend(port: HubPort): void {
    if (this.sender !== null && this.node.clock.now < this.startedAt + this.bits(SLOT_BITS)) {
      const other = this.sender;
      this.node.clock.cancel(this.mediumEvent);
      this.collide([other, port]);
    } else if (this.sender !== null || this.jammed) {
      port.deferring = true;
    } else {
      this.start(port);
    }
  }

  private start(port: HubPort): void {
    const frame = port.waiting[0];
    const bytes = Math.max(frame.end - frame.start, MIN_FRAME) + FRAME_OVERHEAD;
    port.deferring = false;
    this.sender = port;
    this.startedAt = this.node.clock.now;
    this.mediumEvent = this.node.clock.at(this.startedAt + this.bits(bytes * 8), this, MEDIUM_TAG);
  }

  /** All of these started within one slot time: nobody's frame got through. */
  private collide(ports: readonly HubPort[]): void {
    const { clock } = this.node;
    const quietAt = clock.now + this.bits(JAM_BITS + GAP_BITS);
    this.collisions++;
    this.sender = null;
    this.jammed = true;
    // Queued before the backoffs, which begin when the medium is quiet: at one time, those who deferred go first.
    this.mediumEvent = clock.at(quietAt, this, MEDIUM_TAG);
    let longest = 0;
    for (const port of ports) longest = Math.max(longest, port.attempts);
    for (const port of ports) this.backOff(port, quietAt, longest + 1);
  }

  /**
   * Truncated binary exponential backoff (IEEE 802.3 4.2.3.2.5), but all who collide draw from the range of the one that
   * has collided most. From ranges of their own, a busy station with a new frame beats one that has lost before nearly
   * always, and frames are given up on a network that loses nothing: the capture effect (Molle 1994; IEEE 802.3w).
   */
  private backOff(port: HubPort, quietAt: number, exponent: number): void {
    const { node } = this;
    const frame = port.waiting[0];
    port.collisions++;
    port.attempts++;
    if (port.attempts === ATTEMPT_LIMIT) {
      port.waiting.shift();
      port.reset();
      port.deferring = port.waiting.length > 0;
      node.drop(frame, Drop.HUB_COLLISION);
      return;
    }
    const slots = this.random.below(2 ** Math.min(exponent, BACKOFF_LIMIT));
    port.deferring = false;
    port.backoffEvent = node.clock.at(quietAt + this.bits(slots * SLOT_BITS), this, port.number);
    if (node.trace !== null) {
      const detail = `port ${port.number}: collision ${port.attempts}, backs off for ${slots} slots`;
      node.trace.event(node.name, 1, What.Wait, frame, 0, detail, `${IEEE}.5`);
    }
  }

  private becomeIdle(): void {
    this.sender = null;
    this.jammed = false;
    const ready = this.list.ports.filter((port) => port.deferring);
    if (ready.length === 1) this.start(ready[0]);
    else if (ready.length > 1) this.collide(ready);
  }

  /** Sends a frame out of every other port that is up: copies, and the frame itself to the last. */
  private repeat(from: HubPort, frame: PacketBuffer): void {
    const { node } = this;
    const others = this.list.ports.filter((port) => port !== from && port.link !== null && port.link.up);
    if (others.length === 0) {
      node.drop(frame, Drop.HUB_PORT_DOWN);
      return;
    }
    this.repeated++;
    if (node.trace !== null) {
      const detail = `from port ${from.number} to ${others.map((port) => port.number).join(', ')}`;
      node.trace.event(node.name, 1, What.Forward, frame, 0, detail, '');
    }
    for (let i = 0; i < others.length; i++) {
      others[i].link?.transmit(i === others.length - 1 ? frame : frame.copy());
    }
  }

  private bits(count: number): number {
    return Math.floor((count * 1e9) / this.rateBps);
  }
}

export class HubPort implements LinkDevice {
  readonly hub: Hub;
  readonly number: number;
  link: LinkEnd | null = null;
  /** Collisions that frames from this port took part in. */
  collisions = 0;
  /** Frames that wait for the medium, the one that is on it included. */
  readonly waiting: PacketBuffer[] = [];
  /** Collisions of the first of them. */
  attempts = 0;
  /** It starts as soon as the medium is free. */
  deferring = false;
  backoffEvent: TimerHandle = 0;

  constructor(hub: Hub, number: number) {
    this.hub = hub;
    this.number = number;
  }

  connect(link: LinkEnd): void {
    this.link = link;
    link.attach(this);
  }

  disconnect(): void {
    this.link?.detach();
    this.link = null;
    this.hub.portDown(this);
  }

  linkInput(frame: PacketBuffer): void {
    this.hub.input(this, frame);
  }

  linkChanged(up: boolean): void {
    if (!up) this.hub.portDown(this);
  }

  /** The first frame's turn is over. */
  reset(): void {
    this.attempts = 0;
    this.deferring = false;
    this.backoffEvent = 0;
  }
}
