import type { Clock } from '../base/clock.ts';
import { parseDuration } from '../base/units.ts';
import type { Cable } from '../l1-physical/cable.ts';
import type { Line, LineOptions } from '../l1-physical/line.ts';
import { BuildError, quantity } from './build-error.ts';
import { callAt } from './clockwork.ts';
import type { FaultDescription } from './description.ts';
import { lineChanges } from './line-options.ts';

/**
 * What breaks, and when. Faults of one link may overlap: it is mended when the last one that cut it is over, and each
 * of its properties is what the latest fault that still lasts says, or else what it was before the first.
 */
export class Faults {
  private readonly clock: Clock;
  private readonly links = new Map<Cable, LinkFaults>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Puts a fault, and its end if it has one, into the queue. Throws a BuildError for one that says nothing. */
  plan(cable: Cable, fault: FaultDescription): void {
    const where = `fault of ${fault.link}`;
    const atNs = quantity(parseDuration(fault.at), `${where}: at`);
    const endNs = fault.for === undefined ? Infinity : atNs + quantity(parseDuration(fault.for), `${where}: for`);
    const { down = false, set } = fault;
    if (!down && set === undefined)
      throw new BuildError(`${where} breaks nothing: say down: true, or set: { loss: 5% }`);
    if (down && set !== undefined) throw new BuildError(`${where} says down and set at once: make two faults of it`);
    const changes = set === undefined ? null : lineChanges(set, `${where}: set`);
    const active = this.ofLink(cable);
    callAt(this.clock, atNs, () => active.begin(changes));
    if (endNs < Infinity) callAt(this.clock, endNs, () => active.end(changes));
  }

  private ofLink(cable: Cable): LinkFaults {
    let found = this.links.get(cable);
    if (found === undefined) this.links.set(cable, (found = new LinkFaults(cable)));
    return found;
  }
}

type Changes = Partial<LineOptions>;

/** The faults of one link that are going on. */
class LinkFaults {
  private readonly cable: Cable;
  private readonly lines: readonly LineFaults[];
  private cuts = 0;

  constructor(cable: Cable) {
    this.cable = cable;
    this.lines = [new LineFaults(cable.forward), new LineFaults(cable.backward)];
  }

  /** `changes` null: the link is cut. */
  begin(changes: Changes | null): void {
    if (changes !== null) for (const line of this.lines) line.begin(changes);
    else if (this.cuts++ === 0) this.cable.setUp(false);
  }

  end(changes: Changes | null): void {
    if (changes !== null) for (const line of this.lines) line.end(changes);
    else if (--this.cuts === 0) this.cable.setUp(true);
  }
}

/** Changes laid over a line's properties. */
class LineFaults {
  private readonly line: Line;
  /** In the order in which they began. */
  private readonly active: Changes[] = [];
  /** What the words that faults change were before. */
  private base: Changes = {};

  constructor(line: Line) {
    this.line = line;
  }

  begin(changes: Changes): void {
    this.base = { ...only(this.line.options, changes), ...this.base };
    this.active.push(changes);
    this.line.configure(changes);
  }

  end(changes: Changes): void {
    this.active.splice(this.active.indexOf(changes), 1);
    this.line.configure(only(Object.assign({}, this.base, ...this.active), changes));
    this.base = only(this.base, Object.assign({}, ...this.active));
  }
}

/** Those of `options` that `changes` names. */
function only(options: Readonly<Changes>, changes: Changes): Changes {
  return Object.fromEntries(Object.entries(options).filter(([word]) => word in changes));
}
