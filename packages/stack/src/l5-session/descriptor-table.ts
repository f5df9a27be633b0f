import { Errno } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { Descriptor } from './descriptor.ts';

/** 0, 1 and 2 are standard input, output and error. */
export const FIRST_DESCRIPTOR = 3;

/**
 * The descriptors of one process: small numbers that stand for open sockets. A new one gets the lowest number that is
 * free, as POSIX promises (open(2)), so that numbers are used again.
 */
export class DescriptorTable {
  private readonly slots: (Descriptor | null)[] = [];
  private readonly limit: number;
  /** No slot below this one is free. */
  private lowest = 0;
  private count = 0;

  constructor(limits: Limits) {
    this.limit = limits.sockets;
  }

  /** How many are open. */
  get size(): number {
    return this.count;
  }

  /** Gives a descriptor its number; -EMFILE when the process has as many as it may. */
  add(descriptor: Descriptor): number {
    if (this.count >= this.limit) return -Errno.EMFILE;
    const { slots } = this;
    let slot = this.lowest;
    while (slot < slots.length && slots[slot] !== null) slot++;
    slots[slot] = descriptor;
    this.lowest = slot + 1;
    this.count++;
    return slot + FIRST_DESCRIPTOR;
  }

  /** What a number stands for; null for one that is not open (EBADF). */
  get(number: number): Descriptor | null {
    return this.slots[number - FIRST_DESCRIPTOR] ?? null;
  }

  /** Takes a number back, without closing what it stood for: that is returned; null if it was not open (EBADF). */
  remove(number: number): Descriptor | null {
    const descriptor = this.get(number);
    if (descriptor === null) return null;
    const slot = number - FIRST_DESCRIPTOR;
    this.slots[slot] = null;
    this.count--;
    if (slot < this.lowest) this.lowest = slot;
    return descriptor;
  }

  /** Every number that is open, in order. */
  numbers(): number[] {
    const numbers: number[] = [];
    for (let slot = 0; slot < this.slots.length; slot++) {
      if (this.slots[slot] !== null) numbers.push(slot + FIRST_DESCRIPTOR);
    }
    return numbers;
  }
}
