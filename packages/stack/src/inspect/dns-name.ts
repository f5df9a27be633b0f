/** A name longer than this is none (RFC 1035 2.3.4). */
const NAME_LIMIT = 255;

/**
 * Reads the domain name at `at` of a DNS message that begins at `messageStart` (RFC 1035 4.1.4): labels with their
 * length in front, ended by an empty one or by a pointer, whose two top bits are set, to where the name goes on.
 * Returns its text (`<Root>` for the empty name) and where its own bytes end; null when it makes no sense.
 *
 * A pointer must lead backwards, so the walk ends.
 */
export function readDnsName(
  bytes: Uint8Array,
  messageStart: number,
  at: number,
  messageEnd: number,
): { text: string; end: number } | null {
  let text = '';
  let length = 0;
  let end = -1;
  let lowest = at;
  let position = at;
  for (;;) {
    if (position >= messageEnd) return null;
    const count = bytes[position]!;
    if (count === 0) {
      if (end < 0) end = position + 1;
      return { text: text === '' ? '<Root>' : text, end };
    }
    if (count >= 0xc0) {
      if (position + 1 >= messageEnd) return null;
      if (end < 0) end = position + 2;
      const target = messageStart + (((count & 0x3f) << 8) | bytes[position + 1]!);
      if (target >= lowest) return null;
      lowest = target;
      position = target;
      continue;
    }
    length += count + 1;
    if (count > 63 || length > NAME_LIMIT || position + 1 + count > messageEnd) return null;
    text += (text === '' ? '' : '.') + label(bytes, position + 1, position + 1 + count);
    position += count + 1;
  }
}

/** A label as zone files write it: dots within it, and what is not printable, escaped (RFC 1035 5.1). */
function label(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}
