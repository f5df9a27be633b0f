import { OSPF_HEADER_LENGTH } from './ospf-header.ts';

/**
 * The packets by which two routers make their databases equal (RFC 2328 A.3.3 to A.3.6), behind the header.
 *
 * Database description: what the sender has.
 *
 *     +-------------------------------+---------------+-----------+-+-+-+
 *     |        Interface MTU          |    Options    |0 0 0 0 0|I|M|MS|
 *     +-------------------------------+---------------+-----------+-+-+-+
 *     |                      DD sequence number                         |
 *     +-----------------------------------------------------------------+
 *     |        Headers of link state advertisements, 20 bytes each  ... |
 *
 * Request: what it wants to have, 12 bytes each: LS type, link state ID, advertising router.
 * Update: a count, and that many whole advertisements. Acknowledgement: headers.
 */
const MTU = OSPF_HEADER_LENGTH;
const OPTIONS = OSPF_HEADER_LENGTH + 2;
const FLAGS = OSPF_HEADER_LENGTH + 3;
const SEQUENCE = OSPF_HEADER_LENGTH + 4;

/** Where the headers of a database description, the entries of a request, and of an acknowledgement begin. */
export const DESCRIPTION_HEADERS = OSPF_HEADER_LENGTH + 8;
export const REQUEST_ENTRIES = OSPF_HEADER_LENGTH;
export const REQUEST_ENTRY_LENGTH = 12;
export const ACKNOWLEDGEMENT_HEADERS = OSPF_HEADER_LENGTH;
export const UPDATE_COUNT = OSPF_HEADER_LENGTH;
export const UPDATE_ADVERTISEMENTS = OSPF_HEADER_LENGTH + 4;

/** The first of an exchange; more will follow; the sender leads. */
export const INIT = 0x04;
export const MORE = 0x02;
export const MASTER = 0x01;

export function descriptionMtu(view: DataView, at: number): number {
  return view.getUint16(at + MTU);
}
export function descriptionOptions(view: DataView, at: number): number {
  return view.getUint8(at + OPTIONS);
}
export function descriptionFlags(view: DataView, at: number): number {
  return view.getUint8(at + FLAGS) & (INIT | MORE | MASTER);
}
export function descriptionSequence(view: DataView, at: number): number {
  return view.getUint32(at + SEQUENCE);
}

export function writeDescription(
  view: DataView,
  at: number,
  mtu: number,
  options: number,
  flags: number,
  sequence: number,
): void {
  view.setUint16(at + MTU, mtu);
  view.setUint8(at + OPTIONS, options);
  view.setUint8(at + FLAGS, flags);
  view.setUint32(at + SEQUENCE, sequence);
}

export function requestType(view: DataView, entry: number): number {
  return view.getUint32(entry);
}
export function requestId(view: DataView, entry: number): number {
  return view.getUint32(entry + 4);
}
export function requestRouter(view: DataView, entry: number): number {
  return view.getUint32(entry + 8);
}
export function writeRequest(view: DataView, entry: number, type: number, id: number, router: number): void {
  view.setUint32(entry, type);
  view.setUint32(entry + 4, id);
  view.setUint32(entry + 8, router);
}

export function updateCount(view: DataView, at: number): number {
  return view.getUint32(at + UPDATE_COUNT);
}
