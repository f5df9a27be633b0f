/**
 * MAC addresses (IEEE 802 "EUI-48"): six bytes, sent first byte first, each byte with its lowest bit first.
 *
 *     +------+------+------+------+------+------+
 *     |  0   |  1   |  2   |  3   |  4   |  5   |
 *     +------+------+------+------+------+------+
 *      |   hi       |            lo             |
 *      +-- bit 0: group address; bit 1: locally administered
 */
export class MacAddress {
  /** Bytes 0 and 1, 16 bits. */
  readonly hi: number;
  /** Bytes 2 to 5, 32 bits, not negative. */
  readonly lo: number;

  static readonly ZERO = new MacAddress(0, 0);
  static readonly BROADCAST = new MacAddress(0xffff, 0xffffffff);

  constructor(hi: number, lo: number) {
    this.hi = hi & 0xffff;
    this.lo = lo >>> 0;
  }

  /** Reads `aa:bb:cc:dd:ee:ff` or `AA-BB-CC-DD-EE-FF`; null for anything else. */
  static parse(text: string): MacAddress | null {
    if (text.length !== 17) return null;
    const separator = text.charCodeAt(2);
    if (separator !== COLON && separator !== HYPHEN) return null;
    let hi = 0;
    let lo = 0;
    for (let i = 0; i < 6; i++) {
      const high = hexValue(text.charCodeAt(i * 3));
      const low = hexValue(text.charCodeAt(i * 3 + 1));
      if (high < 0 || low < 0) return null;
      if (i < 5 && text.charCodeAt(i * 3 + 2) !== separator) return null;
      const byte = high * 16 + low;
      if (i < 2) hi = hi * 256 + byte;
      else lo = lo * 256 + byte;
    }
    return new MacAddress(hi, lo);
  }

  /** The six bytes at `offset`; the caller has checked that they are there. */
  static read(view: DataView, offset: number): MacAddress {
    return new MacAddress(view.getUint16(offset), view.getUint32(offset + 2));
  }

  /** The six bytes from `offset` on. */
  static fromBytes(bytes: Uint8Array, offset = 0): MacAddress {
    return new MacAddress(
      (bytes[offset] << 8) | bytes[offset + 1],
      (bytes[offset + 2] << 24) | (bytes[offset + 3] << 16) | (bytes[offset + 4] << 8) | bytes[offset + 5],
    );
  }

  write(view: DataView, offset: number): void {
    view.setUint16(offset, this.hi);
    view.setUint32(offset + 2, this.lo);
  }

  equals(other: MacAddress): boolean {
    return this.lo === other.lo && this.hi === other.hi;
  }

  /** For a group of stations, broadcast included: the I/G bit (IEEE 802 8.2.2). */
  get isMulticast(): boolean {
    return (this.hi & 0x0100) !== 0;
  }

  get isBroadcast(): boolean {
    return this.hi === 0xffff && this.lo === 0xffffffff;
  }

  /** Given by an administrator (or made up) rather than by a manufacturer: the U/L bit. */
  get isLocal(): boolean {
    return (this.hi & 0x0200) !== 0;
  }

  /** `aa:bb:cc:dd:ee:ff`. */
  toString(): string {
    const digits = this.hi.toString(16).padStart(4, '0') + this.lo.toString(16).padStart(8, '0');
    let text = digits.slice(0, 2);
    for (let i = 2; i < 12; i += 2) text += `:${digits.slice(i, i + 2)}`;
    return text;
  }
}

export function writeMac(view: DataView, offset: number, mac: MacAddress): void {
  view.setUint16(offset, mac.hi);
  view.setUint32(offset + 2, mac.lo);
}

const COLON = 0x3a;
const HYPHEN = 0x2d;

/** The value of a hexadecimal digit's character code, -1 for any other. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
