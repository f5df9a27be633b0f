import { EtherType, etherTypeName } from './dissect-ethernet.ts';
import { type Dissection, type Field, named } from './dissection.ts';

/**
 * ARP (RFC 826):
 *
 *   0  hardware type (1: Ethernet)   2  protocol type (0x0800: IPv4)
 *   4  bytes of a hardware address   5  bytes of a protocol address   6  operation
 *   8  sender's hardware and protocol address, target's hardware and protocol address
 */
const FIXED = 8;
const REQUEST = 1;
const REPLY = 2;

const OPERATIONS = new Map<number, string>([
  [REQUEST, 'request'],
  [REPLY, 'reply'],
  [3, 'reverse request'],
  [4, 'reverse reply'],
]);

export function dissectArp(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'ARP';
  const { view } = dissection;
  if (end - start < FIXED) {
    dissection.malformed(3, 'arp', 'Address Resolution Protocol', start, end, 'shorter than its first 8 bytes');
    return true;
  }
  const hardwareSize = view.getUint8(start + 4);
  const protocolSize = view.getUint8(start + 5);
  const operation = view.getUint16(start + 6);
  const length = FIXED + 2 * (hardwareSize + protocolSize);
  if (end - start < length) {
    const text = `addresses of ${hardwareSize} and ${protocolSize} bytes need ${length} bytes, there are ${end - start}`;
    dissection.malformed(3, 'arp', 'Address Resolution Protocol', start, end, text);
    return true;
  }
  dissection.claimedEnd = Math.min(dissection.claimedEnd, start + length);
  const operationName = OPERATIONS.get(operation);
  const label = 'Address Resolution Protocol';
  const layer = dissection.layer(3, 'arp', label, start, start + length, operationName ?? `operation ${operation}`);
  const hardware = view.getUint16(start);
  const protocol = view.getUint16(start + 2);
  dissection.number(layer, 'arp.hw.type', 'Hardware type', start, 2, named(hardware, hardware === 1 ? 'Ethernet' : ''));
  dissection.hex(layer, 'arp.proto.type', 'Protocol type', start + 2, 2, etherTypeName(protocol));
  dissection.number(layer, 'arp.hw.size', 'Hardware size', start + 4, 1);
  dissection.number(layer, 'arp.proto.size', 'Protocol size', start + 5, 1);
  dissection.number(layer, 'arp.opcode', 'Operation', start + 6, 2, named(operation, operationName));
  const sender = start + FIXED;
  const target = sender + hardwareSize + protocolSize;
  if (hardwareSize !== 6 || protocolSize !== 4 || protocol !== EtherType.Ipv4) {
    addresses(dissection, layer, 'src', 'Sender', sender, hardwareSize, protocolSize);
    addresses(dissection, layer, 'dst', 'Target', target, hardwareSize, protocolSize);
    dissection.info = operationName ?? `Operation ${operation}`;
    return true;
  }
  const senderMac = dissection.mac(layer, 'arp.src.hw_mac', 'Sender MAC address', sender);
  const senderIp = dissection.ipv4(layer, 'arp.src.proto_ipv4', 'Sender IP address', sender + 6);
  const targetMac = dissection.mac(layer, 'arp.dst.hw_mac', 'Target MAC address', target);
  const targetIp = dissection.ipv4(layer, 'arp.dst.proto_ipv4', 'Target IP address', target + 6);
  dissection.facts.arp = { operation, senderMac, senderIp, targetMac, targetIp };
  const gratuitous = senderIp.equals(targetIp);
  if (operation === REQUEST) {
    if (gratuitous) dissection.info = `ARP Announcement for ${senderIp}`;
    else if (senderIp.isUnspecified)
      dissection.info = `Who has ${targetIp}? (ARP Probe)`; // RFC 5227 1.1
    else dissection.info = `Who has ${targetIp}? Tell ${senderIp}`;
  } else if (operation === REPLY) {
    dissection.info = gratuitous ? `Gratuitous ARP for ${senderIp} (Reply)` : `${senderIp} is at ${senderMac}`;
  } else {
    dissection.info = operationName ?? `Operation ${operation}`;
  }
  if (gratuitous) dissection.generate(layer, 'arp.isgratuitous', 'Is gratuitous', true);
  return true;
}

/** Addresses of sizes that are not Ethernet's and IPv4's. */
function addresses(
  dissection: Dissection,
  layer: Field,
  side: string,
  label: string,
  at: number,
  hardwareSize: number,
  protocolSize: number,
): void {
  const middle = at + hardwareSize;
  if (hardwareSize > 0) dissection.raw(layer, `arp.${side}.hw`, `${label} hardware address`, at, middle);
  if (protocolSize > 0) {
    dissection.raw(layer, `arp.${side}.proto`, `${label} protocol address`, middle, middle + protocolSize);
  }
}
