import { IpAddress } from '../../base/ip-address.ts';

/** Where a data connection is to lead, as commands and replies write it. */
export interface DataAddress {
  readonly host: string;
  readonly port: number;
}

const SIX = /([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3})/;

/** `10,0,0,2,19,136` is 10.0.0.2 port 5000 (RFC 959 5.2). */
export function formatPort({ host, port }: DataAddress): string {
  return [...host.split('.'), port >> 8, port & 0xff].join(',');
}

/** PORT's argument; null: it is none. */
export function parsePort(text: string): DataAddress | null {
  const found = SIX.exec(text);
  return found === null || found[0] !== text.trim() ? null : six(found);
}

/** The address in `227 Entering Passive Mode (10,0,0,1,19,136)`: RFC 1123 4.1.2.6 says to look for the digits. */
export function parsePassive(text: string): DataAddress | null {
  const found = SIX.exec(text);
  return found === null ? null : six(found);
}

function six(found: RegExpExecArray): DataAddress | null {
  const numbers = found.slice(1).map(Number);
  if (numbers.some((number) => number > 255)) return null;
  const port = numbers[4]! * 256 + numbers[5]!;
  return port === 0 ? null : { host: numbers.slice(0, 4).join('.'), port };
}

/** `|1|10.0.0.2|5000|`, `|2|2001:db8::2|5000|` (RFC 2428 2). */
export function formatExtendedPort({ host, port }: DataAddress): string {
  return `|${host.includes(':') ? 2 : 1}|${host}|${port}|`;
}

/** EPRT's argument; `protocol`: it is well written, and of a protocol that is not known; null: it is none. */
export function parseExtendedPort(text: string): DataAddress | 'protocol' | null {
  const mark = text.charAt(0);
  if (mark < '!' || mark > '~') return null;
  const [before, protocol, host, port, after, ...more] = text.split(mark);
  if (before !== '' || after !== '' || more.length > 0 || !/^[0-9]{1,5}$/.test(port ?? '')) return null;
  if (protocol !== '1' && protocol !== '2') return /^[0-9]{1,5}$/.test(protocol ?? '') ? 'protocol' : null;
  const address = IpAddress.parse(host!);
  const number = Number(port);
  if (address === null || number < 1 || number > 65_535) return null;
  if (address.family !== (protocol === '1' ? 4 : 6)) return null;
  return { host: address.toString(), port: number };
}

/** The port in `229 Entering Extended Passive Mode (|||6446|)` (RFC 2428 3). */
export function parseExtendedPassive(text: string): number | null {
  const found = /\(([!-~])\1\1([0-9]{1,5})\1\)/.exec(text);
  const port = Number(found?.[2] ?? 0);
  return port >= 1 && port <= 65_535 ? port : null;
}
