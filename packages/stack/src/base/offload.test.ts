import { describe, expect, it } from 'vitest';
import { testNode } from '../testing/test-node.ts';
import { finish, fold, sum } from './checksum.ts';
import { completeChecksum } from './offload.ts';
import { Checksum, type PacketBuffer, type PacketPool } from './packet-buffer.ts';

/** A packet with a partial checksum at `field` bytes into its transport header; the pseudo header's sum is `pseudo`. */
function partial(pool: PacketPool, bytes: number[], field: number, pseudo: number): PacketBuffer {
  const packet = pool.from(Uint8Array.from(bytes));
  packet.checksum = Checksum.Partial;
  packet.checksumStart = packet.start;
  packet.checksumField = packet.start + field;
  packet.view.setUint16(packet.checksumField, pseudo);
  return packet;
}

describe('completeChecksum', () => {
  it('stores what a receiver finds right', () => {
    const { pool } = testNode();
    const pseudo = fold(0xc0a8 + 0x0001 + 0xc0a8 + 0x00c7 + 6 + 25);
    const packet = partial(pool, [...Array(25).keys()], 16, pseudo);
    completeChecksum(packet);
    expect(finish(sum(packet.view, packet.start, packet.end, pseudo))).toBe(0);
    expect(packet.checksum).toBe(Checksum.Verified);
    packet.release();
  });

  it('leaves a packet that is not partial alone', () => {
    const { pool } = testNode();
    for (const state of [Checksum.None, Checksum.Trusted, Checksum.Verified]) {
      const packet = partial(pool, [1, 2, 3, 4, 5, 6, 7, 8], 6, 0x1234);
      packet.checksum = state;
      completeChecksum(packet);
      expect([packet.checksum, packet.view.getUint16(packet.start + 6)]).toEqual([state, 0x1234]);
      packet.release();
    }
  });

  it('sends a UDP checksum of zero as all ones, and that of another protocol as zero', () => {
    const { pool } = testNode();
    const udp = partial(pool, [0xff, 0xff, 0, 0, 0, 0, 0, 0], 6, 0);
    const icmpv6 = partial(pool, [0xff, 0xff, 0, 0, 0, 0, 0, 0], 2, 0);
    completeChecksum(udp);
    completeChecksum(icmpv6);
    expect(udp.view.getUint16(udp.start + 6)).toBe(0xffff);
    expect(icmpv6.view.getUint16(icmpv6.start + 2)).toBe(0);
    udp.release();
    icmpv6.release();
  });

  it('is not changed by headers that were put in front and zeros that were padded behind', () => {
    const { pool } = testNode();
    const bytes = [9, 8, 7, 6, 5, 4, 3, 2, 1];
    const plain = partial(pool, bytes, 6, 0x4321);
    const framed = partial(pool, bytes, 6, 0x4321);
    framed.push(34);
    framed.append(new Uint8Array(17));
    completeChecksum(plain);
    completeChecksum(framed);
    expect(framed.view.getUint16(framed.checksumField)).toBe(plain.view.getUint16(plain.checksumField));
    plain.release();
    framed.release();
  });
});
