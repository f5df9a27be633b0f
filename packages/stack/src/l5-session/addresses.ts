import { Errno, NetError } from '../base/errors.ts';
import { formatIpv4, IpAddress } from '../base/ip-address.ts';
import { AF_INET, AF_INET6 } from './constants.ts';

/** An address as Python writes it: `['10.0.0.1', 80]`; over IPv6 flow label and scope follow: `['::1', 80, 0, 0]`. */
export type SocketAddress = [host: string, port: number, ...more: number[]];

/** How a socket shows an address; `scope` is the interface's number for one that means something on its link only. */
export function socketAddress(address: IpAddress, port: number, scope = 0): SocketAddress {
  return address.family === 6 ? [address.toString(), port, 0, scope] : [address.toString(), port];
}

/** Whether an address has to be told apart by its link (RFC 4007 6): fe80::/10, and groups of a link or an interface. */
export function needsScope(address: IpAddress): boolean {
  if (address.family !== 6) return false;
  return address.isLinkLocal || (address.isMulticast && ((address.w0 >>> 16) & 15) <= 2);
}

/** `fe80::1%eth0` in its two parts (RFC 4007 11); the second is empty without a zone. */
export function splitZone(host: string): [address: string, zone: string] {
  const at = host.indexOf('%');
  return at < 0 ? [host, ''] : [host.slice(0, at), host.slice(at + 1)];
}

/** Throws a NetError (EINVAL) for what is no address: a pair of a text and a port. */
export function checkAddress(syscall: string, address: SocketAddress): void {
  if (!Array.isArray(address) || typeof address[0] !== 'string') {
    throw new NetError(Errno.EINVAL, syscall, "an address is written ['10.0.0.1', 80]");
  }
  const [, port, flowInfo = 0, scope = 0] = address;
  if (!(flowInfo >= 0 && flowInfo <= 0xfffff)) throw new NetError(Errno.EINVAL, syscall, `flowinfo ${flowInfo}`);
  if (!(Number.isInteger(scope) && scope >= 0)) throw new NetError(Errno.EINVAL, syscall, `scope_id ${scope}`);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw new NetError(Errno.EINVAL, syscall, `port ${port} is not from 0 to 65535`);
}

/** `10.0.0.1:80`, `[::1]:80`: for messages. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The 32 bits of an IPv4 address in any of the forms of `inet_aton(3)`: one to four numbers, decimal, octal (`010`) or
 * hexadecimal (`0x10`), of which the last fills what is left: `127.1` is 127.0.0.1. -1 for anything else.
 */
export function parseInetAton(text: string): number {
  const parts = text.split('.');
  if (parts.length > 4) return -1;
  let address = 0;
  for (let i = 0; i < parts.length; i++) {
    const value = parseCNumber(parts[i]!);
    const last = i === parts.length - 1;
    const most = last ? 256 ** (4 - i) - 1 : 255;
    if (value < 0 || value > most) return -1;
    address = address * (last ? 256 ** (4 - i) : 256) + value;
  }
  return address;
}

function parseCNumber(text: string): number {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]{0,11}$/.test(text)) return Number.parseInt(text, 8);
  if (/^[1-9][0-9]{0,9}$/.test(text)) return Number.parseInt(text, 10);
  return -1;
}

/** Four bytes in network order. Throws a NetError (EINVAL) for what is no address. */
export function inet_aton(text: string): Uint8Array {
  const address = parseInetAton(text);
  if (address < 0) throw new NetError(Errno.EINVAL, 'inet_aton', JSON.stringify(text));
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

/** `10.0.0.1` from four bytes. */
export function inet_ntoa(bytes: Uint8Array): string {
  if (bytes.length !== 4) throw new NetError(Errno.EINVAL, 'inet_ntoa', `${bytes.length} bytes`);
  return formatIpv4(view(bytes).getUint32(0));
}

/** The bytes of an address in the strict form of its family: 4 or 16. */
export function inet_pton(family: number, text: string): Uint8Array {
  if (family !== AF_INET && family !== AF_INET6) throw new NetError(Errno.EAFNOSUPPORT, 'inet_pton');
  const address = IpAddress.parse(text);
  if (address === null || address.family !== (family === AF_INET ? 4 : 6)) {
    throw new NetError(Errno.EINVAL, 'inet_pton', JSON.stringify(text));
  }
  const bytes = new Uint8Array(family === AF_INET ? 4 : 16);
  address.write(view(bytes), 0);
  return bytes;
}

/** The text of an address from its 4 or 16 bytes. */
export function inet_ntop(family: number, bytes: Uint8Array): string {
  if (family !== AF_INET && family !== AF_INET6) throw new NetError(Errno.EAFNOSUPPORT, 'inet_ntop');
  if (bytes.length !== (family === AF_INET ? 4 : 16)) {
    throw new NetError(Errno.EINVAL, 'inet_ntop', `${bytes.length} bytes`);
  }
  return (family === AF_INET ? IpAddress.read4(view(bytes), 0) : IpAddress.read6(view(bytes), 0)).toString();
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

// The byte order of a host: little-endian, as nearly all are, so that these show what a program sees there.

/** 16 bits from host to network order: `htons(80)` is 20480. */
export function htons(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** 32 bits from host to network order, not negative. */
export function htonl(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

export const ntohs = htons;
export const ntohl = htonl;
