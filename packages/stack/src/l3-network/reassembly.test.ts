import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Limits } from '../base/limits.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { dropsOf, expectNoLeaks, type TestNode, testNode } from '../testing/test-node.ts';
import { fragmentIpv4 } from './fragmentation.ts';
import { checkIpv4Header, ipv4HeaderLength, MORE_FRAGMENTS, updateIpv4Checksum } from './ipv4-header.ts';
import { Reassembly } from './reassembly.ts';
import { bytes, ipv4Packet } from './testing/fake-link.ts';

interface World extends TestNode {
  reassembly: Reassembly;
  expired: string[];
}

function world(limits: Partial<Limits> = {}): World {
  const made = testNode('host', limits);
  const expired: string[] = [];
  const reassembly = new Reassembly(made.node, {
    reassemblyExpired: (packet: PacketBuffer) =>
      expired.push(`${packet.view.getUint8(packet.l3) >> 4} ${packet.end - packet.l3}`),
  });
  return { ...made, reassembly, expired };
}

/** A fragment of a datagram whose payload is `bytes(...)`. */
function piece(w: World, from: number, to: number, last: boolean, id = 7, total = 4000): PacketBuffer {
  const flags = (from >> 3) | (last ? 0 : MORE_FRAGMENTS);
  return ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', id, flags, payload: bytes(total).subarray(from, to) });
}

function list(first: PacketBuffer | null): PacketBuffer[] {
  const all: PacketBuffer[] = [];
  for (let at = first; at !== null; at = at.next) all.push(at);
  for (const each of all) each.next = null;
  return all;
}

test('fragments cut anywhere, cut again on the way, in any order, make the datagram', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 9, max: 8000 }),
      fc.integer({ min: 68, max: 1500 }),
      fc.integer({ min: 68, max: 1500 }),
      fc.infiniteStream(fc.nat()),
      fc.boolean(),
      (length, mtu, second, order, twice) => {
        const w = world();
        const packet = ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', payload: bytes(length) });
        let fragments = packet.length > mtu ? list(fragmentIpv4(packet, mtu)) : [packet];
        if (fragments.length === 1) {
          packet.release();
          return;
        }
        if (twice)
          fragments = fragments.flatMap((each) => (each.length > second ? list(fragmentIpv4(each, second)) : [each]));
        expect(fragments.filter((each) => each.length > mtu || checkIpv4Header(each) !== 0)).toEqual([]);
        let whole: PacketBuffer | null = null;
        while (fragments.length > 0) {
          if (whole !== null) throw new Error('whole too early');
          const [next] = fragments.splice(order.next().value % fragments.length, 1);
          whole = w.reassembly.add(next);
        }
        if (whole === null) throw new Error('not whole');
        expect(checkIpv4Header(whole)).toBe(0);
        expect(whole.view.getUint16(whole.l3 + 6)).toBe(0);
        expect(Buffer.compare(whole.slice().subarray(20), bytes(length))).toBe(0);
        whole.release();
        expect([w.reassembly.pending, w.reassembly.bytes]).toEqual([0, 0]);
        expectNoLeaks(w.pool);
      },
    ),
    { numRuns: 150 },
  );
});

test('the largest datagram there is', () => {
  const w = world();
  const packet = ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', payload: bytes(65_515) });
  const all = list(fragmentIpv4(packet, 1500));
  expect(all).toHaveLength(45);
  let whole: PacketBuffer | null = null;
  for (const each of all.reverse()) whole = w.reassembly.add(each);
  expect(whole?.length).toBe(65_535);
  whole?.release();
  expectNoLeaks(w.pool);
});

test('a duplicate is ignored; an overlap ends the datagram', () => {
  const w = world();
  w.reassembly.add(piece(w, 0, 1000, false));
  w.reassembly.add(piece(w, 0, 1000, false));
  w.reassembly.add(piece(w, 496, 800, false)); // the same bytes again, cut otherwise
  expect(dropsOf(w.node)).toEqual({ FRAGMENT_DUPLICATE: 2 });
  expect(w.reassembly.pending).toBe(1);
  w.reassembly.add(piece(w, 992, 2000, false));
  expect(dropsOf(w.node)).toEqual({ FRAGMENT_DUPLICATE: 2, FRAGMENT_OVERLAP: 2 });
  expect(w.reassembly.pending).toBe(0);
  expectNoLeaks(w.pool);
});

test('other bytes in the same place are an overlap', () => {
  const w = world();
  w.reassembly.add(piece(w, 0, 1000, false));
  const other = ipv4Packet(w, {
    from: '10.0.0.1',
    to: '10.0.0.2',
    id: 7,
    flags: MORE_FRAGMENTS,
    payload: bytes(1000, 1),
  });
  w.reassembly.add(other);
  expect(dropsOf(w.node)).toEqual({ FRAGMENT_OVERLAP: 2 });
  expectNoLeaks(w.pool);
});

test('an end that contradicts what is there ends the datagram', () => {
  for (const [first, second] of [
    [
      { from: 2000, to: 3000, last: true },
      { from: 3000, to: 4000, last: false },
    ],
    [
      { from: 2000, to: 3000, last: true },
      { from: 3000, to: 4000, last: true },
    ],
    [
      { from: 2000, to: 3000, last: false },
      { from: 1000, to: 1600, last: true },
    ],
    [
      { from: 2000, to: 3000, last: true },
      { from: 1000, to: 1600, last: true },
    ],
    [
      { from: 2000, to: 3000, last: true },
      { from: 2000, to: 3000, last: false },
    ],
  ]) {
    const w = world();
    w.reassembly.add(piece(w, first.from, first.to, first.last));
    w.reassembly.add(piece(w, second.from, second.to, second.last));
    expect(dropsOf(w.node)).toEqual({ FRAGMENT_OVERLAP: 2 });
    expect(w.reassembly.pending).toBe(0);
    expectNoLeaks(w.pool);
  }
});

test('impossible fragments are refused', () => {
  const w = world();
  w.reassembly.add(piece(w, 0, 1001, false)); // not a multiple of 8, and more to follow
  w.reassembly.add(piece(w, 800, 800, true)); // empty
  w.reassembly.add(ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', flags: 8190, payload: bytes(100) })); // "ping of death"
  expect(dropsOf(w.node)).toEqual({ FRAGMENT_BAD: 3 });
  expect(w.reassembly.pending).toBe(0);
  expectNoLeaks(w.pool);
});

test('what stays incomplete ends after 30 s, and the sender is told if the first fragment was there', () => {
  const w = world();
  w.reassembly.add(piece(w, 0, 1000, false, 1));
  w.queue.runUntil(10e9);
  w.reassembly.add(piece(w, 1000, 2000, false, 2));
  w.queue.runUntil(29.9e9);
  expect(w.reassembly.pending).toBe(2);
  w.queue.runUntil(30e9);
  expect(w.reassembly.pending).toBe(1);
  expect(w.expired).toEqual(['4 1020']);
  w.queue.runUntil(40e9);
  expect(w.reassembly.pending).toBe(0);
  expect(w.expired).toHaveLength(1);
  expect(dropsOf(w.node)).toEqual({ FRAGMENT_TIMEOUT: 2 });
  expect(w.queue.pending).toBe(0);
  expectNoLeaks(w.pool);
});

test('limits: datagrams, bytes, fragments; at the limit and one past it', () => {
  const few = world({ reassemblies: 2 });
  for (const id of [1, 2, 3]) few.reassembly.add(piece(few, 0, 1000, false, id));
  expect(few.reassembly.pending).toBe(2);
  expect(dropsOf(few.node)).toEqual({ FRAGMENT_TABLE_FULL: 1 });
  few.reassembly.clear();
  expectNoLeaks(few.pool);

  const small = world({ reassemblyBytes: 4096 });
  for (const id of [1, 2, 3]) small.reassembly.add(piece(small, 0, 1000, false, id));
  expect(small.reassembly.bytes).toBe(4096);
  // One that is there may not grow either.
  small.reassembly.add(piece(small, 2000, 3000, false, 1));
  expect(dropsOf(small.node)).toEqual({ FRAGMENT_TABLE_FULL: 2 });
  small.reassembly.clear();
  expect(small.reassembly.bytes).toBe(0);
  expectNoLeaks(small.pool);

  const coarse = world({ fragmentsPerDatagram: 2 });
  for (const from of [0, 800, 1600]) coarse.reassembly.add(piece(coarse, from, from + 800, false));
  expect(dropsOf(coarse.node)).toEqual({ FRAGMENT_TABLE_FULL: 1 });
  coarse.reassembly.clear();
  expectNoLeaks(coarse.pool);
});

test('datagrams with another source, protocol or identification do not mix', () => {
  const w = world();
  w.reassembly.add(
    ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', id: 7, flags: MORE_FRAGMENTS, payload: bytes(8) }),
  );
  for (const fields of [
    { from: '10.0.0.3', to: '10.0.0.2', id: 7 },
    { from: '10.0.0.1', to: '10.0.0.4', id: 7 },
    { from: '10.0.0.1', to: '10.0.0.2', id: 8 },
    { from: '10.0.0.1', to: '10.0.0.2', id: 7, protocol: 6 },
  ]) {
    expect(w.reassembly.add(ipv4Packet(w, { ...fields, flags: 1, payload: bytes(8) }))).toBe(null);
  }
  expect(w.reassembly.pending).toBe(5);
  w.reassembly.clear();
  expectNoLeaks(w.pool);
});

test('options: all in the first fragment, in the others those that are copied', () => {
  const w = world();
  const packet = w.pool.acquire(2000);
  const plain = ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', payload: bytes(100) });
  const at = packet.put(32);
  packet.bytes.set(plain.slice().subarray(0, 20), at);
  packet.bytes.set([148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0], at + 20);
  packet.append(bytes(100));
  plain.release();
  packet.view.setUint8(at, 0x48);
  packet.view.setUint16(at + 2, 132);
  updateIpv4Checksum(packet.view, at);
  expect(checkIpv4Header(packet)).toBe(0);
  const all = list(fragmentIpv4(packet, 72));
  expect(all.map((each) => [ipv4HeaderLength(each.view, each.start), each.length])).toEqual([
    [32, 72],
    [24, 64],
    [24, 44],
  ]);
  let whole: PacketBuffer | null = null;
  for (const each of all) whole = w.reassembly.add(each);
  expect(whole?.length).toBe(132);
  expect(checkIpv4Header(whole!)).toBe(0);
  whole?.release();
  expectNoLeaks(w.pool);
});

test('an MTU too small for a header and 8 bytes cuts nothing', () => {
  const w = world();
  const packet = ipv4Packet(w, { from: '10.0.0.1', to: '10.0.0.2', payload: bytes(100) });
  expect(fragmentIpv4(packet, 27)).toBe(null);
  packet.release();
  expectNoLeaks(w.pool);
});
