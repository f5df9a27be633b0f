import type { MacAddress } from '../../base/mac-address.ts';
import type { DhcpMessage } from './message.ts';
import { Option } from './option-codes.ts';

/**
 * Whom a lease belongs to (RFC 2131 4.2): who names himself by option 61 is known by that alone, anybody else by his
 * hardware address. The two never meet: `id:01020000000001` is not `hw:1:020000000001`.
 */
export function identityOf(message: DhcpMessage): string {
  const id = message.options.bytes(Option.ClientIdentifier);
  // RFC 2132 9.14: at least two bytes.
  if (id !== null && id.length >= 2) return `id:${hex(id)}`;
  return `hw:${message.htype}:${hex(message.chaddr.subarray(0, message.hlen))}`;
}

/** The identities under which an Ethernet station may come: by its address, or by option 61 made of it. */
export function identitiesOf(mac: MacAddress): string[] {
  const digits = mac.toString().replaceAll(':', '');
  return [`hw:1:${digits}`, `id:01${digits}`];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
