import { Errno } from '../base/errors.ts';
import { formatIpv4 } from '../base/ip-address.ts';

/**
 * ICMP messages (RFC 792): eight bytes, the last four of which mean something else for each type.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |     Code      |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *     |           Identifier          |        Sequence Number        |  echo, echo reply
 *     +-------------------------------+-------------------------------+
 *     |             unused            |         Next-hop MTU          |  fragmentation needed (RFC 1191 4)
 *     +---------------+---------------+-------------------------------+
 *     |    Pointer    |                   unused                      |  parameter problem
 *     +---------------+-----------------------------------------------+
 *     |  echo: data; errors: the header and first bytes of the packet that is complained about          ...
 */
export const ICMP_HEADER_LENGTH = 8;

/** A timestamp message (RFC 792) has three times behind its header: originate, receive, transmit. */
export const ICMP_TIMESTAMP_LENGTH = 20;
export const ICMP_RECEIVE_TIMESTAMP = 12;
export const ICMP_TRANSMIT_TIMESTAMP = 16;

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
const IDENTIFIER = 4;
const SEQUENCE = 6;
const REST = 4;
const NEXT_HOP_MTU = 6;

export const IcmpType = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  SourceQuench: 4,
  Redirect: 5,
  Echo: 8,
  RouterAdvertisement: 9,
  RouterSolicitation: 10,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
  InformationRequest: 15,
  InformationReply: 16,
  AddressMaskRequest: 17,
  AddressMaskReply: 18,
} as const;

/** Codes of "destination unreachable" (RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1). */
export const Unreachable = {
  Net: 0,
  Host: 1,
  Protocol: 2,
  Port: 3,
  FragmentationNeeded: 4,
  SourceRouteFailed: 5,
  NetUnknown: 6,
  HostUnknown: 7,
  SourceHostIsolated: 8,
  NetProhibited: 9,
  HostProhibited: 10,
  NetTos: 11,
  HostTos: 12,
  Prohibited: 13,
  PrecedenceViolation: 14,
  PrecedenceCutoff: 15,
} as const;

/** Codes of "time exceeded". */
export const TimeExceeded = { Transit: 0, Reassembly: 1 } as const;

export function icmpType(view: DataView, at: number): number {
  return view.getUint8(at + TYPE);
}
export function icmpCode(view: DataView, at: number): number {
  return view.getUint8(at + CODE);
}
export function icmpChecksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM);
}
export function icmpIdentifier(view: DataView, at: number): number {
  return view.getUint16(at + IDENTIFIER);
}
export function icmpSequence(view: DataView, at: number): number {
  return view.getUint16(at + SEQUENCE);
}
/** 0 from a router that is older than RFC 1191. */
export function icmpNextHopMtu(view: DataView, at: number): number {
  return view.getUint16(at + NEXT_HOP_MTU);
}
/** The router that a redirect tells of (32 bits). */
export function icmpGateway(view: DataView, at: number): number {
  return view.getUint32(at + REST);
}
/** Which byte of the quoted packet is wrong. */
export function icmpPointer(view: DataView, at: number): number {
  return view.getUint8(at + REST);
}

export function setIcmpType(view: DataView, at: number, type: number): void {
  view.setUint8(at + TYPE, type);
}
export function setIcmpChecksum(view: DataView, at: number, checksum: number): void {
  view.setUint16(at + CHECKSUM, checksum);
}

/** Writes the eight bytes, the checksum as 0: it covers what follows too. `rest` is the second word. */
export function writeIcmpHeader(view: DataView, at: number, type: number, code: number, rest: number): void {
  view.setUint32(at, (type << 24) | (code << 16));
  view.setUint32(at + REST, rest);
}

/** Errors quote a packet, and are never answered by an error (RFC 1122 3.2.2). */
export function isIcmpError(type: number): boolean {
  return (
    type === IcmpType.DestinationUnreachable ||
    type === IcmpType.SourceQuench ||
    type === IcmpType.Redirect ||
    type === IcmpType.TimeExceeded ||
    type === IcmpType.ParameterProblem
  );
}

/** Questions and their answers: about an echo an error may be told. */
export function isIcmpQuery(type: number): boolean {
  return (
    type === IcmpType.EchoReply || type === IcmpType.Echo || (type >= 9 && type <= 10) || (type >= 13 && type <= 18)
  );
}

/** What an ICMP error means to a program. */
export interface IcmpErrno {
  readonly errno: number;
  /** It will not get better by trying again: it ends a connection that is being opened, and is told at once. */
  readonly hard: boolean;
}

const soft = (errno: number): IcmpErrno => ({ errno, hard: false });
const hard = (errno: number): IcmpErrno => ({ errno, hard: true });

/** By code of "destination unreachable", as Linux's `icmp_err_convert` has it. */
const UNREACHABLE_ERRNO: readonly IcmpErrno[] = [
  soft(Errno.ENETUNREACH),
  soft(Errno.EHOSTUNREACH),
  hard(Errno.ENOPROTOOPT),
  hard(Errno.ECONNREFUSED),
  soft(Errno.EMSGSIZE),
  soft(Errno.EOPNOTSUPP),
  hard(Errno.ENETUNREACH),
  hard(Errno.EHOSTDOWN),
  hard(Errno.ENONET),
  hard(Errno.ENETUNREACH),
  hard(Errno.EHOSTUNREACH),
  soft(Errno.ENETUNREACH),
  soft(Errno.EHOSTUNREACH),
  hard(Errno.EHOSTUNREACH),
  hard(Errno.EHOSTUNREACH),
  hard(Errno.EHOSTUNREACH),
];
const TIME_EXCEEDED_ERRNO = soft(Errno.EHOSTUNREACH);
const PARAMETER_PROBLEM_ERRNO = hard(Errno.EPROTO);
/** Source quench is deprecated (RFC 6633) and means nothing; a redirect is not an error. */
const NO_ERRNO = soft(0);

/** The error number (positive; 0: nothing to tell) that an ICMP error becomes, and whether it is final. */
export function icmpErrno(type: number, code: number): IcmpErrno {
  if (type === IcmpType.DestinationUnreachable) return UNREACHABLE_ERRNO[code] ?? hard(Errno.EHOSTUNREACH);
  if (type === IcmpType.TimeExceeded) return TIME_EXCEEDED_ERRNO;
  if (type === IcmpType.ParameterProblem) return PARAMETER_PROBLEM_ERRNO;
  return NO_ERRNO;
}

const UNREACHABLE_TEXT = [
  'net unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed and DF set',
  'source route failed',
  'net unknown',
  'host unknown',
  'source host isolated',
  'net prohibited',
  'host prohibited',
  'net unreachable for this TOS',
  'host unreachable for this TOS',
  'communication prohibited',
  'precedence violation',
  'precedence cutoff',
];

/** `echo request`, `port unreachable`, `time to live exceeded in transit`: for people. */
export function icmpTypeText(type: number, code: number): string {
  switch (type) {
    case IcmpType.EchoReply:
      return 'echo reply';
    case IcmpType.DestinationUnreachable:
      return UNREACHABLE_TEXT[code] ?? `destination unreachable, code ${code}`;
    case IcmpType.SourceQuench:
      return 'source quench';
    case IcmpType.Redirect:
      return 'redirect';
    case IcmpType.Echo:
      return 'echo request';
    case IcmpType.Timestamp:
      return 'timestamp request';
    case IcmpType.TimestampReply:
      return 'timestamp reply';
    case IcmpType.TimeExceeded:
      if (code === TimeExceeded.Transit) return 'time to live exceeded in transit';
      return code === TimeExceeded.Reassembly ? 'fragment reassembly time exceeded' : `time exceeded, code ${code}`;
    case IcmpType.ParameterProblem:
      return 'parameter problem';
    default:
      return `ICMP type ${type}, code ${code}`;
  }
}

function hasIdentifier(type: number): boolean {
  return (
    type === IcmpType.Echo ||
    type === IcmpType.EchoReply ||
    type === IcmpType.Timestamp ||
    type === IcmpType.TimestampReply
  );
}

/** One line about the message at `at`, of which the first eight bytes are there. */
export function describeIcmp(view: DataView, at: number): string {
  const type = icmpType(view, at);
  const text = icmpTypeText(type, icmpCode(view, at));
  if (hasIdentifier(type)) {
    return `${text}, id ${icmpIdentifier(view, at)}, seq ${icmpSequence(view, at)}`;
  }
  if (type === IcmpType.DestinationUnreachable && icmpCode(view, at) === Unreachable.FragmentationNeeded) {
    return `${text}, next-hop MTU ${icmpNextHopMtu(view, at)}`;
  }
  if (type === IcmpType.Redirect) return `${text} to ${formatIpv4(icmpGateway(view, at))}`;
  if (type === IcmpType.ParameterProblem) return `${text} at byte ${icmpPointer(view, at)}`;
  return text;
}
