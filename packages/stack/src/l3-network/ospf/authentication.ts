import { MD5_LENGTH, md5 } from '../../base/md5.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import {
  AuthType,
  ospfAuthLength,
  ospfAuthType,
  ospfChecksum,
  ospfCryptoSequence,
  ospfKeyId,
  ospfLength,
  ospfPasswordAt,
  setOspfChecksum,
  setOspfCryptography,
} from './ospf-header.ts';
import type { Authentication } from './settings.ts';

/**
 * Authentication of packets (RFC 2328 D): none, a password that everybody on the link can read, or a digest over the
 * packet and a secret, which stands behind the packet and is not counted in its length.
 */

/** Bytes of a password (RFC 2328 D.2) and of a secret for MD5 (D.3). */
export const PASSWORD_LENGTH = 8;
export const SECRET_LENGTH = 16;

/** Completes a packet whose header is written: checksum, password or digest. `sequence` never goes down (D.3). */
export function signPacket(packet: PacketBuffer, authentication: Authentication, sequence: number): void {
  const { view, start } = packet;
  if (authentication.type !== 'md5') {
    setOspfChecksum(view, start, ospfChecksum(view, start, packet.length));
    if (authentication.type !== 'password') return;
    const at = ospfPasswordAt(start);
    for (let i = 0; i < PASSWORD_LENGTH; i++) packet.bytes[at + i] = authentication.password[i] ?? 0;
    return;
  }
  const key = authentication.keys[0];
  setOspfCryptography(view, start, key.id, MD5_LENGTH, sequence);
  packet.append(digestOf(packet, packet.length, key.secret));
}

/** '' when a packet, whose header is checked, is authentic; else what is wrong. `last`: the neighbour's last number. */
export function checkAuthentication(packet: PacketBuffer, authentication: Authentication, last: number): string {
  const { view, start } = packet;
  const type = ospfAuthType(view, start);
  const wanted = authentication.type === 'none' ? 0 : authentication.type === 'password' ? 1 : 2;
  if (type !== wanted) return `authentication type ${wanted} here, ${type} there`;
  if (authentication.type === 'none') return '';
  if (authentication.type === 'password') {
    const at = ospfPasswordAt(start);
    for (let i = 0; i < PASSWORD_LENGTH; i++) {
      if (packet.bytes[at + i] !== (authentication.password[i] ?? 0)) return 'another password';
    }
    return '';
  }
  const keyId = ospfKeyId(view, start);
  const key = authentication.keys.find((each) => each.id === keyId);
  if (key === undefined) return `no key ${keyId} here`;
  const length = ospfLength(view, start);
  if (ospfAuthLength(view, start) !== MD5_LENGTH || packet.length < length + MD5_LENGTH) return 'the digest is missing';
  if (ospfCryptoSequence(view, start) < last) return 'an old sequence number: a replay';
  const digest = digestOf(packet, length, key.secret);
  for (let i = 0; i < MD5_LENGTH; i++) if (packet.bytes[start + length + i] !== digest[i]) return 'another digest';
  return '';
}

/** Is the checksum right? With a digest there is none. */
export function checksumGood(packet: PacketBuffer): boolean {
  const { view, start } = packet;
  if (ospfAuthType(view, start) === AuthType.Cryptographic) return true;
  return ospfChecksum(view, start, ospfLength(view, start)) === 0;
}

/** RFC 2328 D.4.3: over the packet and the secret, filled up with zeros. */
function digestOf(packet: PacketBuffer, length: number, secret: Uint8Array): Uint8Array {
  const text = new Uint8Array(length + SECRET_LENGTH);
  text.set(packet.part(packet.start, packet.start + length));
  text.set(secret.subarray(0, SECRET_LENGTH), length);
  return md5(text);
}
