import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { typeBelongs } from './adjacencies.ts';
import {
  DESCRIPTION_HEADERS,
  descriptionFlags,
  descriptionMtu,
  descriptionOptions,
  descriptionSequence,
  INIT,
  MASTER,
  MORE,
  REQUEST_ENTRIES,
  REQUEST_ENTRY_LENGTH,
  requestId,
  requestRouter,
  requestType,
} from './exchange-packets.ts';
import type { Lsa } from './lsa.ts';
import {
  compareInstances,
  LSA_HEADER_LENGTH,
  lsaAge,
  lsaChecksum,
  lsaId,
  lsaRouter,
  lsaSequence,
  lsaType,
} from './lsa-header.ts';
import { ospfLength } from './ospf-header.ts';
import type { RouterParts } from './router-parts.ts';
import type { OspfNeighbour } from './router-state.ts';
import { NeighbourState } from './states.ts';

/** Database descriptions and requests that come in (RFC 2328 10.6, 10.7). */
export class Exchange {
  private readonly parts: RouterParts;

  constructor(parts: RouterParts) {
    this.parts = parts;
  }

  /** A database description; whole and authentic, from a neighbour that is known. */
  describe(packet: PacketBuffer, neighbour: OspfNeighbour): void {
    const { node, adjacencies, routerId } = this.parts;
    const { view, start } = packet;
    const on = neighbour.interface;
    const mtu = descriptionMtu(view, start);
    if (mtu > on.link.mtu && !on.settings.mtuIgnore) {
      node.drop(packet, Drop.OSPF_MTU_MISMATCH, `MTU ${on.link.mtu} here, ${mtu} there, on ${on.name}`);
      return;
    }
    const flags = descriptionFlags(view, start);
    const options = descriptionOptions(view, start);
    const sequence = descriptionSequence(view, start);
    const empty = ospfLength(view, start) < DESCRIPTION_HEADERS + LSA_HEADER_LENGTH;
    if (neighbour.state === NeighbourState.Init) adjacencies.twoWay(neighbour);
    switch (neighbour.state) {
      case NeighbourState.ExStart:
        if (flags === (INIT | MORE | MASTER) && empty && neighbour.routerId > routerId) {
          neighbour.master = false;
          neighbour.sequence = sequence;
        } else if (
          (flags & (INIT | MASTER)) === 0 &&
          sequence === neighbour.sequence &&
          neighbour.routerId < routerId
        ) {
          neighbour.master = true;
        } else {
          break;
        }
        neighbour.options = options;
        adjacencies.negotiated(neighbour);
        this.take(packet, neighbour, flags, options, sequence);
        return;
      case NeighbourState.Exchange:
        this.inExchange(packet, neighbour, flags, options, sequence);
        return;
      case NeighbourState.Loading:
      case NeighbourState.Full:
        this.afterExchange(packet, neighbour, flags, options, sequence);
        return;
      default:
    }
    node.drop(packet, Drop.OSPF_WRONG_STATE, `database description from ${formatIpv4(neighbour.routerId)}`);
  }

  private inExchange(
    packet: PacketBuffer,
    neighbour: OspfNeighbour,
    flags: number,
    options: number,
    sequence: number,
  ): void {
    const { node, adjacencies } = this.parts;
    if (isDuplicate(neighbour, flags, options, sequence)) {
      if (!neighbour.master) adjacencies.describeAgain(neighbour);
      node.drop(packet, Drop.OSPF_DONE);
      return;
    }
    const expected = neighbour.master ? neighbour.sequence : (neighbour.sequence + 1) >>> 0;
    let fault = '';
    if (((flags & MASTER) !== 0) === neighbour.master) fault = 'who leads has changed';
    else if ((flags & INIT) !== 0) fault = 'it begins anew';
    else if (options !== neighbour.lastOptions) fault = 'its options have changed';
    else if (sequence !== expected) fault = `number ${expected} expected, ${sequence} came`;
    if (fault === '') this.take(packet, neighbour, flags, options, sequence);
    else this.mismatch(packet, neighbour, fault);
  }

  /** When all is told only what was told already may come again. */
  private afterExchange(
    packet: PacketBuffer,
    neighbour: OspfNeighbour,
    flags: number,
    options: number,
    sequence: number,
  ): void {
    const { node, adjacencies } = this.parts;
    const kept = neighbour.master || neighbour.sentFlags >= 0;
    if (isDuplicate(neighbour, flags, options, sequence) && (flags & INIT) === 0 && kept) {
      if (!neighbour.master) adjacencies.describeAgain(neighbour);
      node.drop(packet, Drop.OSPF_DONE);
    } else {
      this.mismatch(packet, neighbour, (flags & INIT) !== 0 ? 'it begins anew' : 'nothing more was to come');
    }
  }

  private mismatch(packet: PacketBuffer, neighbour: OspfNeighbour, why: string): void {
    this.parts.node.drop(packet, Drop.OSPF_WRONG_STATE, `database description: ${why}`);
    this.parts.adjacencies.restart(neighbour, `SeqNumberMismatch: ${why}`);
  }

  /** The next description in order: notes what is newer there, and answers. */
  private take(packet: PacketBuffer, neighbour: OspfNeighbour, flags: number, options: number, sequence: number): void {
    const { node, adjacencies } = this.parts;
    const { view, start } = packet;
    const end = start + ospfLength(view, start);
    const { stub } = neighbour.interface.area.settings;
    for (let at = start + DESCRIPTION_HEADERS; at + LSA_HEADER_LENGTH <= end; at += LSA_HEADER_LENGTH) {
      if (!typeBelongs(lsaType(view, at), stub)) {
        this.mismatch(packet, neighbour, `type ${lsaType(view, at)} does not belong here`);
        return;
      }
      this.want(neighbour, view, at);
    }
    neighbour.lastFlags = flags;
    neighbour.lastOptions = options;
    neighbour.lastSequence = sequence;
    node.drop(packet, Drop.OSPF_DONE);
    const more = (flags & MORE) !== 0;
    if (neighbour.master) {
      const first = (neighbour.sentFlags & INIT) !== 0;
      if (!first && !more && (neighbour.sentFlags & MORE) === 0) {
        adjacencies.exchanged(neighbour);
        return;
      }
      neighbour.sequence = (neighbour.sequence + 1) >>> 0;
      adjacencies.describeNext(neighbour, MASTER);
    } else {
      neighbour.sequence = sequence;
      adjacencies.describeNext(neighbour, 0);
      if (!more && (neighbour.sentFlags & MORE) === 0) {
        adjacencies.exchanged(neighbour);
        return;
      }
    }
    if (neighbour.asked.length === 0) adjacencies.wantedChanged(neighbour);
  }

  /** RFC 2328 10.6: what we do not have, or have an older instance of. */
  private want(neighbour: OspfNeighbour, view: DataView, at: number): void {
    const type = lsaType(view, at);
    const id = lsaId(view, at);
    const router = lsaRouter(view, at);
    const sequence = lsaSequence(view, at);
    const checksum = lsaChecksum(view, at);
    const age = lsaAge(view, at);
    const own = this.parts.databaseOf(neighbour.interface.area, type).get(type, id, router);
    if (own !== undefined) {
      const ownAge = own.age(this.parts.node.clock.now);
      if (compareInstances(sequence, checksum, age, own.sequence, own.checksum, ownAge) <= 0) return;
    }
    // Of two databases.
    if (neighbour.wanted.size >= 2 * this.parts.node.limits.ospfAdvertisements) return;
    neighbour.wanted.set({ type, id, router, sequence, checksum, age });
  }

  /** A request: answered at once, to the neighbour alone (RFC 2328 10.7). */
  request(packet: PacketBuffer, neighbour: OspfNeighbour): void {
    const { node, adjacencies, sender } = this.parts;
    if (neighbour.state < NeighbourState.Exchange) {
      node.drop(packet, Drop.OSPF_WRONG_STATE, `request from ${formatIpv4(neighbour.routerId)}`);
      return;
    }
    const { view, start } = packet;
    const end = start + ospfLength(view, start);
    const { area } = neighbour.interface;
    const found: Lsa[] = [];
    for (let at = start + REQUEST_ENTRIES; at + REQUEST_ENTRY_LENGTH <= end; at += REQUEST_ENTRY_LENGTH) {
      const type = requestType(view, at);
      const lsa = typeBelongs(type, area.settings.stub)
        ? this.parts.databaseOf(area, type).get(type, requestId(view, at), requestRouter(view, at))
        : undefined;
      if (lsa === undefined) {
        node.drop(packet, Drop.OSPF_WRONG_STATE, 'a request for what is not here');
        adjacencies.restart(neighbour, 'BadLSReq: it asks for what is not here');
        return;
      }
      found.push(lsa);
    }
    node.drop(packet, Drop.OSPF_DONE);
    sender.sendUpdates(neighbour.interface, neighbour.address, found);
  }
}

function isDuplicate(neighbour: OspfNeighbour, flags: number, options: number, sequence: number): boolean {
  return flags === neighbour.lastFlags && options === neighbour.lastOptions && sequence === neighbour.lastSequence;
}
