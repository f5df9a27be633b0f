import type { Clock } from '../../base/clock.ts';
import type { DnsLimits } from './limits.ts';
import { type DomainName, parentKey } from './name.ts';
import type { Delegation } from './reply-meaning.ts';

/**
 * Who serves which zone, as the parents said, with the addresses that they told: kept apart from answers, because it
 * serves to find the way only, and is told to nobody (RFC 2181 5.4.1).
 */
export class Delegations {
  private readonly clock: Clock;
  private readonly limits: DnsLimits;
  private readonly root: Delegation;
  private readonly byZone = new Map<string, { delegation: Delegation; untilNs: number }>();

  /** `root`: where all begins, and which is always known. */
  constructor(clock: Clock, limits: DnsLimits, root: Delegation) {
    this.clock = clock;
    this.limits = limits;
    this.root = root;
  }

  get size(): number {
    return this.byZone.size;
  }

  put(delegation: Delegation): void {
    const { key } = delegation.zone;
    const seconds = Math.min(delegation.ttl, this.limits.cacheSeconds);
    this.byZone.delete(key);
    this.byZone.set(key, { delegation, untilNs: this.clock.now + seconds * 1e9 });
    if (this.byZone.size > this.limits.cacheEntries) this.byZone.delete(this.byZone.keys().next().value!);
  }

  /** Of the nearest zone at or above a name. */
  nearest(name: DomainName): Delegation {
    for (let key = name.key; key !== ''; key = parentKey(key)) {
      const entry = this.byZone.get(key);
      if (entry === undefined) continue;
      this.byZone.delete(key);
      if (entry.untilNs <= this.clock.now) continue;
      this.byZone.set(key, entry);
      return entry.delegation;
    }
    return this.root;
  }

  clear(): void {
    this.byZone.clear();
  }
}
