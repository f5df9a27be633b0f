import { finish, fold, sum } from '../../base/checksum.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IcmpErrno } from '../../l3-network/icmp-header.ts';
import type { NetworkLayer } from '../../l3-network/network-layer.ts';
import type { PortBinding } from '../ports.ts';
import { Ready } from '../readiness.ts';
import type { IcmpReport } from './udp-errors.ts';
import { UdpFlows } from './udp-flows.ts';
import type { UdpGroups } from './udp-groups.ts';
import type { UdpGroups6 } from './udp-groups6.ts';
import {
  describeUdp,
  MAX_UDP_PAYLOAD4,
  MAX_UDP_PAYLOAD6,
  setUdpChecksum,
  UDP_CHECKSUM,
  UDP_HEADER_LENGTH,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
  writeUdpHeader,
} from './udp-header.ts';

/** Whose endpoint it is. */
export interface DatagramOwner {
  /** Bits of `Ready` that have just become true: a first datagram waits (In), or an error does (Err). */
  datagramReady(events: number): void;
}

/** What an endpoint needs of the UDP that it belongs to. */
export interface UdpLayer {
  readonly node: NodeContext;
  readonly network: NetworkLayer;
  /** Datagrams sent, and handed to a queue. */
  sent: number;
  delivered: number;
  /** Takes a closed endpoint out of the tables. */
  detach(endpoint: UdpEndpoint): void;
}

/** Payloads up to this many bytes are copied in a loop, which is faster than `set` with a `subarray`. */
const SHORT_COPY = 48;

/**
 * One end of UDP: a port, perhaps a peer, and the datagrams that came and were not yet read.
 *
 * All calls return at once, with a count or a negated error number.
 */
export class UdpEndpoint {
  owner: DatagramOwner | null;
  readonly binding: PortBinding;
  /** Which packets it takes; 0: both. */
  readonly family: 4 | 6 | 0;
  /** Where it takes datagrams for; null: every address of this host. */
  local: IpAddress | null;
  readonly localPort: number;
  /** The peer; null while it has none. */
  remote: IpAddress | null = null;
  remotePort = 0;

  /** The ways that its datagrams go, and the options of their IP headers. */
  readonly flows: UdpFlows;
  /** IP_RECVERR: soft ICMP errors too, and errors of an endpoint without a peer. */
  receiveErrors = false;
  /** SO_NO_CHECK: sends without a checksum, over IPv4 (RFC 1122 4.1.3.4 allows it). */
  noChecksum = false;
  /** The multicast groups that it joined; null: none. Whoever sets it leaves them. */
  groups: UdpGroups | null = null;
  /** SO_RCVBUF: payload bytes that may wait here. */
  receiveBuffer: number;

  /** Of the datagram that `receive` returned last: its sender, whom it was for, its whole length, its time to live. */
  sender: IpAddress = IpAddress.ANY4;
  senderPort = 0;
  destination: IpAddress = IpAddress.ANY4;
  fullLength = 0;
  receivedTtl = 0;
  /** Its TOS or traffic class, and the number of the interface that it came by. */
  receivedTos = 0;
  receivedDevice = 0;
  /** The IPv6 groups that it joined; null: none. Whoever sets it leaves them. */
  groups6: UdpGroups6 | null = null;

  /** The next endpoint on the same port. Belongs to `Udp`. */
  next: UdpEndpoint | null = null;
  closed = false;

  private readonly udp: UdpLayer;
  private readonly maxDatagrams: number;
  private error = 0;
  private readonly reports: IcmpReport[] = [];
  private head: PacketBuffer | null = null;
  private tail: PacketBuffer | null = null;
  private queuedDatagrams = 0;
  private queuedBytes = 0;

  constructor(udp: UdpLayer, binding: PortBinding, owner: DatagramOwner | null, family: 4 | 6 | 0) {
    this.udp = udp;
    this.binding = binding;
    this.owner = owner;
    this.family = family;
    this.local = binding.address;
    this.localPort = binding.port;
    this.flows = new UdpFlows(udp.network);
    this.receiveBuffer = udp.node.limits.receiveBufferBytes;
    this.maxDatagrams = udp.node.limits.datagramsQueued;
  }

  /** What it is ready for now, as bits of `Ready`. */
  get readiness(): number {
    return Ready.Out | (this.head !== null ? Ready.In : 0) | (this.error !== 0 ? Ready.Err : 0);
  }

  /** Datagrams and payload bytes that wait. */
  get pending(): number {
    return this.queuedDatagrams;
  }
  get pendingBytes(): number {
    return this.queuedBytes;
  }
  /** Payload bytes of the next datagram; 0 when there is none (FIONREAD). */
  get nextLength(): number {
    return this.head === null ? 0 : payloadLength(this.head);
  }

  /** The pending error (positive), which is thereby taken; 0 if there is none. SO_ERROR. */
  takeError(): number {
    const error = this.error;
    this.error = 0;
    return error;
  }

  /** Bytes of the largest IP packet that the way to the peer carries (IP_MTU); 0 without a peer. */
  get pathMtu(): number {
    return this.flows.peer === null ? 0 : this.flows.peer.mtu;
  }

  /**
   * Gives it a peer: from now on `send` needs no address and nobody else is heard, and ICMP errors come back as
   * errors. 0, or -ENETUNREACH, -EACCES (a broadcast without SO_BROADCAST), -EADDRNOTAVAIL.
   */
  connect(remote: IpAddress, remotePort: number, scope = 0): number {
    const flow = this.flows.open(remote, this.binding.address, scope);
    if (typeof flow === 'number') return flow;
    this.flows.peer = flow;
    this.flows.peerScope = scope;
    this.local = flow.local;
    this.remote = remote;
    this.remotePort = remotePort;
    return 0;
  }

  /** Takes the peer away again: `connect` with AF_UNSPEC. */
  disconnect(): void {
    this.flows.peer = null;
    this.remote = null;
    this.remotePort = 0;
    this.local = this.binding.address;
  }

  /**
   * Sends `bytes[offset, offset + length)` as one datagram, to the peer or to `remote`. Returns `length`, or a pending
   * error, or -EDESTADDRREQ, -EMSGSIZE, -EINVAL (port 0), -EACCES, -ENETUNREACH, -EHOSTUNREACH, -ENOBUFS.
   */
  send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    remote: IpAddress | null = null,
    remotePort = 0,
    scope = 0,
  ): number {
    if (this.closed) return -Errno.EBADF;
    if (length > 0xffff) return -Errno.EMSGSIZE;
    if (remote !== null && remotePort === 0) return -Errno.EINVAL;
    const flow = remote === null ? this.flows.toPeer() : this.flows.to(remote, this.local, scope);
    if (typeof flow === 'number') return flow;
    const port = remote === null ? this.remotePort : remotePort;
    if (length > (flow.remote.family === 4 ? MAX_UDP_PAYLOAD4 : MAX_UDP_PAYLOAD6)) return -Errno.EMSGSIZE;
    if (this.error !== 0) return -this.takeError();
    const { node } = this.udp;
    if (node.pool.tight) return -Errno.ENOBUFS;

    const packet = node.pool.acquire(length);
    if (length > 0) packet.append(bytes, offset, offset + length);
    const total = length + UDP_HEADER_LENGTH;
    const at = packet.push(UDP_HEADER_LENGTH);
    packet.l4 = at;
    writeUdpHeader(packet.view, at, this.localPort, port, total);
    if (this.noChecksum && flow.remote.family === 4) {
      // The field stays zero: "no checksum".
    } else if (flow.checksumOffload) {
      setUdpChecksum(packet.view, at, fold(flow.pseudoSum + total));
      packet.checksum = Checksum.Partial;
      packet.checksumStart = at;
      packet.checksumField = at + UDP_CHECKSUM;
    } else {
      const checksum = finish(sum(packet.view, at, packet.end, flow.pseudoSum + total));
      setUdpChecksum(packet.view, at, checksum === 0 ? 0xffff : checksum);
    }
    this.udp.sent++;
    if (node.trace !== null) {
      node.trace.event(node.name, 4, What.Send, packet, 0, describeUdp(packet.view, at), 'RFC 768');
    }
    const result = flow.send(packet);
    return result < 0 ? result : length;
  }

  /**
   * Reads the next datagram into `into[offset, offset + length)`; what does not fit is lost, and `fullLength` tells.
   * Returns the bytes stored (0 is an empty datagram), a pending error, or -EAGAIN. With `peek` the datagram stays.
   */
  receive(into: Uint8Array, offset: number, length: number, peek = false): number {
    if (this.error !== 0) return -this.takeError();
    const packet = this.head;
    if (packet === null) return -Errno.EAGAIN;
    const data = packet.l4 + UDP_HEADER_LENGTH;
    const full = payloadLength(packet);
    const n = full < length ? full : length;
    if (n <= SHORT_COPY) {
      for (let i = 0; i < n; i++) into[offset + i] = packet.bytes[data + i]!;
    } else {
      into.set(packet.bytes.subarray(data, data + n), offset);
    }
    this.note(packet, full);
    if (!peek) this.take()!.release();
    return n;
  }

  /**
   * Takes the next datagram out of the queue as it is, its `l3` and `l4` standing at the headers: for those who do not
   * want a copy. The caller owns it and releases it. null when there is none.
   */
  take(): PacketBuffer | null {
    const packet = this.head;
    if (packet === null) return null;
    this.head = packet.next;
    if (this.head === null) this.tail = null;
    packet.next = null;
    this.queuedDatagrams--;
    this.queuedBytes -= payloadLength(packet);
    return packet;
  }

  /** Ends it: what waits is dropped and the port given up. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.udp.detach(this);
    for (let packet = this.take(); packet !== null; packet = this.take()) {
      this.udp.node.drop(packet, Drop.SOCKET_CLOSED);
    }
    this.owner = null;
    this.flows.clear();
    this.binding.release();
  }

  /** A datagram for this endpoint, checked; takes it over. Called by `Udp`. */
  deliver(packet: PacketBuffer): void {
    const { node } = this.udp;
    const length = payloadLength(packet);
    const full = this.queuedDatagrams >= this.maxDatagrams || this.queuedBytes + length > this.receiveBuffer;
    // A datagram larger than the whole buffer is let in when nothing else waits, as on Linux.
    if (full && (this.queuedDatagrams > 0 || this.maxDatagrams === 0)) {
      node.drop(packet, Drop.UDP_BUFFER_FULL);
      return;
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 4, What.Deliver, packet, 0, describeUdp(packet.view, packet.l4), 'RFC 768');
    }
    packet.next = null;
    const first = this.tail === null;
    if (this.tail === null) this.head = packet;
    else this.tail.next = packet;
    this.tail = packet;
    this.queuedDatagrams++;
    this.queuedBytes += length;
    this.udp.delivered++;
    if (first && this.owner !== null) this.owner.datagramReady(Ready.In);
  }

  /** With `receiveErrors`, the next ICMP error about what was sent, as it came (MSG_ERRQUEUE); null when there is none. */
  takeReport(): IcmpReport | null {
    return this.reports.shift() ?? null;
  }

  /**
   * An ICMP error says that a datagram from here did not arrive: `packet.l3` and `packet.start` stand at the quoted
   * headers. Called by `Udp`.
   */
  failed(meaning: IcmpErrno, type: number, code: number, mtu: number, from: IpAddress, packet: PacketBuffer): void {
    if (!this.receiveErrors && (!meaning.hard || this.remote === null)) return;
    if (this.receiveErrors && this.reports.length < this.maxDatagrams) {
      const { view, l3 } = packet;
      const remote = view.getUint8(l3) >> 4 === 4 ? IpAddress.read4(view, l3 + 16) : IpAddress.read6(view, l3 + 24);
      const remotePort = udpDestinationPort(view, packet.start);
      this.reports.push({ errno: meaning.errno, type, code, mtu, from, remote, remotePort });
    }
    this.error = meaning.errno;
    if (this.owner !== null) this.owner.datagramReady(Ready.Err);
  }

  /** Remembers what a program may ask about the datagram that it reads. Addresses are made anew only when they change. */
  private note(packet: PacketBuffer, full: number): void {
    const { view, l3 } = packet;
    this.fullLength = full;
    this.receivedDevice = packet.device;
    this.senderPort = udpSourcePort(view, packet.l4);
    if (view.getUint8(l3) >> 4 === 4) {
      const source = view.getUint32(l3 + 12);
      if (this.sender.family !== 4 || this.sender.w3 !== source) this.sender = IpAddress.v4(source);
      const destination = view.getUint32(l3 + 16);
      if (this.destination.family !== 4 || this.destination.w3 !== destination) {
        this.destination = IpAddress.v4(destination);
      }
      this.receivedTtl = view.getUint8(l3 + 8);
      this.receivedTos = view.getUint8(l3 + 1);
    } else {
      this.sender = IpAddress.read6(view, l3 + 8);
      this.destination = IpAddress.read6(view, l3 + 24);
      this.receivedTtl = view.getUint8(l3 + 7);
      this.receivedTos = (view.getUint16(l3) >> 4) & 0xff;
    }
  }
}

function payloadLength(packet: PacketBuffer): number {
  return udpLength(packet.view, packet.l4) - UDP_HEADER_LENGTH;
}
