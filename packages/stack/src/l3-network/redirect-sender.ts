import { SECOND } from '../base/clock.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import { IcmpType } from './icmp-header.ts';
import type { IpInterface } from './ip-interface.ts';
import { ipv4Destination, ipv4Source } from './ipv4-header.ts';

/** Code 1, "for the host": RFC 1812 5.2.7.2 wants no other. */
const REDIRECT_HOST = 1;
/** Linux's `redirect_number`: to who does not listen nothing more is said, until he has been silent for 20 s. */
const MOST_TOLD = 9;
const SILENCE_NS = 20 * SECOND;
const MOST_SOURCES = 256;

/** Who was told, and how often. */
interface Told {
  count: number;
  lastNs: number;
}

/** Tells hosts of a better way: what a router does beside forwarding (RFC 1812 5.2.7.2). */
export class RedirectSender {
  enabled = true;
  private readonly node: NodeContext;
  private readonly errors: IcmpErrors;
  private readonly told = new Map<number, Told>();

  constructor(node: NodeContext, errors: IcmpErrors) {
    this.node = node;
    this.errors = errors;
  }

  /**
   * A packet leaves by the interface that it came in on, to `gateway` (0: to its destination itself): its sender could
   * have sent it there, if he is on the same network. Does not take the packet, which is as it came.
   */
  consider(packet: PacketBuffer, on: IpInterface, gateway: number): void {
    if (!this.enabled) return;
    const source = ipv4Source(packet.view, packet.start);
    const better = gateway !== 0 ? gateway : ipv4Destination(packet.view, packet.start);
    if (!sameNetwork(on, source, better) || !this.mayTell(source)) return;
    if (this.node.trace !== null) {
      const detail = `${formatIpv4(source)} could send to ${formatIpv4(better)} itself: redirect`;
      this.node.trace.event(this.node.name, 3, What.Decide, packet, 0, detail, 'RFC 1812 5.2.7.2');
    }
    this.errors.send(packet, IcmpType.Redirect, REDIRECT_HOST, better);
  }

  /** At once, then after 1, 2, 4 ... s; nine times at most to who does not listen. */
  private mayTell(source: number): boolean {
    const { now } = this.node.clock;
    const told = this.told.get(source);
    if (told === undefined || now - told.lastNs > SILENCE_NS + SECOND * 2 ** told.count) {
      if (this.told.size >= MOST_SOURCES) this.told.clear();
      this.told.set(source, { count: 1, lastNs: now });
      return true;
    }
    if (told.count >= MOST_TOLD) {
      told.lastNs = now;
      return false;
    }
    if (now - told.lastNs < SECOND * 2 ** (told.count - 1)) return false;
    told.count++;
    told.lastNs = now;
    return true;
  }
}

function sameNetwork(on: IpInterface, source: number, gateway: number): boolean {
  for (const prefix of on.addresses) {
    if (prefix.address.family !== 4) continue;
    const { mask4, address } = prefix;
    if (((address.v4 ^ source) & mask4) === 0 && ((address.v4 ^ gateway) & mask4) === 0) return true;
  }
  return false;
}
