import { finish, sum } from '@netarium/stack/base/checksum';
import { MacAddress } from '@netarium/stack/base/mac-address';
import type { PacketBuffer, PacketPool } from '@netarium/stack/base/packet-buffer';
import { ETHERNET_HEADER, EtherType, sourceOf, writeEthernet } from '@netarium/stack/l2-link/ethernet';
import {
  ARP_LENGTH,
  ArpOperation,
  arpOperation,
  arpSenderIp,
  arpSenderMac,
  arpTargetIp,
  checkArp,
  writeArp,
} from '@netarium/stack/l3-network/arp-header';

/** The station that everybody behind a TUN is: locally administered, and the same on each, for it is a line for two. */
export const TUN_PEER = new MacAddress(0x0200, 0x5e00_0001);

const IPV6_HEADER = 40;
const ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** Solicited and override (RFC 4861 4.4). */
const SOLICITED = 0x6000_0000;
const TARGET_LINK_ADDRESS = 2;
/** ICMPv6's header with a target, and one option of eight bytes. */
const ADVERTISEMENT_LENGTH = 32;

/**
 * A TUN has no Ethernet: nobody there answers who asks for a station. So the wire does, for every address that is asked
 * for: the answer to an ARP request or a neighbour solicitation, as a frame for who asked; null when `frame` asks for
 * nobody, or for nobody but the one that asks: whether an address is free (RFC 5227, RFC 4862 5.4) is not ours to say.
 */
export function neighbourAnswer(frame: PacketBuffer, type: number, pool: PacketPool): PacketBuffer | null {
  if (type === EtherType.Arp) return arpAnswer(frame, pool);
  return type === EtherType.Ipv6 ? advertisement(frame, pool) : null;
}

/** Whether the frame is an ARP packet or a neighbour solicitation: what has no meaning on the other side. */
export function asksForStation(frame: PacketBuffer, type: number): boolean {
  return type === EtherType.Arp || (type === EtherType.Ipv6 && isSolicitation(frame));
}

function arpAnswer(frame: PacketBuffer, pool: PacketPool): PacketBuffer | null {
  const { view } = frame;
  const at = frame.start + ETHERNET_HEADER;
  frame.start = at;
  const whole = checkArp(frame);
  frame.start = at - ETHERNET_HEADER;
  if (!whole || arpOperation(view, at) !== ArpOperation.Request) return null;
  const asked = arpTargetIp(view, at);
  const asker = arpSenderIp(view, at);
  if (asker === 0 || asker === asked) return null;
  const mac = arpSenderMac(view, at);
  const answer = pool.acquire(ETHERNET_HEADER + ARP_LENGTH);
  answer.end = answer.start + ETHERNET_HEADER + ARP_LENGTH;
  writeEthernet(answer.view, answer.start, mac, TUN_PEER, EtherType.Arp);
  writeArp(answer.view, answer.start + ETHERNET_HEADER, ArpOperation.Reply, TUN_PEER, asked, mac, asker);
  return answer;
}

function isSolicitation({ view, start, end }: PacketBuffer): boolean {
  const at = start + ETHERNET_HEADER;
  const icmp = at + IPV6_HEADER;
  return icmp + 24 <= end && view.getUint8(at + 6) === ICMPV6 && view.getUint8(icmp) === SOLICITATION;
}

function advertisement(frame: PacketBuffer, pool: PacketPool): PacketBuffer | null {
  if (!isSolicitation(frame)) return null;
  const { view } = frame;
  const at = frame.start + ETHERNET_HEADER;
  const source = at + 8;
  const target = at + IPV6_HEADER + 8;
  // From ::, somebody looks whether an address is free.
  if (sum(view, source, source + 16) === 0) return null;
  const answer = pool.acquire(ETHERNET_HEADER + IPV6_HEADER + ADVERTISEMENT_LENGTH);
  answer.end = answer.start + ETHERNET_HEADER + IPV6_HEADER + ADVERTISEMENT_LENGTH;
  const out = answer.view;
  writeEthernet(out, answer.start, sourceOf(view, frame.start), TUN_PEER, EtherType.Ipv6);
  const ip = answer.start + ETHERNET_HEADER;
  out.setUint32(ip, 0x6000_0000);
  out.setUint16(ip + 4, ADVERTISEMENT_LENGTH);
  out.setUint8(ip + 6, ICMPV6);
  out.setUint8(ip + 7, 255);
  answer.bytes.set(frame.bytes.subarray(target, target + 16), ip + 8);
  answer.bytes.set(frame.bytes.subarray(source, source + 16), ip + 24);
  const icmp = ip + IPV6_HEADER;
  out.setUint32(icmp, ADVERTISEMENT << 24);
  out.setUint32(icmp + 4, SOLICITED);
  answer.bytes.set(frame.bytes.subarray(target, target + 16), icmp + 8);
  out.setUint16(icmp + 24, (TARGET_LINK_ADDRESS << 8) | 1);
  out.setUint16(icmp + 26, TUN_PEER.hi);
  out.setUint32(icmp + 28, TUN_PEER.lo);
  const pseudo = sum(out, ip + 8, icmp, ICMPV6 + ADVERTISEMENT_LENGTH);
  out.setUint16(icmp + 2, finish(sum(out, icmp, answer.end, pseudo)));
  return answer;
}
