import type { RipDescription } from './rip-description.ts';

/** As everywhere: `'10s'` or seconds; `'100Mbit'` or bits a second. */
type Duration = string | number;
type Rate = string | number;

/** Options by the protocol's name; null, as YAML has it for nothing, is none. */
export interface RoutingProtocols {
  ospf?: OspfDescription | null;
  rip?: RipDescription | null;
}

/** `'ospf'`; several with a list; with options: `{ ospf: { ... } }`. */
export type RoutingDescription = keyof RoutingProtocols | (keyof RoutingProtocols)[] | RoutingProtocols;

/**
 * The words in which OSPF is set up on a router (`routing: { ospf: ... }`): plain data. All of it may be left out: then all
 * interfaces with an IPv4 address are in the backbone, and the highest address is the router ID.
 */
export interface OspfDescription {
  /** `'10.0.0.1'`; default: the highest address of its interfaces. */
  routerId?: string;
  /** By number or dotted quad; interfaces that no area names take no part. Default: all interfaces are in area 0. */
  areas?: Record<string, OspfAreaDescription | string[]>;
  /** By name: what differs from what is said here for all. */
  interfaces?: Record<string, OspfInterfaceDescription>;
  /** Interfaces that are told of and not spoken on; `true`: all that say no other. */
  passive?: string[] | boolean;
  /** Routes from elsewhere that others are told of: `connected`, `static`, `rip`, `dhcp`. */
  redistribute?: (string | OspfRedistributeDescription)[];
  /** Tells all others that it has a default route, as long as it has one; `always`: even if it has not. */
  defaultRoute?: boolean | OspfDefaultDescription;
  /** For all interfaces that say no other. */
  hello?: Duration;
  dead?: Duration;
  authentication?: OspfAuthenticationDescription;
  network?: 'broadcast' | 'point-to-point';
  /** Bits a second that cost 1; default 100Mbit. */
  referenceBandwidth?: Rate;
  /** Others go through this router only if there is no other way (RFC 6987). */
  maxMetric?: boolean;
}

export interface OspfAreaDescription {
  /** Names of interfaces (`eth0`), or networks (`10.1.0.0/16`) that their addresses are in. */
  interfaces?: string[];
  /** Without routes from elsewhere; `no-summary`: without those of other areas, too. */
  stub?: boolean | 'no-summary';
  /** Of the default route that a stub area is told of; default 1. */
  defaultCost?: number;
  /** Networks that other areas are told of as one; `{ prefix, advertise: false }`: not at all. */
  ranges?: (string | { prefix: string; advertise?: boolean })[];
}

export interface OspfInterfaceDescription {
  area?: string | number;
  /** 1 to 65535; default: the reference bandwidth divided by the link's rate. */
  cost?: number;
  /** 0 to 255, 0: never the designated router; default 1. */
  priority?: number;
  /** Default 10s and 4 times the hello interval. Whole seconds. */
  hello?: Duration;
  dead?: Duration;
  /** Default 5s and 1s. Whole seconds. */
  retransmit?: Duration;
  transmitDelay?: Duration;
  passive?: boolean;
  network?: 'broadcast' | 'point-to-point';
  authentication?: OspfAuthenticationDescription;
  /** Also with neighbours that send larger packets. */
  mtuIgnore?: boolean;
}

/** `{ password: secret }`, or `{ md5: secret, key: 1 }`; `none` for an interface that differs from the others. */
export type OspfAuthenticationDescription = 'none' | { password: string } | { md5: string; key?: number };

export interface OspfRedistributeDescription {
  from: string;
  /** Default 20. */
  metric?: number;
  /** 1: the way to this router counts as well; default 2. */
  type?: 1 | 2;
  tag?: number;
}

export interface OspfDefaultDescription {
  always?: boolean;
  /** Default 10. */
  metric?: number;
  type?: 1 | 2;
}
