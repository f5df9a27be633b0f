import { describe, expect, it } from 'vitest';
import {
  describeVnet,
  Gso,
  VNET_HEADER,
  VnetFlag,
  vnetChecksumOffset,
  vnetChecksumStart,
  vnetFlags,
  vnetGsoSize,
  vnetGsoType,
  vnetHeaderLength,
  writeVnet,
  writeVnetNone,
} from './virtio-net-header.ts';

function header(): { view: DataView; bytes: Uint8Array } {
  const bytes = new Uint8Array(VNET_HEADER + 2).fill(0xee);
  return { bytes, view: new DataView(bytes.buffer) };
}

describe("virtio's network header", () => {
  it('is twelve bytes, little-endian, in the order of virtio 1.2, 5.1.6', () => {
    const { bytes, view } = header();
    writeVnet(view, 1, VnetFlag.NeedsChecksum, Gso.TcpV4, 66, 1448, 34, 16);
    expect([...bytes]).toEqual([0xee, 1, 1, 66, 0, 0xa8, 0x05, 34, 0, 16, 0, 0, 0, 0xee]);
  });

  it('gives back what was written', () => {
    const { view } = header();
    writeVnet(view, 0, VnetFlag.NeedsChecksum, Gso.TcpV6 | Gso.Ecn, 86, 65_535, 54, 16);
    expect(vnetFlags(view, 0)).toBe(VnetFlag.NeedsChecksum);
    expect(vnetGsoType(view, 0)).toBe(Gso.TcpV6);
    expect(vnetHeaderLength(view, 0)).toBe(86);
    expect(vnetGsoSize(view, 0)).toBe(65_535);
    expect(vnetChecksumStart(view, 0)).toBe(54);
    expect(vnetChecksumOffset(view, 0)).toBe(16);
  });

  it('says nothing of a frame that is complete', () => {
    const { bytes, view } = header();
    writeVnetNone(view, 0);
    expect([...bytes.subarray(0, VNET_HEADER)]).toEqual(new Array(VNET_HEADER).fill(0));
    expect(describeVnet(view, 0)).toBe('complete');
  });

  it('is described for people', () => {
    const { view } = header();
    writeVnet(view, 0, VnetFlag.NeedsChecksum, Gso.TcpV4, 66, 1448, 34, 16);
    expect(describeVnet(view, 0)).toBe('needs checksum at 34+16, TSO4 1448');
    writeVnet(view, 0, VnetFlag.DataValid, Gso.UdpL4, 42, 1472, 0, 0);
    expect(describeVnet(view, 0)).toBe('checksum valid, USO 1472');
    writeVnet(view, 0, 0, 7, 0, 9, 0, 0);
    expect(describeVnet(view, 0)).toBe('GSO type 7 9');
  });
});
