import { latin1Encode, utf8Decode, utf8Encode } from '../../base/utf8.ts';
import { DHCP_LIMITS } from './limits.ts';
import { MessageType, Option } from './option-codes.ts';

/**
 * The options of one message, by code, in the order in which they are to be written: the first are the last to be left
 * out when a message has no room for all.
 *
 * A value that does not have its option's form is as good as absent (RFC 2132): the getters say null.
 */
export class DhcpOptions {
  private readonly values = new Map<number, Uint8Array>();

  get size(): number {
    return this.values.size;
  }

  codes(): number[] {
    return [...this.values.keys()];
  }

  has(code: number): boolean {
    return this.values.has(code);
  }

  /** The bytes as they are; not to be written to. */
  bytes(code: number): Uint8Array | null {
    return this.values.get(code) ?? null;
  }

  /** Keeps `value`, which is not to be written to afterwards. */
  set(code: number, value: Uint8Array): this {
    this.values.set(code, value);
    return this;
  }

  delete(code: number): void {
    this.values.delete(code);
  }

  /** The number in an option of exactly `length` bytes (1, 2 or 4), or null. */
  number(code: number, length: 1 | 2 | 4): number | null {
    const value = this.values.get(code);
    if (value === undefined || value.length !== length) return null;
    let number = 0;
    for (const byte of value) number = number * 256 + byte;
    return number;
  }

  setNumber(code: number, length: 1 | 2 | 4, number: number): this {
    const value = new Uint8Array(length);
    for (let i = 0; i < length; i++) value[i] = number / 256 ** (length - 1 - i);
    return this.set(code, value);
  }

  /** One address as 32 bits, or null. */
  address(code: number): number | null {
    return this.number(code, 4);
  }

  setAddress(code: number, address: number): this {
    return this.setNumber(code, 4, address);
  }

  /** Addresses as 32 bits each, the best first; empty when there are none, or their bytes are not a multiple of four. */
  addresses(code: number): number[] {
    const value = this.values.get(code);
    if (value === undefined || value.length % 4 !== 0) return [];
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const addresses: number[] = [];
    for (let at = 0; at < value.length && addresses.length < DHCP_LIMITS.addresses; at += 4) {
      addresses.push(view.getUint32(at));
    }
    return addresses;
  }

  setAddresses(code: number, addresses: readonly number[]): this {
    const value = new Uint8Array(addresses.length * 4);
    const view = new DataView(value.buffer);
    for (const [i, address] of addresses.entries()) view.setUint32(i * 4, address);
    return this.set(code, value);
  }

  /** A text without the NULs that some end it with (RFC 2132 2), or null. Control characters become `?`. */
  text(code: number): string | null {
    const value = this.values.get(code);
    if (value === undefined || value.length === 0) return null;
    let end = Math.min(value.length, DHCP_LIMITS.nameBytes);
    while (end > 0 && value[end - 1] === 0) end--;
    return utf8Decode(value, 0, end).replace(/[\0-\x1f\x7f]/g, '?');
  }

  setText(code: number, text: string): this {
    return this.set(code, utf8Encode(text));
  }

  /** Option 53; `Bootp` (0) without one, -1 for a value that there is not: such a message is nobody's. */
  get messageType(): number {
    if (!this.values.has(Option.MessageType)) return MessageType.Bootp;
    const type = this.number(Option.MessageType, 1);
    return type !== null && type >= MessageType.Discover && type <= MessageType.Inform ? type : -1;
  }

  set messageType(type: number) {
    this.setNumber(Option.MessageType, 1, type);
  }
}

/** A host name as it may stand in a zone or a hosts file (RFC 1123 2.1), or null. */
export function hostNameOf(text: string | null): string | null {
  if (text === null || text.length > 253) return null;
  return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/.test(text)
    ? text
    : null;
}

/** The bytes of a NUL-terminated field of `length` bytes: BOOTP's `sname` and `file`. */
export function fixedText(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(latin1Encode(text).subarray(0, length - 1));
  return bytes;
}
