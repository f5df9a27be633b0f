import { formatIpv4 } from '../base/ip-address.ts';
import { MacAddress, writeMac } from '../base/mac-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';

/**
 * An ARP packet for IPv4 over Ethernet (RFC 826).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------------------------------+-------------------------------+
 *     |  Hardware type = 1 (Ethernet) |    Protocol type = 0x0800     |
 *     +---------------+---------------+-------------------------------+
 *     | HW length = 6 | Proto len = 4 |   Operation (1 asks, 2 tells) |
 *     +---------------+---------------+-------------------------------+
 *     |                Sender's hardware address                      |
 *     +                               +-------------------------------+
 *     |                               |   Sender's protocol address   |
 *     +-------------------------------+-------------------------------+
 *     |  ... sender's protocol address|   Target's hardware address   |
 *     +-------------------------------+                               +
 *     |                                                               |
 *     +---------------------------------------------------------------+
 *     |                   Target's protocol address                   |
 *     +---------------------------------------------------------------+
 */
export const ARP_LENGTH = 28;

const HARDWARE_TYPE = 0;
const PROTOCOL_TYPE = 2;
const LENGTHS = 4;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;

const ETHERNET = 1;
const IPV4 = 0x0800;
/** Six bytes of hardware address and four of protocol address. */
const SIX_AND_FOUR = 0x0604;

export const ArpOperation = { Request: 1, Reply: 2 } as const;

/** Whether the packet holds an ARP packet for Ethernet and IPv4 (with more bytes behind it, perhaps: padding). */
export function checkArp(packet: PacketBuffer): boolean {
  const view = packet.view;
  const at = packet.start;
  if (packet.end - at < ARP_LENGTH) return false;
  if (view.getUint16(at + HARDWARE_TYPE) !== ETHERNET || view.getUint16(at + PROTOCOL_TYPE) !== IPV4) return false;
  if (view.getUint16(at + LENGTHS) !== SIX_AND_FOUR) return false;
  const operation = view.getUint16(at + OPERATION);
  return operation === ArpOperation.Request || operation === ArpOperation.Reply;
}

export function arpOperation(view: DataView, at: number): number {
  return view.getUint16(at + OPERATION);
}
export function arpSenderMac(view: DataView, at: number): MacAddress {
  return MacAddress.read(view, at + SENDER_MAC);
}
/** The address as 32 bits, not negative. */
export function arpSenderIp(view: DataView, at: number): number {
  return view.getUint32(at + SENDER_IP);
}
export function arpTargetMac(view: DataView, at: number): MacAddress {
  return MacAddress.read(view, at + TARGET_MAC);
}
export function arpTargetIp(view: DataView, at: number): number {
  return view.getUint32(at + TARGET_IP);
}

/** Writes the 28 bytes. The target's MAC of a request is unknown: zeros. */
export function writeArp(
  view: DataView,
  at: number,
  operation: number,
  senderMac: MacAddress,
  senderIp: number,
  targetMac: MacAddress,
  targetIp: number,
): void {
  view.setUint16(at + HARDWARE_TYPE, ETHERNET);
  view.setUint16(at + PROTOCOL_TYPE, IPV4);
  view.setUint16(at + LENGTHS, SIX_AND_FOUR);
  view.setUint16(at + OPERATION, operation);
  writeMac(view, at + SENDER_MAC, senderMac);
  view.setUint32(at + SENDER_IP, senderIp);
  writeMac(view, at + TARGET_MAC, targetMac);
  view.setUint32(at + TARGET_IP, targetIp);
}

/** As tcpdump says it: `who has 10.0.1.1? tell 10.0.1.10`, `10.0.1.1 is at 02:00:00:00:00:01`. */
export function describeArp(view: DataView, at: number): string {
  const sender = formatIpv4(arpSenderIp(view, at));
  const target = formatIpv4(arpTargetIp(view, at));
  if (arpOperation(view, at) === ArpOperation.Reply) return `${sender} is at ${arpSenderMac(view, at)}`;
  if (sender === target) return `${sender} announces itself at ${arpSenderMac(view, at)}`;
  if (arpSenderIp(view, at) === 0) return `is anyone ${target}?`;
  return `who has ${target}? tell ${sender}`;
}
