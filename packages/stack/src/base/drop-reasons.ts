/**
 * Why a packet went no further. Every drop in the stack names one of these, so that counters, traces, captures and
 * the lab all say the same. A reason is a small integer on the packet's path; what it means is looked up.
 */
const REASONS = {
  // Layer 1: the medium
  LINK_DOWN: [1, 'the link is down', ''],
  LINK_QUEUE_FULL: [1, 'the queue in front of the line was full', ''],
  LINK_LOSS: [1, 'lost on the line (the scenario says so)', ''],
  LINK_TOO_LONG: [1, 'the frame is longer than the link carries', 'IEEE 802.3 4.2.7.1'],
  POOL_EXHAUSTED: [1, 'the network holds as many packets in memory as it may', ''],
  HUB_COLLISION: [1, 'collided on the hub too often', 'IEEE 802.3 4.2.3.2.5'],
  HUB_PORT_DOWN: [1, 'the hub has no other port that is up', ''],
  // Layer 2: frames
  FRAME_TOO_SHORT: [2, 'the frame is shorter than its headers', 'IEEE 802.3 3.2.7'],
  FRAME_BAD_FCS: [2, 'the frame check sequence is wrong', 'IEEE 802.3 3.2.9'],
  FRAME_NOT_FOR_US: [2, 'the frame is for another station', 'IEEE 802.3 4.1.2.1.2'],
  FRAME_UNKNOWN_TYPE: [2, 'nobody here speaks this EtherType', 'RFC 1122 2.3.3'],
  FRAME_BAD_LENGTH: [2, 'the length field is larger than the frame', 'IEEE 802.3 3.2.6'],
  FRAME_TOO_LONG: [2, 'the packet is larger than the interface carries (MTU)', ''],
  NIC_DOWN: [2, 'the interface is down', ''],
  SWITCH_SAME_PORT: [2, 'the switch knows the receiver on the port that the frame came from', 'IEEE 802.1D 7.7.1'],
  SWITCH_RESERVED: [2, 'a switch does not forward this reserved group address', 'IEEE 802.1D 7.12.6'],
  SWITCH_SNOOPED: [
    2,
    'the switch knows where the receivers of this group are, and they are elsewhere',
    'RFC 4541 2.1.2',
  ],
  SWITCH_NO_PORT: [2, 'the switch has no other port that is up', ''],
  LOOPED_FRAME: [2, 'the frame carries our own address as its source', ''],
  // Layer 3: packets
  ARP_MALFORMED: [3, 'the ARP packet is too short or not for Ethernet and IPv4', 'RFC 826'],
  ARP_NOT_FOR_US: [3, 'the ARP packet asks for another host', 'RFC 826'],
  ARP_DONE: [3, 'the ARP packet did its work here', 'RFC 826'],
  ADDRESS_CONFLICT: [3, 'another host has an address that this host has or wants', 'RFC 5227 2.4, RFC 4862 5.4'],
  ARP_QUEUE_FULL: [3, 'too many packets wait for this address to be resolved', 'RFC 1122 2.3.2.2'],
  ARP_UNRESOLVED: [3, 'no answer to ARP', 'RFC 1122 2.3.2.1'],
  ND_INVALID: [3, 'the message of neighbour discovery breaks a rule', 'RFC 4861 6.1, 7.1, 8.1'],
  ND_NOT_FOR_US: [3, 'neighbour discovery asks for another host', 'RFC 4861 7.2.3'],
  ND_IGNORED: [3, 'the message of neighbour discovery tells nothing that counts here', 'RFC 4861 6.2.6, 6.3.4, 7.2.5'],
  ND_DONE: [3, 'the message of neighbour discovery did its work here', 'RFC 4861'],
  ND_OTHER_GROUP: [3, 'the message is for a group of the link that others are in', 'RFC 4291 2.7.1'],
  ND_QUEUE_FULL: [3, 'too many packets wait for neighbour discovery of this address', 'RFC 4861 7.2.2'],
  ND_UNRESOLVED: [3, 'no answer to neighbour discovery', 'RFC 4861 7.2.2'],
  MLD_INVALID: [3, 'the message of multicast listener discovery breaks a rule', 'RFC 3810 5, 6.2'],
  MLD_IGNORED: [3, 'the message of multicast listener discovery concerns nobody here', 'RFC 3810 6'],
  MLD_DONE: [3, 'the message of multicast listener discovery did its work here', 'RFC 3810'],
  NEIGHBOUR_TABLE_FULL: [3, 'the table of neighbours is full', ''],
  IP_TOO_SHORT: [3, 'the packet is shorter than an IP header', 'RFC 791 3.1'],
  IP_BAD_VERSION: [3, 'the version field is not 4', 'RFC 1122 3.2.1.1'],
  IP_BAD_HEADER_LENGTH: [3, 'the header length is impossible', 'RFC 791 3.1'],
  IP_BAD_TOTAL_LENGTH: [3, 'the total length is impossible', 'RFC 791 3.1'],
  IP_BAD_CHECKSUM: [3, 'the IP header checksum is wrong', 'RFC 1122 3.2.1.2'],
  IP_BAD_SOURCE: [3, 'the source address cannot be a source', 'RFC 1122 3.2.1.3'],
  IP_BAD_DESTINATION: [3, 'the destination address cannot be a destination', 'RFC 1122 3.2.1.3'],
  IP_UNICAST_IN_BROADCAST: [3, 'a link-layer broadcast carries a packet for one host', 'RFC 1122 3.3.6'],
  IP_BAD_OPTION: [3, 'an IP option is malformed', 'RFC 1122 3.2.1.8'],
  IP_SOURCE_ROUTE: [3, 'source routes are not followed', 'RFC 6274 3.13.2.3'],
  IP_NOT_FOR_US: [3, 'the packet is for another host, and this one does not forward', 'RFC 1122 3.3.1'],
  IP_BROADCAST_NOT_FORWARDED: [3, 'a link-layer broadcast or a special address is not forwarded', 'RFC 1812 5.3.5'],
  IP_MULTICAST_NOT_MEMBER: [3, 'nobody here joined this multicast group', 'RFC 1112'],
  IP_TTL_EXPIRED: [3, 'the time to live ran out', 'RFC 791 3.2'],
  IP_NO_ROUTE: [3, 'no route leads there', 'RFC 1812 5.2.7.1'],
  IP_UNREACHABLE_ROUTE: [3, 'the route says: unreachable', 'RFC 1812 5.2.7.1'],
  IP_BROADCAST_REFUSED: [3, 'sending to a broadcast needs SO_BROADCAST', 'POSIX'],
  IP_FRAGMENTATION_NEEDED: [3, 'too large for the next link, and DF forbids to fragment', 'RFC 1191'],
  IP_UNKNOWN_PROTOCOL: [3, 'nobody here speaks this IP protocol', 'RFC 1122 3.2.2.1'],
  IP6_BAD_EXTENSION: [3, 'an extension header is refused', 'RFC 8200 4'],
  IP6_NO_NEXT_HEADER: [3, 'the packet says that nothing follows its headers', 'RFC 8200 4.7'],
  IP6_BEYOND_SCOPE: [3, 'the source address means nothing beyond its link', 'RFC 4007 9'],
  IP6_PACKET_TOO_BIG: [3, 'too large for the next link, and IPv6 routers do not fragment', 'RFC 8200 5'],
  FRAGMENT_OVERLAP: [3, 'fragments overlap: the whole datagram is refused', 'RFC 5722, RFC 8900'],
  FRAGMENT_BAD: [3, 'a fragment has an impossible offset or length', 'RFC 791 3.2'],
  FRAGMENT_DUPLICATE: [3, 'this fragment was already here', 'RFC 791 3.2'],
  FRAGMENT_TIMEOUT: [3, 'the other fragments never came', 'RFC 1122 3.3.2'],
  FRAGMENT_TABLE_FULL: [3, 'too many datagrams are being reassembled', ''],
  ICMP_MALFORMED: [3, 'the ICMP message is too short', 'RFC 792'],
  ICMP_BAD_CHECKSUM: [3, 'the ICMP checksum is wrong', 'RFC 792'],
  ICMP_BROADCAST: [3, 'an ICMP message to a broadcast is not answered', 'RFC 1122 3.2.2.6'],
  ICMP_UNKNOWN_TYPE: [3, 'unknown ICMP type', 'RFC 1122 3.2.2'],
  ICMP_DONE: [3, 'the ICMP message did its work here', 'RFC 792'],
  ICMP_IGNORED: [3, 'ICMP errors that quote nothing of ours are ignored', 'RFC 5927'],
  IGMP_MALFORMED: [3, 'the IGMP message is shorter than it says', 'RFC 3376 4'],
  IGMP_BAD_CHECKSUM: [3, 'the IGMP checksum is wrong', 'RFC 3376 4.1.2'],
  IGMP_DONE: [3, 'the IGMP message did its work here', 'RFC 3376'],
  MULTICAST_OF_OTHERS: [3, 'for other stations of this link: this host is not in the group', 'RFC 1112 7.2'],
  MULTICAST_WRONG_INTERFACE: [3, 'this is not the interface that leads back to the source', 'RFC 1812 5.3.9'],
  MULTICAST_NO_RECEIVER: [3, 'no other link has receivers of this group', 'RFC 4605 4.2'],
  FIREWALL_DENIED: [3, 'the firewall denies it', ''],
  FIREWALL_REJECTED: [3, 'the firewall refuses it, and says so', 'RFC 1812 5.3.9'],
  CONNTRACK_FULL: [3, 'the table of tracked conversations is full', ''],
  NAT_EXHAUSTED: [3, 'no free port is left to translate to', 'RFC 4787 4.2'],
  NAT_CLASH: [3, 'the translated addresses and ports are those of another conversation', 'RFC 4787 4.1'],
  NAT_UNTRACKED: [3, 'it belongs to no conversation that could be translated', 'RFC 3022 4'],
  RIP_MALFORMED: [3, 'the RIP message is malformed', 'RFC 2453 4'],
  RIP_BAD_ENTRY: [3, 'an entry of a RIP message makes no sense', 'RFC 2453 3.9.2'],
  RIP_BAD_AUTHENTICATION: [3, 'the RIP message does not show who it is from', 'RFC 4822'],
  RIP_NOT_NEIGHBOUR: [3, 'the RIP message is not from a router on this link', 'RFC 2453 3.9.2'],
  LOOPBACK_ON_WIRE: [3, 'loopback addresses do not appear on a wire', 'RFC 1122 3.2.1.3'],
  OSPF_MALFORMED: [3, 'the OSPF packet is too short, or its lengths contradict each other', 'RFC 2328 A.3'],
  OSPF_BAD_CHECKSUM: [3, 'the OSPF checksum is wrong', 'RFC 2328 8.2'],
  OSPF_NOT_HERE: [3, 'OSPF does not run on this interface', 'RFC 2328 8.2'],
  OSPF_BAD_ADDRESS: [3, 'an OSPF packet from or to an address that does not belong here', 'RFC 2328 8.2'],
  OSPF_AREA_MISMATCH: [3, 'the OSPF packet belongs to another area', 'RFC 2328 8.2'],
  OSPF_BAD_AUTHENTICATION: [3, 'the OSPF packet is not authenticated as agreed', 'RFC 2328 D'],
  OSPF_DUPLICATE_ROUTER_ID: [3, 'another router calls itself by our router ID', 'RFC 2328 C.1'],
  OSPF_HELLO_MISMATCH: [3, 'the hello does not agree with how this interface is set', 'RFC 2328 10.5'],
  OSPF_NO_NEIGHBOUR: [3, 'the OSPF packet comes from nobody whose hello was heard', 'RFC 2328 8.2'],
  OSPF_WRONG_STATE: [3, 'the neighbour is not in a state for this OSPF packet', 'RFC 2328 10'],
  OSPF_MTU_MISMATCH: [3, 'the neighbour sends larger packets than this interface takes', 'RFC 2328 10.6'],
  OSPF_TOO_MANY: [3, 'the OSPF tables of neighbours or link states are full', ''],
  OSPF_BAD_LSA: [3, 'a link state advertisement is damaged or unknown', 'RFC 2328 13'],
  OSPF_OLD_LSA: [3, 'a link state advertisement came again too early, or older than ours', 'RFC 2328 13'],
  OSPF_DONE: [3, 'the OSPF packet did its work here', 'RFC 2328'],
  // Layer 4: datagrams and segments
  UDP_TOO_SHORT: [4, 'the datagram is shorter than its header', 'RFC 768'],
  UDP_BAD_LENGTH: [4, 'the UDP length is impossible', 'RFC 768'],
  UDP_BAD_CHECKSUM: [4, 'the UDP checksum is wrong', 'RFC 1122 4.1.3.4'],
  UDP_NO_PORT: [4, 'nobody listens on this UDP port', 'RFC 1122 4.1.3.1'],
  UDP_UNHEARD: [4, 'a broadcast that no program here waits for', 'RFC 1122 4.1.3.1'],
  UDP_BUFFER_FULL: [4, "the socket's receive buffer is full", ''],
  UDP_NOT_PEER: [4, 'the socket is connected to somebody else', ''],
  TCP_TOO_SHORT: [4, 'the segment is shorter than its header', 'RFC 9293 3.1'],
  TCP_BAD_OFFSET: [4, 'the data offset is impossible', 'RFC 9293 3.1'],
  TCP_BAD_CHECKSUM: [4, 'the TCP checksum is wrong', 'RFC 9293 3.1'],
  TCP_NO_PORT: [4, 'nobody listens on this TCP port: answered with RST', 'RFC 9293 3.10.7.1'],
  TCP_NO_CONNECTION: [4, 'the segment belongs to no connection', 'RFC 9293 3.10.7.1'],
  TCP_BAD_FLAGS: [4, 'these flags make no sense in this state', 'RFC 9293 3.10.7'],
  TCP_BAD_ADDRESS: [4, 'TCP does not speak with broadcast or multicast addresses', 'RFC 9293 3.9.2.3'],
  TCP_OUT_OF_WINDOW: [4, 'outside of the receive window: answered with an ACK', 'RFC 9293 3.10.7.4'],
  TCP_OLD_TIMESTAMP: [4, 'an old duplicate by its timestamp (PAWS)', 'RFC 7323 5'],
  TCP_BAD_ACK: [4, 'acknowledges what was never sent', 'RFC 5961 5.2'],
  TCP_CHALLENGED_RST: [4, 'a RST that does not match exactly: challenged', 'RFC 5961 3.2'],
  TCP_CHALLENGED_SYN: [4, 'a SYN in a synchronised state: challenged', 'RFC 5961 4.2'],
  TCP_DUPLICATE: [4, 'these bytes were received before', 'RFC 9293 3.10.7.4'],
  TCP_OUT_OF_ORDER_FULL: [4, 'no room for more out-of-order segments', ''],
  TCP_RECEIVE_FULL: [4, "beyond the connection's receive buffer", 'RFC 9293 3.10.7.4'],
  TCP_BACKLOG_FULL: [4, "the listener's backlog is full", ''],
  TCP_AFTER_CLOSE: [4, 'data for a program that has closed: answered with RST', 'RFC 1122 4.2.2.13'],
  TCP_TIME_WAIT: [4, 'an old segment met a connection in TIME-WAIT', 'RFC 9293 3.10.7.4'],
  TCP_DONE: [4, 'the segment carried no data and did its work here', 'RFC 9293'],
  TCP_CLOSED: [4, 'the connection ended while this waited', ''],
  // Beyond
  SOCKET_CLOSED: [5, 'the socket was closed with this unread', ''],
  // A gateway to the real network
  GATEWAY_DENIED: [3, 'the rules of the gateway do not let anybody reach this address', 'RFC 1812 5.3.9'],
  GATEWAY_FULL: [4, 'the gateway has as many flows as it may', ''],
  GATEWAY_WAITS: [4, 'the gateway is still trying to reach the real host', ''],
  GATEWAY_UNREACHED: [4, 'the gateway could not reach the real host', ''],
} as const satisfies Record<string, readonly [layer: number, text: string, source: string]>;

export type DropReasonName = keyof typeof REASONS;

/** A drop reason's number: an index into `dropReasons`. 0 is none. */
export type DropReason = number;

export interface DropReasonText {
  readonly number: DropReason;
  readonly name: DropReasonName | 'NONE';
  /** The OSI layer that decided. */
  readonly layer: number;
  /** A sentence without its subject's name: "the frame check sequence is wrong". */
  readonly text: string;
  /** Where it is written, e.g. "RFC 791 3.2"; empty when the reason is local policy. */
  readonly source: string;
}

/** Everything that `Drop`'s numbers mean, by number. */
export const dropReasons: readonly DropReasonText[] = [
  { number: 0, name: 'NONE', layer: 0, text: 'not dropped', source: '' },
  ...(Object.keys(REASONS) as DropReasonName[]).map((name, index) => {
    const [layer, text, source] = REASONS[name];
    return { number: index + 1, name, layer, text, source };
  }),
];

/** The numbers by name: `Drop.IP_NO_ROUTE`. */
export const Drop = Object.fromEntries(dropReasons.map((reason) => [reason.name, reason.number])) as Record<
  DropReasonName | 'NONE',
  DropReason
>;

/** The packet did its work here, or was for somebody else on a shared line: nothing that anybody misses was dropped. */
const HARMLESS = new Set<DropReason>([
  Drop.FRAME_NOT_FOR_US,
  Drop.ARP_NOT_FOR_US,
  Drop.SWITCH_SAME_PORT,
  Drop.ARP_DONE,
  Drop.ND_DONE,
  Drop.ND_NOT_FOR_US,
  Drop.ND_OTHER_GROUP,
  Drop.MLD_DONE,
  Drop.MLD_IGNORED,
  Drop.ICMP_DONE,
  Drop.IGMP_DONE,
  Drop.MULTICAST_OF_OTHERS,
  Drop.SWITCH_SNOOPED,
  Drop.OSPF_DONE,
  Drop.UDP_UNHEARD,
  Drop.TCP_DONE,
]);

export function isHarmless(reason: DropReason): boolean {
  return HARMLESS.has(reason);
}
