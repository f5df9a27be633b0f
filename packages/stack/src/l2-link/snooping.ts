import { SECOND } from '../base/clock.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { Limits } from '../base/limits.ts';
import { IPV6_GROUPS, Snooped, SnoopedMessage } from './snooped-message.ts';

/** RFC 3376 8.4 and RFC 3810 9.4: for how long a report counts; 8.5: for how long a querier counts as there. */
const MEMBERSHIP_NS = 260 * SECOND;
const ROUTER_NS = 255 * SECOND;
/** RFC 3376 8.1: a question about one group is asked so often before its members count as gone. */
const ROBUSTNESS = 2;

/** What is to become of a frame to a group. */
export const SnoopDecision = {
  /** Out of all other ports. */
  Flood: 0,
  /** Out of the ports that `Snooping.ports` marks. */
  Some: 1,
} as const;

/** One group, for people. */
export interface SnoopedGroup {
  /** `239.1.2.3`, or `33:33:..` as the end of an IPv6 group. */
  readonly group: string;
  readonly ports: readonly number[];
}

/**
 * IGMP and MLD snooping of one switch (RFC 4541): packets to a group go to the ports behind which somebody said that he
 * wants them, and to routers; what hosts say goes to routers only. Nothing runs here: times are looked at.
 *
 * Without a querier on the network nobody would say it again, and hosts that came early would not be known: then, and
 * for groups that nobody reported, all is flooded as ever (so do Linux's bridges).
 */
export class Snooping {
  /** For `SnoopDecision.Some`: by port number, 1 where the frame is to go. */
  readonly ports: Uint8Array;
  /** The decision in words, for who watches. */
  reason = '';
  private readonly message = new SnoopedMessage();
  private readonly maxGroups: number;
  /** By group, as `SnoopedMessage.group` has it: until when each port counts as having members, ns. */
  private readonly groups = new Map<number, Map<number, number>>();
  /** By port: until when there is a router behind it, ns; of all ports, and per family until when a querier is there. */
  private readonly routerUntil: Float64Array;
  private querier4Until = -1;
  private querier6Until = -1;
  /** The highest number of a port that a group's frame came in at: none beyond it matters. */
  private highest = 0;

  constructor(limits: Limits) {
    this.maxGroups = limits.multicastGroups;
    this.ports = new Uint8Array(limits.devicePorts + 1);
    this.routerUntil = new Float64Array(limits.devicePorts + 1).fill(-1);
  }

  /** Looks at a frame to a group that came in at `port`. */
  decide(view: DataView, start: number, end: number, port: number, now: number): number {
    const { message } = this;
    if (port > this.highest) this.highest = port;
    switch (message.read(view, start, end)) {
      case Snooped.Query:
        this.heardQuery(port, now);
        this.reason = 'a query is for everybody';
        return SnoopDecision.Flood;
      case Snooped.Router:
        this.routerUntil[port] = now + ROUTER_NS;
        this.reason = 'for all routers';
        return SnoopDecision.Flood;
      case Snooped.Report:
        for (const group of message.wanted) this.heardReport(group, port, now);
        if (!this.hasQuerier(now)) {
          this.reason = 'no querier has been heard';
          return SnoopDecision.Flood;
        }
        this.ports.fill(0, 0, this.highest + 1);
        this.markRouters(now);
        this.reason = 'a report is for routers';
        return SnoopDecision.Some;
      case Snooped.Data:
        return this.decideData(now);
      default:
        this.reason = 'a group address';
        return SnoopDecision.Flood;
    }
  }

  /** Whoever was behind the port may turn up elsewhere. */
  forgetPort(port: number): void {
    this.routerUntil[port] = -1;
    for (const ports of this.groups.values()) ports.delete(port);
  }

  /** What is known now, by group. */
  entries(now: number): SnoopedGroup[] {
    const entries: SnoopedGroup[] = [];
    for (const [group, known] of this.groups) {
      const ports = [...known].filter(([, until]) => now < until).map(([port]) => port);
      if (ports.length > 0) entries.push({ group: groupName(group), ports: ports.sort((a, b) => a - b) });
    }
    return entries.sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  routerPorts(now: number): number[] {
    const ports: number[] = [];
    this.routerUntil.forEach((until, port) => {
      if (now < until) ports.push(port);
    });
    return ports;
  }

  private decideData(now: number): number {
    const { group, family } = this.message;
    const known = this.groups.get(group);
    const querierUntil = family === 4 ? this.querier4Until : this.querier6Until;
    this.reason = now >= querierUntil ? 'no querier has been heard' : 'nobody reported this group';
    if (known === undefined || now >= querierUntil) return SnoopDecision.Flood;
    this.ports.fill(0, 0, this.highest + 1);
    let members = 0;
    for (const [port, until] of known) {
      if (now >= until) continue;
      this.ports[port] = 1;
      members++;
    }
    if (members === 0) {
      this.groups.delete(group);
      return SnoopDecision.Flood;
    }
    this.markRouters(now);
    this.reason = 'to members and routers';
    return SnoopDecision.Some;
  }

  private heardReport(group: number, port: number, now: number): void {
    // 224.0.0.0/24 is for everybody in any case.
    if (group < IPV6_GROUPS && group >>> 8 === 0xe00000) return;
    let known = this.groups.get(group);
    if (known === undefined) {
      if (this.groups.size >= this.maxGroups && !this.sweep(now)) return;
      known = new Map();
      this.groups.set(group, known);
    }
    known.set(port, now + MEMBERSHIP_NS);
  }

  /** RFC 4541 2.1.1: behind the port is a router, unless the question came from another switch (0.0.0.0). */
  private heardQuery(port: number, now: number): void {
    const { message } = this;
    if (message.family === 4) this.querier4Until = now + ROUTER_NS;
    else this.querier6Until = now + ROUTER_NS;
    if (message.fromRouter) this.routerUntil[port] = now + ROUTER_NS;
    if (message.about === 0 || message.suppress) return;
    const known = this.groups.get(message.about);
    if (known === undefined) return;
    // Who does not answer is gone (RFC 3376 6.6.3).
    const until = now + ROBUSTNESS * message.responseNs;
    for (const [member, before] of known) if (before > until) known.set(member, until);
  }

  private hasQuerier(now: number): boolean {
    return now < (this.message.family === 4 ? this.querier4Until : this.querier6Until);
  }

  private markRouters(now: number): void {
    const { routerUntil, ports, highest } = this;
    for (let port = 1; port <= highest; port++) if (now < routerUntil[port]!) ports[port] = 1;
  }

  /** Forgets groups without members; true if that made room. */
  private sweep(now: number): boolean {
    for (const [group, known] of this.groups) {
      for (const [port, until] of known) if (now >= until) known.delete(port);
      if (known.size === 0) this.groups.delete(group);
    }
    return this.groups.size < this.maxGroups;
  }
}

function groupName(group: number): string {
  if (group < IPV6_GROUPS) return formatIpv4(group);
  const hex = (group - IPV6_GROUPS).toString(16).padStart(8, '0');
  return `33:33:${hex.match(/../g)!.join(':')}`;
}
