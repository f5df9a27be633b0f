import { Errno } from '../base/errors.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { IPV4_HEADER_LENGTH, ipv4HeaderLength } from '../l3-network/ipv4-header.ts';
import { checkOptions, OPTIONS_GOOD, OPTIONS_SOURCE_ROUTE } from '../l3-network/ipv4-options.ts';

/** The most that an IPv4 header has room for. */
const MOST_BYTES = 40;

/**
 * The options of an IP header that a program asks for (IP_OPTIONS), filled up to 32 bits; or -EINVAL (malformed, or more
 * than 40 bytes), -EPERM (source routes are not sent).
 */
export function wantedIpOptions(bytes: Uint8Array): Uint8Array | number {
  if (bytes.length > MOST_BYTES) return -Errno.EINVAL;
  const options = new Uint8Array((bytes.length + 3) & ~3);
  options.set(bytes);
  const found = checkOptions(new DataView(options.buffer), 0, options.length);
  if (found === OPTIONS_SOURCE_ROUTE) return -Errno.EPERM;
  return found === OPTIONS_GOOD ? options : -Errno.EINVAL;
}

/** The options in the IP header at `packet.l3` (IP_RECVOPTS); null when it has none, or is not of IPv4. */
export function ipOptionsOf({ l3, view, bytes }: PacketBuffer): Uint8Array | null {
  if (l3 < 0 || view.getUint8(l3) >> 4 !== 4) return null;
  const end = l3 + ipv4HeaderLength(view, l3);
  return end === l3 + IPV4_HEADER_LENGTH ? null : bytes.slice(l3 + IPV4_HEADER_LENGTH, end);
}
