/** What the numbers in IP headers are called (IANA "Assigned Internet Protocol Numbers", RFC 3168 5). */
const PROTOCOLS = new Map<number, string>([
  [0, 'IPv6 Hop-by-Hop Option'],
  [1, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPIP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [41, 'IPv6'],
  [43, 'Routing Header for IPv6'],
  [44, 'Fragment Header for IPv6'],
  [47, 'Generic Routing Encapsulation'],
  [50, 'Encap Security Payload'],
  [51, 'Authentication Header'],
  [58, 'ICMPv6'],
  [59, 'IPv6 no next header'],
  [60, 'Destination Options for IPv6'],
  [89, 'OSPF IGP'],
  [103, 'PIM'],
  [112, 'VRRP'],
  [132, 'SCTP'],
  [136, 'UDPlite'],
]);

export function ipProtocolName(protocol: number): string | undefined {
  return PROTOCOLS.get(protocol);
}

/** The two bits of Explicit Congestion Notification. */
export function ecnName(bits: number): string {
  return [
    'Not ECN-Capable Transport (0)',
    'ECN-Capable Transport codepoint 01 (1)',
    'ECN-Capable Transport codepoint 10 (2)',
    'Congestion Experienced (3)',
  ][bits & 3]!;
}
