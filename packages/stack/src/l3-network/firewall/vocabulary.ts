import { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';

/** The names that rules may use, and what they stand for: handed in, for this layer knows no names. */
export interface Vocabulary {
  /** Addresses of a host, a set, a network or an interface; null: nothing is called so. */
  addresses(name: string): readonly AddressRange[] | null;
  /** The port of a service; -1: there is none of that name. */
  service(name: string, protocol: 'tcp' | 'udp'): number;
  /** All that `addresses` knows, for hints. */
  names(): Iterable<string>;
  /** Interfaces that are there; null: any name may come to be one. */
  interfaces(): readonly string[] | null;
}

/** Addresses and numbers only. */
export const NO_NAMES: Vocabulary = {
  addresses: () => null,
  service: () => -1,
  names: () => [],
  interfaces: () => null,
};

/** From one address to another, both included. */
export interface AddressRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** `10.0.1.5`, `10.0.1.0/24`, `10.0.1.5-10.0.1.9`, `2001:db8::/32`; null: it is none of these. */
export function parseRange(text: string): AddressRange | null {
  const dash = text.indexOf('-');
  if (dash > 0) {
    const first = IpAddress.parse(text.slice(0, dash));
    const last = IpAddress.parse(text.slice(dash + 1));
    if (first === null || last === null || first.family !== last.family) return null;
    return compare(first, last) <= 0 ? { first, last } : null;
  }
  const address = IpAddress.parse(text);
  if (address !== null) return { first: address, last: address };
  const prefix = text.includes('/') ? Prefix.parse(text) : null;
  return prefix === null ? null : rangeOf(prefix);
}

/** From the first to the last address of a network. */
export function rangeOf(prefix: Prefix): AddressRange {
  const { address, length } = prefix;
  if (address.family === 4) {
    const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
    return { first: IpAddress.v4((address.v4 & mask) >>> 0), last: IpAddress.v4((address.v4 | ~mask) >>> 0) };
  }
  const words = [address.w0, address.w1, address.w2, address.w3];
  const first: number[] = [];
  const last: number[] = [];
  for (let word = 0; word < 4; word++) {
    const bits = Math.min(32, Math.max(0, length - word * 32));
    const mask = bits === 0 ? 0 : -1 << (32 - bits);
    first.push((words[word]! & mask) >>> 0);
    last.push((words[word]! | ~mask) >>> 0);
  }
  return {
    first: IpAddress.v6(first[0]!, first[1]!, first[2]!, first[3]!),
    last: IpAddress.v6(last[0]!, last[1]!, last[2]!, last[3]!),
  };
}

/** Which of two addresses of one family comes first: negative, zero or positive. */
export function compare(a: IpAddress, b: IpAddress): number {
  return a.w0 - b.w0 || a.w1 - b.w1 || a.w2 - b.w2 || a.w3 - b.w3;
}

/** What a word of a rule means as addresses: itself, or what the vocabulary says; null: neither. */
export function lookUp(word: string, vocabulary: Vocabulary): readonly AddressRange[] | null {
  const range = parseRange(word);
  return range !== null ? [range] : vocabulary.addresses(word);
}
