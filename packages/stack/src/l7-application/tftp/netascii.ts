/**
 * Text as TFTP carries it in mode netascii (RFC 764's NVT, RFC 1350 1): a line ends with CR LF, and a CR that ends none is
 * CR NUL. Files here have their lines end with LF.
 */
const LF = 0x0a;
const CR = 0x0d;
const NUL = 0;

export function toNetascii(bytes: Uint8Array): Uint8Array {
  let more = 0;
  for (const byte of bytes) if (byte === LF || byte === CR) more++;
  const out = new Uint8Array(bytes.length + more);
  let at = 0;
  for (const byte of bytes) {
    if (byte === LF) out[at++] = CR;
    out[at++] = byte;
    if (byte === CR) out[at++] = NUL;
  }
  return out;
}

/** A CR before anything else stays as it is. */
export function fromNetascii(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const next = bytes[i + 1];
    if (byte === CR && next === LF) continue;
    out[at++] = byte;
    if (byte === CR && next === NUL) i++;
  }
  return out.subarray(0, at);
}
