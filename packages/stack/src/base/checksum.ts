/**
 * The Internet checksum (RFC 1071): the one's complement of the one's-complement sum of the 16-bit words.
 *
 * One's-complement addition is addition modulo 65,535, and 2^16 is 1 there: so whole 32-bit words may be summed and
 * folded once at the end (RFC 1071 2(C)). Sums are kept in doubles, which are exact to 2^53: two million words.
 */

/**
 * The unfolded sum of the big-endian 16-bit words from `start` to `end`; of an odd last byte a zero follows
 * (RFC 1071 4.1). The result is the next part's `initial`, if this part had an even length. `start` may be odd.
 */
export function sum(view: DataView, start: number, end: number, initial = 0): number {
  // A few words are added up before they join what is in a double: compilers add those as 64-bit integers, for they
  // know how large they can get. Two accumulators, so that an addition need not wait for the one before.
  let a = initial;
  let b = 0;
  let at = start;
  for (const last = end - 32; at <= last; at += 32) {
    a += view.getUint32(at) + view.getUint32(at + 4) + view.getUint32(at + 8) + view.getUint32(at + 12);
    b += view.getUint32(at + 16) + view.getUint32(at + 20) + view.getUint32(at + 24) + view.getUint32(at + 28);
  }
  for (const last = end - 4; at <= last; at += 4) a += view.getUint32(at);
  if (at + 2 <= end) {
    b += view.getUint16(at);
    at += 2;
  }
  if (at < end) b += view.getUint8(at) << 8;
  return a + b;
}

/** A sum (0 to 2^53) as 16 bits, the carries added in. */
export function fold(sum: number): number {
  const low = sum >>> 0;
  const high = (sum - low) / 0x1_0000_0000;
  let folded = (low & 0xffff) + (low >>> 16) + (high & 0xffff) + (high >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return (folded & 0xffff) + (folded >>> 16);
}

/**
 * The checksum that belongs to a sum: what is stored in the field, which was summed as zero. Over bytes that hold
 * their checksum already it is 0 exactly when they are right.
 */
export function finish(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/**
 * The checksum after one 16-bit word under it changed (RFC 1624 3, equation 3: HC' = ~(~HC + ~m + m')).
 * What a router does to a header whose TTL it lowers, without reading the rest.
 */
export function update16(checksum: number, oldWord: number, newWord: number): number {
  let changed = (~checksum & 0xffff) + (~oldWord & 0xffff) + (newWord & 0xffff);
  changed = (changed & 0xffff) + (changed >>> 16);
  changed = (changed & 0xffff) + (changed >>> 16);
  return ~changed & 0xffff;
}

/** The checksum after an aligned 32-bit word under it changed: an address, for one that translates. */
export function update32(checksum: number, oldWord: number, newWord: number): number {
  return update16(update16(checksum, oldWord >>> 16, newWord >>> 16), oldWord & 0xffff, newWord & 0xffff);
}
