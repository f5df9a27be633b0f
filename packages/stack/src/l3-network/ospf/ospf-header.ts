import { finish, sum } from '../../base/checksum.ts';
import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { PACKET_NAMES } from './constants.ts';

/**
 * The header of every OSPF packet (RFC 2328 A.3.1).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |   Version 2   |     Type      |         Packet length         |
 *     +---------------+---------------+-------------------------------+
 *     |                           Router ID                           |
 *     +---------------------------------------------------------------+
 *     |                            Area ID                            |
 *     +-------------------------------+-------------------------------+
 *     |           Checksum            |            AuType             |
 *     +-------------------------------+-------------------------------+
 *     |                        Authentication                         |
 *     |   AuType 1: a password.  AuType 2 (RFC 2328 D.3):             |
 *     +---------------+---------------+---------------+---------------+
 *     |               0               |    Key ID     |  Auth length  |
 *     +-------------------------------+---------------+---------------+
 *     |                Cryptographic sequence number                  |
 *     +---------------------------------------------------------------+
 *
 * The length counts neither a digest that follows nor what else may follow it (RFC 5613).
 */
export const OSPF_HEADER_LENGTH = 24;

const VERSION = 0;
const TYPE = 1;
const LENGTH = 2;
const ROUTER_ID = 4;
const AREA_ID = 8;
const CHECKSUM = 12;
const AUTH_TYPE = 14;
const AUTHENTICATION = 16;
const KEY_ID = 18;
const AUTH_LENGTH = 19;
const CRYPTO_SEQUENCE = 20;

export const AuthType = { None: 0, Password: 1, Cryptographic: 2 } as const;
export type AuthType = (typeof AuthType)[keyof typeof AuthType];

/** What a packet of each type has at least, header included. */
const LEAST = [0, 44, 32, 24, 28, 24] as const;

export function ospfType(view: DataView, at: number): number {
  return view.getUint8(at + TYPE);
}
export function ospfLength(view: DataView, at: number): number {
  return view.getUint16(at + LENGTH);
}
export function ospfRouterId(view: DataView, at: number): number {
  return view.getUint32(at + ROUTER_ID);
}
export function ospfAreaId(view: DataView, at: number): number {
  return view.getUint32(at + AREA_ID);
}
export function ospfAuthType(view: DataView, at: number): number {
  return view.getUint16(at + AUTH_TYPE);
}
export function ospfKeyId(view: DataView, at: number): number {
  return view.getUint8(at + KEY_ID);
}
export function ospfAuthLength(view: DataView, at: number): number {
  return view.getUint8(at + AUTH_LENGTH);
}
export function ospfCryptoSequence(view: DataView, at: number): number {
  return view.getUint32(at + CRYPTO_SEQUENCE);
}
/** Where the password of AuType 1 stands, 8 bytes. */
export function ospfPasswordAt(at: number): number {
  return at + AUTHENTICATION;
}

/** Drop.NONE when `packet.start` stands at a header whose fields fit what there is; does not look at the checksum. */
export function checkOspfHeader(packet: PacketBuffer): DropReason {
  const { view, start } = packet;
  const there = packet.end - start;
  if (there < OSPF_HEADER_LENGTH) return Drop.OSPF_MALFORMED;
  if (view.getUint8(start + VERSION) !== 2) return Drop.OSPF_MALFORMED;
  const type = ospfType(view, start);
  if (type < 1 || type > 5) return Drop.OSPF_MALFORMED;
  const length = ospfLength(view, start);
  return length < LEAST[type] || length > there ? Drop.OSPF_MALFORMED : Drop.NONE;
}

/** The checksum over `length` bytes without the authentication field (RFC 2328 D.4.1); 0 over a packet that is right. */
export function ospfChecksum(view: DataView, at: number, length: number): number {
  return finish(sum(view, at + OSPF_HEADER_LENGTH, at + length, sum(view, at, at + AUTHENTICATION)));
}

/** Writes all but the checksum and authentication, which it clears. */
export function writeOspfHeader(
  view: DataView,
  at: number,
  type: number,
  length: number,
  routerId: number,
  areaId: number,
  authType: number,
): void {
  view.setUint8(at + VERSION, 2);
  view.setUint8(at + TYPE, type);
  view.setUint16(at + LENGTH, length);
  view.setUint32(at + ROUTER_ID, routerId);
  view.setUint32(at + AREA_ID, areaId);
  view.setUint16(at + CHECKSUM, 0);
  view.setUint16(at + AUTH_TYPE, authType);
  view.setUint32(at + AUTHENTICATION, 0);
  view.setUint32(at + AUTHENTICATION + 4, 0);
}

export function setOspfChecksum(view: DataView, at: number, checksum: number): void {
  view.setUint16(at + CHECKSUM, checksum);
}

export function setOspfCryptography(view: DataView, at: number, keyId: number, length: number, sequence: number): void {
  view.setUint16(at + AUTHENTICATION, 0);
  view.setUint8(at + KEY_ID, keyId);
  view.setUint8(at + AUTH_LENGTH, length);
  view.setUint32(at + CRYPTO_SEQUENCE, sequence);
}

/** `update from 10.0.0.1, area 0.0.0.0`. */
export function describeOspf(view: DataView, at: number): string {
  const name = PACKET_NAMES[ospfType(view, at)] ?? 'unknown';
  return `${name} from ${formatIpv4(ospfRouterId(view, at))}, area ${formatIpv4(ospfAreaId(view, at))}`;
}
