import { MILLISECOND, SECOND, type Task, Timer } from '../../base/clock.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import type { Ipv6Control, Ipv6Interface } from './ipv6-interface.ts';
import type { GroupListener6, Groups6 } from './mld-groups.ts';
import {
  describeMld,
  isVersion1Query,
  MLD_ROUTERS,
  MldType,
  maxResponseMs,
  mldGroup,
  putRecord,
  putReport,
  putVersion1,
  RecordType,
} from './mld-messages.ts';
import { ALL_ROUTERS } from './nd-messages.ts';

/** RFC 3810 9.1, 9.11: a change is told twice, the second time within a second. */
const ROBUSTNESS = 2;
const REPORT_INTERVAL_NS = 1 * SECOND;
/** 9.12: while a querier of version 1 was heard this long ago, its version is spoken: 2 x 125 s + 10 s. */
const OLDER_QUERIER_NS = 260 * SECOND;
/** Records in one report: 1,280 bytes hold 60. */
const MAX_RECORDS = 60;

/** A change of membership that is still to be told so many times. */
interface Change {
  readonly group: IpAddress;
  readonly joined: boolean;
  left: number;
}

/** What is to be said on one link. */
class LinkReports implements Task {
  readonly on: Ipv6Interface;
  readonly changes: Change[] = [];
  /** Groups that were asked for; answered together when the timer runs. Null: all of them. */
  asked: IpAddress[] | null = [];
  olderUntil = -1;
  readonly changeTimer: Timer;
  readonly answerTimer: Timer;
  private readonly listener: MldListener;

  constructor(listener: MldListener, node: NodeContext, on: Ipv6Interface) {
    this.listener = listener;
    this.on = on;
    this.changeTimer = new Timer(node.clock, this, CHANGE);
    this.answerTimer = new Timer(node.clock, this, ANSWER);
  }

  run(tag: number): void {
    if (tag === CHANGE) this.listener.changesDue(this);
    else this.listener.answerDue(this);
  }
}
const CHANGE = 0;
const ANSWER = 1;

/**
 * The listener's side of MLD (RFC 3810 6): tells the routers and snooping switches of a link which groups this host is
 * in, when that changes and when they ask. Speaks version 1 to queriers who know no better (8.2).
 */
export class MldListener implements GroupListener6 {
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;
  private readonly groups: Groups6;
  private readonly random: Random;
  private readonly links = new Map<Ipv6Interface, LinkReports>();

  constructor(node: NodeContext, control: Ipv6Control, groups: Groups6) {
    this.node = node;
    this.control = control;
    this.groups = groups;
    this.random = node.random.fork('mld reports');
  }

  joined(on: Ipv6Interface, group: IpAddress): void {
    this.changed(on, group, true);
  }

  left(on: Ipv6Interface, group: IpAddress): void {
    this.changed(on, group, false);
  }

  detach(on: Ipv6Interface): void {
    const link = this.links.get(on);
    link?.changeTimer.dispose();
    link?.answerTimer.dispose();
    this.links.delete(on);
  }

  /** The link came up: whoever is there has not heard of us. */
  announce(on: Ipv6Interface): void {
    for (const group of this.groups.of(on)) this.changed(on, group, true);
  }

  /** A query, which `mldProblem` found nothing wrong with; does not take the packet. */
  queried(packet: PacketBuffer, on: Ipv6Interface): void {
    const { view, start } = packet;
    const version1 = isVersion1Query(packet);
    const link = this.linkOf(on);
    const { now } = this.node.clock;
    if (version1) link.olderUntil = now + OLDER_QUERIER_NS;
    const group = mldGroup(view, start);
    if (group.isUnspecified) link.asked = null;
    else if (on.isMember(group) && isReported(group)) {
      if (link.asked !== null && !link.asked.some((each) => each.equals(group))) link.asked.push(group);
    } else return;
    const most = maxResponseMs(view, start, version1) * MILLISECOND;
    const due = now + this.random.below(Math.max(1, most));
    const { answerTimer } = link;
    if (!answerTimer.armed || due < answerTimer.deadline) answerTimer.set(due);
  }

  /** Another host's report of version 1 says what ours would: it need not (RFC 2710 4). */
  heardVersion1(group: IpAddress, on: Ipv6Interface): void {
    const link = this.links.get(on);
    if (link === undefined || link.asked === null || !this.speaksVersion1(link)) return;
    const at = link.asked.findIndex((each) => each.equals(group));
    if (at >= 0) link.asked.splice(at, 1);
    if (link.asked.length === 0) link.answerTimer.clear();
  }

  changesDue(link: LinkReports): void {
    const { on, changes } = link;
    if (!on.running) {
      changes.length = 0; // `announce` says it all when the link is back
      return;
    }
    const now = changes.splice(0, MAX_RECORDS);
    this.report(
      link,
      now.map(({ group }) => group),
      now.map(({ joined }) => (joined ? RecordType.ToExclude : RecordType.ToInclude)),
    );
    for (const change of now) if (--change.left > 0) changes.push(change);
    if (changes.length > 0) link.changeTimer.set(this.node.clock.now + 1 + this.random.below(REPORT_INTERVAL_NS));
  }

  answerDue(link: LinkReports): void {
    const groups = link.asked === null ? this.groups.of(link.on).filter(isReported) : link.asked;
    link.asked = [];
    const members = groups.filter((group) => link.on.isMember(group));
    for (let from = 0; from < members.length; from += MAX_RECORDS) {
      const part = members.slice(from, from + MAX_RECORDS);
      this.report(
        link,
        part,
        part.map(() => RecordType.ModeIsExclude),
      );
    }
  }

  private changed(on: Ipv6Interface, group: IpAddress, joined: boolean): void {
    if (!isReported(group)) return;
    const link = this.linkOf(on);
    const old = link.changes.findIndex((change) => change.group.equals(group));
    if (old >= 0) link.changes.splice(old, 1);
    link.changes.push({ group, joined, left: ROBUSTNESS });
    link.changeTimer.set(this.node.clock.now);
  }

  private report(link: LinkReports, groups: readonly IpAddress[], types: readonly number[]): void {
    if (this.speaksVersion1(link)) {
      for (let i = 0; i < groups.length; i++) {
        const leaves = types[i] === RecordType.ToInclude;
        const packet = this.node.pool.acquire(24);
        putVersion1(packet, leaves ? MldType.Done1 : MldType.Report1, groups[i]);
        this.send(packet, link.on, leaves ? ALL_ROUTERS : groups[i]);
      }
      return;
    }
    const packet = this.node.pool.acquire(8 + groups.length * 20);
    putReport(packet, groups.length);
    for (let i = 0; i < groups.length; i++) putRecord(packet, types[i], groups[i]);
    this.send(packet, link.on, MLD_ROUTERS);
  }

  private send(packet: PacketBuffer, on: Ipv6Interface, to: IpAddress): void {
    const { node } = this;
    if (node.trace !== null) {
      const detail = `${describeMld(packet.view, packet.start)} dev ${on.name}`;
      node.trace.event(node.name, 3, What.Send, packet, 0, detail, 'RFC 3810 6');
    }
    // Before there is a link-local address, from nobody: switches listen, too (RFC 3590).
    this.control.sendControl(packet, on.linkLocal ?? IpAddress.ANY6, to, on, 1, true);
  }

  private speaksVersion1(link: LinkReports): boolean {
    return this.node.clock.now < link.olderUntil;
  }

  private linkOf(on: Ipv6Interface): LinkReports {
    let link = this.links.get(on);
    if (link === undefined) {
      link = new LinkReports(this, this.node, on);
      this.links.set(on, link);
    }
    return link;
  }
}

/** Nobody tells of ff02::1, nor of groups that do not leave the host (RFC 3810 6). */
export function isReported(group: IpAddress): boolean {
  const scope = (group.w0 >>> 16) & 0xf;
  if (scope <= 1) return false;
  return !(group.w0 === 0xff020000 && group.w1 === 0 && group.w2 === 0 && group.w3 === 1);
}
