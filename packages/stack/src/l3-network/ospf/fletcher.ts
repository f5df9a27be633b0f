/**
 * The checksum of link state advertisements: ISO 8473's, which J. Fletcher thought of (RFC 905 annex B, RFC 2328 12.1.7).
 *
 * Two sums modulo 255, the second one a sum of the first's values, so that it notices bytes that change places. The two
 * check bytes are chosen so that both sums over everything come out 0. A zero checksum is none, and is not accepted.
 */

/** Sums are below 2^31 for as many bytes between two divisions: 255 + n * 255 and n^2 * 255 / 2. */
const STRETCH = 4102;

/** The two bytes, as 16 bits, that belong at `field` among the bytes from `start` to `end`; what stands there does not count. */
export function fletcherChecksum(bytes: Uint8Array, start: number, end: number, field: number): number {
  let c0 = 0;
  let c1 = 0;
  for (let at = start; at < end; ) {
    const stop = at + STRETCH < end ? at + STRETCH : end;
    for (; at < stop; at++) {
      if (at !== field && at !== field + 1) c0 += bytes[at];
      c1 += c0;
    }
    c0 %= 255;
    c1 %= 255;
  }
  const after = end - field - 1;
  let x = (after * c0 - c1) % 255;
  if (x <= 0) x += 255;
  let y = 510 - c0 - x;
  if (y > 255) y -= 255;
  return (x << 8) | y;
}

/** Are both sums over these bytes 0? */
export function fletcherGood(bytes: Uint8Array, start: number, end: number): boolean {
  let c0 = 0;
  let c1 = 0;
  for (let at = start; at < end; ) {
    const stop = at + STRETCH < end ? at + STRETCH : end;
    for (; at < stop; at++) {
      c0 += bytes[at];
      c1 += c0;
    }
    c0 %= 255;
    c1 %= 255;
  }
  return c0 === 0 && c1 === 0;
}
