import { SECOND } from '../../base/clock.ts';

/** OSPF's IP protocol number (RFC 2328 4.3). */
export const OSPF_PROTOCOL = 89;
/** 224.0.0.5: all OSPF routers of a link. */
export const ALL_SPF_ROUTERS = 0xe0000005;
/** 224.0.0.6: the designated router and its backup. */
export const ALL_D_ROUTERS = 0xe0000006;

/** Kinds of OSPF packets (RFC 2328 4.3). */
export const PacketType = { Hello: 1, DatabaseDescription: 2, Request: 3, Update: 4, Acknowledgement: 5 } as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

export const PACKET_NAMES = ['', 'hello', 'database description', 'request', 'update', 'acknowledgement'] as const;

/** Kinds of link state advertisements (RFC 2328 A.4.1). */
export const LsaType = { Router: 1, Network: 2, Summary: 3, AsbrSummary: 4, External: 5 } as const;
export type LsaType = (typeof LsaType)[keyof typeof LsaType];

export const LSA_NAMES = ['', 'router', 'network', 'summary', 'ASBR summary', 'AS-external'] as const;

/** Options (RFC 2328 A.2): a router says so that it carries AS-external advertisements. */
export const OPTION_EXTERNAL = 0x02;

/** Architectural constants (RFC 2328 B); ages in seconds, the rest in nanoseconds. */
export const LS_REFRESH_SECONDS = 1800;
export const MAX_AGE_SECONDS = 3600;
export const MAX_AGE_DIFF_SECONDS = 900;
export const MIN_LS_INTERVAL_NS = 5 * SECOND;
export const MIN_LS_ARRIVAL_NS = SECOND;
/** A summary or external that leads nowhere. */
export const LS_INFINITY = 0xffffff;
/** The cost of a link of a router that wants no transit traffic (RFC 6987 2). */
export const MAX_LINK_METRIC = 0xffff;
/** Signed: the first and the last of the sequence numbers (RFC 2328 12.1.6). */
export const INITIAL_SEQUENCE = 0x80000001 | 0;
export const MAX_SEQUENCE = 0x7fffffff;

/** The cost of what has no cost that was set: this many bits a second cost 1 (RFC 1253, Cisco, FRRouting). */
export const REFERENCE_RATE_BPS = 100_000_000;
