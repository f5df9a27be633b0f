import { finish, sum } from '../../base/checksum.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { IcmpType, Unreachable } from '../icmp-header.ts';
import { type NetworkLayer, Protocol } from '../network-layer.ts';
import type { PacketFacts } from './packet-facts.ts';
import type { Rejection } from './rule.ts';

const TCP_HEADER = 20;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
/** ICMPv6 "destination unreachable" and its codes (RFC 4443 3.1). */
const UNREACHABLE6 = 1;

const CODES: Readonly<Record<Exclude<Rejection, 'reset'>, readonly [v4: number, v6: number]>> = {
  prohibited: [Unreachable.Prohibited, 1],
  port: [Unreachable.Port, 4],
  host: [Unreachable.Host, 3],
  net: [Unreachable.Net, 0],
};

/** Tells the sender of a packet by ICMP that it is refused; does not take the packet, whose `l3` stands at its header. */
export function refuseByIcmp(network: NetworkLayer, packet: PacketBuffer, version: number, how: Rejection): void {
  const codes = how === 'reset' ? CODES.port : CODES[how];
  if (version === 4) network.sendIcmpError(packet, IcmpType.DestinationUnreachable, codes[0]);
  else network.sendIcmpError(packet, UNREACHABLE6, codes[1]);
}

/**
 * Answers a segment with a reset in its receiver's name, as one would that does not listen there (RFC 9293 3.10.7.1).
 * A reset is never answered. `source` and `destination` with the ports are the segment's, as its sender knows them.
 */
export function refuseByReset(
  network: NetworkLayer,
  packet: PacketBuffer,
  facts: PacketFacts,
  source: IpAddress,
  destination: IpAddress,
  sourcePort: number,
  destinationPort: number,
): void {
  const { view } = packet;
  const { transport, flags } = facts;
  if ((flags & RST) !== 0) return;
  const headerLength = (view.getUint8(transport + 12) >> 4) << 2;
  const length = facts.end - transport - headerLength + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
  const reset = packet.pool.acquire(TCP_HEADER);
  const at = reset.put(TCP_HEADER);
  const out = reset.view;
  const answersAck = (flags & ACK) !== 0;
  out.setUint16(at, destinationPort);
  out.setUint16(at + 2, sourcePort);
  out.setUint32(at + 4, answersAck ? view.getUint32(transport + 8) : 0);
  out.setUint32(at + 8, answersAck ? 0 : view.getUint32(transport + 4) + length);
  out.setUint16(at + 12, (5 << 12) | (answersAck ? RST : RST | ACK));
  out.setUint16(at + 14, 0);
  out.setUint32(at + 16, 0);
  const pseudo = addressSum(source) + addressSum(destination) + Protocol.Tcp + TCP_HEADER;
  out.setUint16(at + 16, finish(sum(out, at, at + TCP_HEADER, pseudo)));
  network.send(reset, Protocol.Tcp, destination, source, { transparent: true });
}

function addressSum(address: IpAddress): number {
  if (address.family === 4) return address.v4;
  return address.w0 + address.w1 + address.w2 + address.w3;
}

/** The address whose four words stand at `at`, an IPv4 address mapped. */
export function addressAt(words: Int32Array, at: number, version: number): IpAddress {
  if (version === 4) return IpAddress.v4(words[at + 3]! >>> 0);
  return IpAddress.v6(words[at]! >>> 0, words[at + 1]! >>> 0, words[at + 2]! >>> 0, words[at + 3]! >>> 0);
}
