import { latin1Encode } from '../../base/utf8.ts';
import { HEADER_AND_COOKIE, LEAST_MESSAGE } from './message.ts';
import { Option } from './option-codes.ts';

/**
 * What a relay agent tells the server, and the server tells back (RFC 3046): by which of the relay's links the client is
 * reached.
 *
 *     +----+--------+---------+--------+---------+--------+---------+
 *     | 82 | length | 1: link | length | "eth0"  | 2: ... | length  |
 *     +----+--------+---------+--------+---------+--------+---------+
 */
export const SubOption = { CircuitId: 1, RemoteId: 2 } as const;

/** The value of option 82 for clients on the link of this name. */
export function relayInformation(link: string): Uint8Array {
  const id = latin1Encode(link).subarray(0, 63);
  return Uint8Array.of(SubOption.CircuitId, id.length, ...id);
}

/** The link's name in an option 82 of ours; null when it has none. */
export function circuitOf(value: Uint8Array): string | null {
  for (let at = 0; at + 2 <= value.length; ) {
    const [code, length] = [value[at]!, value[at + 1]!];
    if (at + 2 + length > value.length) return null;
    if (code === SubOption.CircuitId) return String.fromCharCode(...value.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return null;
}

/**
 * A message with option 82 as the last of its options (RFC 3046 2.1.1). The others stay as they are; where they end
 * without an End, as nothing else would be known of them, the message is left alone.
 */
export function withRelayInformation(bytes: Uint8Array, value: Uint8Array, most: number): Uint8Array {
  const end = endOfOptions(bytes);
  const needed = end + 2 + value.length + 1;
  // RFC 3046 2.1.1: where there is no room, it goes on without.
  if (end < 0 || needed > most) return bytes;
  const larger = new Uint8Array(Math.max(LEAST_MESSAGE, needed));
  larger.set(bytes.subarray(0, end));
  larger[end] = Option.RelayAgentInformation;
  larger[end + 1] = value.length;
  larger.set(value, end + 2);
  larger[end + 2 + value.length] = Option.End;
  return larger;
}

/** The same without option 82, which is for relays only. */
export function withoutRelayInformation(bytes: Uint8Array): Uint8Array {
  const kept = bytes.slice();
  let to = HEADER_AND_COOKIE;
  let at = HEADER_AND_COOKIE;
  while (at < bytes.length) {
    const code = bytes[at]!;
    if (code === Option.Pad || code === Option.End) {
      kept[to++] = code;
      at++;
      if (code === Option.End) break;
      continue;
    }
    if (at + 1 >= bytes.length || at + 2 + bytes[at + 1]! > bytes.length) return bytes;
    const length = 2 + bytes[at + 1]!;
    if (code !== Option.RelayAgentInformation) {
      kept.set(bytes.subarray(at, at + length), to);
      to += length;
    }
    at += length;
  }
  kept.fill(0, to);
  return kept.subarray(0, Math.max(Math.min(bytes.length, LEAST_MESSAGE), to));
}

/** Where End stands; -1: the options are not in order. */
function endOfOptions(bytes: Uint8Array): number {
  for (let at = HEADER_AND_COOKIE; at < bytes.length; ) {
    const code = bytes[at]!;
    if (code === Option.End) return at;
    if (code === Option.Pad) at++;
    else if (at + 1 < bytes.length) at += 2 + bytes[at + 1]!;
    else return -1;
  }
  return -1;
}
