import { SECOND } from '../base/clock.ts';
import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { assert } from '../base/errors.ts';
import type { LinkDevice, LinkEnd } from '../base/link.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import { PortList } from '../l1-physical/port-list.ts';
import { ETHERNET_HEADER } from './ethernet.ts';
import { frameCheckHolds } from './frame-check.ts';
import { MacTable, UNKNOWN_PORT } from './mac-table.ts';
import { SnoopDecision, Snooping } from './snooping.ts';

/** How long an address is remembered (IEEE 802.1D 7.9.2: recommended 300 s, from 10 s to 1,000,000 s). */
export const DEFAULT_AGEING_NS = 300 * SECOND;

/** 01:80:c2:00:00:00 to 0f stay on their link (IEEE 802.1D 7.12.6): spanning tree, PAUSE, LLDP, ... */
const RESERVED_HI = 0x0180;
const RESERVED_LO = 0xc2000000;

const IEEE = 'IEEE 802.1D 7.7';

/** One line of a switch's table, for people. */
export interface SwitchEntry {
  readonly mac: MacAddress;
  readonly port: number;
  /** Since it was last heard, ns. */
  readonly ageNs: number;
}

/**
 * A learning switch (IEEE 802.1D clause 7, a MAC bridge without spanning tree).
 *
 *   learn    the frame's source address is behind the port it came from
 *   filter   the receiver is behind that same port: nothing to do
 *   forward  the receiver is known: out of its port
 *   flood    it is not known, or the address is a group's: out of all other ports
 *
 * Frames arrive complete, with their check sequence looked at: store and forward. It has no address of its own.
 */
export class Switch {
  readonly node: NodeContext;
  /** Frames that left by one port, and that left by all. */
  forwarded = 0;
  flooded = 0;
  /** Addresses that found no room in the table. */
  notLearnt = 0;
  /** Group frames that went to some ports only. */
  snooped = 0;
  /** Knows behind which ports the members of groups are; null: groups are flooded. */
  readonly snooping: Snooping | null;
  private readonly list: PortList<SwitchPort>;
  private readonly table: MacTable;

  /** `ports` 0: as many as cables are plugged in. */
  constructor(node: NodeContext, ports = 0, options: { ageingNs?: number; snooping?: boolean } = {}) {
    this.node = node;
    const { ageingNs = DEFAULT_AGEING_NS, snooping = false } = options;
    this.snooping = snooping ? new Snooping(node.limits) : null;
    assert(ageingNs >= 0, `ageingNs is ${ageingNs}`);
    this.table = new MacTable(node.limits.switchTableEntries, ageingNs, node.random.fork('mac table').u32());
    this.list = new PortList(ports, node.limits.devicePorts, (number) => new SwitchPort(this, number));
  }

  get name(): string {
    return this.node.name;
  }

  get ports(): readonly SwitchPort[] {
    return this.list.ports;
  }

  get ageingNs(): number {
    return this.table.ageingNs;
  }

  set ageingNs(ageingNs: number) {
    this.table.setAgeing(ageingNs);
  }

  /** The port of this number, from 1; null if there is none. */
  port(number: number): SwitchPort | null {
    return this.list.port(number);
  }

  /** The number of the first port without a cable; 0 when all are taken. */
  freePort(): number {
    return this.list.freePort();
  }

  /** What it has learnt and not yet forgotten, by address. */
  entries(): SwitchEntry[] {
    const { now } = this.node.clock;
    return this.table.entries(now).map(({ hi, lo, port, heardNs }) => ({
      mac: new MacAddress(hi, lo),
      port,
      ageNs: now - heardNs,
    }));
  }

  /** Forgets all that was learnt from a port: whoever was there may turn up elsewhere. */
  forgetPort(port: SwitchPort): void {
    this.table.forgetPort(port.number);
    this.snooping?.forgetPort(port.number);
  }

  /** A frame came in at a port; takes it over. */
  input(port: SwitchPort, frame: PacketBuffer): void {
    const { node, table } = this;
    const { view, start } = frame;
    if (frame.end - start < ETHERNET_HEADER) {
      this.drop(port, frame, Drop.FRAME_TOO_SHORT);
      return;
    }
    if (frame.fcs !== FCS_IMPLIED && !frameCheckHolds(frame)) {
      this.drop(port, frame, Drop.FRAME_BAD_FCS);
      return;
    }
    const { now } = node.clock;
    const hi = view.getUint16(start);
    const lo = view.getUint32(start + 2);
    if (hi === RESERVED_HI && lo >= RESERVED_LO && lo <= RESERVED_LO + 0x0f) {
      this.drop(port, frame, Drop.SWITCH_RESERVED);
      return;
    }
    this.learn(port, view.getUint16(start + 6), view.getUint32(start + 8), now);
    const isGroup = (hi & 0x0100) !== 0;
    const number = isGroup ? UNKNOWN_PORT : table.lookup(hi, lo, now);
    if (isGroup && this.snooping !== null) {
      this.snoop(port, frame, this.snooping);
    } else if (number === UNKNOWN_PORT) {
      this.flood(port, frame, isGroup ? 'a group address' : 'address unknown');
    } else if (number === port.number) {
      this.drop(port, frame, Drop.SWITCH_SAME_PORT);
    } else {
      const out = this.list.port(number) as SwitchPort;
      this.forwarded++;
      if (node.trace !== null) {
        const age = ((now - table.heardAt(hi, lo)) / SECOND).toFixed(0);
        this.report(frame, `from port ${port.number} to port ${number} (learnt ${age} s ago)`);
      }
      out.send(frame);
    }
  }

  /** The source address is behind this port, unless it is a group's (IEEE 802.1D 7.8) or no address at all. */
  private learn(port: SwitchPort, hi: number, lo: number, now: number): void {
    if ((hi & 0x0100) !== 0 || (hi === 0 && lo === 0)) return;
    if (!this.table.learn(hi, lo, port.number, now)) this.notLearnt++;
  }

  /** RFC 4541: a group's frames go where its members and the routers are, if that is known. */
  private snoop(from: SwitchPort, frame: PacketBuffer, snooping: Snooping): void {
    const { now } = this.node.clock;
    if (snooping.decide(frame.view, frame.start, frame.end, from.number, now) === SnoopDecision.Flood) {
      this.flood(from, frame, snooping.reason);
      return;
    }
    let last: SwitchPort | null = null;
    let count = 0;
    for (const port of this.list.ports) {
      if (port === from || !port.up || snooping.ports[port.number] === 0) continue;
      if (last !== null) last.send(frame.copy());
      last = port;
      count++;
    }
    if (last === null) {
      this.drop(from, frame, Drop.SWITCH_SNOOPED);
      return;
    }
    this.snooped++;
    if (this.node.trace !== null) {
      const to = `from port ${from.number} to ${count} port${count === 1 ? '' : 's'}: ${snooping.reason}`;
      this.node.trace.event(this.node.name, 2, What.Forward, frame, 0, to, 'RFC 4541 2.1');
    }
    last.send(frame);
  }

  /** Out of every other port that is up: copies, and the frame itself out of the last. */
  private flood(from: SwitchPort, frame: PacketBuffer, why: string): void {
    const { ports } = this.list;
    let last: SwitchPort | null = null;
    let count = 0;
    for (const port of ports) {
      if (port === from || !port.up) continue;
      last = port;
      count++;
    }
    if (last === null) {
      this.drop(from, frame, Drop.SWITCH_NO_PORT);
      return;
    }
    this.flooded++;
    if (this.node.trace !== null) {
      const to = `from port ${from.number}, flooded to ${count} port${count === 1 ? '' : 's'}`;
      this.report(frame, `${to}: ${why}`);
    }
    for (const port of ports) {
      if (port === from || port === last || !port.up) continue;
      port.send(frame.copy());
    }
    last.send(frame);
  }

  private drop(port: SwitchPort, frame: PacketBuffer, reason: DropReason): void {
    port.rxDropped++;
    this.node.drop(frame, reason, this.node.trace === null ? '' : `port ${port.number}`);
  }

  private report(frame: PacketBuffer, detail: string): void {
    this.node.trace?.event(this.node.name, 2, What.Forward, frame, 0, detail, IEEE);
  }
}

export class SwitchPort implements LinkDevice {
  readonly switch: Switch;
  /** From 1. */
  readonly number: number;
  link: LinkEnd | null = null;
  rxFrames = 0;
  rxBytes = 0;
  /** Of those, the ones that were not passed on. */
  rxDropped = 0;
  txFrames = 0;
  txBytes = 0;

  constructor(owner: Switch, number: number) {
    this.switch = owner;
    this.number = number;
  }

  get up(): boolean {
    return this.link?.up ?? false;
  }

  connect(link: LinkEnd): void {
    this.link = link;
    link.attach(this);
  }

  disconnect(): void {
    this.link?.detach();
    this.link = null;
    this.switch.forgetPort(this);
  }

  linkInput(frame: PacketBuffer): void {
    this.rxFrames++;
    this.rxBytes += frame.end - frame.start;
    this.switch.input(this, frame);
  }

  linkChanged(up: boolean): void {
    if (!up) this.switch.forgetPort(this);
  }

  /** Sends a frame out of here; takes it over. */
  send(frame: PacketBuffer): void {
    if (this.link === null) {
      this.switch.node.drop(frame, Drop.LINK_DOWN);
      return;
    }
    this.txFrames++;
    this.txBytes += frame.end - frame.start;
    this.link.transmit(frame);
  }
}
