import type { Clock, Task, Timer } from '../base/clock.ts';
import type { IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { IpInterface } from './ip-interface.ts';
import type { IpLink } from './ip-link.ts';
import { WaitQueue } from './wait-queue.ts';

/**
 * Whom this host talks to on its links: an IP address and the MAC address that goes with it.
 *
 * The states are those of neighbour unreachability detection (RFC 4861 7.3.2), which Linux uses for ARP as well, and
 * so do we: how the address is asked for is the solicitor's matter (ARP here; neighbour discovery for IPv6).
 *
 *                 send            answer                time passes           send
 *     NONE, FAILED --> INCOMPLETE ------> REACHABLE ................> STALE ------> DELAY
 *            ^             |                  ^ ^                                   |  |
 *            +-------------+                  | +---------- the peer makes progress-+  | 5 s
 *            |  3 questions to everybody,     |                                        v
 *            |  1 s apart, no answer          +------------------------ answer ----- PROBE
 *            +-------------------------------------- 3 questions to it, no answer -----+
 */
export const NeighbourState = {
  None: 0,
  Incomplete: 1,
  Reachable: 2,
  Stale: 3,
  Delay: 4,
  Probe: 5,
  Failed: 6,
  Permanent: 7,
} as const;
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState];

const STATE_NAMES = ['NONE', 'INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY', 'PROBE', 'FAILED', 'PERMANENT'];

export function neighbourStateName(state: NeighbourState): string {
  return STATE_NAMES[state];
}

/** The table, as its entries know it. */
export interface NeighbourKeeper {
  readonly clock: Clock;
  readonly etherType: number;
  outputSlow(entry: Neighbour, packet: PacketBuffer): number;
  confirmSlow(entry: Neighbour): void;
  timedOut(entry: Neighbour): void;
}

/** One neighbour. Flows hold on to it, so that a packet on its way needs no table. */
export class Neighbour implements Task {
  readonly address: IpAddress;
  readonly interface: IpInterface;
  readonly link: IpLink;
  mac: MacAddress = MacAddress.ZERO;
  /** Until when (ns) packets may be sent to `mac` without further thought. */
  fastUntil = -1;
  /** It is no longer in the table: whoever holds it asks the table again. */
  gone = false;
  /** As it was set; `stateAt` knows that what was reachable goes stale with time. */
  state: NeighbourState = NeighbourState.None;
  /** When something about it was last learnt or asked, ns. */
  usedAt = 0;
  /** How long it counts as reachable after it was heard of, ns: 15 to 45 s, so that hosts do not ask in step. */
  reachableNs = 0;
  /** Questions without an answer. */
  asked = 0;
  /** It said that it is a router (RFC 4861 5.1's IsRouter). */
  router = false;
  /** Packets that wait for the MAC address. */
  readonly waiting = new WaitQueue();
  /** The next in the same bucket of the table. */
  next: Neighbour | null = null;
  timer: Timer | null = null;
  private readonly keeper: NeighbourKeeper;
  private readonly clock: Clock;

  constructor(keeper: NeighbourKeeper, address: IpAddress, on: IpInterface) {
    this.keeper = keeper;
    this.clock = keeper.clock;
    this.address = address;
    this.interface = on;
    this.link = on.link;
  }

  stateAt(now: number): NeighbourState {
    return this.state === NeighbourState.Reachable && now >= this.fastUntil ? NeighbourState.Stale : this.state;
  }

  /** Sends a packet there, or lets it wait for the MAC address; takes it over. 0 or a negated error number. */
  output(packet: PacketBuffer): number {
    if (this.clock.now < this.fastUntil) return this.link.output(packet, this.mac, this.keeper.etherType);
    return this.keeper.outputSlow(this, packet);
  }

  /** The peer made progress, so what was sent to `mac` arrived (RFC 4861 7.3.1). Cheap: called for each ACK. */
  confirm(): void {
    if (this.state === NeighbourState.Reachable) this.fastUntil = this.clock.now + this.reachableNs;
    else this.keeper.confirmSlow(this);
  }

  /** When it was last of use, ns: confirmations move `fastUntil` only. */
  get lastUse(): number {
    if (this.state !== NeighbourState.Reachable) return this.usedAt;
    return Math.max(this.usedAt, this.fastUntil - this.reachableNs);
  }

  /** The timer's call. */
  run(): void {
    this.keeper.timedOut(this);
  }

  /** `10.0.1.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE`, as `ip neigh` shows it. */
  describe(now: number): string {
    const mac = this.mac === MacAddress.ZERO ? '' : ` lladdr ${this.mac}`;
    return `${this.address} dev ${this.interface.name}${mac} ${neighbourStateName(this.stateAt(now))}`;
  }
}
