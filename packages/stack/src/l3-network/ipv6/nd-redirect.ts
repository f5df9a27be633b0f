import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import { NeighbourState } from '../neighbour.ts';
import { TokenBucket } from '../token-bucket.ts';
import { type Icmp6Handler, IPV6_MIN_MTU, type Ipv6Control, type Ipv6Interface } from './ipv6-interface.ts';
import {
  describeNd,
  ND_HOP_LIMIT,
  ndDestination,
  ndProblem,
  ndTarget,
  REDIRECT_LENGTH,
  writeRedirect,
} from './nd-messages.ts';
import {
  LINK_ADDRESS_OPTION,
  linkAddressOption,
  NdOption,
  putLinkAddressOption,
  putRedirectedHeader,
} from './nd-options.ts';
import type { NeighbourDiscovery } from './neighbour-discovery.ts';
import { ADVERTISED, Route6 } from './routes6.ts';

const IPV6_HEADER = 40;
/** Redirects that a router sends in a second, and at once (RFC 4861 8.2: "MUST limit the rate"). */
const PER_SECOND = 10;
const BURST = 10;
/** How long a host follows one that it got: what is wrong with it by then is not wrong for ever. */
const LIFETIME_NS = 600 * SECOND;

/** A destination that has a first hop of its own. */
interface Redirected {
  readonly route: Route6;
  readonly on: Ipv6Interface;
  readonly target: IpAddress;
}

/** "Not by me: there is a shorter way" (RFC 4861 8): routers send it, hosts follow. */
export class Redirects implements Icmp6Handler {
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;
  private readonly discovery: NeighbourDiscovery;
  private readonly bucket = new TokenBucket(PER_SECOND, BURST);
  /** In the order in which they came: the first is the one to forget when there are too many. */
  private readonly followed: Redirected[] = [];

  constructor(node: NodeContext, control: Ipv6Control, discovery: NeighbourDiscovery) {
    this.node = node;
    this.control = control;
    this.discovery = discovery;
  }

  /** A router sends a packet on by the interface that it came in by: its sender, if a neighbour, is told (8.2). */
  redirect(packet: PacketBuffer, target: IpAddress, by: IpInterface): void {
    const on = by.v6;
    const { view, l3 } = packet;
    const sender = IpAddress.read6(view, l3 + 8);
    const destination = IpAddress.read6(view, l3 + 24);
    if (on === null || destination.isMulticast || !isNeighbour(on, sender)) return;
    const toDestination = target.equals(destination);
    // A router is known to its neighbours by its link-local address; by another one it cannot be named.
    if (!toDestination && !target.isLinkLocal) return;
    const source = on.linkLocal;
    if (source === null || !this.bucket.take(this.node.clock.now)) return;
    const message = this.node.pool.acquire(IPV6_MIN_MTU);
    writeRedirect(message.view, message.put(REDIRECT_LENGTH), target, destination);
    const known = this.discovery.neighbours.find(target.w0, target.w1, target.w2, target.w3, by);
    if (known !== null && known.state >= NeighbourState.Reachable && known.state !== NeighbourState.Failed) {
      putLinkAddressOption(message, NdOption.TargetLinkAddress, known.mac);
    }
    const room = IPV6_MIN_MTU - IPV6_HEADER - REDIRECT_LENGTH - LINK_ADDRESS_OPTION - 8;
    putRedirectedHeader(message, packet.bytes, l3, Math.min(packet.end - l3, room));
    this.tell(What.Decide, packet, `${sender} is told: ${destination} by ${target}`, 'RFC 4861 8.2');
    this.control.sendControl(message, source, sender, on, ND_HOP_LIMIT, false);
  }

  /** Takes a redirect (8.3). */
  icmp6Input(packet: PacketBuffer, on: Ipv6Interface): void {
    const { node } = this;
    const { view, start, end, l3 } = packet;
    const problem = ndProblem(packet);
    if (problem !== null) {
      node.drop(packet, Drop.ND_INVALID, problem);
      return;
    }
    this.tell(What.Receive, packet, describeNd(view, start), 'RFC 4861 8.3');
    const router = IpAddress.read6(view, l3 + 8);
    const destination = ndDestination(view, start);
    const target = ndTarget(view, start);
    const way = this.control.routes.lookup(destination);
    if (this.control.forwarding || !on.acceptsAdvertisements) {
      node.drop(packet, Drop.ND_IGNORED, 'a router finds its own way');
      return;
    }
    if (way === null || way.interface !== on.ip || way.gateway === null || !way.gateway.equals(router)) {
      node.drop(packet, Drop.ND_IGNORED, `${router} is not the way to ${destination} (RFC 4861 8.1)`);
      return;
    }
    const mac = linkAddressOption(view, start + REDIRECT_LENGTH, end, NdOption.TargetLinkAddress);
    node.drop(packet, Drop.ND_DONE);
    if (mac !== null && !on.has(target)) {
      const entry = this.discovery.learn(target, on, mac);
      if (entry !== null && !target.equals(destination)) entry.router = true;
    }
    this.follow(on, destination, target);
  }

  /** A first hop does not answer, or is no router any more: who was sent there goes the old way again. */
  lost(on: Ipv6Interface, target: IpAddress): void {
    for (const each of this.followed.filter((other) => other.on === on && other.target.equals(target))) {
      this.forget(each, `${target} is lost`);
    }
  }

  detach(on: Ipv6Interface): void {
    for (const each of this.followed.filter((other) => other.on === on)) this.forget(each, 'the interface is gone');
  }

  private follow(on: Ipv6Interface, destination: IpAddress, target: IpAddress): void {
    const { routes } = this.control;
    const { now } = this.node.clock;
    for (const each of this.followed.filter(
      ({ route }) => route.expiresAt <= now || route.network.equals(destination),
    )) {
      this.forget(each, 'its time is over');
    }
    if (this.followed.length >= this.node.limits.redirects) this.forget(this.followed[0], 'there are too many');
    const route = new Route6(new Prefix(destination, 128), {
      gateway: target.equals(destination) ? null : target,
      interface: on.ip,
      origin: ADVERTISED,
      expiresAt: now + LIFETIME_NS,
    });
    if (routes.add(route) < 0) return;
    this.followed.push({ route, on, target });
    this.tell(What.Decide, null, `route ${route}: the router says so`, 'RFC 4861 8.3');
  }

  private forget(which: Redirected, why: string): void {
    this.control.routes.remove(which.route);
    this.followed.splice(this.followed.indexOf(which), 1);
    this.tell(What.Decide, null, `route ${which.route}: gone: ${why}`, 'RFC 4861 8.3');
  }

  private tell(what: What, packet: PacketBuffer | null, detail: string, source: string): void {
    this.node.trace?.event(this.node.name, 3, what, packet, 0, detail, source);
  }
}

/** Whether an address is on the interface's link, as far as its own addresses tell. */
function isNeighbour(on: Ipv6Interface, address: IpAddress): boolean {
  for (const { prefix } of on.addresses) if (prefix.contains(address)) return true;
  return false;
}
