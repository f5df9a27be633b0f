import type { Clock } from '../../base/clock.ts';
import type { DnsLimits } from './limits.ts';
import { type DomainName, parentKey } from './name.ts';
import type { ResourceRecord } from './record.ts';
import { Rcode } from './types.ts';
import type { RecordSet } from './zone.ts';

/** What a cache knows of a name and a type. */
export type Known =
  | { readonly kind: 'set'; readonly set: RecordSet }
  /** There is no such name (NxDomain), or nothing of this type (NoError); with the SOA that said so. */
  | { readonly kind: 'absence'; readonly rcode: number; readonly soa: ResourceRecord | null }
  /** It could not be found out just now (RFC 9520). */
  | { readonly kind: 'failure'; readonly code: number; readonly text: string };

interface Entry {
  readonly known: Known;
  /** Used at this moment still: what may not be kept (TTL 0) serves the question that brought it. */
  readonly untilNs: number;
}

/** Where the absence of a whole name is kept: no type has this number. */
const WHOLE_NAME = 0;

/**
 * Answers, absences and failures, until their time is up (RFC 1035 7.4, RFC 2308 5). Only what was an answer to a
 * question comes in here: what servers tell besides is used on the way, and not believed (RFC 2181 5.4.1).
 */
export class DnsCache {
  private readonly clock: Clock;
  private readonly limits: DnsLimits;
  /** Those that were not used for the longest time stand first. */
  private readonly entries = new Map<string, Entry>();

  constructor(clock: Clock, limits: DnsLimits) {
    this.clock = clock;
    this.limits = limits;
  }

  get size(): number {
    return this.entries.size;
  }

  /** What is known, times to live being what is left of them; null when nobody knows any more. */
  get(name: DomainName, type: number): Known | null {
    const entry = this.live(keyOf(name.key, type));
    if (entry !== null) return this.aged(entry, name);
    // Where there is no name there is none below it (RFC 8020).
    for (let key = name.key; key !== ''; key = parentKey(key)) {
      const absent = this.live(keyOf(key, WHOLE_NAME));
      if (absent !== null) return this.aged(absent, name);
    }
    return null;
  }

  putSet(set: RecordSet): void {
    const [{ name, type }] = set;
    const ttl = Math.min(...set.map((record) => record.ttl), this.limits.cacheSeconds);
    this.put(keyOf(name.key, type), { kind: 'set', set }, ttl);
  }

  /** `soa` null: nobody said how long it holds, so it is not kept (RFC 2308 5). */
  putAbsence(name: DomainName, type: number, rcode: number, soa: ResourceRecord | null): void {
    if (soa === null) return;
    const ttl = Math.min(soa.absenceTtl, this.limits.absenceSeconds);
    const key = keyOf(name.key, rcode === Rcode.NxDomain ? WHOLE_NAME : type);
    this.put(key, { kind: 'absence', rcode, soa }, ttl);
  }

  putFailure(name: DomainName, type: number, code: number, text: string): void {
    this.put(keyOf(name.key, type), { kind: 'failure', code, text }, this.limits.failureSeconds);
  }

  clear(): void {
    this.entries.clear();
  }

  private put(key: string, known: Known, seconds: number): void {
    this.entries.delete(key);
    this.entries.set(key, { known, untilNs: this.clock.now + seconds * 1e9 });
    if (this.entries.size > this.limits.cacheEntries) this.entries.delete(this.entries.keys().next().value!);
  }

  private live(key: string): Entry | null {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    this.entries.delete(key);
    if (entry.untilNs <= this.clock.now) return null;
    this.entries.set(key, entry);
    return entry;
  }

  /** The seconds that are left, and the letters of the name as they were asked for. */
  private aged({ known, untilNs }: Entry, name: DomainName): Known {
    const ttl = Math.ceil((untilNs - this.clock.now) / 1e9);
    if (known.kind === 'set') return { ...known, set: known.set.map((record) => record.with(name, ttl)) };
    if (known.kind === 'absence' && known.soa !== null) return { ...known, soa: known.soa.with(known.soa.name, ttl) };
    return known;
  }
}

function keyOf(nameKey: string, type: number): string {
  return `${type} ${nameKey}`;
}
