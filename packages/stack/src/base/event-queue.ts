import type { Clock, Task, TimerHandle } from './clock.ts';

/** Slots are named by their low 24 bits in a handle; the rest is the slot's generation. */
const SLOT_LIMIT = 1 << 24;

const NO_SLOT = -1;

const IDLE: Task = { run() {} };

/**
 * The event queue: what happens next, ordered by (time, sequence), so that of two events at one time the one asked
 * for first comes first. A 4-ary heap in typed arrays; a pending event is a slot, and nothing is allocated for it.
 *
 * Most events ask for another one: a frame has arrived, and the next is on its way. So the place of an event that runs,
 * at the heap's root, stays open until it has run, and the first new event goes in there: the heap is put in order once
 * instead of twice.
 */
export class EventQueue implements Clock {
  now = 0;
  /** Events that ran so far. */
  processed = 0;
  /**
   * Told when, from outside of any event, something is asked for that comes before all else: for a driver that waits in
   * real time. Null while none does.
   */
  onEarlier: (() => void) | null = null;
  /** Places in the heap that are taken, an open root included. */
  private size = 0;
  private rootOpen = false;
  private sequence = 0;
  /** The heap: key (time, order) and slot, by heap position. */
  private times = new Float64Array(64);
  private orders = new Float64Array(64);
  private slots = new Int32Array(64);
  /** By slot: heap position, or `linkTo` the next one that is free; generation, task, tag. */
  private positions = new Int32Array(64).fill(NO_SLOT);
  private generations = new Int32Array(64);
  private tasks: Task[] = [];
  private tags: number[] = [];
  private freeSlot = NO_SLOT;
  private usedSlots = 0;

  get pending(): number {
    return this.rootOpen ? this.size - 1 : this.size;
  }

  /** When the next event is due, ns; Infinity when there is none. */
  get nextTime(): number {
    if (this.rootOpen) this.closeRoot();
    return this.size === 0 ? Infinity : this.times[0]!;
  }

  at(time: number, task: Task, tag: number): TimerHandle {
    if (time === Infinity) return 0;
    if (!(time >= this.now)) time = this.now;
    const slot = this.takeSlot();
    this.tasks[slot] = task;
    this.tags[slot] = tag;
    if (this.rootOpen) {
      this.rootOpen = false;
      this.siftDown(0, time, this.sequence++, slot);
    } else {
      const position = this.size++;
      if (position === this.times.length) this.growHeap();
      this.siftUp(position, time, this.sequence++, slot);
      if (this.onEarlier !== null && this.slots[0] === slot) this.onEarlier();
    }
    return this.generations[slot]! * SLOT_LIMIT + slot + 1;
  }

  cancel(handle: TimerHandle): void {
    if (handle === 0) return;
    const slot = (handle - 1) % SLOT_LIMIT;
    const generation = (handle - 1 - slot) / SLOT_LIMIT;
    if (this.generations[slot] !== generation || this.positions[slot]! < 0) return;
    if (this.rootOpen) this.closeRoot();
    this.removeAt(this.positions[slot]!);
    this.giveBack(slot);
  }

  /** Runs the next event, whenever it is due, with `now` set to its time. False when there is none. */
  runNext(): boolean {
    if (this.rootOpen) this.closeRoot();
    if (this.size === 0) return false;
    const slot = this.slots[0]!;
    this.now = this.times[0]!;
    const task = this.tasks[slot]!;
    const tag = this.tags[slot]!;
    this.giveBack(slot);
    this.rootOpen = true;
    this.processed++;
    task.run(tag);
    if (this.rootOpen) this.closeRoot();
    return true;
  }

  /** Runs all events due up to `time` (ns) inclusive, then stands at `time`. Returns how many ran. */
  runUntil(time: number): number {
    const before = this.processed;
    while (this.nextTime <= time && this.runNext());
    if (time > this.now && time !== Infinity) this.now = time;
    return this.processed - before;
  }

  /** Moves the clock forward while nothing is due: for a driver that follows the real clock. */
  advanceTo(time: number): void {
    if (time > this.now) this.now = Math.min(time, this.nextTime);
  }

  private takeSlot(): number {
    const free = this.freeSlot;
    if (free !== NO_SLOT) {
      this.freeSlot = linkTo(this.positions[free]!);
      return free;
    }
    if (this.usedSlots === SLOT_LIMIT) throw new Error('EventQueue: more than 16 million events are pending');
    const slot = this.usedSlots++;
    if (slot === this.positions.length) {
      this.positions = grown(this.positions, new Int32Array(slot * 2).fill(NO_SLOT));
      this.generations = grown(this.generations, new Int32Array(slot * 2));
    }
    return slot;
  }

  private giveBack(slot: number): void {
    this.positions[slot] = linkTo(this.freeSlot);
    this.freeSlot = slot;
    this.generations[slot] = (this.generations[slot]! + 1) & 0x0fffffff;
    this.tasks[slot] = IDLE;
  }

  /** The event that ran has asked for no other. */
  private closeRoot(): void {
    this.rootOpen = false;
    this.removeAt(0);
  }

  private growHeap(): void {
    const length = this.times.length * 2;
    this.times = grown(this.times, new Float64Array(length));
    this.orders = grown(this.orders, new Float64Array(length));
    this.slots = grown(this.slots, new Int32Array(length));
  }

  private removeAt(position: number): void {
    const last = --this.size;
    if (position === last) return;
    const time = this.times[last]!;
    const order = this.orders[last]!;
    const slot = this.slots[last]!;
    const parent = (position - 1) >> 2;
    if (
      position > 0 &&
      (time < this.times[parent]! || (time === this.times[parent]! && order < this.orders[parent]!))
    ) {
      this.siftUp(position, time, order, slot);
    } else {
      this.siftDown(position, time, order, slot);
    }
  }

  private siftUp(position: number, time: number, order: number, slot: number): void {
    const { times, orders, slots, positions } = this;
    while (position > 0) {
      const parent = (position - 1) >> 2;
      const parentTime = times[parent]!;
      if (parentTime < time || (parentTime === time && orders[parent]! < order)) break;
      times[position] = parentTime;
      orders[position] = orders[parent]!;
      const moved = slots[parent]!;
      slots[position] = moved;
      positions[moved] = position;
      position = parent;
    }
    times[position] = time;
    orders[position] = order;
    slots[position] = slot;
    positions[slot] = position;
  }

  private siftDown(position: number, time: number, order: number, slot: number): void {
    const { times, orders, slots, positions, size } = this;
    for (;;) {
      const first = position * 4 + 1;
      if (first >= size) break;
      const end = first + 4 < size ? first + 4 : size;
      let best = first;
      let bestTime = times[first]!;
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child]!;
        if (childTime < bestTime || (childTime === bestTime && orders[child]! < orders[best]!)) {
          best = child;
          bestTime = childTime;
        }
      }
      if (time < bestTime || (time === bestTime && order < orders[best]!)) break;
      times[position] = bestTime;
      orders[position] = orders[best]!;
      const moved = slots[best]!;
      slots[position] = moved;
      positions[moved] = position;
      position = best;
    }
    times[position] = time;
    orders[position] = order;
    slots[position] = slot;
    positions[slot] = position;
  }
}

/** A slot, or NO_SLOT, as a negative number, and back. */
function linkTo(slot: number): number {
  return NO_SLOT - 1 - slot;
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
