import { SECOND, type Task, Timer } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Prefix } from '../../base/prefix.ts';
import { What } from '../../base/trace.ts';
import type { DuplicateAddressDetection } from './duplicate-address-detection.ts';
import { InterfaceAddress } from './interface-address.ts';
import type { Ipv6Interface } from './ipv6-interface.ts';
import { type AdvertisedPrefix, INFINITE_LIFETIME } from './nd-options.ts';
import { IDENTIFIER_PREFIX, StableIdentifiers } from './stable-identifier.ts';

/** RFC 4862 5.5.3 (e): nobody shortens what is left of an address to less, unless less is left. */
const TWO_HOURS_NS = 7200 * SECOND;
/** RFC 7217 5 and 6: how often another identifier is tried when somebody has the one made, and the wait before. */
const RETRIES = 3;
const RETRY_DELAY_NS = 1 * SECOND;
const SOURCE = 'RFC 4862 5.5';
const LINK_LOCAL = Prefix.parse('fe80::/64')!;

/** Who keeps an interface's addresses. */
export interface AddressKeeper {
  /** Adds it to the interface and to its solicited-node group; false when there is no room. */
  keep(on: Ipv6Interface, address: InterfaceAddress): boolean;
  /** Takes it away. */
  forget(on: Ipv6Interface, address: InterfaceAddress): void;
  /** Its state changed. */
  changed(on: Ipv6Interface): void;
}

/** Lifetimes of a prefix in ns from now on. */
export function lifetimeNs(seconds: number): number {
  return seconds === INFINITE_LIFETIME ? Infinity : seconds * SECOND;
}

/**
 * Addresses that a host makes for itself (RFC 4862): the link-local one, and one of each prefix that a router lets
 * hosts use. Their identifiers are stable and tell nothing (RFC 7217).
 *
 * The one timer stands for the soonest end of a lifetime: who has addresses for ever has none.
 */
export class Slaac implements Task {
  private readonly node: NodeContext;
  private readonly keeper: AddressKeeper;
  private readonly detection: DuplicateAddressDetection;
  private readonly identifiers: StableIdentifiers;
  private readonly timer: Timer;
  /** Where addresses end one day. */
  private readonly mortal = new Set<Ipv6Interface>();

  constructor(node: NodeContext, keeper: AddressKeeper, detection: DuplicateAddressDetection) {
    this.node = node;
    this.keeper = keeper;
    this.detection = detection;
    this.identifiers = new StableIdentifiers(node.random.fork('stable identifiers'));
    this.timer = new Timer(node.clock, this, 0);
  }

  /** Gives the interface its link-local address (RFC 4862 5.3), if it has none. */
  linkLocal(on: Ipv6Interface): void {
    if (on.addresses.some((each) => each.address.isLinkLocal)) return;
    this.make(on, LINK_LOCAL, 'link-local', Infinity, Infinity, 0, true);
  }

  /** A router tells of a prefix: RFC 4862 5.5.3. `delayed`: others heard it at the same time. */
  advertised(on: Ipv6Interface, option: AdvertisedPrefix, router: IpAddress, delayed: boolean): void {
    const { prefix, validSeconds, preferredSeconds } = option;
    if (!option.autonomous || prefix.network.isLinkLocal || prefix.network.isMulticast) return;
    if (preferredSeconds > validSeconds) {
      this.tell(on, prefix, 'ignored: preferred for longer than valid');
      return;
    }
    if (prefix.length !== IDENTIFIER_PREFIX) {
      this.tell(on, prefix, 'ignored: an identifier has 64 bits');
      return;
    }
    const { now } = this.node.clock;
    const validUntil = now + lifetimeNs(validSeconds);
    const preferredUntil = now + lifetimeNs(preferredSeconds);
    const known = on.addresses.find((each) => each.origin === 'slaac' && each.prefix.network.equals(prefix.network));
    if (known !== undefined) {
      known.toldBy(router);
      this.renew(on, known, preferredUntil, validUntil);
    } else if (validSeconds > 0) {
      this.make(on, prefix, 'slaac', preferredUntil, validUntil, 0, delayed)?.toldBy(router);
    }
  }

  /** Somebody had the address that was made: another one, up to three times (RFC 7217 6). */
  taken(on: Ipv6Interface, address: InterfaceAddress): void {
    if (address.origin === 'static' || address.origin === 'loopback') return;
    if (address.conflicts + 1 > RETRIES) return;
    this.keeper.forget(on, address);
    const { origin, preferredUntil, validUntil } = address;
    const network = new Prefix(address.prefix.network, address.length);
    this.make(on, network, origin, preferredUntil, validUntil, address.conflicts + 1, true, RETRY_DELAY_NS);
  }

  /** Lets go of an interface. */
  detach(on: Ipv6Interface): void {
    this.mortal.delete(on);
    if (this.mortal.size === 0) this.timer.dispose();
  }

  /** A lifetime came to its end. */
  run(): void {
    const { now } = this.node.clock;
    for (const on of [...this.mortal]) {
      let changed = false;
      for (const each of on.addresses) {
        if (each.validUntil <= now) {
          this.tell(on, each.prefix, 'its valid lifetime is over: the address is gone');
          this.keeper.forget(on, each);
        } else if (each.state === 'preferred' && each.preferredUntil <= now) {
          each.state = 'deprecated';
          this.tell(on, each.prefix, 'preferred -> deprecated: its preferred lifetime is over');
          changed = true;
        }
      }
      if (changed) this.keeper.changed(on);
    }
    this.arm();
  }

  private make(
    on: Ipv6Interface,
    network: Prefix,
    origin: 'link-local' | 'slaac',
    preferredUntil: number,
    validUntil: number,
    conflicts: number,
    delayed: boolean,
    after = 0,
  ): InterfaceAddress | null {
    const address = this.identifiers.addressIn(network, on.link.mac, conflicts);
    const made = new InterfaceAddress(new Prefix(address, network.length), origin, 'tentative');
    made.preferredUntil = preferredUntil;
    made.validUntil = validUntil;
    made.conflicts = conflicts;
    if (!this.keeper.keep(on, made)) {
      this.tell(on, network, 'ignored: the interface has enough addresses');
      return null;
    }
    this.detection.start(on, made, delayed, after);
    this.watch(on, made);
    return made;
  }

  /** RFC 4862 5.5.3 (e). */
  private renew(on: Ipv6Interface, known: InterfaceAddress, preferredUntil: number, validUntil: number): void {
    const { now } = this.node.clock;
    const remaining = known.validUntil - now;
    const offered = validUntil - now;
    if (offered > TWO_HOURS_NS || offered > remaining) known.validUntil = validUntil;
    else if (remaining > TWO_HOURS_NS) known.validUntil = now + TWO_HOURS_NS;
    known.preferredUntil = preferredUntil;
    const before = known.state;
    if (before === 'deprecated' && preferredUntil > now) known.state = 'preferred';
    else if (before === 'preferred' && preferredUntil <= now) known.state = 'deprecated';
    if (before !== known.state) {
      this.tell(on, known.prefix, `${before} -> ${known.state}: a router says so`);
      this.keeper.changed(on);
    }
    this.watch(on, known);
  }

  /** Its lifetimes end one day, or do so now. */
  watch(on: Ipv6Interface, address: InterfaceAddress): void {
    if (Math.min(address.validUntil, address.preferredUntil) === Infinity) return;
    this.mortal.add(on);
    this.arm();
  }

  private arm(): void {
    let soonest = Infinity;
    for (const on of this.mortal) {
      for (const each of on.addresses) {
        soonest = Math.min(
          soonest,
          each.state === 'preferred' ? each.preferredUntil : each.validUntil,
          each.validUntil,
        );
      }
    }
    if (soonest === Infinity) this.timer.clear();
    else this.timer.set(Math.max(soonest, this.node.clock.now));
  }

  private tell(on: Ipv6Interface, prefix: Prefix, what: string): void {
    const { node } = this;
    if (node.trace === null) return;
    node.trace.event(node.name, 3, What.State, null, 0, `${prefix} dev ${on.name}: ${what}`, SOURCE);
  }
}
