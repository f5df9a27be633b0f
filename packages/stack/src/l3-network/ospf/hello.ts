import { OSPF_HEADER_LENGTH } from './ospf-header.ts';

/**
 * Hello (RFC 2328 A.3.2), behind the header: who is here, and whom it has heard.
 *
 *     +---------------------------------------------------------------+
 *     |                         Network mask                          |
 *     +-------------------------------+---------------+---------------+
 *     |     Hello interval (s)        |    Options    |   Priority    |
 *     +-------------------------------+---------------+---------------+
 *     |                   Router dead interval (s)                    |
 *     +---------------------------------------------------------------+
 *     |              Designated router (IP address)                   |
 *     +---------------------------------------------------------------+
 *     |              Backup designated router (IP address)            |
 *     +---------------------------------------------------------------+
 *     |              Neighbour (router ID)                        ... |
 */
const MASK = OSPF_HEADER_LENGTH;
const INTERVAL = OSPF_HEADER_LENGTH + 4;
const OPTIONS = OSPF_HEADER_LENGTH + 6;
const PRIORITY = OSPF_HEADER_LENGTH + 7;
const DEAD_INTERVAL = OSPF_HEADER_LENGTH + 8;
const DESIGNATED = OSPF_HEADER_LENGTH + 12;
const BACKUP = OSPF_HEADER_LENGTH + 16;
const NEIGHBOURS = OSPF_HEADER_LENGTH + 20;

/** Bytes of a hello that names `neighbours` routers. */
export function helloLength(neighbours: number): number {
  return NEIGHBOURS + neighbours * 4;
}

export function helloMask(view: DataView, at: number): number {
  return view.getUint32(at + MASK);
}
export function helloInterval(view: DataView, at: number): number {
  return view.getUint16(at + INTERVAL);
}
export function helloOptions(view: DataView, at: number): number {
  return view.getUint8(at + OPTIONS);
}
export function helloPriority(view: DataView, at: number): number {
  return view.getUint8(at + PRIORITY);
}
export function helloDeadInterval(view: DataView, at: number): number {
  return view.getUint32(at + DEAD_INTERVAL);
}
export function helloDesignated(view: DataView, at: number): number {
  return view.getUint32(at + DESIGNATED);
}
export function helloBackup(view: DataView, at: number): number {
  return view.getUint32(at + BACKUP);
}

/** Does a hello of `length` bytes name this router? */
export function helloNames(view: DataView, at: number, length: number, routerId: number): boolean {
  for (let each = NEIGHBOURS; each + 4 <= length; each += 4) {
    if (view.getUint32(at + each) === routerId) return true;
  }
  return false;
}

/** Writes all behind the header but the neighbours. */
export function writeHello(
  view: DataView,
  at: number,
  mask: number,
  interval: number,
  options: number,
  priority: number,
  deadInterval: number,
  designated: number,
  backup: number,
): void {
  view.setUint32(at + MASK, mask);
  view.setUint16(at + INTERVAL, interval);
  view.setUint8(at + OPTIONS, options);
  view.setUint8(at + PRIORITY, priority);
  view.setUint32(at + DEAD_INTERVAL, deadInterval);
  view.setUint32(at + DESIGNATED, designated);
  view.setUint32(at + BACKUP, backup);
}

export function setHelloNeighbour(view: DataView, at: number, index: number, routerId: number): void {
  view.setUint32(at + NEIGHBOURS + index * 4, routerId);
}
