/**
 * What the first byte of a captured packet is: the LINKTYPE_ values that pcap and pcapng files carry
 * (https://www.tcpdump.org/linktypes.html). Those that netarium writes or opens; others are shown as data.
 */
export const LinkType = {
  /** BSD loopback: a 4-byte address family in the byte order of the machine that captured. */
  Null: 0,
  /** IEEE 802.3, from the destination address on. */
  Ethernet: 1,
  /** PPP with HDLC-like framing, flags removed (RFC 1662). */
  Ppp: 9,
  /** IPv4 or IPv6, told apart by the version field. */
  RawIp: 101,
  Ieee80211: 105,
  /** Linux "cooked" capture, version 1: what `tcpdump -i any` wrote for long. */
  LinuxSll: 113,
  Ieee80211Radiotap: 127,
  LinuxSll2: 276,
  Ipv4: 228,
  Ipv6: 229,
} as const;

const NAMES = new Map<number, string>([
  [LinkType.Null, 'BSD loopback'],
  [LinkType.Ethernet, 'Ethernet'],
  [LinkType.Ppp, 'PPP'],
  [LinkType.RawIp, 'Raw IP'],
  [LinkType.Ieee80211, 'IEEE 802.11'],
  [LinkType.LinuxSll, 'Linux cooked capture v1'],
  [LinkType.Ieee80211Radiotap, 'IEEE 802.11 with radiotap'],
  [LinkType.LinuxSll2, 'Linux cooked capture v2'],
  [LinkType.Ipv4, 'Raw IPv4'],
  [LinkType.Ipv6, 'Raw IPv6'],
]);

export function linkTypeName(linkType: number): string {
  return NAMES.get(linkType) ?? `link type ${linkType}`;
}
