import { SECOND, type Task, Timer } from '../../base/clock.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { Ipv6Control, Ipv6Interface } from './ipv6-interface.ts';
import { isReported } from './mld-listener.ts';
import {
  firstRecord,
  MldType,
  mldGroup,
  putQuery,
  RecordType,
  recordCount,
  recordGroup,
  recordLength,
  recordSources,
  recordType,
} from './mld-messages.ts';
import { ALL_NODES } from './nd-messages.ts';

/** RFC 3810 9, its default values. */
const ROBUSTNESS = 2;
const INTERVAL_SECONDS = 125;
const RESPONSE_MS = 10_000;
const STARTUP_INTERVAL_NS = (INTERVAL_SECONDS * SECOND) / 4;
const STARTUP_QUERIES = ROBUSTNESS;
const LAST_RESPONSE_MS = 1000;
const LAST_QUERIES = ROBUSTNESS;
const LISTENER_NS = ROBUSTNESS * INTERVAL_SECONDS * SECOND + RESPONSE_MS * 1e6;
const OTHER_QUERIER_NS = ROBUSTNESS * INTERVAL_SECONDS * SECOND + (RESPONSE_MS * 1e6) / 2;

const GENERAL = 0;
const SPECIFIC = 1;

/** A group that somebody on a link listens to. */
interface Listened {
  readonly group: IpAddress;
  /** ns */
  until: number;
  /** Questions whether anybody is left that are still to be asked. */
  lastQueries: number;
}

/** What a router knows of the listeners of one link. */
class QueriedLink implements Task {
  readonly on: Ipv6Interface;
  readonly listened: Listened[] = [];
  queries = 0;
  /** Until when another router, whose address is lower, asks instead; ns. */
  otherUntil = -1;
  readonly general: Timer;
  readonly specific: Timer;
  private readonly querier: MldQuerier;

  constructor(querier: MldQuerier, node: NodeContext, on: Ipv6Interface) {
    this.querier = querier;
    this.on = on;
    this.general = new Timer(node.clock, this, GENERAL);
    this.specific = new Timer(node.clock, this, SPECIFIC);
  }

  run(tag: number): void {
    if (tag === GENERAL) this.querier.generalDue(this);
    else this.querier.specificDue(this);
  }
}

/**
 * The router's side of MLD (RFC 3810 7): asks who listens to what, so that switches between know where groups are
 * wanted. Of several routers the one with the lowest address asks. Sources are not told apart: whoever wants a group
 * of some sources wants the group.
 */
export class MldQuerier {
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;
  private readonly links = new Map<Ipv6Interface, QueriedLink>();

  constructor(node: NodeContext, control: Ipv6Control) {
    this.node = node;
    this.control = control;
  }

  /** Asks on this link from now on. */
  start(on: Ipv6Interface): void {
    if (this.links.has(on)) return;
    const link = new QueriedLink(this, this.node, on);
    this.links.set(on, link);
    link.general.set(this.node.clock.now);
  }

  stop(on: Ipv6Interface): void {
    const link = this.links.get(on);
    link?.general.dispose();
    link?.specific.dispose();
    this.links.delete(on);
  }

  /** The groups that somebody on the link listens to. */
  listenedOn(on: Ipv6Interface): IpAddress[] {
    const link = this.links.get(on);
    if (link === undefined) return [];
    return link.listened.filter(({ until }) => until > this.node.clock.now).map(({ group }) => group);
  }

  /** A report or done, of either version, which `mldProblem` found nothing wrong with; does not take the packet. */
  reported(packet: PacketBuffer, on: Ipv6Interface): void {
    const link = this.links.get(on);
    if (link === undefined) return;
    const { view, start } = packet;
    const type = view.getUint8(start);
    if (type === MldType.Report1) this.listens(link, mldGroup(view, start));
    else if (type === MldType.Done1) this.leaves(link, mldGroup(view, start));
    else {
      let at = firstRecord(start);
      for (let left = recordCount(view, start); left > 0; left--) {
        this.record(link, recordType(view, at), recordGroup(view, at), recordSources(view, at));
        at += recordLength(view, at);
      }
    }
  }

  /** Another router's query: whose address is lower asks from now on (RFC 3810 7.6.2). */
  queried(packet: PacketBuffer, on: Ipv6Interface): void {
    const link = this.links.get(on);
    const own = on.linkLocal;
    if (link === undefined || own === null) return;
    const other = IpAddress.read6(packet.view, packet.l3 + 8);
    if (other.isUnspecified || !isLower(other, own)) return;
    link.otherUntil = this.node.clock.now + OTHER_QUERIER_NS;
    link.general.set(link.otherUntil);
    link.specific.clear();
  }

  generalDue(link: QueriedLink): void {
    const { on } = link;
    const { now } = this.node.clock;
    if (on.running && on.linkLocal !== null) {
      link.queries++;
      this.query(link, IpAddress.ANY6, RESPONSE_MS);
    }
    for (const each of link.listened.filter(({ until }) => until <= now)) {
      link.listened.splice(link.listened.indexOf(each), 1);
    }
    const early = link.queries < STARTUP_QUERIES;
    link.general.set(now + (early ? STARTUP_INTERVAL_NS : INTERVAL_SECONDS * SECOND));
  }

  specificDue(link: QueriedLink): void {
    let more = false;
    for (const each of link.listened) {
      if (each.lastQueries === 0) continue;
      each.lastQueries--;
      this.query(link, each.group, LAST_RESPONSE_MS);
      more ||= each.lastQueries > 0;
    }
    if (more) link.specific.set(this.node.clock.now + LAST_RESPONSE_MS * 1e6);
  }

  private record(link: QueriedLink, type: number, group: IpAddress, sources: number): void {
    if (!group.isMulticast) return;
    switch (type) {
      case RecordType.ModeIsExclude:
      case RecordType.ToExclude:
      case RecordType.Allow:
        this.listens(link, group);
        break;
      case RecordType.ModeIsInclude:
      case RecordType.ToInclude:
        if (sources > 0) this.listens(link, group);
        else this.leaves(link, group);
        break;
      default: // who blocks some sources still listens to others
    }
  }

  private listens(link: QueriedLink, group: IpAddress): void {
    if (!isReported(group)) return;
    const until = this.node.clock.now + LISTENER_NS;
    const known = link.listened.find((each) => each.group.equals(group));
    if (known !== undefined) {
      known.until = until;
      known.lastQueries = 0;
    } else if (link.listened.length < this.node.limits.multicastGroups) {
      link.listened.push({ group, until, lastQueries: 0 });
      this.tell(link, `somebody listens to ${group}`);
    }
  }

  /** RFC 3810 7.6.3: somebody left; is anybody there still? */
  private leaves(link: QueriedLink, group: IpAddress): void {
    const known = link.listened.find((each) => each.group.equals(group));
    const { now } = this.node.clock;
    if (known === undefined || known.lastQueries > 0 || link.otherUntil > now) return;
    known.lastQueries = LAST_QUERIES;
    known.until = Math.min(known.until, now + LAST_QUERIES * LAST_RESPONSE_MS * 1e6);
    if (!link.specific.armed) link.specific.set(now);
  }

  private query(link: QueriedLink, group: IpAddress, maxMs: number): void {
    const { on } = link;
    const source = on.linkLocal;
    if (source === null) return;
    const packet = this.node.pool.acquire(28);
    putQuery(packet, group, maxMs, false, ROBUSTNESS, INTERVAL_SECONDS);
    this.tell(link, group.isUnspecified ? 'MLD query' : `MLD query for ${group}`);
    this.control.sendControl(packet, source, group.isUnspecified ? ALL_NODES : group, on, 1, true);
  }

  private tell(link: QueriedLink, what: string): void {
    const { node } = this;
    if (node.trace === null) return;
    node.trace.event(node.name, 3, What.Decide, null, 0, `${what} dev ${link.on.name}`, 'RFC 3810 7');
  }
}

/** Whether `a` is lower than `b` as a number. */
export function isLower(a: IpAddress, b: IpAddress): boolean {
  if (a.w0 !== b.w0) return a.w0 < b.w0;
  if (a.w1 !== b.w1) return a.w1 < b.w1;
  if (a.w2 !== b.w2) return a.w2 < b.w2;
  return a.w3 < b.w3;
}
