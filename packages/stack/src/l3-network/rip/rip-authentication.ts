import { MD5_LENGTH, md5 } from '../../base/md5.ts';
import { RIP_ENTRY_LENGTH, RIP_HEADER_LENGTH, RipFamily, ripFamily } from './rip-message.ts';

/**
 * How RIP messages show that they come from a neighbour that may send them. Either the password is in the first entry
 * (RFC 2453 4.1), or a digest of message and key stands behind the last (RFC 4822 2, keyed MD5):
 *
 *     +-------------------------------+-------------------------------+
 *     |            0xffff             |            type: 3            |  the first entry
 *     +-------------------------------+---------------+---------------+
 *     |   length without the trailer  |    key ID     | digest length |
 *     +-------------------------------+---------------+---------------+
 *     |                 sequence number, never smaller                |
 *     +---------------------------------------------------------------+
 *     |                             0 (8 bytes)                       |
 *     +-------------------------------+-------------------------------+
 *     |  ... entries ...                                              |
 *     +-------------------------------+-------------------------------+
 *     |            0xffff             |               1               |  the trailer
 *     +-------------------------------+-------------------------------+
 *     |        digest: MD5 of all before it, and the key, 16 bytes    |
 *     +---------------------------------------------------------------+
 */
export interface RipAuthentication {
  readonly type: 'password' | 'md5';
  /** The password or key: at most 16 bytes count. */
  readonly secret: string;
  /** For MD5, 0 to 255. */
  readonly keyId: number;
}

const PASSWORD = 2;
const DIGEST = 3;
const SECRET_LENGTH = 16;
const TRAILER_HEADER = 4;
export const RIP_TRAILER_LENGTH = TRAILER_HEADER + MD5_LENGTH;

/** The bytes of a secret, padded with zeros: one a character, as other routers read them. */
function secretBytes({ secret }: RipAuthentication): Uint8Array {
  const bytes = new Uint8Array(SECRET_LENGTH);
  for (let i = 0; i < Math.min(secret.length, SECRET_LENGTH); i++) bytes[i] = secret.charCodeAt(i);
  return bytes;
}

/** Writes the first entry of a message whose last entry will end at `end`; `sequence` is for MD5. */
export function writeRipAuthentication(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  authentication: RipAuthentication,
  sequence: number,
): void {
  const entry = at + RIP_HEADER_LENGTH;
  bytes.fill(0, entry, entry + RIP_ENTRY_LENGTH);
  view.setUint16(entry, RipFamily.Authentication);
  if (authentication.type === 'password') {
    view.setUint16(entry + 2, PASSWORD);
    bytes.set(secretBytes(authentication), entry + 4);
    return;
  }
  view.setUint16(entry + 2, DIGEST);
  view.setUint16(entry + 4, end - at);
  view.setUint8(entry + 6, authentication.keyId);
  view.setUint8(entry + 7, MD5_LENGTH);
  view.setUint32(entry + 8, sequence);
}

/** Puts the trailer behind the entries, which end at `end`; returns where it ends. Nothing to do for a password. */
export function signRip(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  authentication: RipAuthentication,
): number {
  if (authentication.type !== 'md5') return end;
  view.setUint32(end, 0xffff_0001);
  bytes.set(digest(bytes, at, end + TRAILER_HEADER, authentication), end + TRAILER_HEADER);
  return end + RIP_TRAILER_LENGTH;
}

/** What the authentication of a message amounts to. */
export class RipVerdict {
  /** Why it is refused; empty: it is not. */
  fault = '';
  /** Where the entries that tell of routes begin and end. */
  start = 0;
  end = 0;
  /** Of a digest; -1: there is none. */
  sequence = -1;
}

/**
 * Looks whether `[at, end)` may be believed. Without authentication of our own, messages that have some are refused
 * (RFC 2453 4.1).
 */
export function verifyRip(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  authentication: RipAuthentication | null,
): RipVerdict {
  const verdict = new RipVerdict();
  const entry = at + RIP_HEADER_LENGTH;
  verdict.start = entry;
  verdict.end = end;
  const has = entry + RIP_ENTRY_LENGTH <= end && ripFamily(view, entry) === RipFamily.Authentication;
  if (!has || authentication === null) {
    if (has) verdict.fault = 'it is authenticated, and nothing of that is configured here';
    else if (authentication !== null) verdict.fault = 'it is not authenticated';
    return verdict;
  }
  verdict.start = entry + RIP_ENTRY_LENGTH;
  const type = view.getUint16(entry + 2);
  if (type !== (authentication.type === 'md5' ? DIGEST : PASSWORD)) {
    verdict.fault = `its authentication is of type ${type}`;
  } else if (authentication.type === 'password') {
    const wanted = secretBytes(authentication);
    if (!same(bytes, entry + 4, wanted)) verdict.fault = 'the password is wrong';
  } else {
    verifyDigest(bytes, view, at, end, authentication, verdict);
  }
  return verdict;
}

function verifyDigest(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  authentication: RipAuthentication,
  verdict: RipVerdict,
): void {
  const entry = at + RIP_HEADER_LENGTH;
  const trailer = at + view.getUint16(entry + 4);
  // Some routers count the trailer's first four bytes as part of the digest: 20.
  const stated = view.getUint8(entry + 7);
  const lengthGood = stated === MD5_LENGTH || stated === RIP_TRAILER_LENGTH;
  if (!lengthGood || trailer < verdict.start || trailer + RIP_TRAILER_LENGTH > end) {
    verdict.fault = 'the digest is not where it says';
  } else if (view.getUint8(entry + 6) !== authentication.keyId) {
    verdict.fault = `the key is number ${view.getUint8(entry + 6)}`;
  } else if (
    view.getUint32(trailer) !== 0xffff_0001 ||
    !same(bytes, trailer + TRAILER_HEADER, digest(bytes, at, trailer + TRAILER_HEADER, authentication))
  ) {
    verdict.fault = 'the digest is wrong';
  } else {
    verdict.end = trailer;
    verdict.sequence = view.getUint32(entry + 8);
  }
}

function digest(bytes: Uint8Array, at: number, end: number, authentication: RipAuthentication): Uint8Array {
  const text = new Uint8Array(end - at + SECRET_LENGTH);
  text.set(bytes.subarray(at, end));
  text.set(secretBytes(authentication), end - at);
  return md5(text);
}

/** In a time that says nothing of where they differ. */
function same(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < wanted.length; i++) difference |= bytes[at + i]! ^ wanted[i]!;
  return difference === 0;
}
