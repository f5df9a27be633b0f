/**
 * VXLAN's header (RFC 7348 5): stands between UDP's and the inner frame.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |R|R|R|R|I|R|R|R|            Reserved                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |                VXLAN Network Identifier (VNI) |   Reserved    |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const VXLAN_HEADER = 8;
/** IANA's port for VXLAN. */
export const VXLAN_PORT = 4789;
/** A VNI has 24 bits. */
export const MAX_VNI = 0xffffff;

const FLAGS = 0;
const VNI = 4;
const FLAG_I = 0x08;

/** The VNI; -1 when there is none: too short, or the I flag, which "MUST be set to 1 for a valid VNI", is not. */
export function vxlanVni(view: DataView, at: number, end: number): number {
  if (at + VXLAN_HEADER > end || (view.getUint8(at + FLAGS) & FLAG_I) === 0) return -1;
  return view.getUint32(at + VNI) >>> 8;
}

/** "The other 7 bits (designated 'R') are reserved fields and MUST be set to zero on transmission". */
export function writeVxlan(view: DataView, at: number, vni: number): void {
  view.setUint32(at + FLAGS, FLAG_I * 0x1000000);
  view.setUint32(at + VNI, vni * 0x100);
}

/** `VXLAN, VNI 42`. */
export function describeVxlan(view: DataView, at: number, end: number): string {
  const vni = vxlanVni(view, at, end);
  return vni < 0 ? 'VXLAN without a VNI' : `VXLAN, VNI ${vni}`;
}
