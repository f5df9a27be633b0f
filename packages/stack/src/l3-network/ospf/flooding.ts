import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { typeBelongs } from './adjacencies.ts';
import { LsaType, MAX_SEQUENCE, MIN_LS_ARRIVAL_NS } from './constants.ts';
import { ACKNOWLEDGEMENT_HEADERS, UPDATE_ADVERTISEMENTS, updateCount } from './exchange-packets.ts';
import { Lsa } from './lsa.ts';
import {
  compareInstances,
  LSA_HEADER_LENGTH,
  lsaAge,
  lsaChecksum,
  lsaChecksumGood,
  lsaId,
  lsaLength,
  lsaName,
  lsaRouter,
  lsaSequence,
  lsaType,
} from './lsa-header.ts';
import { ospfLength } from './ospf-header.ts';
import type { FloodingPart, RouterParts } from './router-parts.ts';
import type { Area, OspfInterface, OspfNeighbour } from './router-state.ts';
import { InterfaceState, NeighbourState } from './states.ts';

/** How long acknowledgements wait for others to go with them; less than any retransmission interval (RFC 2328 13.5). */
const ACKNOWLEDGE_NS = SECOND;

/** How what is said by one router reaches all others, reliably (RFC 2328 13). */
export class Flooding implements FloodingPart {
  private readonly parts: RouterParts;
  /** Too old: to be removed when everybody has acknowledged (RFC 2328 14). */
  private readonly dying = new Set<Lsa>();
  private readonly areaOf = new Map<Lsa, Area | null>();

  constructor(parts: RouterParts) {
    this.parts = parts;
  }

  /** An update; authentic, from a neighbour that is known. Bounded: each advertisement takes 20 bytes at least. */
  receiveUpdate(packet: PacketBuffer, neighbour: OspfNeighbour): void {
    const { node } = this.parts;
    if (neighbour.state < NeighbourState.Exchange) {
      node.drop(packet, Drop.OSPF_WRONG_STATE, `update from ${formatIpv4(neighbour.routerId)}`);
      return;
    }
    const { view, start } = packet;
    const end = start + ospfLength(view, start);
    const count = updateCount(view, start);
    const direct: Lsa[] = [];
    let at = start + UPDATE_ADVERTISEMENTS;
    for (let i = 0; i < count; i++) {
      const length = at + LSA_HEADER_LENGTH <= end ? lsaLength(view, at) : 0;
      if (length < LSA_HEADER_LENGTH || at + length > end) {
        node.dropped(Drop.OSPF_MALFORMED, `advertisement ${i + 1} of ${count}`);
        break;
      }
      if (!this.receive(packet, at, length, neighbour, direct)) break;
      at += length;
    }
    const on = neighbour.interface;
    if (direct.length > 0) this.parts.sender.sendAcknowledgements(on, neighbour.address, direct);
    node.drop(packet, Drop.OSPF_DONE);
    for (const each of this.parts.interfaces) {
      for (const other of each.neighbours.values())
        if (other.asked.length > 0) this.parts.adjacencies.wantedChanged(other);
    }
    this.sweep();
  }

  /** One advertisement (the steps are RFC 2328 13's); false: the rest of the packet is not read. */
  private receive(packet: PacketBuffer, at: number, length: number, from: OspfNeighbour, direct: Lsa[]): boolean {
    const { node } = this.parts;
    const { bytes, view } = packet;
    const on = from.interface;
    const { area } = on;
    const { now } = node.clock;
    const type = lsaType(view, at);
    const id = lsaId(view, at);
    const router = lsaRouter(view, at);
    // (1) to (3)
    if (!lsaChecksumGood(bytes, view, at, length) || !typeBelongs(type, area.settings.stub)) {
      node.dropped(Drop.OSPF_BAD_LSA, lsaName(type, id, router));
      return true;
    }
    const sequence = lsaSequence(view, at);
    const checksum = lsaChecksum(view, at);
    const age = lsaAge(view, at);
    const database = this.parts.databaseOf(area, type);
    const known = database.get(type, id, router);
    // (4) Somebody takes back what is not known here: nobody here needs it.
    if (age >= 3600 && known === undefined && !this.exchanging()) {
      const lsa = Lsa.read(view, at, now);
      if (lsa !== null) direct.push(lsa);
      return true;
    }
    const order =
      known === undefined
        ? 1
        : compareInstances(sequence, checksum, age, known.sequence, known.checksum, known.age(now));
    if (order > 0) {
      // (5)
      if (known !== undefined && now - known.installedAt < MIN_LS_ARRIVAL_NS && router !== this.parts.routerId) {
        node.dropped(Drop.OSPF_OLD_LSA, `${known}: twice within a second`);
        return true;
      }
      if (known === undefined && database.size >= node.limits.ospfAdvertisements) {
        node.dropped(Drop.OSPF_TOO_MANY, `${database.size} advertisements`);
        from.wanted.delete(type, id, router);
        return true;
      }
      const lsa = Lsa.read(view, at, now);
      if (lsa === null) {
        node.dropped(Drop.OSPF_BAD_LSA, lsaName(type, id, router));
        return true;
      }
      const ours = router === this.parts.routerId || (type === LsaType.Network && this.ownAddress(id));
      lsa.foreign = ours;
      if (known !== undefined) lsa.originatedAt = known.originatedAt;
      const back = this.flood(type === LsaType.External ? null : area, lsa, from);
      this.install(type === LsaType.External ? null : area, lsa);
      if (!back) this.acknowledge(on, lsa, this.fromDesignated(from));
      if (ours) this.parts.origination.receivedOwn(area, lsa);
      return true;
    }
    // (6) It sends what it has said to have in a newer instance.
    if (from.wanted.get(type, id, router) !== undefined) {
      this.parts.adjacencies.restart(from, `BadLSReq: it sent an old ${lsaName(type, id, router)}`);
      return false;
    }
    if (order === 0) {
      // (7)
      if (from.acknowledged(known!)) {
        if (on.state === InterfaceState.Backup && this.fromDesignated(from)) this.acknowledge(on, known!, true);
      } else {
        direct.push(known!);
      }
      return true;
    }
    // (8) Ours is newer: it gets that, but not at each blow.
    if (known!.isMaxAge(now) && known!.sequence === MAX_SEQUENCE) return true;
    if (now - known!.answeredAt < MIN_LS_ARRIVAL_NS) return true;
    known!.answeredAt = now;
    this.parts.sender.sendUpdates(on, from.address, [known!]);
    return true;
  }

  /** Acknowledgements (RFC 2328 13.7). */
  receiveAcknowledgement(packet: PacketBuffer, neighbour: OspfNeighbour): void {
    const { node } = this.parts;
    if (neighbour.state < NeighbourState.Exchange) {
      node.drop(packet, Drop.OSPF_WRONG_STATE, `acknowledgement from ${formatIpv4(neighbour.routerId)}`);
      return;
    }
    const { view, start } = packet;
    const end = start + ospfLength(view, start);
    const { now } = node.clock;
    for (let at = start + ACKNOWLEDGEMENT_HEADERS; at + LSA_HEADER_LENGTH <= end; at += LSA_HEADER_LENGTH) {
      const type = lsaType(view, at);
      const known = this.parts
        .databaseOf(neighbour.interface.area, type)
        .get(type, lsaId(view, at), lsaRouter(view, at));
      if (known === undefined) continue;
      const order = compareInstances(
        lsaSequence(view, at),
        lsaChecksum(view, at),
        lsaAge(view, at),
        known.sequence,
        known.checksum,
        known.age(now),
      );
      if (order === 0) neighbour.acknowledged(known);
    }
    node.drop(packet, Drop.OSPF_DONE);
    this.sweep();
  }

  /**
   * Sends an advertisement on, out of all interfaces that it is for (RFC 2328 13.3). `area` null: all but stub areas.
   * `from`: whom it came from, null for our own. Returns whether it went back where it came from.
   */
  flood(area: Area | null, lsa: Lsa, from: OspfNeighbour | null): boolean {
    let back = false;
    for (const on of this.parts.interfaces) {
      if (area === null ? on.area.settings.stub : on.area !== area) continue;
      if (on.neighbours.size === 0) continue;
      let needed = false;
      for (const neighbour of on.neighbours.values()) if (this.needs(neighbour, lsa, from)) needed = true;
      // (2) to (4): those on the link have it, or the designated router will see to it.
      if (!needed) continue;
      if (from !== null && from.interface === on) {
        if (this.fromDesignated(from) || from.address === on.backup) continue;
        if (on.state === InterfaceState.Backup) continue;
        back = true;
      }
      on.updates.push(lsa);
      if (!on.update.armed) on.update.set(this.parts.node.clock.now);
    }
    return back;
  }

  /** RFC 2328 13.3 (1): puts it on the retransmission list of a neighbour that does not have it. */
  private needs(neighbour: OspfNeighbour, lsa: Lsa, from: OspfNeighbour | null): boolean {
    if (neighbour.state < NeighbourState.Exchange) return false;
    if (neighbour.state < NeighbourState.Full) {
      const wanted = neighbour.wanted.get(lsa.type, lsa.id, lsa.router);
      if (wanted !== undefined) {
        const age = lsa.age(this.parts.node.clock.now);
        const order = compareInstances(lsa.sequence, lsa.checksum, age, wanted.sequence, wanted.checksum, wanted.age);
        if (order < 0) return false;
        neighbour.wanted.delete(lsa.type, lsa.id, lsa.router);
        if (order === 0) return false;
      }
    }
    if (neighbour === from) return false;
    this.parts.adjacencies.keepSending(neighbour, lsa);
    return true;
  }

  /** Puts it into the database, in the place of what was there (RFC 2328 13.2). */
  install(area: Area | null, lsa: Lsa): void {
    const database = area === null ? this.parts.externals : area.database;
    const { now } = this.parts.node.clock;
    const old = database.get(lsa.type, lsa.id, lsa.router);
    if (old !== undefined && old !== lsa) {
      this.forget(old);
      if (old.pending > 0) {
        for (const on of this.parts.interfaces) for (const each of on.neighbours.values()) each.acknowledged(old);
      }
    }
    database.set(lsa);
    const dead = lsa.isMaxAge(now);
    if (dead) this.die(area, lsa);
    const changed = old === undefined || old === lsa || dead !== old.isMaxAge(now) || !lsa.saysTheSame(old);
    this.parts.databaseChanged(area, lsa, changed);
  }

  /** Takes an advertisement out of use: everybody is told so, and then it is removed (RFC 2328 14). */
  flush(area: Area | null, lsa: Lsa): void {
    const { now } = this.parts.node.clock;
    lsa.ageNow(now);
    this.flood(area, lsa, null);
    this.die(area, lsa);
    this.parts.databaseChanged(area, lsa, true);
    this.sweep();
  }

  /** Removes what is too old and that nobody needs to be told of any more (RFC 2328 14). */
  sweep(): void {
    if (this.dying.size === 0 || this.exchanging()) return;
    for (const lsa of [...this.dying]) {
      if (lsa.pending > 0) continue;
      const area = this.areaOf.get(lsa) ?? null;
      const database = area === null ? this.parts.externals : area.database;
      this.forget(lsa);
      if (database.get(lsa.type, lsa.id, lsa.router) !== lsa) continue;
      database.delete(lsa.type, lsa.id, lsa.router);
      this.parts.databaseChanged(area, lsa, false);
    }
  }

  /** The moment's end: what is to be flooded on an interface goes out together. */
  updatesDue(on: OspfInterface): void {
    const lsas = [...new Set(on.updates)];
    on.updates = [];
    if (!on.active || lsas.length === 0) return;
    this.parts.sender.sendUpdates(on, this.parts.sender.floodAddress(on), lsas);
  }

  /** Acknowledgements that waited go out. */
  acknowledgementsDue(on: OspfInterface): void {
    const lsas = on.acknowledgements;
    on.acknowledgements = [];
    if (!on.active || lsas.length === 0) return;
    this.parts.sender.sendAcknowledgements(on, this.parts.sender.floodAddress(on), lsas);
  }

  /** RFC 2328 13.5, table 19: a delayed acknowledgement; a backup leaves it to those whom the designated router asks. */
  private acknowledge(on: OspfInterface, lsa: Lsa, designated: boolean): void {
    if (on.state === InterfaceState.Backup && !designated) return;
    on.acknowledgements.push(lsa);
    if (!on.acknowledge.armed) on.acknowledge.set(this.parts.node.clock.now + ACKNOWLEDGE_NS);
  }

  private fromDesignated(from: OspfNeighbour): boolean {
    return from.interface.isBroadcast && from.address === from.interface.designated;
  }

  private die(area: Area | null, lsa: Lsa): void {
    lsa.dying = true;
    this.dying.add(lsa);
    this.areaOf.set(lsa, area);
  }

  private forget(lsa: Lsa): void {
    this.dying.delete(lsa);
    this.areaOf.delete(lsa);
  }

  private exchanging(): boolean {
    for (const on of this.parts.interfaces) {
      for (const { state } of on.neighbours.values()) {
        if (state === NeighbourState.Exchange || state === NeighbourState.Loading) return true;
      }
    }
    return false;
  }

  private ownAddress(address: number): boolean {
    return this.parts.interfaces.some((on) => on.link.address === address);
  }
}
