import { SECOND } from '../base/clock.ts';
import { Errno } from '../base/errors.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { FlowHash, FlowKey } from './flow-key.ts';
import type { IpInterface } from './ip-interface.ts';
import { NeighbourState } from './neighbour.ts';
import type { NeighbourTable } from './neighbours.ts';
import { type Route, type RouteOrigin, RouteType, RoutingTable } from './routes.ts';
import { Rule, type RuleOptions, Table } from './rules.ts';

const LOCAL_PRIORITY = 0;
const MAIN_PRIORITY = 32_766;
const DEFAULT_PRIORITY = 32_767;
const MAX_PRIORITY = 0xffff_ffff;
const MAPPED = 0xffff;
/** A next hop that did not answer is tried again after this long. */
const ASK_AGAIN_AFTER_NS = 30 * SECOND;

/**
 * Which routing table is asked for a packet: the rules of Linux's `ip rule`. They are tried from the lowest priority on;
 * the first that fits and whose table has a route decides.
 *
 *     0       from all lookup local      own addresses and broadcasts; this one stays
 *     32766   from all lookup main
 *     32767   from all lookup default
 *
 * A host that has these alone is `plain`: one lookup in its main table, where own addresses stand as well, says
 * everything, and nobody comes here. That is also why the first rule stays: what is this host's own needs one lookup.
 */
export class RoutingPolicy {
  readonly main: RoutingTable;
  readonly hash: FlowHash;
  /** No rules but the three, and nothing in the table `default`: `main` alone says everything. */
  plain = true;
  /** Some rule asks for ports: datagrams to one address may go different ways. */
  wantsPorts = false;
  /** The rule that answered the last `lookup`, for who tells about it. */
  decided: Rule | null = null;
  private readonly node: NodeContext;
  private readonly tables = new Map<number, RoutingTable>();
  private readonly rules: Rule[] = [];
  private readonly interfaces: readonly IpInterface[];
  private readonly key = new FlowKey();

  constructor(node: NodeContext, interfaces: readonly IpInterface[]) {
    this.node = node;
    this.interfaces = interfaces;
    this.main = new RoutingTable(node.limits.routes);
    this.tables.set(Table.Main, this.main);
    const random = node.random.fork('flow hash');
    this.hash = new FlowHash(Uint32Array.from({ length: 4 }, () => random.u32()));
    this.rules.push(new Rule(LOCAL_PRIORITY, { table: Table.Local }));
    this.rules.push(new Rule(MAIN_PRIORITY, { table: Table.Main }));
    this.rules.push(new Rule(DEFAULT_PRIORITY, { table: Table.Default }));
  }

  /** In the order in which they are asked. */
  list(): readonly Rule[] {
    return this.rules;
  }

  /** The table with this number; null when nothing was ever put there. `Table.Local` and `Table.Main` are one. */
  table(number: number): RoutingTable | null {
    return this.tables.get(number === Table.Local ? Table.Main : number) ?? null;
  }

  /** The same, made if there is none; ENOBUFS (negated) past `limits.routingTables`. */
  obtainTable(number: number): RoutingTable | number {
    const known = this.table(number);
    if (known !== null) return known;
    if (this.tables.size >= this.node.limits.routingTables) return -Errno.ENOBUFS;
    const made = new RoutingTable(this.node.limits.routes, this.main);
    this.tables.set(number, made);
    this.renew();
    return made;
  }

  /** All tables with their numbers, main first, then as they were made. */
  *allTables(): IterableIterator<[number, RoutingTable]> {
    yield* this.tables;
  }

  /** Adds a rule; 0, EEXIST when there is one alike, EINVAL, ENOBUFS past `limits.routingRules` (negated). */
  addRule(options: RuleOptions): number {
    if (this.rules.length >= this.node.limits.routingRules) return -Errno.ENOBUFS;
    const priority = options.priority ?? this.nextPriority();
    if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY) return -Errno.EINVAL;
    const rule = new Rule(priority, options);
    const text = rule.toString();
    if (this.rules.some((other) => other.priority === priority && other.toString() === text)) return -Errno.EEXIST;
    let place = this.rules.length;
    while (place > 0 && this.rules[place - 1]!.priority > priority) place--;
    this.rules.splice(place, 0, rule);
    this.renew();
    return 0;
  }

  /** Takes a rule out; EPERM for the first, ENOENT when it is not here (negated). */
  removeRule(rule: Rule): number {
    const place = this.rules.indexOf(rule);
    if (place < 0) return -Errno.ENOENT;
    if (place === 0) return -Errno.EPERM;
    this.rules.splice(place, 1);
    this.renew();
    return 0;
  }

  /** Interfaces, rules or tables changed: who is meant by which name? */
  renew(): void {
    for (const rule of this.rules) {
      rule.input = this.indexOf(rule.options.inputInterface);
      rule.output = this.indexOf(rule.options.outputInterface);
    }
    this.wantsPorts = this.rules.some((rule) => rule.asksForPorts);
    this.plain = this.isUntouched() && !this.tables.has(Table.Default);
    this.main.changed();
  }

  interfaceChanged(changed: IpInterface): void {
    for (const table of this.tables.values()) table.interfaceChanged(changed);
  }

  carrierChanged(changed: IpInterface): void {
    for (const table of this.tables.values()) table.carrierChanged(changed);
  }

  removeInterface(gone: IpInterface): void {
    for (const table of this.tables.values()) table.removeInterface(gone);
    this.renew();
  }

  /** Takes out routes of all tables. */
  removeWhere(which: (route: Route) => boolean): void {
    for (const table of this.tables.values()) table.removeWhere(which);
  }

  /** See `RoutingTable.replaceAll`: in the main table. */
  replaceAll(origin: RouteOrigin, routes: readonly Route[]): number {
    return this.main.replaceAll(origin, routes);
  }

  /**
   * The route for a packet on its way through, whose `start` stands at its IP header. `found` is what the main table
   * says. Where the route has several ways, `pickAnswering` comes next.
   */
  forForwarding(packet: PacketBuffer, found: Route | null): Route | null {
    const { key } = this;
    key.read(packet);
    return this.plain ? found : this.lookup(key);
  }

  /**
   * The way that the flow of the last lookup takes, of those of `route`. A next hop that did not answer lately is passed
   * over while there are others (Linux's `fib_multipath_use_neigh`).
   */
  pickAnswering(route: Route, neighbours: NeighbourTable): Route {
    const { key } = this;
    return this.pick(route, this.hashOf(key), neighbours);
  }

  hashOf(key: FlowKey): number {
    return this.hash.of(key.source, key.destination, key.protocol, key.ports);
  }

  /** As `pickAnswering`, by the hash of the flow. */
  pick(route: Route, hash: number, neighbours: NeighbourTable): Route {
    const picked = route.pick(hash);
    if (picked.hops !== null || this.answers(picked, neighbours)) return picked;
    const alive = route.hops!.alive;
    for (let i = 1, place = alive.indexOf(picked); i < alive.length; i++) {
      const other = alive[(place + i) % alive.length]!;
      if (this.answers(other, neighbours)) return other;
    }
    return picked;
  }

  /** The route for what this host sends. Own addresses come first, whatever the rules say. `source` 0: not chosen yet. */
  forOutput(source: number, destination: number, protocol: number, tos: number, ports: number, output: number) {
    const { key } = this;
    key.source = source;
    key.destination = destination;
    key.protocol = protocol;
    key.tos = tos;
    key.ports = ports;
    key.input = 1;
    key.output = output;
    return this.lookup(key);
  }

  /** The first rule that fits and has an answer gives it; null: nothing leads there. */
  lookup(key: FlowKey): Route | null {
    const out = key.output === 0 ? null : this.byIndex(key.output);
    for (const rule of this.rules) {
      if (!rule.matches(key)) continue;
      const route = rule.answer ?? this.ask(rule, key.destination, out);
      if (route === null) continue;
      this.decided = rule;
      return route;
    }
    this.decided = null;
    return null;
  }

  private ask(rule: Rule, destination: number, out: IpInterface | null): Route | null {
    if (rule.table === Table.Local) {
      const route = this.main.lookup(destination);
      const own = route !== null && (route.type === RouteType.Local || route.type === RouteType.Broadcast);
      return own && (out === null || route.type === RouteType.Local || route.interface === out) ? route : null;
    }
    const table = this.tables.get(rule.table);
    if (table === undefined) return null;
    const route = out === null ? table.lookupBeyond(destination) : table.lookupOn(destination, out);
    // As on Linux, a route that refuses packets is not passed over, however short.
    if (route === null || route.length > rule.suppress) return route;
    return route.interface === null && route.hops === null ? route : null;
  }

  /** Was it a rule itself that refused, not a route? Then it is the network that cannot be reached, as on Linux. */
  refusedByRule(route: Route): boolean {
    return this.decided !== null && this.decided.answer === route;
  }

  private answers(hop: Route, neighbours: NeighbourTable): boolean {
    if (hop.gateway === 0) return true;
    const known = neighbours.find(0, 0, MAPPED, hop.gateway, hop.interface!);
    return (
      known === null ||
      known.state !== NeighbourState.Failed ||
      this.node.clock.now - known.usedAt >= ASK_AGAIN_AFTER_NS
    );
  }

  private isUntouched(): boolean {
    return (
      this.rules.length === 3 &&
      this.rules.every((rule, i) => rule.toString() === `from all lookup ${['local', 'main', 'default'][i]}`)
    );
  }

  private nextPriority(): number {
    for (const rule of this.rules) if (rule.priority > 0) return Math.max(rule.priority - 1, 0);
    return MAIN_PRIORITY;
  }

  private indexOf(name: string | undefined): number {
    if (name === undefined) return 0;
    return this.interfaces.find((candidate) => candidate.name === name)?.index ?? -1;
  }

  private byIndex(index: number): IpInterface | null {
    return this.interfaces.find((candidate) => candidate.index === index) ?? null;
  }
}
