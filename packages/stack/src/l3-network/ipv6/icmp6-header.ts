/**
 * ICMPv6 messages (RFC 4443 2.1): a type, a code, a checksum over the pseudo header too, and a body.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |     Code      |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *     |           Identifier          |        Sequence Number        |  echo request, echo reply
 *     +-------------------------------+-------------------------------+
 *     |                             MTU                               |  packet too big
 *     +---------------------------------------------------------------+
 *     |                            Pointer                            |  parameter problem
 *     +---------------------------------------------------------------+
 *     |  echo: data; errors: as much of the packet that is complained about as fits into 1,280 bytes     ...
 *
 * Types below 128 are errors.
 */
export const ICMP6_HEADER_LENGTH = 8;

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
const IDENTIFIER = 4;
const SEQUENCE = 6;
const REST = 4;

export const Icmp6Type = {
  DestinationUnreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  EchoRequest: 128,
  EchoReply: 129,
  MulticastListenerQuery: 130,
  MulticastListenerReport: 131,
  MulticastListenerDone: 132,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighbourSolicitation: 135,
  NeighbourAdvertisement: 136,
  Redirect: 137,
  MulticastListenerReport2: 143,
} as const;

/** Codes of "destination unreachable" (RFC 4443 3.1). */
export const Unreachable6 = {
  NoRoute: 0,
  Prohibited: 1,
  BeyondScope: 2,
  Address: 3,
  Port: 4,
  SourcePolicy: 5,
  RejectRoute: 6,
} as const;

/** Codes of "time exceeded". */
export const TimeExceeded6 = { Transit: 0, Reassembly: 1 } as const;

export function icmp6Type(view: DataView, at: number): number {
  return view.getUint8(at + TYPE);
}
export function icmp6Code(view: DataView, at: number): number {
  return view.getUint8(at + CODE);
}
export function icmp6Checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM);
}
export function icmp6Identifier(view: DataView, at: number): number {
  return view.getUint16(at + IDENTIFIER);
}
export function icmp6Sequence(view: DataView, at: number): number {
  return view.getUint16(at + SEQUENCE);
}
/** The MTU of "packet too big"; the pointer of "parameter problem". */
export function icmp6Rest(view: DataView, at: number): number {
  return view.getUint32(at + REST);
}
export function setIcmp6Checksum(view: DataView, at: number, checksum: number): void {
  view.setUint16(at + CHECKSUM, checksum);
}

/** Writes the eight bytes, the checksum as 0: it covers what follows too. `rest` is the second word. */
export function writeIcmp6Header(view: DataView, at: number, type: number, code: number, rest: number): void {
  view.setUint32(at, (type << 24) | (code << 16));
  view.setUint32(at + REST, rest);
}

/** Errors quote a packet, and are never answered by an error (RFC 4443 2.4). */
export function isIcmp6Error(type: number): boolean {
  return type < 128;
}

const UNREACHABLE_TEXT = [
  'no route to destination',
  'administratively prohibited',
  'beyond the scope of the source address',
  'address unreachable',
  'port unreachable',
  'source address failed policy',
  'reject route',
];

const TYPE_TEXT = new Map<number, string>([
  [Icmp6Type.EchoRequest, 'echo request'],
  [Icmp6Type.EchoReply, 'echo reply'],
  [Icmp6Type.MulticastListenerQuery, 'multicast listener query'],
  [Icmp6Type.MulticastListenerReport, 'multicast listener report'],
  [Icmp6Type.MulticastListenerDone, 'multicast listener done'],
  [Icmp6Type.RouterSolicitation, 'router solicitation'],
  [Icmp6Type.RouterAdvertisement, 'router advertisement'],
  [Icmp6Type.NeighbourSolicitation, 'neighbour solicitation'],
  [Icmp6Type.NeighbourAdvertisement, 'neighbour advertisement'],
  [Icmp6Type.Redirect, 'redirect'],
  [Icmp6Type.MulticastListenerReport2, 'multicast listener report v2'],
]);

const PROBLEM_TEXT = ['a header field', 'an unknown next header', 'an unknown option', 'an incomplete first fragment'];

/** `port unreachable`, `packet too big`, `hop limit exceeded in transit`: for people. */
export function icmp6TypeText(type: number, code: number): string {
  switch (type) {
    case Icmp6Type.DestinationUnreachable:
      return UNREACHABLE_TEXT[code] ?? `destination unreachable, code ${code}`;
    case Icmp6Type.PacketTooBig:
      return 'packet too big';
    case Icmp6Type.TimeExceeded:
      if (code === TimeExceeded6.Transit) return 'hop limit exceeded in transit';
      return code === TimeExceeded6.Reassembly ? 'fragment reassembly time exceeded' : `time exceeded, code ${code}`;
    case Icmp6Type.ParameterProblem:
      return `parameter problem: ${PROBLEM_TEXT[code] ?? `code ${code}`}`;
    default:
      return TYPE_TEXT.get(type) ?? `ICMPv6 type ${type}, code ${code}`;
  }
}

/** One line about the message at `at`, of which the first eight bytes are there. */
export function describeIcmp6(view: DataView, at: number): string {
  const type = icmp6Type(view, at);
  const text = icmp6TypeText(type, icmp6Code(view, at));
  if (type === Icmp6Type.EchoRequest || type === Icmp6Type.EchoReply) {
    return `${text}, id ${icmp6Identifier(view, at)}, seq ${icmp6Sequence(view, at)}`;
  }
  if (type === Icmp6Type.PacketTooBig) return `${text}, MTU ${icmp6Rest(view, at)}`;
  if (type === Icmp6Type.ParameterProblem) return `${text} at byte ${icmp6Rest(view, at)}`;
  return text;
}
