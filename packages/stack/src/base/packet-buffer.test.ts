import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectNoLeaks } from '../testing/test-node.ts';
import { Checksum, FCS_IMPLIED, HEADROOM, type PacketBuffer, PacketPool } from './packet-buffer.ts';

const pool = (poolBytes = 1 << 30, poolFreeBuffers = 4096) => new PacketPool({ poolBytes, poolFreeBuffers });
const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);

describe('PacketBuffer', () => {
  it('takes headers in front and gives them back in turn', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(7, 8, 9));
    expect([packet.length, packet.headroom]).toEqual([3, HEADROOM]);
    packet.l4 = packet.push(8);
    packet.view.setUint32(packet.l4, 0x01020304);
    packet.l3 = packet.push(20);
    packet.l2 = packet.push(14);
    expect(packet.length).toBe(14 + 20 + 8 + 3);
    expect(packet.pull(14)).toBe(packet.l3);
    expect(packet.pull(20)).toBe(packet.l4);
    expect(packet.view.getUint32(packet.start)).toBe(0x01020304);
    packet.pull(8);
    expect([...packet.slice()]).toEqual([7, 8, 9]);
    packet.release();
    expectNoLeaks(packets);
  });

  it('takes bytes at the end', () => {
    const packets = pool();
    const packet = packets.acquire(10);
    expect(packet.length).toBe(0);
    const at = packet.put(2);
    packet.bytes[at] = 1;
    packet.bytes[at + 1] = 2;
    packet.append(bytesOf(3, 4, 5, 6), 1, 3);
    packet.append(bytesOf(9));
    packet.append(bytesOf());
    expect([...packet.slice()]).toEqual([1, 2, 4, 5, 9]);
    packet.release();
  });

  it('is cut at the end, never made longer', () => {
    const packet = pool().from(bytesOf(1, 2, 3, 4));
    packet.pull(1);
    packet.trim(2);
    expect([...packet.slice()]).toEqual([2, 3]);
    packet.trim(2);
    packet.trim(100);
    expect([...packet.slice()]).toEqual([2, 3]);
    packet.trim(0);
    expect(packet.length).toBe(0);
    packet.release();
  });

  it('grows in front, with every offset moved along', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(1, 2, 3), 4);
    packet.l4 = packet.start;
    packet.checksumStart = packet.start;
    packet.checksumField = packet.start + 2;
    packet.l3 = packet.push(4);
    expect(packet.start).toBe(0);
    packet.l2 = packet.push(14);
    expect([packet.l3 - packet.l2, packet.l4 - packet.l3]).toEqual([14, 4]);
    expect([packet.checksumStart, packet.checksumField]).toEqual([packet.l4, packet.l4 + 2]);
    expect([...packet.bytes.subarray(packet.l4, packet.end)]).toEqual([1, 2, 3]);
    expect(packet.headroom).toBe(HEADROOM);
    packet.release();
    expectNoLeaks(packets);
  });

  it('leaves unknown offsets unknown when it grows', () => {
    const packet = pool().from(bytesOf(1), 0);
    packet.push(1);
    expect([packet.l2, packet.l3, packet.l4]).toEqual([-1, -1, -1]);
    packet.release();
  });

  it('grows at the end, through all classes and past them, and keeps its bytes', () => {
    const packets = pool();
    const packet = packets.acquire(100);
    const piece = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const classes = new Set<number>();
    for (let i = 0; i < 80; i++) {
      packet.append(piece);
      classes.add(packet.sizeClass);
      expect(packets.outstandingBytes).toBe(packet.bytes.length);
    }
    expect([...classes]).toEqual([1, 2, 3, -1]);
    expect(packet.length).toBe(80_000);
    for (let i = 0; i < 80; i++) expect(packet.bytes[packet.start + i * 1000 + i]).toBe(i);
    packet.release();
    expect([packets.outstanding, packets.outstandingBytes]).toEqual([0, 0]);
  });

  it('has a view over its bytes, before and after it grew', () => {
    const packet = pool().acquire(100);
    for (const n of [10, 1000, 100_000]) {
      const at = packet.put(n);
      packet.view.setUint16(at, 0xabcd);
      expect([packet.bytes[at], packet.bytes[at + 1]]).toEqual([0xab, 0xcd]);
      expect(packet.view.byteLength).toBe(packet.bytes.length);
    }
    packet.release();
  });

  it('holds what a list of bytes would hold, whatever is done to it', () => {
    const packets = pool();
    const step = fc.oneof(
      fc.record({ what: fc.constant('push' as const), n: fc.nat(300) }),
      fc.record({ what: fc.constant('put' as const), n: fc.nat(3000) }),
      fc.record({ what: fc.constant('pull' as const), n: fc.nat(200) }),
      fc.record({ what: fc.constant('trim' as const), n: fc.nat(2000) }),
      fc.record({ what: fc.constant('copy' as const), n: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(400), (steps, headroom) => {
        let packet = packets.acquire(20, headroom);
        let model: number[] = [];
        let next = 0;
        const fresh = (n: number) => Array.from({ length: n }, () => next++ & 255);
        for (const { what, n } of steps) {
          if (what === 'push') {
            const bytes = fresh(n);
            const at = packet.push(n); // first, for it may move the bytes
            packet.bytes.set(bytes, at);
            model = [...bytes, ...model];
          } else if (what === 'put') {
            const bytes = fresh(n);
            const at = packet.put(n);
            packet.bytes.set(bytes, at);
            model = [...model, ...bytes];
          } else if (what === 'pull') {
            const most = Math.min(n, model.length);
            packet.pull(most);
            model = model.slice(most);
          } else if (what === 'trim') {
            packet.trim(n);
            model = model.slice(0, n);
          } else {
            const original = packet;
            packet = original.retain().writable();
            original.bytes.fill(0xee);
            original.release();
          }
          if (Buffer.compare(packet.slice(), Uint8Array.from(model)) !== 0) expect.fail(`after ${what}`);
        }
        packet.release();
      }),
    );
    expectNoLeaks(packets);
  });
});

describe('ownership', () => {
  it('lasts until the last hold is released', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(1));
    expect(packet.shared).toBe(false);
    expect(packet.retain()).toBe(packet);
    expect(packet.shared).toBe(true);
    packet.release();
    expect([packet.shared, packets.outstanding]).toEqual([false, 1]);
    packet.release();
    expect(packets.outstanding).toBe(0);
  });

  it('catches a second release, and a hold on what was released', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(1));
    packet.release();
    expect(() => packet.release()).toThrow('released twice');
    const other = packets.from(bytesOf(1));
    other.release();
    expect(() => other.retain()).toThrow('already released');
    expect([packets.outstanding, packets.outstandingBytes]).toEqual([0, 0]);
  });

  it('refuses to move bytes that somebody else holds', () => {
    const packet = pool().from(bytesOf(1), 0);
    packet.retain();
    expect(() => packet.push(1)).toThrow('shared');
    expect(() => packet.put(10_000)).toThrow('shared');
  });

  it('writable is the packet itself while it is held alone', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(1));
    expect(packet.writable()).toBe(packet);
    packet.release();
    expectNoLeaks(packets);
  });

  it('writable is a copy while it is shared, and the hold moves to the copy', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(1, 2));
    const kept = packet.retain();
    const mine = packet.writable();
    expect(mine).not.toBe(kept);
    expect(mine.id).toBe(kept.id);
    mine.bytes[mine.start] = 99;
    expect([...kept.slice()]).toEqual([1, 2]);
    expect([kept.refs, mine.refs, packets.outstanding]).toEqual([1, 1, 2]);
    mine.release();
    kept.release();
    expectNoLeaks(packets);
  });

  it('a copy has bytes, offsets, state and id, and headers that were pulled', () => {
    const packets = pool();
    const packet = packets.from(bytesOf(5, 6, 7));
    packet.l4 = packet.push(2);
    packet.bytes.set([3, 4], packet.l4);
    packet.l3 = packet.push(1);
    packet.bytes[packet.l3] = 2;
    packet.l2 = packet.push(1);
    packet.bytes[packet.l2] = 1;
    packet.pull(4);
    packet.checksum = Checksum.Partial;
    packet.checksumStart = packet.l4;
    packet.checksumField = packet.l4 + 1;
    packet.segmentSize = 1460;
    packet.fcs = 0x12345678;
    packet.next = packet;
    const twin = packet.copy();
    expect([twin.start, twin.end, twin.l2, twin.l3, twin.l4]).toEqual([
      packet.start,
      packet.end,
      packet.l2,
      packet.l3,
      packet.l4,
    ]);
    expect([...twin.bytes.subarray(twin.l2, twin.end)]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([twin.checksum, twin.checksumStart, twin.checksumField]).toEqual([Checksum.Partial, twin.l4, twin.l4 + 1]);
    expect([twin.segmentSize, twin.fcs, twin.id, twin.refs, twin.next]).toEqual([1460, 0x12345678, packet.id, 1, null]);
    expect(twin.bytes.buffer).not.toBe(packet.bytes.buffer);
    twin.release();
    packet.release();
    expectNoLeaks(packets);
  });
});

describe('PacketPool', () => {
  it('has four size classes; what is larger gets its own storage', () => {
    const packets = pool();
    const capacityOf = (n: number, headroom = 0) => {
      const packet = packets.acquire(n, headroom);
      const { length } = packet.bytes;
      packet.release();
      return length;
    };
    expect([0, 384, 385, 2048, 2049, 9728, 9729, 66_048, 66_049].map((n) => capacityOf(n))).toEqual([
      384, 384, 2048, 2048, 9728, 9728, 66_048, 66_048, 66_049,
    ]);
    expect([capacityOf(200, 184), capacityOf(200, 185)]).toEqual([384, 2048]);
    expect(capacityOf(1518)).toBe(2048); // an Ethernet frame with its headroom
    expect(capacityOf(65_535, HEADROOM)).toBe(66_048); // the largest IP packet
  });

  it('uses again what was released, as new', () => {
    const packets = pool();
    const first = packets.from(bytesOf(1, 2, 3));
    const { id } = first;
    first.l2 = first.push(14);
    first.l3 = 1;
    first.l4 = 2;
    first.checksum = Checksum.Verified;
    first.segmentSize = 1;
    first.fcs = 7;
    first.next = first;
    first.release();
    const second = packets.acquire(10, 12);
    expect(second).toBe(first);
    expect([second.start, second.end, second.length, second.refs]).toEqual([12, 12, 0, 1]);
    expect([second.l2, second.l3, second.l4]).toEqual([-1, -1, -1]);
    expect([second.checksum, second.segmentSize, second.fcs, second.next]).toEqual([0, 0, FCS_IMPLIED, null]);
    expect(second.id).not.toBe(id);
    second.release();
  });

  it('gives one packet to one owner', () => {
    const packets = pool();
    const held = Array.from({ length: 100 }, () => packets.acquire(100));
    expect(new Set(held).size).toBe(100);
    expect(new Set(held.map(({ id }) => id)).size).toBe(100);
    for (const packet of held) packet.release();
    expectNoLeaks(packets);
  });

  it('keeps so many bytes free of each size, and no more', () => {
    const few = new PacketPool({ poolBytes: 1 << 30, poolFreeBuffers: 4096, poolFreeBytes: 200_000 });
    const storages = (capacity: number) => {
      const packets = Array.from({ length: 10 }, () => few.acquire(capacity));
      const seen = new Set(packets.map(({ storage }) => storage));
      for (const packet of packets) packet.release();
      return seen;
    };
    const kept = (capacity: number) => {
      const before = storages(capacity);
      return [...storages(capacity)].filter((storage) => before.has(storage)).length;
    };
    expect([kept(60_000), kept(1000)]).toEqual([3, 10]);
  });

  it('does not keep more free buffers than it may', () => {
    const packets = pool(1 << 30, 2);
    const first = [1, 2, 3].map(() => packets.acquire(100));
    for (const packet of first) packet.release();
    const again = [1, 2, 3].map(() => packets.acquire(100));
    expect(again.filter((packet) => first.includes(packet)).length).toBe(2);
    for (const packet of again) packet.release();
  });

  it('keeps a packet that grew in the class that it grew into', () => {
    const packets = pool();
    const packet = packets.acquire(100);
    packet.put(5000);
    packet.release();
    expect(packets.acquire(5000)).toBe(packet);
    expect(packets.acquire(100)).not.toBe(packet);
  });

  it('does not keep what is larger than every class', () => {
    const packets = pool();
    const packet = packets.acquire(70_000);
    packet.release();
    expect(packets.acquire(70_000)).not.toBe(packet);
    expect(packets.outstanding).toBe(1);
  });

  it('is tight past its limit, not at it, and no longer after a release', () => {
    const packets = pool(2 * 2048);
    const held: PacketBuffer[] = [packets.acquire(1500), packets.acquire(1500)];
    expect([packets.outstandingBytes, packets.tight]).toEqual([4096, false]);
    held.push(packets.acquire(1));
    expect(packets.tight).toBe(true);
    held.pop()!.release();
    expect(packets.tight).toBe(false);
    held[0].put(4000);
    expect(packets.tight).toBe(true);
    for (const packet of held) packet.release();
    expect([packets.outstandingBytes, packets.tight]).toEqual([0, false]);
  });

  it('says where what is still out was acquired', () => {
    const packets = pool();
    expect(packets.leaks()).toEqual([]);
    packets.track();
    const forgetful = () => packets.acquire(1);
    const kept = forgetful();
    packets.acquire(1).release();
    expect(packets.leaks().length).toBe(1);
    expect(packets.leaks()[0]).toMatch(/forgetful/);
    expect(() => expectNoLeaks(packets)).toThrow(/1 packets were not released.*forgetful/s);
    kept.release();
    expect(packets.leaks()).toEqual([]);
    expectNoLeaks(packets);
  });
});
