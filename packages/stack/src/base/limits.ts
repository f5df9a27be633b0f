/**
 * Every limit of the stack, in one place, each with its unit and its reason.
 *
 * A network hands one `Limits` to each of its nodes; tests lower single values to stand at a limit and one past it.
 */
export interface Limits {
  /** Bytes of packet storage that may be in use at once in one network; past it links drop. */
  readonly poolBytes: number;
  /** Free buffers of one size class that the pool keeps for reuse. */
  readonly poolFreeBuffers: number;
  /** Bytes of packets that are kept free in each size class: of the largest, fewer are kept than of the others. */
  readonly poolFreeBytes: number;
  /** Frames that wait for a line when the scenario names no queue: Linux's `txqueuelen`. */
  readonly linkQueueFrames: number;
  /** Bytes of the longest frame that a cable or hub carries, FCS apart: the largest IP packet and its headers. */
  readonly linkFrameBytes: number;
  /** Ports of one switch or hub: a port number has 12 bits (IEEE 802.1D-2004 9.2.7). */
  readonly devicePorts: number;
  /** Addresses that a switch learns; Linux's bridge has no limit, small switches have 8,192. */
  readonly switchTableEntries: number;
  /** Neighbour (ARP) entries of one node: Linux's `gc_thresh3`. */
  readonly neighbourEntries: number;
  /** Packets that wait for one address resolution; Linux keeps about this many bytes' worth (`unres_qlen`). */
  readonly neighbourQueuePackets: number;
  /** Routes of one node, in all of its tables: today's whole Internet is 950,000 of IPv4. */
  readonly routes: number;
  /** Routing tables of one node, and rules that choose among them, each tried for each packet that is routed. */
  readonly routingTables: number;
  readonly routingRules: number;
  /** Networks that RIP knows of, and neighbours that it tells apart. */
  readonly ripRoutes: number;
  readonly ripNeighbours: number;
  /** IPv6 addresses of one interface: whoever forges advertisements makes no more (Linux's `max_addresses` is 16). */
  readonly interfaceAddresses: number;
  /** Routes, and DNS servers and domains of one link, that one node takes from routers' advertisements. */
  readonly advertisedRoutes: number;
  readonly advertisedNames: number;
  /** Destinations for which one node remembers that a router redirected it. */
  readonly redirects: number;
  /** Destinations of which one node remembers the path MTU. */
  readonly pathMtuEntries: number;
  /** Multicast groups that the interfaces of one node are in. */
  readonly multicastGroups: number;
  /** Sources of one group that a query or a router's table may name; past it, all sources are meant. */
  readonly multicastSources: number;
  /** Packets on their way through one loopback interface: a burst of a program to itself, not memory without end. */
  readonly loopbackQueuePackets: number;
  /** Datagrams in reassembly at once on one node. */
  readonly reassemblies: number;
  /** Bytes of fragments held on one node: Linux's `ipfrag_high_thresh`. */
  readonly reassemblyBytes: number;
  /** Fragments of one datagram; 65,535 bytes at the smallest useful MTU need fewer. */
  readonly fragmentsPerDatagram: number;
  /** How long a datagram may stay incomplete, nanoseconds: Linux's `ipfrag_time`, 30 s (RFC 1122 3.3.2: 60 to 120 s). */
  readonly reassemblyTimeNs: number;
  /** The same for IPv6: RFC 8200 4.5 says 60 s. */
  readonly reassemblyTime6Ns: number;
  /** ICMP errors that a node sends in a second, and the burst it may send at once (Linux: 1,000 and 50). */
  readonly icmpErrorsPerSecond: number;
  readonly icmpErrorBurst: number;
  /** OSPF neighbours on one interface, and link state advertisements in one database (of an area, or of externals). */
  readonly ospfNeighbours: number;
  readonly ospfAdvertisements: number;
  /** Next hops of one OSPF route that are equally good: FRRouting's default. */
  readonly ospfNextHops: number;
  /** Conversations that one node's firewall tracks: Linux's `nf_conntrack_max` on a machine of this size. */
  readonly conntrackEntries: number;
  /** Rules of one node's firewall, and ports and address ranges that one rule may name. */
  readonly firewallRules: number;
  readonly firewallRanges: number;
  /** Packets that a node's firewall logs in a second, and at once: what is beyond is counted only. */
  readonly firewallLogsPerSecond: number;
  /** Sockets (descriptors) of one host: what `ulimit -n` is on servers. */
  readonly sockets: number;
  /** Connections that wait for `accept`, whatever the backlog asked for: Linux's `somaxconn`. */
  readonly listenBacklog: number;
  /** Half-open connections of one listener: Linux's `tcp_max_syn_backlog`. */
  readonly synBacklog: number;
  /** Connections of one host in TIME-WAIT: Linux's `tcp_max_tw_buckets` is 262,144; past it the oldest is closed. */
  readonly timeWaitConnections: number;
  /** Receive and send buffer of a socket, bytes, when the program does not choose. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** What they may grow to by themselves, bytes: the last numbers of Linux's `tcp_rmem` and `tcp_wmem`. */
  readonly receiveBufferGrownBytes: number;
  readonly sendBufferGrownBytes: number;
  /** Largest buffer that SO_RCVBUF and SO_SNDBUF may ask for, bytes. */
  readonly maxBufferBytes: number;
  /** Out-of-order segments held by one connection. */
  readonly outOfOrderSegments: number;
  /** Datagrams that wait in one UDP socket; the byte limit is the receive buffer. */
  readonly datagramsQueued: number;
  /** Conversations that the analysis of one capture follows, and events that one recorder of journeys keeps. */
  readonly inspectConversations: number;
  readonly journeyEvents: number;
}

export const LIMITS: Limits = {
  poolBytes: 1 << 30,
  poolFreeBuffers: 4096,
  poolFreeBytes: 64 << 20,
  linkQueueFrames: 1000,
  linkFrameBytes: 65_535 + 18,
  devicePorts: 4095,
  switchTableEntries: 8192,
  neighbourEntries: 1024,
  neighbourQueuePackets: 64,
  routes: 1_000_000,
  routingTables: 256,
  routingRules: 1024,
  ripRoutes: 65_536,
  ripNeighbours: 1024,
  interfaceAddresses: 64,
  advertisedRoutes: 256,
  advertisedNames: 16,
  redirects: 1024,
  pathMtuEntries: 4096,
  multicastGroups: 4096,
  multicastSources: 256,
  loopbackQueuePackets: 16_384,
  reassemblies: 256,
  reassemblyBytes: 4 << 20,
  fragmentsPerDatagram: 8192,
  reassemblyTimeNs: 30e9,
  reassemblyTime6Ns: 60e9,
  icmpErrorsPerSecond: 1000,
  icmpErrorBurst: 50,
  ospfNeighbours: 256,
  ospfAdvertisements: 1_000_000,
  ospfNextHops: 16,
  conntrackEntries: 262_144,
  firewallRules: 10_000,
  firewallRanges: 65_536,
  firewallLogsPerSecond: 100,
  sockets: 65_536,
  listenBacklog: 4096,
  synBacklog: 1024,
  timeWaitConnections: 65_536,
  receiveBufferBytes: 512 << 10,
  sendBufferBytes: 512 << 10,
  receiveBufferGrownBytes: 6 << 20,
  sendBufferGrownBytes: 4 << 20,
  maxBufferBytes: 64 << 20,
  outOfOrderSegments: 8192,
  datagramsQueued: 1024,
  inspectConversations: 65_536,
  journeyEvents: 65_536,
};
