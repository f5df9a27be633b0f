import { describe, expect, it } from 'vitest';
import { describeVxlan, MAX_VNI, VXLAN_HEADER, vxlanVni, writeVxlan } from './vxlan-header.ts';

const view = new DataView(new ArrayBuffer(VXLAN_HEADER));

describe("VXLAN's header", () => {
  it('is what RFC 7348 5 draws', () => {
    writeVxlan(view, 0, 0x123456);
    expect([...new Uint8Array(view.buffer)]).toEqual([0x08, 0, 0, 0, 0x12, 0x34, 0x56, 0]);
  });

  it.each([0, 1, MAX_VNI])('carries the VNI %i', (vni) => {
    writeVxlan(view, 0, vni);
    expect(vxlanVni(view, 0, VXLAN_HEADER)).toBe(vni);
    expect(describeVxlan(view, 0, VXLAN_HEADER)).toBe(`VXLAN, VNI ${vni}`);
  });

  it('is none without the I flag, or when it is cut short', () => {
    writeVxlan(view, 0, 42);
    for (let length = 0; length < VXLAN_HEADER; length++) expect(vxlanVni(view, 0, length)).toBe(-1);
    view.setUint8(0, 0xf7);
    expect(vxlanVni(view, 0, VXLAN_HEADER)).toBe(-1);
    expect(describeVxlan(view, 0, VXLAN_HEADER)).toBe('VXLAN without a VNI');
  });

  it('is read whatever stands in the reserved bits', () => {
    writeVxlan(view, 0, 42);
    view.setUint32(0, 0xffffffff);
    view.setUint8(7, 0xff);
    expect(vxlanVni(view, 0, VXLAN_HEADER)).toBe(42);
  });
});
