import { formatIpv4 } from '../../../base/ip-address.ts';
import type { OspfInterface, OspfNeighbour } from '../../../l3-network/ospf/router-state.ts';
import { InterfaceState, NEIGHBOUR_STATE_NAMES } from '../../../l3-network/ospf/states.ts';

/** `Full/DR`, as FRRouting has it: the state, and what the neighbour is on the link. */
export function stateWords(neighbour: OspfNeighbour): string {
  const on = neighbour.interface;
  let role = '-';
  if (on.isBroadcast) {
    role = 'DROther';
    if (neighbour.address === on.designated) role = 'DR';
    else if (neighbour.address === on.backup) role = 'Backup';
  }
  return `${NEIGHBOUR_STATE_NAMES[neighbour.state]}/${role}`;
}

/** `12.345s`, `1h02m03s`. */
export function spanWords(ns: number): string {
  const seconds = Math.max(0, ns) / 1e9;
  if (seconds < 60) return `${seconds.toFixed(3)}s`;
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours === 0 ? `${minutes}m${two(whole % 60)}s` : `${hours}h${two(minutes)}m${two(whole % 60)}s`;
}

export function networkWords(on: OspfInterface): string {
  if (on.state === InterfaceState.Loopback) return 'LOOPBACK';
  return on.isBroadcast ? 'BROADCAST' : 'POINTOPOINT';
}

export function addressWords(on: OspfInterface): string {
  return `${formatIpv4(on.link.address)}/${on.link.length}`;
}
