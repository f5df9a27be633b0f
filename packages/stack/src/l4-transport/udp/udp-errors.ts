import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { type IcmpErrno, IcmpType, icmpErrno } from '../../l3-network/icmp-header.ts';

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

/** Types of ICMPv6 errors (RFC 4443 3). */
const Icmp6 = { DestinationUnreachable: 1, PacketTooBig: 2, TimeExceeded: 3, ParameterProblem: 4 } as const;

/** "Destination unreachable" of ICMPv6 (RFC 4443 3.1), by code, as Linux's `icmpv6_err_convert` has it. */
const UNREACHABLE6: readonly IcmpErrno[] = [
  { errno: Errno.ENETUNREACH, hard: false }, // 0 no route to destination
  { errno: Errno.EACCES, hard: true }, // 1 administratively prohibited
  { errno: Errno.EHOSTUNREACH, hard: false }, // 2 beyond the scope of the source address
  { errno: Errno.EHOSTUNREACH, hard: false }, // 3 address unreachable
  { errno: Errno.ECONNREFUSED, hard: true }, // 4 port unreachable
  { errno: Errno.EACCES, hard: true }, // 5 the source address failed the policy
  { errno: Errno.EACCES, hard: true }, // 6 reject route
];
const TOO_BIG: IcmpErrno = { errno: Errno.EMSGSIZE, hard: false };
const EXPIRED: IcmpErrno = { errno: Errno.EHOSTUNREACH, hard: false };
const MALFORMED: IcmpErrno = { errno: Errno.EPROTO, hard: true };

/**
 * What an ICMP error means to the socket whose datagram caused it. RFC 1122 4.1.3.3 wants every one to reach the program;
 * Linux passes on the hard ones always, and the soft ones, which may pass by themselves, to who asked with IP_RECVERR.
 * null when the message says nothing about a datagram (source quench, RFC 6633) or is unknown.
 */
export function meaningOfIcmp(family: 4 | 6, type: number, code: number): IcmpErrno | null {
  if (family === 4) {
    if (type === IcmpType.DestinationUnreachable && code > 15) return null;
    const meaning = icmpErrno(type, code);
    return meaning.errno === 0 ? null : meaning;
  }
  if (type === Icmp6.DestinationUnreachable) return UNREACHABLE6[code] ?? null;
  if (type === Icmp6.PacketTooBig) return TOO_BIG;
  if (type === Icmp6.TimeExceeded) return EXPIRED;
  if (type === Icmp6.ParameterProblem) return MALFORMED;
  return null;
}
