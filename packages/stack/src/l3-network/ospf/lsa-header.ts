import { formatIpv4 } from '../../base/ip-address.ts';
import { LSA_NAMES, MAX_AGE_DIFF_SECONDS, MAX_AGE_SECONDS } from './constants.ts';
import { fletcherChecksum, fletcherGood } from './fletcher.ts';

/**
 * The header of a link state advertisement (RFC 2328 A.4.1). Type, ID and advertising router name it; sequence, checksum
 * and age say which instance it is.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------------------------------+---------------+---------------+
 *     |         LS age (s)            |    Options    |    LS type    |
 *     +-------------------------------+---------------+---------------+
 *     |                        Link state ID                          |
 *     +---------------------------------------------------------------+
 *     |                     Advertising router                        |
 *     +---------------------------------------------------------------+
 *     |                 LS sequence number (signed)                   |
 *     +-------------------------------+-------------------------------+
 *     |         LS checksum           |            Length             |
 *     +-------------------------------+-------------------------------+
 *
 * The checksum is Fletcher's, over all but the age, which changes on the way.
 */
export const LSA_HEADER_LENGTH = 20;

const AGE = 0;
const OPTIONS = 2;
const TYPE = 3;
const ID = 4;
const ROUTER = 8;
const SEQUENCE = 12;
const CHECKSUM = 16;
const LENGTH = 18;

/** RFC 4136: the first bit of the age, which says that it does not age; nobody here sends it. */
const AGE_MASK = 0x7fff;

export function lsaAge(view: DataView, at: number): number {
  const age = view.getUint16(at + AGE) & AGE_MASK;
  return age < MAX_AGE_SECONDS ? age : MAX_AGE_SECONDS;
}
export function lsaOptions(view: DataView, at: number): number {
  return view.getUint8(at + OPTIONS);
}
export function lsaType(view: DataView, at: number): number {
  return view.getUint8(at + TYPE);
}
export function lsaId(view: DataView, at: number): number {
  return view.getUint32(at + ID);
}
export function lsaRouter(view: DataView, at: number): number {
  return view.getUint32(at + ROUTER);
}
export function lsaSequence(view: DataView, at: number): number {
  return view.getInt32(at + SEQUENCE);
}
export function lsaChecksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM);
}
export function lsaLength(view: DataView, at: number): number {
  return view.getUint16(at + LENGTH);
}
export function setLsaAge(view: DataView, at: number, age: number): void {
  view.setUint16(at + AGE, age < MAX_AGE_SECONDS ? age : MAX_AGE_SECONDS);
}

/** Is the checksum of an advertisement of `length` bytes right? Zero is not (RFC 2328 12.1.7). */
export function lsaChecksumGood(bytes: Uint8Array, view: DataView, at: number, length: number): boolean {
  return lsaChecksum(view, at) !== 0 && fletcherGood(bytes, at + OPTIONS, at + length);
}

/** Writes a header in front of a body that is there already, with its checksum. */
export function writeLsaHeader(
  bytes: Uint8Array,
  view: DataView,
  options: number,
  type: number,
  id: number,
  router: number,
  sequence: number,
): void {
  view.setUint16(AGE, 0);
  view.setUint8(OPTIONS, options);
  view.setUint8(TYPE, type);
  view.setUint32(ID, id);
  view.setUint32(ROUTER, router);
  view.setInt32(SEQUENCE, sequence);
  view.setUint16(LENGTH, bytes.length);
  view.setUint16(CHECKSUM, fletcherChecksum(bytes, OPTIONS, bytes.length, CHECKSUM));
}

/** The header's fields of one instance, as an object, for lists and comparisons. */
export interface LsaInstance {
  readonly sequence: number;
  readonly checksum: number;
  /** Seconds, now. */
  readonly age: number;
}

/** Which of two instances is more recent (RFC 2328 13.1): above 0 the first, below 0 the second, 0: the same one. */
export function compareInstances(
  sequenceA: number,
  checksumA: number,
  ageA: number,
  sequenceB: number,
  checksumB: number,
  ageB: number,
): number {
  if (sequenceA !== sequenceB) return sequenceA > sequenceB ? 1 : -1;
  if (checksumA !== checksumB) return checksumA > checksumB ? 1 : -1;
  const oldA = ageA >= MAX_AGE_SECONDS;
  const oldB = ageB >= MAX_AGE_SECONDS;
  if (oldA !== oldB) return oldA ? 1 : -1;
  if (Math.abs(ageA - ageB) > MAX_AGE_DIFF_SECONDS) return ageA < ageB ? 1 : -1;
  return 0;
}

/** `router LSA 10.0.0.1`, `summary LSA 10.1.0.0 of 10.0.0.1`. */
export function lsaName(type: number, id: number, router: number): string {
  const kind = LSA_NAMES[type] ?? `type ${type}`;
  return id === router ? `${kind} LSA ${formatIpv4(id)}` : `${kind} LSA ${formatIpv4(id)} of ${formatIpv4(router)}`;
}
