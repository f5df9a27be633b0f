import { SECOND, type Task, Timer } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import type { MacAddress } from '../../base/mac-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import type { InterfaceAddress } from './interface-address.ts';
import type { Ipv6Interface } from './ipv6-interface.ts';
import { hasNonce } from './nd-options.ts';
import type { AddressWatcher, NeighbourDiscovery } from './neighbour-discovery.ts';

/** RFC 4862 5.4.2: hosts that start together do not ask together. */
const MAX_DELAY_NS = 1 * SECOND;
const SOURCE = 'RFC 4862 5.4';

/** Who is told how it went. */
export interface AddressOwner {
  /** Nobody else has it: it is ours. */
  addressFree(on: Ipv6Interface, address: InterfaceAddress): void;
  /** Somebody has it. */
  addressTaken(on: Ipv6Interface, address: InterfaceAddress): void;
}

/**
 * Duplicate address detection (RFC 4862 5.4): before an address is used, its solicited-node group is asked for it. It
 * is ours when nobody answers, and nobody else asks the same:
 *
 *     (random delay) ---> "who has it?" ---> 1 s ---> ours
 *                               |
 *                               +--- "I have", or somebody asks as well ---> a duplicate
 */
export class DuplicateAddressDetection implements AddressWatcher {
  private readonly node: NodeContext;
  private readonly discovery: NeighbourDiscovery;
  private readonly owner: AddressOwner;
  private readonly random: Random;
  private readonly pending = new Map<InterfaceAddress, Probe>();

  constructor(node: NodeContext, discovery: NeighbourDiscovery, owner: AddressOwner) {
    this.node = node;
    this.discovery = discovery;
    this.owner = owner;
    this.random = node.random.fork('duplicate addresses');
  }

  /**
   * Asks for a tentative address. `delayed`: not at once, since others may have the same reason at the same time.
   * `after` (ns) is how long to wait before anything. `optimistic`: it is used meanwhile, for nobody is thought to have
   * it (RFC 4429): who does so takes it back when somebody has.
   */
  start(on: Ipv6Interface, address: InterfaceAddress, delayed: boolean, after = 0, optimistic = false): void {
    this.cancel(address);
    const preferred = address.preferredUntil > this.node.clock.now;
    address.state = optimistic ? (preferred ? 'preferred' : 'deprecated') : 'tentative';
    if (on.dadTransmits === 0) {
      this.owner.addressFree(on, address);
      return;
    }
    const probe = new Probe(this, this.node, on, address, this.random.u32() >>> 16, this.random.u32());
    this.pending.set(address, probe);
    const delay = delayed ? this.random.below(MAX_DELAY_NS) : 0;
    this.tell(on, address, `is asked for${delay > 0 ? ` in ${Math.round(delay / 1e6)} ms` : ''}`, What.Wait);
    probe.timer.set(this.node.clock.now + after + delay);
  }

  /** The address is no more, or not to be asked for now. */
  cancel(address: InterfaceAddress): void {
    const probe = this.pending.get(address);
    if (probe === undefined) return;
    probe.timer.dispose();
    this.pending.delete(address);
  }

  /** Its time came: asks once more, or nobody answered. */
  due(probe: Probe): void {
    const { on, address } = probe;
    if (!on.running) {
      // Nobody hears a question on a cable that is cut: `linkChanged` begins anew.
      this.pending.delete(address);
      return;
    }
    if (probe.sent < on.dadTransmits) {
      probe.sent++;
      this.discovery.probe(on, address.address, probe.nonceHigh, probe.nonceLow);
      probe.timer.set(this.node.clock.now + on.retransmitNs);
      return;
    }
    this.pending.delete(address);
    this.tell(on, address, `${address.state} -> preferred: nobody else has it`, What.State);
    this.owner.addressFree(on, address);
  }

  askedFor(on: Ipv6Interface, tentative: InterfaceAddress, packet: PacketBuffer, options: number): void {
    const probe = this.pending.get(tentative);
    if (probe !== undefined && hasNonce(packet.view, options, packet.end, probe.nonceHigh, probe.nonceLow)) return;
    this.taken(on, tentative, 'another host asks for it, too', 'another host');
  }

  claimed(on: Ipv6Interface, address: InterfaceAddress, mac: MacAddress | null): void {
    const who = mac === null ? 'another host' : `${mac}`;
    if (this.pending.has(address) || address.state === 'tentative') this.taken(on, address, `${who} has it`, who);
    else {
      this.tell(on, address, `address conflict: ${who} says it has it; it stays`, What.Decide);
      this.count(on, address, who);
    }
  }

  private taken(on: Ipv6Interface, address: InterfaceAddress, why: string, who: string): void {
    this.cancel(address);
    const before = address.state;
    address.state = 'duplicate';
    this.tell(on, address, `${before} -> duplicate: ${why}`, What.State);
    this.count(on, address, who);
    this.owner.addressTaken(on, address);
  }

  /** What a run's summary shows. */
  private count(on: Ipv6Interface, address: InterfaceAddress, who: string): void {
    this.node.dropped(Drop.ADDRESS_CONFLICT, `address ${address.address} is in use by ${who}, dev ${on.name}`);
  }

  private tell(on: Ipv6Interface, address: InterfaceAddress, what: string, kind: What): void {
    const { node } = this;
    if (node.trace === null) return;
    node.trace.event(node.name, 3, kind, null, 0, `${address.address} dev ${on.name}: ${what}`, SOURCE);
  }
}

/** One address that is being asked for. */
class Probe implements Task {
  readonly on: Ipv6Interface;
  readonly address: InterfaceAddress;
  readonly nonceHigh: number;
  readonly nonceLow: number;
  readonly timer: Timer;
  sent = 0;
  private readonly detection: DuplicateAddressDetection;

  constructor(
    detection: DuplicateAddressDetection,
    node: NodeContext,
    on: Ipv6Interface,
    address: InterfaceAddress,
    nonceHigh: number,
    nonceLow: number,
  ) {
    this.detection = detection;
    this.on = on;
    this.address = address;
    this.nonceHigh = nonceHigh;
    this.nonceLow = nonceLow;
    this.timer = new Timer(node.clock, this, 0);
  }

  run(): void {
    this.detection.due(this);
  }
}
