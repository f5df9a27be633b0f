import { MILLISECOND, type Task, Timer } from '../../base/clock.ts';
import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { Random } from '../../base/random.ts';
import { verifyRip } from './rip-authentication.ts';
import { RipInterface, type RipLink } from './rip-interface.ts';
import {
  checkRip,
  lengthOf,
  RIP_ENTRY_LENGTH,
  RIP_INFINITY,
  RIP_PORT,
  RipCommand,
  RipFamily,
  RipFault,
  ripAddress,
  ripCommand,
  ripEntryFault,
  ripFamily,
  ripFaultText,
  ripMask,
  ripMetric,
  ripNextHop,
  ripTag,
  setRipMetric,
} from './rip-message.ts';
import { RipOutput } from './rip-output.ts';
import type { RipPort } from './rip-port.ts';
import type { RipInterfaceSettings, RipSettings } from './rip-settings.ts';
import { type RipOwnRoute, RipTable } from './rip-table.ts';

const Tag = { Update: 0, Trigger: 1, Age: 2, Install: 3 } as const;
/** News wait this short a while for others that come with them: a table comes in several messages. */
const GATHER_NS = 10 * MILLISECOND;
/** Between two looks at what is too old. */
const AGE_STEP_NS = 100 * MILLISECOND;

/** Another router that speaks RIP. */
export interface RipNeighbour {
  readonly address: number;
  readonly on: RipInterface;
  /** When it was last heard, ns. */
  heardAt: number;
  /** Of its last message signed by MD5; -1: none was. */
  sequence: number;
  /** Messages and entries of it that made no sense. */
  badMessages: number;
  badEntries: number;
}

/**
 * RIP version 2 (RFC 2453): routers tell their neighbours how far away each network is, and each believes the one who is
 * nearest. 16 hops are endless, so that two who believe each other stop soon.
 *
 *     every 30 s    the whole table to each link, poisoned where it came from
 *     at a change   what changed, soon, but not more often than every 1 to 5 s
 *     180 s silent  a way is dead, is told as such for 120 s, and then forgotten
 *
 * An engine without sockets: `RipPort` sends and installs, `input` takes what came in.
 */
export class Rip implements Task {
  readonly interfaces: RipInterface[] = [];
  readonly table: RipTable;
  readonly settings: RipSettings;
  readonly neighbours = new Map<number, RipNeighbour>();
  private readonly node: NodeContext;
  private readonly port: RipPort;
  private readonly output: RipOutput;
  private readonly random: Random;
  private readonly updates: Timer;
  private readonly triggers: Timer;
  private readonly ages: Timer;
  private readonly installs: Timer;
  /** Before this time (ns) no triggered update goes out. */
  private quietUntil = 0;

  constructor(node: NodeContext, port: RipPort, settings: RipSettings) {
    this.node = node;
    this.port = port;
    this.settings = settings;
    this.table = new RipTable(node, settings);
    this.random = node.random.fork('rip');
    // A router that comes back must not begin below what it sent before: time goes on where counters do not.
    this.output = new RipOutput(port, Math.floor(node.clock.now / MILLISECOND) >>> 0);
    this.updates = new Timer(node.clock, this, Tag.Update);
    this.triggers = new Timer(node.clock, this, Tag.Trigger);
    this.ages = new Timer(node.clock, this, Tag.Age);
    this.installs = new Timer(node.clock, this, Tag.Install);
    this.updates.set(node.clock.now + this.upTo(this.settings.updateNs));
  }

  addInterface(link: RipLink, settings: RipInterfaceSettings): RipInterface {
    const made = new RipInterface(link, settings);
    this.interfaces.push(made);
    return made;
  }

  interfaceAt(index: number): RipInterface | null {
    return this.interfaces.find((each) => each.link.index === index) ?? null;
  }

  removeInterface(gone: RipInterface): void {
    this.setUp(gone, false);
    this.interfaces.splice(this.interfaces.indexOf(gone), 1);
  }

  /** An interface works now, or does not. */
  setUp(on: RipInterface, up: boolean): void {
    if (on.up === up) return;
    on.up = up;
    if (up) {
      this.port.join(on.link);
      if (!on.settings.passive) this.output.ask(on);
    } else {
      this.port.leave(on.link);
      for (const [key, neighbour] of this.neighbours) if (neighbour.on === on) this.neighbours.delete(key);
      this.table.interfaceDown(on);
      this.settle();
    }
  }

  /** What this router tells of without having learnt it by RIP. */
  setOwn(routes: readonly RipOwnRoute[]): void {
    this.table.setOwn(routes);
    this.settle();
  }

  /** Takes all back that it told others, at once, and its own routes. */
  stop(): void {
    this.table.clear();
    this.sendUpdate(true);
    for (const on of this.interfaces) if (on.up) this.port.leave(on.link);
    this.interfaces.length = 0;
    this.port.install([]);
    for (const timer of [this.updates, this.triggers, this.ages, this.installs]) timer.dispose();
  }

  /** A datagram to port 520 that came in by the interface with this number. Its bytes are free again after the call. */
  input(bytes: Uint8Array, at: number, end: number, from: number, fromPort: number, device: number): void {
    const on = this.interfaceAt(device);
    if (on === null || !on.up || on.isOwn(from)) return;
    on.received++;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!on.isNeighbour(from)) {
      this.refuse(on, null, Drop.RIP_NOT_NEIGHBOUR, `${formatIpv4(from)} on ${on.link.name}`);
      return;
    }
    const verdict = verifyRip(bytes, view, at, end, on.settings.authentication);
    const fault = checkRip(view, at, verdict.fault === '' ? verdict.end : end);
    const isResponse = fault === RipFault.None && ripCommand(view, at) === RipCommand.Response;
    const who = isResponse && fromPort === RIP_PORT ? this.neighbourAt(from, on) : null;
    if (fault !== RipFault.None || verdict.fault !== '') {
      const why = fault !== RipFault.None ? ripFaultText(fault) : verdict.fault;
      const reason = fault !== RipFault.None ? Drop.RIP_MALFORMED : Drop.RIP_BAD_AUTHENTICATION;
      this.refuse(on, who, reason, `from ${formatIpv4(from)}: ${why}`);
    } else if (!isResponse) {
      this.question(bytes, view, verdict.start, verdict.end, from, fromPort, on);
    } else if (who === null) {
      this.refuse(on, null, Drop.RIP_NOT_NEIGHBOUR, `${formatIpv4(from)} speaks from port ${fromPort}`);
    } else if (verdict.sequence >= 0 && verdict.sequence < who.sequence) {
      this.refuse(on, who, Drop.RIP_BAD_AUTHENTICATION, `from ${formatIpv4(from)}: an old message again`);
    } else {
      if (verdict.sequence >= 0) who.sequence = verdict.sequence;
      who.heardAt = this.node.clock.now;
      this.response(view, verdict.start, verdict.end, who);
    }
  }

  /** A timer's call. */
  run(tag: number): void {
    const now = this.node.clock.now;
    if (tag === Tag.Update) {
      const sixth = Math.floor(this.settings.updateNs / 6);
      this.updates.set(now + this.settings.updateNs - sixth + this.upTo(2 * sixth));
      this.sendUpdate(false);
    } else if (tag === Tag.Trigger) {
      if (!this.table.news) return;
      this.sendUpdate(true);
      const { triggerLeastNs, triggerMostNs } = this.settings;
      this.quietUntil = now + triggerLeastNs + this.upTo(triggerMostNs - triggerLeastNs);
    } else if (tag === Tag.Age) {
      const next = this.table.age(now);
      if (next < Infinity) this.ages.set(Math.max(next, now + AGE_STEP_NS));
      this.settle();
    } else if (this.table.dirty) {
      this.table.dirty = false;
      this.port.install(this.table.learnt());
    }
  }

  /** Sees to it that what changed is told and installed, and that what grows old is looked at in time. */
  private settle(): void {
    const now = this.node.clock.now;
    const soonest = now + Math.min(this.settings.timeoutNs, this.settings.garbageNs);
    if (!this.ages.armed || this.ages.deadline > soonest) this.ages.set(soonest);
    if (this.table.dirty && !this.installs.armed) this.installs.set(now + GATHER_NS);
    if (!this.table.news || this.triggers.armed) return;
    this.triggers.set(Math.max(now + GATHER_NS + this.upTo(4 * GATHER_NS), this.quietUntil));
  }

  /** A time below this many ns. */
  private upTo(ns: number): number {
    return Math.floor(this.random.fraction() * ns);
  }

  private sendUpdate(onlyChanged: boolean): void {
    for (const on of this.interfaces) {
      if (on.up && !on.settings.passive) this.output.tell(on, this.table.all(), onlyChanged);
    }
    this.table.told();
  }

  /** RFC 2453 3.9.1: for everything, or for the networks that it names. */
  private question(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    from: number,
    fromPort: number,
    on: RipInterface,
  ): void {
    // A router asks from port 520; from another port somebody wants to know what is known here.
    const router = fromPort === RIP_PORT;
    if (start === end || (router && on.settings.passive)) return;
    const wantsAll = end - start === RIP_ENTRY_LENGTH && ripFamily(view, start) === RipFamily.Unspecified;
    if (wantsAll && ripMetric(view, start) === RIP_INFINITY) {
      this.output.answer(on, this.table.all(), !router, from, fromPort);
      return;
    }
    const entries = bytes.slice(start, end);
    const asked = new DataView(entries.buffer);
    for (let at = 0; at < entries.length; at += RIP_ENTRY_LENGTH) {
      const length = lengthOf(ripMask(asked, at));
      const route = length < 0 ? null : this.table.find(ripAddress(asked, at), length);
      setRipMetric(asked, at, route?.metric ?? RIP_INFINITY);
    }
    this.output.answerWith(on, entries, from, fromPort);
  }

  private response(view: DataView, start: number, end: number, who: RipNeighbour): void {
    const { on, address: from } = who;
    for (let at = start; at < end; at += RIP_ENTRY_LENGTH) {
      const fault = ripEntryFault(view, at);
      if (fault !== '') {
        who.badEntries++;
        if (this.node.trace !== null) this.node.dropped(Drop.RIP_BAD_ENTRY, `from ${formatIpv4(from)}: ${fault}`);
        continue;
      }
      const named = ripNextHop(view, at);
      if (on.isOwn(named)) continue; // it would go in circles
      const gateway = named !== 0 && on.isNeighbour(named) ? named : from;
      const metric = Math.min(ripMetric(view, at) + on.settings.cost, RIP_INFINITY);
      const length = lengthOf(ripMask(view, at));
      this.table.heard(ripAddress(view, at), length, metric, ripTag(view, at), from, gateway, on);
    }
    this.settle();
  }

  private neighbourAt(address: number, on: RipInterface): RipNeighbour {
    const known = this.neighbours.get(address);
    const now = this.node.clock.now;
    // After a silence a neighbour may have begun anew, with its counter at the beginning (RFC 4822 3.2).
    if (known !== undefined && known.on === on && now - known.heardAt < this.settings.timeoutNs) return known;
    this.neighbours.delete(address);
    if (this.neighbours.size >= this.node.limits.ripNeighbours) {
      for (const oldest of this.neighbours.keys()) {
        this.neighbours.delete(oldest);
        break;
      }
    }
    const made = { address, on, heardAt: now, sequence: -1, badMessages: 0, badEntries: 0 };
    this.neighbours.set(address, made);
    return made;
  }

  private refuse(on: RipInterface, who: RipNeighbour | null, reason: DropReason, detail: string): void {
    on.refused++;
    if (who !== null) who.badMessages++;
    this.node.dropped(reason, detail);
  }
}
