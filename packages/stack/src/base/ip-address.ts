/** Third word of an IPv4-mapped address. */
const MAPPED = 0xffff;
/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`: nothing longer is an address. */
const MAX_TEXT = 45;

const COLON = 0x3a;
const DOT = 0x2e;

/**
 * IP addresses of both families in one immutable class: four 32-bit words, most significant first. An IPv4 address is
 * kept in its IPv4-mapped form (RFC 4291 2.5.5.2), so that tables hash and compare the same four words for either.
 *
 *     |          w0           |          w1           |          w2           |          w3           |
 *     |                       0                       |      0x0000ffff       |     IPv4 address      |
 *
 * The family is part of the address: 10.0.0.1 and ::ffff:10.0.0.1 have the same words and are not equal.
 */
export class IpAddress {
  readonly family: 4 | 6;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;

  /** 0.0.0.0 */
  static readonly ANY4 = IpAddress.v4(0);
  /** 127.0.0.1 */
  static readonly LOOPBACK4 = IpAddress.v4(0x7f000001);
  /** 255.255.255.255 */
  static readonly BROADCAST4 = IpAddress.v4(0xffffffff);
  /** :: */
  static readonly ANY6 = IpAddress.v6(0, 0, 0, 0);
  /** ::1 */
  static readonly LOOPBACK6 = IpAddress.v6(0, 0, 0, 1);

  private constructor(family: 4 | 6, w0: number, w1: number, w2: number, w3: number) {
    this.family = family;
    this.w0 = w0 >>> 0;
    this.w1 = w1 >>> 0;
    this.w2 = w2 >>> 0;
    this.w3 = w3 >>> 0;
  }

  /** From 32 bits: `IpAddress.v4(0x0a000001)` is 10.0.0.1. */
  static v4(address: number): IpAddress {
    return new IpAddress(4, 0, 0, MAPPED, address);
  }

  /** From four 32-bit words, most significant first. */
  static v6(w0: number, w1: number, w2: number, w3: number): IpAddress {
    return new IpAddress(6, w0, w1, w2, w3);
  }

  /** Reads either family's text: a strict dotted quad, or the forms of RFC 4291 2.2 without a zone; else null. */
  static parse(text: string): IpAddress | null {
    if (text.length > MAX_TEXT) return null;
    if (text.includes(':')) return parseIpv6(text);
    const address = parseIpv4(text);
    return address < 0 ? null : IpAddress.v4(address);
  }

  /** The four bytes at `offset`; the caller has checked that they are there. */
  static read4(view: DataView, offset: number): IpAddress {
    return IpAddress.v4(view.getUint32(offset));
  }

  /** The sixteen bytes at `offset`; the caller has checked that they are there. */
  static read6(view: DataView, offset: number): IpAddress {
    return IpAddress.v6(
      view.getUint32(offset),
      view.getUint32(offset + 4),
      view.getUint32(offset + 8),
      view.getUint32(offset + 12),
    );
  }

  /** The IPv4 address as 32 bits, not negative; of an IPv6 address, its last 32 bits. */
  get v4(): number {
    return this.w3;
  }

  /** Writes 4 or 16 bytes, as the family has it. */
  write(view: DataView, offset: number): void {
    if (this.family === 4) {
      view.setUint32(offset, this.w3);
      return;
    }
    view.setUint32(offset, this.w0);
    view.setUint32(offset + 4, this.w1);
    view.setUint32(offset + 8, this.w2);
    view.setUint32(offset + 12, this.w3);
  }

  equals(other: IpAddress): boolean {
    return (
      this.w3 === other.w3 &&
      this.w2 === other.w2 &&
      this.w1 === other.w1 &&
      this.w0 === other.w0 &&
      this.family === other.family
    );
  }

  /** 0.0.0.0 or :: */
  get isUnspecified(): boolean {
    return this.w3 === 0 && (this.family === 4 || (this.w2 === 0 && this.w1 === 0 && this.w0 === 0));
  }

  /** 127.0.0.0/8 (RFC 1122 3.2.1.3) or ::1 (RFC 4291 2.5.3). */
  get isLoopback(): boolean {
    if (this.family === 4) return this.w3 >>> 24 === 127;
    return this.w3 === 1 && this.w2 === 0 && this.w1 === 0 && this.w0 === 0;
  }

  /** 224.0.0.0/4 (RFC 1112 4) or ff00::/8 (RFC 4291 2.7). */
  get isMulticast(): boolean {
    return this.family === 4 ? this.w3 >>> 28 === 0xe : this.w0 >>> 24 === 0xff;
  }

  /** 255.255.255.255 */
  get isLimitedBroadcast(): boolean {
    return this.family === 4 && this.w3 === 0xffffffff;
  }

  /** 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291 2.5.6): means something on its own link only. */
  get isLinkLocal(): boolean {
    return this.family === 4 ? this.w3 >>> 16 === 0xa9fe : this.w0 >>> 22 === 0x3fa;
  }

  /** An IPv6 address that stands for an IPv4 one, ::ffff:0:0/96: what an IPv6 socket shows of an IPv4 peer. */
  get isMapped(): boolean {
    return this.family === 6 && this.w2 === MAPPED && this.w1 === 0 && this.w0 === 0;
  }

  /** The text of RFC 5952: `10.0.0.1`, `2001:db8::1`, `::ffff:10.0.0.1`. */
  toString(): string {
    if (this.family === 4) return formatIpv4(this.w3);
    if (this.isMapped) return `::ffff:${formatIpv4(this.w3)}`; // RFC 5952 5
    return formatIpv6([this.w0, this.w1, this.w2, this.w3]);
  }
}

/** `10.0.0.1` from 0x0a000001. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/**
 * The 32 bits of a dotted quad, not negative; -1 for anything else. Strict: four decimal numbers without leading
 * zeros, which some read as octal (RFC 6943 3.1.1), and none of `inet_aton`'s short forms.
 */
export function parseIpv4(text: string): number {
  if (text.length > 15) return -1;
  let address = 0;
  let at = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return -1;
    const from = at;
    let value = 0;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === from || value > 255 || (at - from > 1 && text.charCodeAt(from) === 0x30)) return -1;
    address = address * 256 + value;
  }
  return at === text.length ? address : -1;
}

/** RFC 4291 2.2: eight groups, `::` for one run of zeros, a dotted quad for the last two groups. */
function parseIpv6(text: string): IpAddress | null {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  /** Where `::` stands, in groups; -1 when there is none. */
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const from = at;
    let value = 0;
    for (let digit = hexDigit(text, at); digit >= 0; digit = hexDigit(text, at)) {
      value = value * 16 + digit;
      at++;
    }
    if (text.charCodeAt(at) === DOT) {
      const quad = parseIpv4(text.slice(from));
      if (quad < 0 || count > 6) return null;
      groups[count++] = quad >>> 16;
      groups[count++] = quad & 0xffff;
      break;
    }
    if (at === from || at - from > 4 || count === 8) return null;
    groups[count++] = value;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== COLON || at === text.length) return null;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return null;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== 8 : count === 8) return null;
  if (gap >= 0) {
    groups.copyWithin(gap + 8 - count, gap, count);
    groups.fill(0, gap, gap + 8 - count);
  }
  const word = (i: number): number => groups[i] * 0x10000 + groups[i + 1];
  return IpAddress.v6(word(0), word(2), word(4), word(6));
}

/** RFC 5952 4: lower case, no leading zeros, `::` for the first of the longest runs of two or more zero groups. */
function formatIpv6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let gap = 8;
  let longest = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > longest) {
      longest = to - from;
      gap = from;
    }
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return gap === 8 ? text(0, 8) : `${text(0, gap)}::${text(gap + longest, 8)}`;
}

/** The value of the hexadecimal digit at `at`, -1 for anything else and past the end. */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
