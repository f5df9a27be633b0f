import { SECOND } from '../../base/clock.ts';
import { MD5_LENGTH } from '../../base/md5.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { IPV4_HEADER_LENGTH } from '../ipv4-header.ts';
import { signPacket } from './authentication.ts';
import { ALL_D_ROUTERS, ALL_SPF_ROUTERS, PacketType } from './constants.ts';
import {
  REQUEST_ENTRIES,
  REQUEST_ENTRY_LENGTH,
  UPDATE_ADVERTISEMENTS,
  UPDATE_COUNT,
  writeRequest,
} from './exchange-packets.ts';
import type { Lsa } from './lsa.ts';
import { LSA_HEADER_LENGTH } from './lsa-header.ts';
import { OSPF_HEADER_LENGTH, writeOspfHeader } from './ospf-header.ts';
import type { OspfPort } from './port.ts';
import type { OspfInterface, Wanted } from './router-state.ts';
import { InterfaceState } from './states.ts';

/** Packets sent, by type. */
export class SentCounts {
  readonly byType = new Float64Array(6);
}

/** Makes packets and sends them: header, authentication, and as much in each as the link carries. */
export class PacketSender {
  readonly sent = new SentCounts();
  private readonly node: NodeContext;
  private readonly port: OspfPort;
  private readonly routerId: number;

  constructor(node: NodeContext, port: OspfPort, routerId: number) {
    this.node = node;
    this.port = port;
    this.routerId = routerId;
  }

  /** Bytes that a packet may have on this interface, OSPF's header included. */
  room(on: OspfInterface): number {
    const digest = on.settings.authentication.type === 'md5' ? MD5_LENGTH : 0;
    return on.link.mtu - IPV4_HEADER_LENGTH - digest;
  }

  /** A packet of `length` bytes; what stands behind the header is for the caller to write. */
  begin(length: number): PacketBuffer {
    const packet = this.node.pool.acquire(length + MD5_LENGTH);
    packet.put(length);
    return packet;
  }

  /** Completes a packet and sends it. */
  send(packet: PacketBuffer, type: PacketType, on: OspfInterface, destination: number): void {
    const { authentication } = on.settings;
    const authType = authentication.type === 'none' ? 0 : authentication.type === 'password' ? 1 : 2;
    writeOspfHeader(packet.view, packet.start, type, packet.length, this.routerId, on.area.id, authType);
    signPacket(packet, authentication, Math.floor(this.node.clock.now / SECOND) + 1);
    this.sent.byType[type]++;
    this.port.send(packet, on.link, destination);
  }

  /** To whom an interface floods (RFC 2328 13.3 (5)): the designated ones tell all, others tell those. */
  floodAddress(on: OspfInterface): number {
    return on.state === InterfaceState.DrOther ? ALL_D_ROUTERS : ALL_SPF_ROUTERS;
  }

  /** Sends updates with these advertisements, as many packets as it takes; or, with `once`, one packet with the first. */
  sendUpdates(on: OspfInterface, destination: number, lsas: readonly Lsa[], once = false): void {
    const room = this.room(on);
    for (let from = 0; from < lsas.length; ) {
      let length = UPDATE_ADVERTISEMENTS;
      let to = from;
      // One that is too long for the link goes alone, in fragments.
      while (to < lsas.length && (to === from || length + lsas[to].length <= room)) length += lsas[to++].length;
      const packet = this.begin(length);
      const { bytes, view, start } = packet;
      view.setUint32(start + UPDATE_COUNT, to - from);
      let at = start + UPDATE_ADVERTISEMENTS;
      for (; from < to; from++) {
        lsas[from].write(bytes, view, at, this.node.clock.now, on.settings.transmitDelaySeconds);
        at += lsas[from].length;
      }
      this.send(packet, PacketType.Update, on, destination);
      if (once) return;
    }
  }

  /** Sends acknowledgements of these. */
  sendAcknowledgements(on: OspfInterface, destination: number, lsas: readonly Lsa[]): void {
    const most = Math.max(1, Math.floor((this.room(on) - OSPF_HEADER_LENGTH) / LSA_HEADER_LENGTH));
    for (let from = 0; from < lsas.length; from += most) {
      const count = Math.min(most, lsas.length - from);
      const packet = this.begin(OSPF_HEADER_LENGTH + count * LSA_HEADER_LENGTH);
      this.writeHeaders(packet, packet.start + OSPF_HEADER_LENGTH, lsas, from, from + count);
      this.send(packet, PacketType.Acknowledgement, on, destination);
    }
  }

  /** Writes the headers of some advertisements, as old as they are now. */
  writeHeaders(packet: PacketBuffer, at: number, lsas: readonly Lsa[], from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const lsa = lsas[i];
      for (let k = 0; k < LSA_HEADER_LENGTH; k++) packet.bytes[at + k] = lsa.bytes[k];
      packet.view.setUint16(at, lsa.age(this.node.clock.now));
      at += LSA_HEADER_LENGTH;
    }
  }

  /** Sends one request, for as many as it holds; returns those. */
  sendRequest(on: OspfInterface, destination: number, wanted: readonly Wanted[]): Wanted[] {
    const most = Math.max(1, Math.floor((this.room(on) - REQUEST_ENTRIES) / REQUEST_ENTRY_LENGTH));
    const asked = wanted.slice(0, most);
    const packet = this.begin(REQUEST_ENTRIES + asked.length * REQUEST_ENTRY_LENGTH);
    asked.forEach(({ type, id, router }, index) => {
      writeRequest(packet.view, packet.start + REQUEST_ENTRIES + index * REQUEST_ENTRY_LENGTH, type, id, router);
    });
    this.send(packet, PacketType.Request, on, destination);
    return asked;
  }
}
