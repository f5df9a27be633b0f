import { SECOND, type Task, Timer } from '../base/clock.ts';
import { Drop } from '../base/drop-reasons.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { Random } from '../base/random.ts';
import { What } from '../base/trace.ts';
import type { IpInterface } from './ip-interface.ts';

/** RFC 5227 1.1. */
const PROBE_WAIT_NS = 1 * SECOND;
const PROBES = 3;
const PROBE_LEAST_NS = 1 * SECOND;
const PROBE_MOST_NS = 2 * SECOND;
const ANNOUNCE_WAIT_NS = 2 * SECOND;
const ANNOUNCEMENTS = 2;
const ANNOUNCE_INTERVAL_NS = 2 * SECOND;
const DEFEND_INTERVAL_NS = 10 * SECOND;
/** Conflicts that are kept for people to look at. */
const MOST_CONFLICTS = 16;

const SOURCE = 'RFC 5227 2';

/** Who wants an address. */
export interface ClaimOwner {
  /** Nobody else has it: it may be used from now on, and is announced. */
  claimed(claim: AddressClaim): void;
  /** Somebody else has it, or wanted it in the same moment; or, of one that was claimed, somebody will not give it up. */
  refused(claim: AddressClaim, by: MacAddress): void;
}

/** Sends ARP requests: a probe has no sender address, an announcement has the same as sender and target. */
export interface ClaimOutput {
  probe(on: IpInterface, address: number): void;
  announceNow(on: IpInterface, address: number): void;
}

/** An address that somebody else has, too. */
export interface AddressConflict {
  readonly interface: IpInterface;
  /** 32 bits. */
  readonly address: number;
  readonly mac: MacAddress;
  readonly atNs: number;
}

const ClaimState = { Probing: 0, Waiting: 1, Announcing: 2, Held: 3, Ended: 4 } as const;

/**
 * One address that is asked for before it is used, and then defended (RFC 5227 2).
 *
 *     0 to 1 s, then 3 probes 1 to 2 s apart, then 2 s   -> claimed -> 2 announcements 2 s apart -> held
 *     somebody has it, or probes for it in that time     -> refused
 *     somebody uses it later: announced once more; again within 10 s -> refused
 */
export class AddressClaim implements Task {
  readonly on: IpInterface;
  /** 32 bits. */
  readonly address: number;
  state: number = ClaimState.Probing;
  private left = PROBES;
  private defendedAt = -Infinity;
  private readonly timer: Timer;
  private readonly claims: AddressClaims;
  private readonly owner: ClaimOwner;

  constructor(claims: AddressClaims, node: NodeContext, on: IpInterface, address: number, owner: ClaimOwner) {
    this.claims = claims;
    this.on = on;
    this.address = address;
    this.owner = owner;
    this.timer = new Timer(node.clock, this, 0);
    this.timer.set(node.clock.now + claims.random.below(PROBE_WAIT_NS));
  }

  /** Not yet used: packets from it must not be sent. */
  get isTentative(): boolean {
    return this.state === ClaimState.Probing || this.state === ClaimState.Waiting;
  }

  run(): void {
    const { claims, on, address } = this;
    const { now } = claims.node.clock;
    if (this.state === ClaimState.Probing) {
      claims.output.probe(on, address);
      this.left--;
      const more = this.left > 0;
      if (!more) this.state = ClaimState.Waiting;
      const apart = PROBE_LEAST_NS + claims.random.below(PROBE_MOST_NS - PROBE_LEAST_NS);
      this.timer.set(now + (more ? apart : ANNOUNCE_WAIT_NS));
      return;
    }
    if (this.state === ClaimState.Waiting) {
      this.state = ClaimState.Announcing;
      this.left = ANNOUNCEMENTS;
      claims.tell(`${formatIpv4(address)} dev ${on.name}: tentative -> used, nobody else has it`);
      this.owner.claimed(this);
    }
    if (this.state !== ClaimState.Announcing) return;
    claims.output.announceNow(on, address);
    if (--this.left === 0) this.state = ClaimState.Held;
    else this.timer.set(now + ANNOUNCE_INTERVAL_NS);
  }

  /** Somebody else speaks as if the address were his, or (while it is tentative) asks for it as we do. */
  contested(by: MacAddress): void {
    const { now } = this.claims.node.clock;
    if (!this.isTentative && now - this.defendedAt >= DEFEND_INTERVAL_NS) {
      // RFC 5227 2.4 (b), RFC 3927 2.5 (b): once is worth a try.
      this.defendedAt = now;
      this.claims.output.announceNow(this.on, this.address);
      return;
    }
    this.cancel();
    this.owner.refused(this, by);
  }

  /** It is used already: from now on it is defended. */
  adopt(): void {
    this.state = ClaimState.Held;
    this.timer.dispose();
  }

  /** Gives it up, or up asking for it. */
  cancel(): void {
    this.state = ClaimState.Ended;
    this.timer.dispose();
    this.claims.forget(this);
  }
}

/** Addresses that are being asked for, and conflicts about those that this host has (RFC 5227). */
export class AddressClaims {
  readonly node: NodeContext;
  readonly random: Random;
  readonly output: ClaimOutput;
  /** The last conflicts, for people. */
  readonly conflicts: AddressConflict[] = [];
  private readonly claims: AddressClaim[] = [];
  /** By address: when it was last defended, ns. */
  private readonly defended = new Map<number, number>();

  constructor(node: NodeContext, output: ClaimOutput) {
    this.node = node;
    this.random = node.random.fork('address claims');
    this.output = output;
  }

  /** Asks for an address there; the owner is told how that ends. */
  claim(on: IpInterface, address: number, owner: ClaimOwner): AddressClaim {
    const made = new AddressClaim(this, this.node, on, address, owner);
    this.claims.push(made);
    this.tell(`${formatIpv4(address)} dev ${on.name}: tentative, does anybody have it?`);
    return made;
  }

  /** Defends an address that is used already, and was asked for by somebody else's means (a DHCP client's). */
  hold(on: IpInterface, address: number, owner: ClaimOwner): AddressClaim {
    const made = new AddressClaim(this, this.node, on, address, owner);
    made.adopt();
    this.claims.push(made);
    return made;
  }

  forget(claim: AddressClaim): void {
    const at = this.claims.indexOf(claim);
    if (at >= 0) this.claims.splice(at, 1);
  }

  /**
   * An ARP packet came in: is it about an address that is claimed here? `sender` and `target` are its addresses (32
   * bits), `mac` whose it is.
   */
  heard(on: IpInterface, sender: number, target: number, mac: MacAddress): void {
    if (mac.equals(on.link.mac)) return;
    for (const claim of [...this.claims]) {
      if (claim.on !== on) continue;
      // RFC 5227 2.1.1: who has it; or who asks for it in the same moment.
      const isTheirs = claim.address === sender || (claim.isTentative && sender === 0 && claim.address === target);
      if (!isTheirs) continue;
      this.note(on, claim.address, mac);
      claim.contested(mac);
    }
  }

  /**
   * Somebody else uses an address of this host. One that was claimed defends itself; one that a person gave stays, and
   * is announced, but not more often than every 10 s (RFC 5227 2.4 (c)).
   */
  conflict(on: IpInterface, address: number, mac: MacAddress): void {
    if (this.claims.some((claim) => claim.on === on && claim.address === address)) return;
    this.note(on, address, mac);
    const { now } = this.node.clock;
    const before = this.defended.get(address) ?? -Infinity;
    if (now - before < DEFEND_INTERVAL_NS) return;
    this.defended.set(address, now);
    this.output.announceNow(on, address);
  }

  /** Ends all claims of an interface that is gone. */
  stop(on: IpInterface): void {
    for (const claim of [...this.claims]) if (claim.on === on) claim.cancel();
  }

  tell(detail: string): void {
    this.node.trace?.event(this.node.name, 3, What.State, null, 0, detail, SOURCE);
  }

  private note(on: IpInterface, address: number, mac: MacAddress): void {
    this.conflicts.push({ interface: on, address, mac, atNs: this.node.clock.now });
    if (this.conflicts.length > MOST_CONFLICTS) this.conflicts.shift();
    this.node.dropped(Drop.ADDRESS_CONFLICT, `address ${formatIpv4(address)} is in use by ${mac}, dev ${on.name}`);
  }
}
