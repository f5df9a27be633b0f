/**
 * The words in which a network is described, by the typed builder and by the scenario file alike.
 *
 * A description is plain data: it survives JSON, a worker's boundary and a link that is shared. Quantities stand
 * as people write them (`'10ms'`, `'100Mbit'`, `'1%'`) or as plain numbers in the unit that the field's comment
 * names. `base/units.ts` reads both.
 */

import type { AdvertiseDescription } from './ipv6-description.ts';
import type { OutsideDescription, WireDescription } from './outside-words.ts';
import type { RoutingDescription } from './routing-description.ts';

/** `'10ms'`, `'1.5s'`, `'2m'`, `'1h'`, `'200us'`, `'5ns'`, or a number of **seconds**. */
export type Duration = string | number;
/** `'100Mbit'`, `'1Gbit'`, `'9600bit'`, `'10MB/s'`, `'unlimited'`, or a number of **bits a second**. */
export type Rate = string | number;
/** `'1%'`, or a number between 0 and 1. */
export type Ratio = string | number;
/** `'64KiB'`, `'1MB'`, or a number of **bytes**. */
export type Size = string | number;

export type NodeKind = 'host' | 'router' | 'gateway' | 'switch' | 'hub';

/** One interface of a host or router. In YAML a bare string stands for `{ address }`. */
export interface InterfaceDescription {
  /**
   * `'10.0.1.10/24'`, `'2001:db8:1::10/64'`; several with a list; `'dhcp'`: asked for; `'link-local'`: one of
   * its own choice (RFC 3927). Absent: the interface is up without an address. With an IPv6 address IPv6 is spoken there.
   */
  address?: string | string[];
  /** IPv4 addresses are used only when nobody else there has them: some 7 s later (RFC 5227). Default off, as on Linux. */
  conflictDetection?: boolean;
  /** A router sends on what others send to everybody on this link (RFC 2644). Default off. */
  directedBroadcast?: boolean;
  /** Serves DHCP there, or relays it; `true`: all addresses of the network, with what follows by itself. */
  dhcp?: DhcpDescription | true;
  /**
   * Speaks IPv6 there: with a link-local address, and addresses of the prefixes that routers advertise. Default: what
   * the node says, or the network; an IPv6 address says it, too.
   */
  ipv6?: boolean;
  /** Of a router: tells the hosts there of itself and of the networks there, so that they configure themselves. */
  advertise?: AdvertiseDescription | true;
  /** `'02:00:00:00:00:01'`; absent: assigned by the network, locally administered, unique. */
  mac?: string;
  /** Largest IP packet in bytes, 68 to 65535; default 1500. */
  mtu?: number;
}

/** `{ to: '10.0.2.0/24', via: '10.0.1.1' }`; `to: default` is 0.0.0.0/0, or ::/0 when `via` is an IPv6 address. */
export interface RouteDescription {
  to: string;
  /**
   * The next hop's address; absent with `interface`: the prefix is on that link. `fe80::1` needs `interface`, too. Several
   * with a list: flows are spread over them (ECMP).
   */
  via?: string | string[];
  /** With several next hops: how many flows each gets against the others, 1 to 256; default 1 each. */
  weights?: number[];
  interface?: string;
  /** Lower wins among equal prefixes; default 0. */
  metric?: number;
  /** `blackhole` drops without a word, `unreachable` and `prohibit` tell the sender; default `unicast`. */
  type?: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  /** The routing table, by its number (or `main`, `default`); default `main`. Others are asked where `rules` say so. */
  table?: number | string;
}

/** Which routing table is asked for which packets, as with Linux's `ip rule`: `{ from: 10.0.1.0/24, table: 100 }`. */
export interface RuleDescription {
  /** Rules are asked from the lowest on; `main` has 32766. Default: before those that are there. */
  priority?: number;
  /** Networks or addresses. */
  from?: string;
  to?: string;
  /** The packet came in by this interface; `lo`: this host sends it. */
  interface?: string;
  /** The whole TOS byte. */
  tos?: number;
  protocol?: 'tcp' | 'udp' | 'icmp';
  /** Destination port, or `'8000-8080'`. */
  port?: number | string;
  /** It fits what the rest does not. */
  not?: boolean;
  table?: number | string;
  /** Instead of a table: what fits goes nowhere. */
  action?: 'blackhole' | 'unreachable' | 'prohibit';
  /** What the table says by a prefix of at most this length does not count; 0 is the default route. */
  suppressPrefixLength?: number;
}

/** What DHCP clients of one network are given. */
export interface DhcpPoolDescription {
  /** `'10.0.1.100-10.0.1.200'`; several with a list. Absent: all of the network, unless there are reservations. */
  pool?: string | string[];
  /** Default: the server itself, if it forwards. */
  router?: string | string[];
  /** Name servers. Default: the network's, if it has `dns`. */
  dns?: string | string[];
  /** Default: the domain of the network's `dns`. */
  domain?: string;
  /** Domains in which short names are looked for (option 119). */
  search?: string[];
  ntp?: string | string[];
  /** Bytes. */
  mtu?: number;
  /** How long an address is given; `'infinite'`: for ever. Default 1 day. */
  lease?: Duration;
  /** Address by MAC address, or by the name of the node that has it. */
  reservations?: Record<string, string>;
  /** Routes besides the default route (option 121). */
  routes?: { to: string; via: string }[];
  /** BOOTP clients get addresses too, and keep them. */
  bootp?: boolean;
}

export interface DhcpDescription extends DhcpPoolDescription {
  /** Servers elsewhere: everything else in here is theirs to say. */
  relay?: string | string[];
  /** Networks behind relay agents. */
  networks?: (DhcpPoolDescription & { network: string })[];
  /** Pings an address before it is offered. */
  probe?: boolean;
}

/** What a host does for the names of others. */
export interface DnsServerDescription {
  /** By origin (`'example.test'`, `'.'`): the path of a master file in this node, or its text. */
  zones?: Record<string, string>;
  /** Serves the root, with delegations to all zones of the network. */
  root?: boolean;
  /** Finds names for others, beginning at the network's root. */
  recursive?: boolean;
  /** For whom it does so: networks; default everybody. */
  clients?: string[];
  /** Answers of one kind to one network of clients in a second, at most. */
  rate?: number;
}

/** The names of the network's nodes in the DNS. */
export interface DnsDescription {
  /** Who serves them. */
  server?: string | string[];
  /** In which domain; default `lab.test`. */
  domain?: string;
  /** Whom the hosts ask; default: the servers. */
  resolver?: string | string[];
}

export interface HostDescription {
  kind: 'host';
  /** Keyed by name: `eth0`, `eth1`, ... */
  interfaces?: Record<string, InterfaceDescription | string>;
  /** All of its interfaces speak IPv6, but for those that say otherwise. */
  ipv6?: boolean;
  /** Default route's next hop; with both address families a list: `['10.0.1.1', '2001:db8:1::1']`. */
  gateway?: string | string[];
  routes?: RouteDescription[];
  /** Which routing table is asked for which packets. */
  rules?: RuleDescription[];
  /** More names for this host, besides its own. */
  aliases?: string[];
  /** Addresses of the servers that it asks for names. Default: those of the network's `dns`. */
  nameServers?: string[];
  /** Domains in which it looks for short names; default: that of the network's `dns`. */
  search?: string[];
  /** `true`: serves the names of the network. */
  dns?: DnsServerDescription | true;
  /** Routes packets to groups, too. */
  multicast?: MulticastDescription;
  /** `false`: tells nobody of better ways, and listens to nobody who does (ICMP redirects). Default on. */
  redirects?: boolean;
  /** Routing protocols that it speaks: `'ospf'`, several with a list, `{ ospf: { ... } }` with options. */
  routing?: RoutingDescription;
  /** What it lets in, through and out. */
  firewall?: FirewallDescription;
  /** Address translation: `'masquerade out eth1'`, `'forward tcp port 8080 to web:80'`; several with a list. */
  nat?: string | string[];
}

/** A packet filter: rules in order, and what happens to a packet that none of them decides. */
export interface FirewallDescription {
  /** To packets for this host, through it, and from it: `'allow'` (the default), `'deny'` or `'reject'`. */
  input?: 'allow' | 'deny' | 'reject';
  forward?: 'allow' | 'deny' | 'reject';
  output?: 'allow' | 'deny' | 'reject';
  /** Names for addresses, networks and hosts: `{ lan: '10.0.1.0/24' }`. */
  sets?: Record<string, string | string[]>;
  /** `'allow tcp from lan to web port 80,443'`; the first that matches decides. */
  rules?: string[];
}
/** Packets to a group, when they come in by `from`, leave by `to`. */
export interface MulticastRouteDescription {
  /** `'239.1.2.3'`, or several as `'239.1.0.0/16'`. */
  group: string;
  /** Only of these sources: an address or a network. */
  source?: string;
  from: string;
  to: string | string[];
}

/** A multicast router without a routing protocol: an IGMP proxy (RFC 4605), a table, or both. */
export interface MulticastDescription {
  /** The interface towards the sources; what hosts downstream want is joined there. */
  upstream?: string;
  /** Interfaces whose hosts are asked what they want (IGMP). */
  downstream?: string[];
  /** What goes where, whoever wants it; goes before what hosts say. */
  routes?: MulticastRouteDescription[];
  /** By interface: only packets whose time to live is greater leave there; default 1. */
  ttl?: Record<string, number>;
  /** How often hosts are asked; default 125s. */
  queryInterval?: Duration;
}

export interface RouterDescription extends Omit<HostDescription, 'kind'> {
  kind: 'router';
}
/** A router whose default route is the real machine's network. */
export interface GatewayDescription extends Omit<RouterDescription, 'kind' | 'gateway'> {
  kind: 'gateway';
  outside?: OutsideDescription;
}

export interface SwitchDescription {
  kind: 'switch';
  /** Number of ports, named `1` to N; absent: as many as links name. */
  ports?: number;
  /** How long a learnt address is kept; default 300s. */
  ageing?: Duration;
  /** Sends packets to groups only where somebody wants them: IGMP and MLD snooping (RFC 4541). Default off. */
  snooping?: boolean;
}
export interface HubDescription {
  kind: 'hub';
  ports?: number;
}
export type NodeDescription =
  | HostDescription
  | RouterDescription
  | GatewayDescription
  | SwitchDescription
  | HubDescription;

/** What a link does to the frames that cross it. Every word may stand for both directions or in `forward`/`backward`. */
export interface ImpairmentDescription {
  /** Uniform loss of frames; a Gilbert-Elliott burst model is `burst`. */
  loss?: Ratio;
  burst?: {
    /** Probability, each frame, to go from the good state to the bad one. */
    enter: Ratio;
    /** Probability, each frame, to go back. */
    leave: Ratio;
    /** Loss in the bad state; default 100%. */
    loss?: Ratio;
  };
  /** Probability that any one bit is flipped on the wire; the frame check sequence finds it. */
  bitErrors?: Ratio;
  /** Probability that one bit of a frame is flipped by a device with bad memory: the FCS is right, the data is not. */
  corruption?: Ratio;
  duplication?: Ratio;
  /** Probability that a frame is held back by `reorderingDelay`, so that later ones overtake it. */
  reordering?: Ratio;
  /** Default: 3 times the link's delay, at least 1ms. */
  reorderingDelay?: Duration;
  /** Uniform extra delay between 0 and this; frames keep their order unless `reordering` is on. */
  jitter?: Duration;
}

export interface LinkDirectionDescription extends ImpairmentDescription {
  /** Default 1Gbit. */
  rate?: Rate;
  /** Propagation, one way; default 5us (1 km of cable). */
  delay?: Duration;
  /** Frames that may wait for the line; default 1000. */
  queue?: number;
}

export interface LinkDescription extends LinkDirectionDescription {
  /** `['alice:eth0', 'sw1:1']`; a bare node name takes its next free interface or port. */
  endpoints: [string, string];
  /** A name of its own; default `alice:eth0-sw1:1`. */
  name?: string;
  /** From the first endpoint to the second: what differs from the link's own words. */
  forward?: LinkDirectionDescription;
  /** From the second endpoint to the first. */
  backward?: LinkDirectionDescription;
}

/** A program that runs on a node from the start. In YAML: `{ node: web, run: 'httpd /srv', at: 1s }`. */
export interface ServiceDescription {
  node: string;
  /** The command line: a program of the host and its arguments. */
  run: string;
  /** When it starts; default 0. */
  at?: Duration;
}

/** Something that breaks, and when. Exactly one of the verbs; with `for` it is undone after that long. */
export interface FaultDescription {
  at: Duration;
  for?: Duration;
  /** A link's name, or one of its endpoints. */
  link: string;
  /** `down: true` unplugs it. */
  down?: boolean;
  /** New properties of the link while the fault lasts. */
  set?: LinkDirectionDescription;
}

/** Files that a node starts with: path in the node to where they come from. */
export interface FilesDescription {
  node: string;
  /** The directory in the node, e.g. `/srv`. */
  path: string;
  /** A directory of the real machine, relative to the scenario file. */
  from: string;
}

export interface NetworkDescription {
  /** A sentence for people. */
  title?: string;
  /** Seeds every random stream; default 1. */
  seed?: number | string;
  /** All hosts and routers speak IPv6, but for those that say otherwise. Default false. */
  ipv6?: boolean;
  nodes: Record<string, NodeDescription>;
  /** The nodes' names in the DNS. */
  dns?: DnsDescription;
  links?: LinkDescription[];
  services?: ServiceDescription[];
  files?: FilesDescription[];
  faults?: FaultDescription[];
  /** Links that lead out of the network. */
  wires?: WireDescription[];
}
