import { IpAddress } from './ip-address.ts';

/**
 * An address with the length of its network part (RFC 4632 3.1, RFC 4291 2.3), as an interface or a route has it:
 * 10.0.0.1/24 is the address 10.0.0.1 in the network 10.0.0.0/24.
 */
export class Prefix {
  /** As written, with its host bits. */
  readonly address: IpAddress;
  /** The address with its host bits cleared. */
  readonly network: IpAddress;
  /** Bits of the network part: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number;
  private readonly m0: number;
  private readonly m1: number;
  private readonly m2: number;
  private readonly m3: number;

  /** `length` must fit the family of `address`. */
  constructor(address: IpAddress, length: number) {
    const bits = address.family === 4 ? 32 : 128;
    if (!Number.isInteger(length) || length < 0 || length > bits) throw new RangeError(`no prefix length: ${length}`);
    const mapped = length + 128 - bits;
    this.m0 = maskWord(mapped);
    this.m1 = maskWord(mapped - 32);
    this.m2 = maskWord(mapped - 64);
    this.m3 = maskWord(mapped - 96);
    this.address = address;
    this.length = length;
    this.network =
      address.family === 4
        ? IpAddress.v4(address.w3 & this.m3)
        : IpAddress.v6(address.w0 & this.m0, address.w1 & this.m1, address.w2 & this.m2, address.w3 & this.m3);
  }

  /** Reads `10.0.0.1/24` or `2001:db8::1/64`; null for anything else. */
  static parse(text: string): Prefix | null {
    const slash = text.indexOf('/');
    if (slash < 0) return null;
    const address = IpAddress.parse(text.slice(0, slash));
    const digits = text.slice(slash + 1);
    if (address === null || !/^(?:0|[1-9][0-9]{0,2})$/.test(digits)) return null;
    const length = Number(digits);
    return length <= (address.family === 4 ? 32 : 128) ? new Prefix(address, length) : null;
  }

  contains(address: IpAddress): boolean {
    const { network } = this;
    return (
      (((address.w3 ^ network.w3) & this.m3) |
        ((address.w2 ^ network.w2) & this.m2) |
        ((address.w1 ^ network.w1) & this.m1) |
        ((address.w0 ^ network.w0) & this.m0)) ===
        0 && address.family === network.family
    );
  }

  equals(other: Prefix): boolean {
    return this.length === other.length && this.address.equals(other.address);
  }

  /** The IPv4 mask as 32 bits, not negative: 0xffffff00 for /24. */
  get mask4(): number {
    return this.m3;
  }

  /**
   * The directed broadcast address as 32 bits. A /31 and a /32 have no such address, all of theirs are hosts
   * (RFC 3021 2.1): 255.255.255.255, which is a broadcast everywhere.
   */
  get broadcast4(): number {
    return this.length >= 31 ? 0xffffffff : (this.network.w3 | ~this.m3) >>> 0;
  }

  /** `10.0.0.1/24`: the address as written. */
  toString(): string {
    return `${this.address}/${this.length}`;
  }
}

/** A word whose first `bits` bits are set; anything below 0 counts as 0, above 32 as 32. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}
