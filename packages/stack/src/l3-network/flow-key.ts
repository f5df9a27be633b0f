import type { PacketBuffer } from '../base/packet-buffer.ts';
import { sipHash24 } from '../base/siphash.ts';
import { ipv4Destination, ipv4HeaderLength, ipv4IsFragment, ipv4Protocol, ipv4Source, ipv4Tos } from './ipv4-header.ts';
import { Protocol } from './network-layer.ts';

/** Protocols whose header begins with the two ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const DCCP = 33;
const SCTP = 132;
const UDP_LITE = 136;

/**
 * What routing may go by, for one packet: what rules ask for, and what a flow's hash is made of. One object is used
 * again and again, so that a packet costs no allocation.
 */
export class FlowKey {
  source = 0;
  destination = 0;
  protocol = 0;
  tos = 0;
  /** Source port above, destination port below, 16 bits each; 0: there are none, or they are not to be seen. */
  ports = 0;
  /** Index of the interface by which the packet came in; `lo`'s, 1, for what this host sends itself. */
  input = 0;
  /** Index of the only interface by which it may go out; 0: any. */
  output = 0;

  /** Of a packet whose `start` stands at its checked IPv4 header. A fragment's ports are not looked at: not all have them. */
  read(packet: PacketBuffer): void {
    const view = packet.view;
    const at = packet.start;
    this.source = ipv4Source(view, at);
    this.destination = ipv4Destination(view, at);
    this.protocol = ipv4Protocol(view, at);
    this.tos = ipv4Tos(view, at);
    this.input = packet.device;
    this.output = 0;
    this.ports = ipv4IsFragment(view, at) ? 0 : portsAt(packet, at + ipv4HeaderLength(view, at), this.protocol);
  }
}

/** The two ports at the beginning of a transport header, as `FlowKey.ports`; 0 for protocols without. */
export function portsAt(packet: PacketBuffer, at: number, protocol: number): number {
  switch (protocol) {
    case Protocol.Tcp:
    case Protocol.Udp:
    case DCCP:
    case SCTP:
    case UDP_LITE:
      return at + 4 <= packet.end ? packet.view.getUint32(at) : 0;
    default:
      return 0;
  }
}

/**
 * A number that is the same for all packets of a flow (Linux's `fib_multipath_hash_policy` 1: addresses, protocol and
 * ports) and, being keyed, different in each router: else the second of two routers in a row would see flows of one
 * half only, and use one way only.
 */
export class FlowHash {
  private readonly key: Uint32Array;
  private readonly words = new Uint32Array(4);

  /** @param key four random words */
  constructor(key: Uint32Array) {
    this.key = key;
  }

  /** 32 bits, not negative. */
  of(source: number, destination: number, protocol: number, ports: number): number {
    const words = this.words;
    words[0] = source;
    words[1] = destination;
    words[2] = protocol;
    words[3] = ports;
    return sipHash24(this.key, words);
  }
}
