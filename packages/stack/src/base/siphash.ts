/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short inputs. Who does not know the key cannot foretell
 * it, nor find inputs that collide: for initial sequence numbers (RFC 6528 3), ephemeral ports (RFC 6056 3.3.3) and
 * tables that are filled by whoever sends packets.
 *
 * Its words are of 64 bits: here two halves, `l` and `h`, each a 32-bit integer.
 */

/**
 * The low 32 bits of the hash, not negative.
 * @param key four 32-bit words, the low half of each 64-bit half first
 * @param words the message as 32-bit words, each taken as four bytes, lowest first
 */
export function sipHash24(key: Uint32Array | readonly number[], words: Uint32Array | readonly number[]): number {
  let v0l = key[0] ^ 0x70736575; // "somepseudorandomlygeneratedbytes"
  let v0h = key[1] ^ 0x736f6d65;
  let v1l = key[2] ^ 0x6e646f6d;
  let v1h = key[3] ^ 0x646f7261;
  let v2l = key[0] ^ 0x6e657261;
  let v2h = key[1] ^ 0x6c796765;
  let v3l = key[2] ^ 0x79746573;
  let v3h = key[3] ^ 0x74656462;
  // Two rounds for each 64 bits of message, the last of which end in the length; then four to finish.
  const blocks = (words.length >> 1) + 1;
  for (let block = 0; block <= blocks; block++) {
    let ml = 0;
    let mh = 0;
    let rounds = 2;
    if (block === blocks) {
      v2l ^= 0xff;
      rounds = 4;
    } else if (block === blocks - 1) {
      if (words.length & 1) ml = words[words.length - 1] | 0;
      mh = words.length << 26; // the length in bytes, modulo 256, in the highest byte
    } else {
      ml = words[block * 2] | 0;
      mh = words[block * 2 + 1] | 0;
    }
    v3l ^= ml;
    v3h ^= mh;
    for (; rounds > 0; rounds--) {
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      let low = (v0l >>> 0) + (v1l >>> 0);
      let high = (v0h + v1h + (low > 0xffffffff ? 1 : 0)) | 0;
      let l = (v1l << 13) | (v1h >>> 19);
      let h = (v1h << 13) | (v1l >>> 19);
      v1l = l ^ low;
      v1h = h ^ high;
      v0l = high;
      v0h = low | 0;
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      low = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (low > 0xffffffff ? 1 : 0)) | 0;
      v2l = low | 0;
      l = (v3l << 16) | (v3h >>> 16);
      h = (v3h << 16) | (v3l >>> 16);
      v3l = l ^ v2l;
      v3h = h ^ v2h;
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      low = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (low > 0xffffffff ? 1 : 0)) | 0;
      v0l = low | 0;
      l = (v3l << 21) | (v3h >>> 11);
      h = (v3h << 21) | (v3l >>> 11);
      v3l = l ^ v0l;
      v3h = h ^ v0h;
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      low = (v2l >>> 0) + (v1l >>> 0);
      high = (v2h + v1h + (low > 0xffffffff ? 1 : 0)) | 0;
      l = (v1l << 17) | (v1h >>> 15);
      h = (v1h << 17) | (v1l >>> 15);
      v1l = l ^ low;
      v1h = h ^ high;
      v2l = high;
      v2h = low | 0;
    }
    v0l ^= ml;
    v0h ^= mh;
  }
  return (v0l ^ v1l ^ v2l ^ v3l) >>> 0;
}
