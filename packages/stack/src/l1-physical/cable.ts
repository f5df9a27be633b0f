import type { Clock } from '../base/clock.ts';
import { assert } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { LinkDevice, LinkEnd } from '../base/link.ts';
import type { PacketBuffer, PacketPool } from '../base/packet-buffer.ts';
import type { Random } from '../base/random.ts';
import { type TraceSink, What } from '../base/trace.ts';
import { type DeliveryObserver, Line, LineDirection, type LineOptions, type Medium } from './line.ts';

/**
 * A full-duplex cable between two devices: two lines that share nothing but their fate.
 *
 *     device  <->  end a  == forward ==>  end b  <->  device
 *                         <== backward ==
 *
 * The link is up while the cable is not cut and something is plugged in at both ends, as with the link pulses of
 * IEEE 802.3 14.2.1.7; both devices are told of each change.
 */
export class Cable implements Medium {
  readonly name: string;
  readonly a: CableEnd;
  readonly b: CableEnd;
  /** From `a` to `b`, and back: counters, drops by reason, and a tap for captures, each. */
  readonly forward: Line;
  readonly backward: Line;
  number = 0;
  /** Who watches; reported as layer 1 of a node with the cable's name. */
  trace: TraceSink | null = null;
  /** Who is told of each arrival. */
  deliveries: DeliveryObserver | null = null;
  /** False while cut. */
  private whole = true;
  private connected = false;

  /** What `options` do not name is 1 Gbit/s, 5 us, `limits.linkQueueFrames`, and no impairment. */
  constructor(
    name: string,
    clock: Clock,
    random: Random,
    pool: PacketPool,
    limits: Limits,
    options: { forward?: Partial<LineOptions>; backward?: Partial<LineOptions> } = {},
  ) {
    this.name = name;
    const { forward = {}, backward = {} } = options;
    const chance = random.fork(`cable ${name}`);
    const there = new Line(this, LineDirection.Forward, clock, chance.fork('forward'), pool, limits, forward);
    const back = new Line(this, LineDirection.Backward, clock, chance.fork('backward'), pool, limits, backward);
    this.forward = there;
    this.backward = back;
    this.a = new CableEnd(this, there, back);
    this.b = new CableEnd(this, back, there);
  }

  /** Whether frames cross. */
  get up(): boolean {
    return this.connected;
  }

  /** Cuts the cable (false) or mends it. */
  setUp(up: boolean): void {
    this.whole = up;
    this.update(up ? 'mended' : 'cut');
  }

  /** What both directions are set to now. */
  options(): { forward: Readonly<LineOptions>; backward: Readonly<LineOptions> } {
    return { forward: this.forward.options, backward: this.backward.options };
  }

  /** Changes what is named, for frames that are handed over from now on. */
  configure(direction: 'forward' | 'backward' | 'both', changes: Partial<LineOptions>): void {
    if (direction !== 'backward') this.forward.configure(changes);
    if (direction !== 'forward') this.backward.configure(changes);
  }

  /** Something was plugged in, pulled out, cut or mended. The ends' to call. */
  update(why: string): void {
    const up = this.whole && this.a.device !== null && this.b.device !== null;
    if (up === this.connected) return;
    this.connected = up;
    if (this.trace !== null) {
      const detail = up ? `down -> up: ${why}` : `up -> down: ${why}`;
      this.trace.event(this.name, 1, What.State, null, 0, detail, '');
    }
    this.forward.setUp(up);
    this.backward.setUp(up);
    this.a.device?.linkChanged(up);
    this.b.device?.linkChanged(up);
  }
}

export class CableEnd implements LinkEnd {
  readonly cable: Cable;
  /** The line that leaves here. */
  readonly line: Line;
  device: LinkDevice | null = null;
  private readonly arriving: Line;

  constructor(cable: Cable, line: Line, arriving: Line) {
    this.cable = cable;
    this.line = line;
    this.arriving = arriving;
  }

  get up(): boolean {
    return this.cable.up;
  }

  get rateBps(): number {
    return this.line.options.rateBps;
  }

  transmit(frame: PacketBuffer): void {
    this.line.transmit(frame);
  }

  attach(device: LinkDevice): void {
    assert(this.device === null, `something is plugged in already at this end of ${this.cable.name}`);
    this.device = device;
    this.arriving.target = device;
    this.cable.update('plugged in');
  }

  detach(): void {
    this.device = null;
    this.arriving.target = null;
    this.cable.update('pulled out');
  }
}
