import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type Include, type MasterProblem, type MasterRecord, readMasterFile } from './master-file.ts';
import { type DomainName, parentKey } from './name.ts';
import { dataKey, type ResourceRecord } from './record.ts';
import { Type, typeName } from './types.ts';

/** Records that differ in their data only: never empty (RFC 2181 5). */
export type RecordSet = readonly ResourceRecord[];

/** One name of a zone, with what there is of each type. One without any is there because something is below it. */
export class ZoneNode {
  readonly name: DomainName;
  readonly sets = new Map<number, ResourceRecord[]>();
  /** Where the zone was cut on the way down to here, this name included: what lies there belongs to others. */
  cut: ZoneNode | null = null;

  constructor(name: DomainName) {
    this.name = name;
  }
}

/** What a name and a type come to in one zone (RFC 1034 4.3.2, step 3). */
export type Finding =
  | { readonly kind: 'answer'; readonly set: RecordSet }
  /** A CNAME, where something else was asked for: the search begins anew with its target. */
  | { readonly kind: 'alias'; readonly set: RecordSet }
  /** Others are asked: the NS records at the cut. */
  | { readonly kind: 'referral'; readonly set: RecordSet }
  /** The name is there, the type is not. */
  | { readonly kind: 'no-data' }
  | { readonly kind: 'no-name' };

/** What is wrong with a zone as a whole. */
export interface ZoneProblems {
  readonly problems: readonly MasterProblem[];
}

const NO_DATA: Finding = { kind: 'no-data' };
const NO_NAME: Finding = { kind: 'no-name' };

/**
 * A zone: the names from its origin down to where it was cut, in one table.
 *
 *     example.  ........ the origin: SOA, NS
 *       www     ........ a node with sets of records
 *       a.b     ........ so `b` is there too, with nothing: an empty non-terminal (RFC 4592 2.2.2)
 *       sub     NS ..... a cut: below it is another zone, and what stands there is glue
 *         ns    A
 */
export class Zone {
  readonly origin: DomainName;
  readonly soa: ResourceRecord;
  private readonly nodes: ReadonlyMap<string, ZoneNode>;

  private constructor(origin: DomainName, soa: ResourceRecord, nodes: ReadonlyMap<string, ZoneNode>) {
    this.origin = origin;
    this.soa = soa;
    this.nodes = nodes;
  }

  /** The zone that records make, whose origin is where the SOA stands. */
  static of(records: readonly MasterRecord[]): Zone | ZoneProblems {
    const builder = new ZoneBuilder(records);
    const soa = builder.build();
    return soa === null ? builder : new Zone(soa.name, soa, builder.nodes);
  }

  /** The zone of a master file. */
  static parse(
    text: string,
    origin: DomainName,
    limits: DnsLimits = DNS_LIMITS,
    include?: Include,
  ): Zone | ZoneProblems {
    const file = readMasterFile(text, origin, limits, include);
    return file.problems.length > 0 ? file : Zone.of(file.records);
  }

  /** Names in it, those that are only on the way to others included. */
  get size(): number {
    return this.nodes.size;
  }

  /** What there is for a name within the zone. Wildcards answer in the name that was asked for (RFC 4592). */
  find(name: DomainName, type: number): Finding {
    let node = this.nodes.get(name.key);
    if (node === undefined) {
      let encloser: ZoneNode | undefined;
      for (let key = parentKey(name.key); encloser === undefined; key = parentKey(key)) encloser = this.nodes.get(key);
      if (encloser.cut !== null) return { kind: 'referral', set: encloser.cut.sets.get(Type.NS)! };
      node = this.nodes.get(`\x01*${encloser.name.key}`);
      if (node === undefined) return NO_NAME;
    } else if (node.cut !== null && !(type === Type.DS && node.cut === node)) {
      // DS stands above the cut (RFC 4035 3.1.4.1).
      return { kind: 'referral', set: node.cut.sets.get(Type.NS)! };
    }
    const set = type === Type.ANY ? node.sets.values().next().value : node.sets.get(type);
    if (set !== undefined) return { kind: 'answer', set: ownedBy(set, name) };
    const alias = node.sets.get(Type.CNAME);
    return alias === undefined ? NO_DATA : { kind: 'alias', set: ownedBy(alias, name) };
  }

  /** All sets of a name, glue included: for ANY, and for additional sections. */
  setsAt(name: DomainName): Iterable<RecordSet> {
    return this.nodes.get(name.key)?.sets.values() ?? [];
  }

  /** A set as it stands there, glue included. */
  setAt(name: DomainName, type: number): RecordSet | null {
    return this.nodes.get(name.key)?.sets.get(type) ?? null;
  }

  /** Its records, the SOA first. */
  *records(): IterableIterator<ResourceRecord> {
    yield this.soa;
    for (const node of this.nodes.values()) {
      for (const [type, set] of node.sets) if (type !== Type.SOA) yield* set;
    }
  }

  /** As a master file. */
  toString(): string {
    let text = '';
    for (const record of this.records()) text += `${record}\n`;
    return text;
  }
}

/** A set in the name that was asked for, in the case in which it was, and not in a wildcard's. */
function ownedBy(set: RecordSet, name: DomainName): RecordSet {
  return set[0].name.wire === name.wire ? set : set.map((record) => record.with(name));
}

class ZoneBuilder implements ZoneProblems {
  readonly nodes = new Map<string, ZoneNode>();
  readonly problems: MasterProblem[] = [];
  private readonly records: readonly MasterRecord[];

  constructor(records: readonly MasterRecord[]) {
    this.records = records;
  }

  /** Fills the table; the zone's SOA, or null with the problems told. */
  build(): ResourceRecord | null {
    const soa = this.records.find(({ record }) => record.type === Type.SOA);
    if (soa === undefined) {
      this.problems.push({ line: 1, column: 1, what: 'there is no SOA record, with which a zone begins' });
      return null;
    }
    const origin = soa.record.name;
    this.nodes.set(origin.key, new ZoneNode(origin));
    for (const each of this.records) this.add(each, soa);
    if (!this.nodes.get(origin.key)!.sets.has(Type.NS)) {
      this.problems.push({ ...soa, what: `${origin} has no NS record: no server would serve it` });
    }
    if (this.problems.length > 0) return null;
    this.findCuts(origin);
    return soa.record;
  }

  private add(each: MasterRecord, soa: MasterRecord): void {
    const { record, line, column, file } = each;
    const { name, type } = record;
    const complain = (what: string) =>
      this.problems.push({ line, column, what, ...(file === undefined ? {} : { file }) });
    const origin = soa.record.name;
    if (!name.isWithin(origin)) return void complain(`${name} does not belong to the zone ${origin}`);
    if (type === Type.SOA && each !== soa) return void complain(`a second SOA; the first is on line ${soa.line}`);
    const { sets } = this.nodeOf(name, origin);
    // RFC 1034 3.6.2: an alias is nothing besides.
    const alias = sets.get(Type.CNAME);
    if (type === Type.CNAME && sets.size > (alias === undefined ? 0 : 1)) {
      return void complain(`${name} has other records, so it cannot be an alias (CNAME)`);
    }
    if (type !== Type.CNAME && alias !== undefined) {
      return void complain(`${name} is an alias (CNAME), so it cannot have a record of type ${typeName(type)}`);
    }
    if (type === Type.NS && name.isWildcard) return void complain('a wildcard cannot be delegated (RFC 4592 4.2)');
    const set = sets.get(type);
    if (set === undefined) {
      sets.set(type, [record]);
      return;
    }
    const data = dataKey(record);
    if (set.some((other) => dataKey(other) === data)) return; // RFC 2181 5: the same record once
    if (type === Type.CNAME) return void complain(`${name} is an alias (CNAME) of two names`);
    // RFC 2181 5.2: one time to live for the whole set.
    set.push(record.ttl === set[0].ttl ? record : record.with(record.name, set[0].ttl));
  }

  /** The node of a name, made if need be, with those on the way to it from the origin. */
  private nodeOf(name: DomainName, origin: DomainName): ZoneNode {
    const found = this.nodes.get(name.key);
    if (found !== undefined) return found;
    const node = new ZoneNode(name);
    this.nodes.set(name.key, node);
    for (let above = name.parent; above !== null && !this.nodes.has(above.key); above = above.parent) {
      this.nodes.set(above.key, new ZoneNode(above));
    }
    if (!this.nodes.has(origin.key)) throw new Error('netarium bug: a zone without its origin');
    return node;
  }

  private findCuts(origin: DomainName): void {
    for (const node of this.nodes.values()) {
      // The highest NS below the origin counts: what lies below it is none of this zone's.
      for (let key = node.name.key; key !== origin.key; key = parentKey(key)) {
        const at = this.nodes.get(key)!;
        if (at.sets.has(Type.NS)) node.cut = at;
      }
    }
  }
}
