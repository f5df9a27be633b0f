import { IcmpType, TimeExceeded, Unreachable } from '../../l3-network/icmp-header.ts';
import { Icmp6Type } from '../../l3-network/ipv6/icmp6-header.ts';

/** ICMP errors in the words of iputils. */
export function errorText(type: number, code: number, mtu: number): string {
  if (type === IcmpType.TimeExceeded) {
    return code === TimeExceeded.Transit ? 'Time to live exceeded' : 'Frag reassembly time exceeded';
  }
  if (type === IcmpType.SourceQuench) return 'Source Quench';
  if (type === IcmpType.ParameterProblem) return 'Parameter problem: pointer = 0';
  if (type !== IcmpType.DestinationUnreachable) return `Bad ICMP type: ${type}`;
  if (code === Unreachable.FragmentationNeeded) return `Frag needed and DF set (mtu = ${mtu})`;
  return UNREACHABLE[code] ?? `Dest Unreachable, Bad Code: ${code}`;
}

const UNREACHABLE: Readonly<Record<number, string>> = {
  [Unreachable.Net]: 'Destination Net Unreachable',
  [Unreachable.Host]: 'Destination Host Unreachable',
  [Unreachable.Protocol]: 'Destination Protocol Unreachable',
  [Unreachable.Port]: 'Destination Port Unreachable',
  [Unreachable.SourceRouteFailed]: 'Source Route Failed',
  [Unreachable.NetUnknown]: 'Destination Net Unknown',
  [Unreachable.HostUnknown]: 'Destination Host Unknown',
  [Unreachable.SourceHostIsolated]: 'Source Host Isolated',
  [Unreachable.NetProhibited]: 'Destination Net Prohibited',
  [Unreachable.HostProhibited]: 'Destination Host Prohibited',
  [Unreachable.NetTos]: 'Destination Net Unreachable for Type of Service',
  [Unreachable.HostTos]: 'Destination Host Unreachable for Type of Service',
  [Unreachable.Prohibited]: 'Packet filtered',
  [Unreachable.PrecedenceViolation]: 'Precedence Violation',
  [Unreachable.PrecedenceCutoff]: 'Precedence Cutoff',
};

/** ICMPv6 errors, likewise. */
export function errorText6(type: number, code: number, mtu: number): string {
  switch (type) {
    case Icmp6Type.DestinationUnreachable:
      return `Destination unreachable: ${UNREACHABLE6[code] ?? `Unknown code ${code}`}`;
    case Icmp6Type.PacketTooBig:
      return `Packet too big: mtu=${mtu}`;
    case Icmp6Type.TimeExceeded:
      return `Time exceeded: ${code === 0 ? 'Hop limit' : 'Defragmentation failure'}`;
    case Icmp6Type.ParameterProblem:
      return `Parameter problem: ${PROBLEM6[code] ?? `code ${code}`}`;
    default:
      return `unknown icmp type: ${type}`;
  }
}

const UNREACHABLE6 = [
  'No route',
  'Administratively prohibited',
  'Beyond scope of source address',
  'Address unreachable',
  'Port unreachable',
  'Source address failed policy',
  'Reject route',
];
const PROBLEM6 = ['Wrong header field', 'Unknown header', 'Unknown option', 'First fragment without its headers'];
