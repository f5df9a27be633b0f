import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { FragmentStore } from '../fragment-store.ts';
import { Protocol } from '../network-layer.ts';
import {
  ExtensionHeaders,
  FRAGMENT_HEADER_LENGTH,
  findTransport,
  fragmentIdentification,
  fragmentMore,
  fragmentNextHeader,
  fragmentOffset,
  NextHeader,
  ParameterProblem,
} from './extension-headers.ts';
import {
  IPV6_HEADER_LENGTH,
  IPV6_MAX_LENGTH,
  IPV6_PAYLOAD_LENGTH_OFFSET,
  ipv6DestinationWord,
  ipv6SourceWord,
  setIpv6PayloadLength,
} from './ipv6-header.ts';

/** Room for the IPv6 header and extension headers in front of the fragment header; more is refused. */
const HEADER_ROOM = 512;

/** Who is told of fragments that stayed incomplete or cannot be. */
export interface Reassembly6Owner {
  /** Their time is over. `packet` holds the first fragment at `l3`; valid during the call. */
  reassemblyExpired(packet: PacketBuffer): void;
  /** "Parameter problem" about a fragment; does not take it. */
  fragmentProblem(packet: PacketBuffer, code: number, pointer: number): void;
}

/** Puts IPv6 fragments together again (RFC 8200 4.5). */
export class Reassembly6 extends FragmentStore {
  private readonly owner: Reassembly6Owner;
  private readonly chain = new ExtensionHeaders();
  /** Of the fragment that is handed in: where the field stands that named the fragment header, and what it named. */
  private nextHeaderAt = 0;
  private nextHeader = 0;

  constructor(node: NodeContext, owner: Reassembly6Owner) {
    super(node, 'reassembly6', HEADER_ROOM, node.limits.reassemblyTime6Ns, 'RFC 8200 4.5');
    this.owner = owner;
  }

  /**
   * Takes a fragment, `l3` and `start` at its checked header, whose fragment header is where `found` ended. Returns the
   * whole packet, without fragment headers, when this was the last one missing; otherwise null.
   */
  add(fragment: PacketBuffer, found: ExtensionHeaders): PacketBuffer | null {
    const { view, start } = fragment;
    const header = start + found.offset;
    const payload = header + FRAGMENT_HEADER_LENGTH;
    const from = fragmentOffset(view, header);
    const to = from + fragment.end - payload;
    const more = fragmentMore(view, header);
    if (!this.good(fragment, found.offset, from, to, more)) {
      this.node.drop(fragment, Drop.FRAGMENT_BAD);
      return null;
    }
    for (let word = 0; word < 4; word++) {
      this.key[word] = ipv6SourceWord(view, start, word);
      this.key[word + 4] = ipv6DestinationWord(view, start, word);
    }
    this.key[9] = fragmentIdentification(view, header);
    this.nextHeaderAt = found.nextHeaderAt;
    this.nextHeader = fragmentNextHeader(view, header);
    return this.place(fragment, found.offset, payload, from, to, more);
  }

  /** RFC 8200 4.5's conditions; tells the sender where the RFC wants it. */
  private good(fragment: PacketBuffer, headers: number, from: number, to: number, more: boolean): boolean {
    if (more && (to & 7) !== 0) {
      this.owner.fragmentProblem(fragment, ParameterProblem.Field, IPV6_PAYLOAD_LENGTH_OFFSET);
      return false;
    }
    if (to + headers > IPV6_MAX_LENGTH) {
      this.owner.fragmentProblem(fragment, ParameterProblem.Field, headers + 2);
      return false;
    }
    if (from === 0 && !this.hasWholeChain(fragment)) {
      this.owner.fragmentProblem(fragment, ParameterProblem.FirstFragment, 0);
      return false;
    }
    return to > from && headers <= HEADER_ROOM;
  }

  /** RFC 7112: else a filter on the way could not see what it judges. */
  private hasWholeChain(first: PacketBuffer): boolean {
    const offset = findTransport(first.view, first.start, first.end, this.chain);
    const { protocol } = this.chain;
    if (offset < 0) return protocol === NextHeader.None;
    const needed = protocol === Protocol.Tcp ? 20 : protocol === Protocol.Udp || protocol === Protocol.Icmpv6 ? 8 : 1;
    return first.start + offset + needed <= first.end;
  }

  protected beginsWith(packet: PacketBuffer): void {
    packet.view.setUint8(packet.l3 + this.nextHeaderAt, this.nextHeader);
  }

  protected complete(packet: PacketBuffer): DropReason {
    if (packet.length > IPV6_MAX_LENGTH) return Drop.FRAGMENT_BAD;
    setIpv6PayloadLength(packet.view, packet.l3, packet.length - IPV6_HEADER_LENGTH);
    return Drop.NONE;
  }

  protected expired(packet: PacketBuffer): void {
    this.owner.reassemblyExpired(packet);
  }

  protected senderOf(key: Uint32Array): string {
    return IpAddress.v6(key[0]!, key[1]!, key[2]!, key[3]!).toString();
  }
}
