import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';

/**
 * What an ICMP error means to the socket whose datagram caused it: the table that Linux has (`icmp_err_convert`),
 * for the types of RFC 792, 1122 3.2.2.1 and 1812 5.2.7.1. RFC 1122 4.1.3.3 wants every one of them to reach the
 * program; Linux passes on the hard ones always, and the soft ones, which may pass by themselves, to who asked for them
 * with IP_RECVERR.
 */
export interface IcmpMeaning {
  readonly errno: number;
  /** It will not get better by itself. */
  readonly hard: boolean;
}

/** One ICMP error as a program with IP_RECVERR reads it: Linux's `struct sock_extended_err` and what goes with it. */
export interface IcmpReport {
  readonly errno: number;
  readonly type: number;
  readonly code: number;
  /** Bytes that the next hop carries, for "fragmentation needed"; else 0. */
  readonly mtu: number;
  /** Who says so. */
  readonly from: IpAddress;
  /** Where the datagram was going, and its port; for an echo request, its sequence number. */
  readonly remote: IpAddress;
  readonly remotePort: number;
}

const DESTINATION_UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;

const DESTINATION_UNREACHABLE6 = 1;
const PACKET_TOO_BIG6 = 2;
const TIME_EXCEEDED6 = 3;
const PARAMETER_PROBLEM6 = 4;

function meaning(errno: number, hard: boolean): IcmpMeaning {
  return { errno, hard };
}

/** Destination unreachable, by code. */
const UNREACHABLE: readonly IcmpMeaning[] = [
  meaning(Errno.ENETUNREACH, false), // 0 net unreachable
  meaning(Errno.EHOSTUNREACH, false), // 1 host unreachable
  meaning(Errno.ENOPROTOOPT, true), // 2 protocol unreachable
  meaning(Errno.ECONNREFUSED, true), // 3 port unreachable
  meaning(Errno.EMSGSIZE, false), // 4 fragmentation needed
  meaning(Errno.EOPNOTSUPP, false), // 5 source route failed
  meaning(Errno.ENETUNREACH, true), // 6 destination network unknown
  meaning(Errno.EHOSTDOWN, true), // 7 destination host unknown
  meaning(Errno.EHOSTUNREACH, true), // 8 source host isolated
  meaning(Errno.ENETUNREACH, true), // 9 network administratively prohibited
  meaning(Errno.EHOSTUNREACH, true), // 10 host administratively prohibited
  meaning(Errno.ENETUNREACH, false), // 11 network unreachable for this type of service
  meaning(Errno.EHOSTUNREACH, false), // 12 host unreachable for this type of service
  meaning(Errno.EHOSTUNREACH, true), // 13 communication administratively prohibited
  meaning(Errno.EHOSTUNREACH, true), // 14 host precedence violation
  meaning(Errno.EHOSTUNREACH, true), // 15 precedence cutoff in effect
];

/** ICMPv6 destination unreachable (RFC 4443 3.1), by code. */
const UNREACHABLE6: readonly IcmpMeaning[] = [
  meaning(Errno.ENETUNREACH, false), // 0 no route to destination
  meaning(Errno.EACCES, true), // 1 administratively prohibited
  meaning(Errno.EHOSTUNREACH, false), // 2 beyond scope of source address
  meaning(Errno.EHOSTUNREACH, false), // 3 address unreachable
  meaning(Errno.ECONNREFUSED, true), // 4 port unreachable
  meaning(Errno.EACCES, true), // 5 source address failed policy
  meaning(Errno.EACCES, true), // 6 reject route
];

const TOO_LARGE = meaning(Errno.EMSGSIZE, false);
const EXPIRED = meaning(Errno.EHOSTUNREACH, false);
const MALFORMED = meaning(Errno.EIO, true);

/** null when the message says nothing about a datagram (source quench, RFC 6633) or is unknown. */
export function meaningOfIcmp(family: 4 | 6, type: number, code: number): IcmpMeaning | null {
  if (family === 4) {
    if (type === DESTINATION_UNREACHABLE) return UNREACHABLE[code] ?? null;
    if (type === TIME_EXCEEDED) return EXPIRED;
    if (type === PARAMETER_PROBLEM) return MALFORMED;
    return null;
  }
  if (type === DESTINATION_UNREACHABLE6) return UNREACHABLE6[code] ?? null;
  if (type === PACKET_TOO_BIG6) return TOO_LARGE;
  if (type === TIME_EXCEEDED6) return EXPIRED;
  if (type === PARAMETER_PROBLEM6) return MALFORMED;
  return null;
}
