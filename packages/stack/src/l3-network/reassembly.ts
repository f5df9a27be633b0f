import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { FragmentStore } from './fragment-store.ts';
import {
  IPV4_MAX_HEADER_LENGTH,
  IPV4_MAX_LENGTH,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4MoreFragments,
  ipv4Protocol,
  ipv4Source,
  resizeIpv4,
} from './ipv4-header.ts';

/** Who is told of a datagram that stayed incomplete. */
export interface ReassemblyOwner {
  /** Its time is over. `packet` holds the first fragment at `l3`; valid during the call. */
  reassemblyExpired(packet: PacketBuffer): void;
}

/** Puts IPv4 fragments together again (RFC 791 3.2, RFC 1122 3.3.2). */
export class Reassembly extends FragmentStore {
  private readonly owner: ReassemblyOwner;

  constructor(node: NodeContext, owner: ReassemblyOwner) {
    super(node, 'reassembly', IPV4_MAX_HEADER_LENGTH, node.limits.reassemblyTimeNs, 'RFC 791 3.2');
    this.owner = owner;
  }

  /**
   * Takes a fragment, `start` at its checked header and `end` at its end. Returns the whole datagram, its `start` and
   * `l3` at a header that says so, when this was the last one missing; otherwise null.
   */
  add(fragment: PacketBuffer): PacketBuffer | null {
    const { view, start } = fragment;
    const headerLength = ipv4HeaderLength(view, start);
    const from = ipv4FragmentOffset(view, start);
    const to = from + fragment.length - headerLength;
    const more = ipv4MoreFragments(view, start);
    if (to === from || to + headerLength > IPV4_MAX_LENGTH || (more && (to & 7) !== 0)) {
      this.node.drop(fragment, Drop.FRAGMENT_BAD);
      return null;
    }
    this.key[0] = ipv4Source(view, start);
    this.key[4] = ipv4Destination(view, start);
    this.key[8] = ipv4Protocol(view, start);
    this.key[9] = ipv4Identification(view, start);
    return this.place(fragment, headerLength, start + headerLength, from, to, more);
  }

  protected beginsWith(): void {}

  protected complete(packet: PacketBuffer): DropReason {
    // Too long when the first fragment has more options than the one that reached furthest.
    if (packet.length > IPV4_MAX_LENGTH) return Drop.FRAGMENT_BAD;
    resizeIpv4(packet.view, packet.l3, packet.length, 0);
    return Drop.NONE;
  }

  protected expired(packet: PacketBuffer): void {
    this.owner.reassemblyExpired(packet);
  }

  protected senderOf(key: Uint32Array): string {
    return formatIpv4(key[0]!);
  }
}
