import { formatIpv4, IpAddress } from '../../../base/ip-address.ts';
import { getservbyport } from '../../../l4-transport/services.ts';
import type { HostsFile } from '../../hosts-file.ts';

/** How packets are shown: tcpdump's letters. */
export interface PrintOptions {
  /** `-n`: numbers, no names. */
  readonly numeric: boolean;
  /** `-e`: the link header too. */
  readonly link: boolean;
  /** `-v`, `-vv`: how much is told of each header. */
  readonly verbose: number;
  /** `-S`: sequence numbers as they are on the wire. */
  readonly absolute: boolean;
  /** Null: no names of hosts. */
  readonly names: HostsFile | null;
}

/**
 * A part of a packet: `[at, end)` of `bytes` is what is there of it, and `length` is how long it was on the wire, which
 * is more where a capture or a quotation cut it.
 */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: number;
  readonly end: number;
  readonly length: number;
}

/** What stands behind the first `count` bytes. */
export function behind(piece: Piece, count: number): Piece {
  return { ...piece, at: piece.at + count, length: piece.length - count };
}

/** Nothing of it is missing. */
export function isWhole({ at, end, length }: Piece): boolean {
  return end - at >= length;
}

export function address4(options: PrintOptions, address: number): string {
  return nameOf(options, () => IpAddress.v4(address)) ?? formatIpv4(address);
}

export function address6(options: PrintOptions, view: DataView, at: number): string {
  const address = IpAddress.read6(view, at);
  return nameOf(options, () => address) ?? address.toString();
}

function nameOf(options: PrintOptions, address: () => IpAddress): string | null {
  return options.numeric || options.names === null ? null : options.names.reverse(address());
}

/** A port: the name of its service, unless numbers are wanted. */
export function portText(options: PrintOptions, port: number, protocol: 'tcp' | 'udp'): string {
  return (options.numeric ? null : getservbyport(port, protocol)?.name) ?? String(port);
}

/** `0x0a`-style digits without the prefix, at least `digits` of them. */
export function hex(value: number, digits = 1): string {
  return value.toString(16).padStart(digits, '0');
}

/** `8 packets`, `1 packet`. */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
