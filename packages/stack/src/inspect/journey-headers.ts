import { latin1Decode } from '../base/utf8.ts';
import { dissectFrom } from './dissect.ts';
import { dissectArp } from './dissect-arp.ts';
import { dissectEthernet } from './dissect-ethernet.ts';
import { dissectIcmp } from './dissect-icmp.ts';
import { dissectIcmpv6 } from './dissect-icmpv6.ts';
import { dissectIpv4 } from './dissect-ipv4.ts';
import { dissectIpv6 } from './dissect-ipv6.ts';
import { dissectTcp, tcpInfo } from './dissect-tcp.ts';
import { dissectUdp } from './dissect-udp.ts';
import type { Dissection } from './dissection.ts';
import type { JourneyEvent } from './journey-step.ts';
import type { Unit } from './layer-models.ts';
import { type TcpFacts, TcpFlag, type TransportFacts } from './packet-facts.ts';

/** What an event's bytes begin with. */
export interface HeaderView {
  readonly unit: Unit;
  /** Bytes of this layer's header; 0 when it is not known. */
  readonly length: number;
  /** The header in short. */
  readonly text: string;
  /** The IP protocol that a layer-3 header names; -1 otherwise. */
  readonly protocol: number;
  readonly tcp: TcpFacts | null;
  /** Bytes of payload behind a transport header. */
  readonly payloadLength: number;
  /** The payload in short, where a dissector knows it: `GET / HTTP/1.0`. */
  readonly payloadText: string;
}

/** Letters of a payload that are quoted. */
const QUOTED = 48;

const TCP = 6;
const UDP = 17;

/** Initial sequence numbers by ports, so that the numbers that people read begin at 0. */
export type SequenceBases = Map<string, number>;

/**
 * Reads the header that an event's bytes begin with. At layer 4 the bytes do not say which protocol it is: `protocol` is
 * what layer 3 said of the same packet, -1 while it has not been seen.
 */
export function readHeader(event: JourneyEvent, protocol: number, bases: SequenceBases): HeaderView {
  const { bytes, length, layer } = event;
  const options = { originalLength: length };
  if (layer <= 2) {
    const frame = dissectFrom(bytes, dissectEthernet, options);
    return view('frame', frame, headerEnd(frame, 2), frame.layers[0]?.text ?? '');
  }
  if (layer === 3) {
    const packet = dissectFrom(bytes, dissectorOf(event), options);
    const text = packet.facts.network === null ? packet.info : (packet.layers[0]?.text ?? '');
    return view('packet', packet, packet.layers[0]?.end ?? 0, text);
  }
  if (layer === 4) {
    const known = protocol >= 0 ? protocol : event.source.includes('RFC 768') ? UDP : TCP;
    const dissector = known === TCP ? dissectTcp : known === UDP ? dissectUdp : dissectIcmp;
    const segment = dissectFrom(bytes, dissector, options);
    const unit = known === TCP ? 'segment' : known === UDP ? 'datagram' : 'packet';
    const { transport } = segment.facts;
    const tcp = transport?.kind === 'tcp' ? transport : null;
    const text = tcp === null ? segment.info : relativeInfo(tcp, length, bases);
    return view(
      unit,
      segment,
      headerEnd(segment, 4),
      `${unit === 'packet' ? 'ICMP' : unit === 'segment' ? 'TCP' : 'UDP'} ${text}`,
    );
  }
  return { unit: 'data', length: 0, text: '', protocol: -1, tcp: null, payloadLength: 0, payloadText: '' };
}

/** What stands at the front of a layer 3 event's bytes: an IP header, or, once that is taken off, an ICMP message. */
function dissectorOf({
  bytes,
  source,
  detail,
}: JourneyEvent): (dissection: Dissection, start: number, end: number) => boolean {
  const version = bytes.length > 0 ? bytes[0]! >>> 4 : 0;
  if (version === 4) return dissectIpv4;
  if (version === 6) return dissectIpv6;
  // ICMPv6's types from 128 on: echoes, neighbours, routers, listeners.
  if (version === 8 || detail.startsWith('ICMPv6') || source.startsWith('RFC 4443')) return dissectIcmpv6;
  return source === 'RFC 792' || detail.startsWith('ICMP') ? dissectIcmp : dissectArp;
}

function view(unit: Unit, dissection: Dissection, length: number, text: string): HeaderView {
  const { transport, network, application } = dissection.facts;
  const tcp = transport?.kind === 'tcp' ? transport : null;
  const payloadLength =
    transport === null || transport.kind === 'icmp'
      ? 0
      : Math.max(0, dissection.originalLength - transport.payloadStart);
  return {
    unit,
    length,
    text,
    protocol: network?.protocol ?? -1,
    tcp,
    payloadLength,
    payloadText: application?.text ?? quotation(dissection, transport),
  };
}

/** The first letters of a payload that is text; nothing for other bytes. */
function quotation(dissection: Dissection, transport: TransportFacts | null): string {
  if (transport === null || transport.kind === 'icmp') return '';
  const { payloadStart } = transport;
  const payload = dissection.bytes.subarray(payloadStart, payloadStart + QUOTED);
  if (payload.length === 0 || !payload.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 10 || byte === 13))
    return '';
  const text = latin1Decode(payload).replace(/[\r\n]+/g, ' ');
  return `"${text}${dissection.originalLength - payloadStart > QUOTED ? '...' : ''}"`;
}

/** Where the headers of one layer end: a frame may have several, with tags between. */
function headerEnd(dissection: Dissection, layer: number): number {
  let end = 0;
  for (const each of dissection.layers) if (each.layer === layer && each.start === end) end = each.end;
  return end;
}

/** The segment's line with sequence numbers counted from the SYNs, as far as those were seen. */
function relativeInfo(tcp: TcpFacts, length: number, bases: SequenceBases): string {
  const there = `${tcp.sourcePort}>${tcp.destinationPort}`;
  const back = `${tcp.destinationPort}>${tcp.sourcePort}`;
  if (tcp.flags & TcpFlag.Syn) bases.set(there, tcp.sequence);
  const whole = { ...tcp, payloadLength: Math.max(0, length - tcp.headerLength) };
  return tcpInfo(whole, tcp.window, bases.get(there) ?? 0, bases.get(back) ?? 0);
}
