import type { DnsLimits } from './limits.ts';
import { type DomainName, parentKey } from './name.ts';
import type { ResourceRecord } from './record.ts';
import { Rcode, Type } from './types.ts';
import type { RecordSet, Zone } from './zone.ts';

/** What the zones of a server come to for one question: the sections of an answer. */
export interface Answer {
  readonly rcode: number;
  /** The first name that was asked for lies in a zone that is served here. */
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  /** Others are to be asked: the additional addresses are glue. */
  readonly referral: boolean;
  /** The alias that leads out of these zones, where one does: somebody else knows the rest. */
  readonly leadsTo: DomainName | null;
}

/** Zones that are made of something else, anew whenever that has another generation. */
interface Followed {
  readonly generation: () => number;
  readonly make: () => readonly Zone[];
  made: readonly Zone[];
  madeOf: number;
}

/** The zones of one server. */
export class Zones {
  /** Another number whenever there are other zones: what was made of them is made anew. */
  generation = 0;
  private readonly byOrigin = new Map<string, Zone>();
  private readonly followed: Followed[] = [];

  constructor(zones: Iterable<Zone> = []) {
    for (const zone of zones) this.add(zone);
  }

  get size(): number {
    return this.byOrigin.size;
  }

  [Symbol.iterator](): IterableIterator<Zone> {
    return this.byOrigin.values();
  }

  /** A zone of the same origin is replaced. */
  add(zone: Zone): void {
    this.generation++;
    this.byOrigin.set(zone.origin.key, zone);
  }

  /** Zones that `make` makes, now and whenever `generation` has changed when `refresh` looks. */
  follow(generation: () => number, make: () => readonly Zone[]): void {
    this.followed.push({ generation, make, made: [], madeOf: Number.NaN });
    this.refresh();
  }

  /** Sees whether zones that follow something have to be made anew: to be called before a question is answered. */
  refresh(): void {
    for (const each of this.followed) {
      const generation = each.generation();
      if (generation === each.madeOf) continue;
      each.madeOf = generation;
      for (const { origin } of each.made) this.byOrigin.delete(origin.key);
      each.made = each.make();
      this.generation++;
      for (const zone of each.made) this.add(zone);
    }
  }

  /** The nearest zone at or above a name (RFC 1034 4.3.2, step 2); null when it lies in none. */
  zoneOf(name: DomainName, type: number = Type.A): Zone | null {
    for (let key = name.key; key !== ''; key = parentKey(key)) {
      const zone = this.byOrigin.get(key);
      // What a parent says of its child's keys stands in the parent (RFC 4035 3.1.4.1), if that is here too.
      const above = type === Type.DS && zone?.origin.key === name.key && key.length > 1;
      if (zone !== undefined && !(above && this.zoneOf(name.parent!) !== null)) return zone;
    }
    return null;
  }

  /**
   * The algorithm of RFC 1034 4.3.2, without recursion. `all` answers ANY with all there is, else with one set, which
   * is an answer too and of no use to those who want others flooded (RFC 8482 4.1).
   */
  answer(name: DomainName, type: number, all: boolean, limits: DnsLimits): Answer {
    const answers: ResourceRecord[] = [];
    let asked = name;
    const authoritative = this.zoneOf(name, type) !== null;
    for (let aliases = 0; ; aliases++) {
      const zone = this.zoneOf(asked, type);
      if (zone === null) {
        const rcode = authoritative ? Rcode.NoError : Rcode.Refused;
        return this.finished(answers, [], { rcode, authoritative, leadsTo: aliases > 0 ? asked : null });
      }
      const found = zone.find(asked, type);
      switch (found.kind) {
        case 'answer': {
          if (type === Type.ANY && all) for (const set of zone.setsAt(asked)) answers.push(...set);
          if (type !== Type.ANY || !all || answers.length === 0) answers.push(...found.set);
          return this.finished(answers, [], { authoritative });
        }
        case 'alias': {
          answers.push(...found.set);
          const target = found.set[0].target!;
          // A ring of aliases leads nowhere: what there is of it is the answer.
          const ring = answers.some((record) => record.name.key === target.key);
          if (ring || aliases >= limits.aliases) return this.finished(answers, [], { authoritative });
          asked = target;
          break;
        }
        case 'referral':
          return this.finished(answers, found.set, {
            authoritative: answers.length > 0,
            referral: zone,
            leadsTo: answers.length > 0 ? asked : null,
          });
        default: {
          const rcode = found.kind === 'no-name' ? Rcode.NxDomain : Rcode.NoError;
          // RFC 2308 3: the SOA says how long the absence may be believed.
          const soa = zone.soa.with(zone.soa.name, zone.soa.absenceTtl);
          return this.finished(answers, [soa], { rcode, authoritative });
        }
      }
    }
  }

  private finished(
    answers: readonly ResourceRecord[],
    authority: RecordSet,
    parts: { rcode?: number; authoritative: boolean; referral?: Zone; leadsTo?: DomainName | null },
  ): Answer {
    const { rcode = Rcode.NoError, authoritative, referral = null, leadsTo = null } = parts;
    const additional: ResourceRecord[] = [];
    const seen = new Set<string>(answers.filter(isAddress).map((record) => record.name.key));
    for (const record of [...answers, ...authority]) {
      if (record.type !== Type.NS && record.type !== Type.MX && record.type !== Type.SRV) continue;
      const target = record.target!;
      if (seen.has(target.key)) continue;
      seen.add(target.key);
      for (const type of [Type.A, Type.AAAA]) {
        const set = this.zoneOf(target)?.setAt(target, type) ?? referral?.setAt(target, type) ?? null;
        if (set !== null) additional.push(...set);
      }
    }
    return { rcode, authoritative, answers, authority, additional, referral: referral !== null, leadsTo };
  }
}

function isAddress(record: ResourceRecord): boolean {
  return record.type === Type.A || record.type === Type.AAAA;
}
