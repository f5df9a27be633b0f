/**
 * CRC-32 as Ethernet's frame check sequence has it (IEEE 802.3 3.2.9), and gzip, and PNG: the polynomial
 *
 *     x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1
 *
 * over the bits lowest first, the register full of ones at the beginning and complemented at the end.
 */
const POLYNOMIAL_REVERSED = 0xedb88320;

/** Sixteen tables of 256: table k holds what a byte does to the register once k more bytes have passed. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let register = byte;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? POLYNOMIAL_REVERSED : 0);
    tables[byte] = register;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256] >>> 8) ^ tables[tables[i - 256] & 255];
  return tables;
}

/** The CRC of `bytes[start, end)`, 32 bits, not negative. On an Ethernet it is sent lowest byte first. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const tables = TABLES;
  let register = -1;
  let at = start;
  // Sixteen bytes at once ("slicing by 16"): only four of the lookups wait for the round before.
  for (const last = end - 16; at <= last; at += 16) {
    const later =
      tables[2816 + bytes[at + 4]] ^
      tables[2560 + bytes[at + 5]] ^
      tables[2304 + bytes[at + 6]] ^
      tables[2048 + bytes[at + 7]] ^
      tables[1792 + bytes[at + 8]] ^
      tables[1536 + bytes[at + 9]] ^
      tables[1280 + bytes[at + 10]] ^
      tables[1024 + bytes[at + 11]] ^
      tables[768 + bytes[at + 12]] ^
      tables[512 + bytes[at + 13]] ^
      tables[256 + bytes[at + 14]] ^
      tables[bytes[at + 15]];
    register =
      tables[3840 + ((register & 255) ^ bytes[at])] ^
      tables[3584 + (((register >>> 8) & 255) ^ bytes[at + 1])] ^
      tables[3328 + (((register >>> 16) & 255) ^ bytes[at + 2])] ^
      tables[3072 + ((register >>> 24) ^ bytes[at + 3])] ^
      later;
  }
  for (; at < end; at++) register = (register >>> 8) ^ tables[(register ^ bytes[at]) & 255];
  return ~register >>> 0;
}
