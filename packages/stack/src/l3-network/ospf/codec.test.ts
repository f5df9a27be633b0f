import { describe, expect, test } from 'vitest';
import { Random } from '../../base/random.ts';
import { testNode } from '../../testing/test-node.ts';
import { checkAuthentication, signPacket } from './authentication.ts';
import { INITIAL_SEQUENCE, LsaType, MAX_SEQUENCE } from './constants.ts';
import { fletcherChecksum, fletcherGood } from './fletcher.ts';
import { Lsa } from './lsa.ts';
import { type LsaBody, type RouterBody, readLsaBody, writeLsaBody } from './lsa-bodies.ts';
import { compareInstances, lsaChecksumGood } from './lsa-header.ts';
import { ospfChecksum, writeOspfHeader } from './ospf-header.ts';
import type { Authentication } from './settings.ts';
import { OspfLab } from './testing/ospf-lab.ts';

describe('the checksum of advertisements', () => {
  test('is that of an advertisement that ospfd of FRRouting sent', () => {
    // A summary of 10.90.13.0/24 by 10.90.0.1, as `show ip ospf database` told it: 0xf391.
    const lsa = Lsa.make(3, 0x0a5a0d00, 0x0a5a0001, 2, INITIAL_SEQUENCE, { mask: 0xffffff00, metric: 1 }, 0);
    expect(lsa.checksum).toBe(0xf391);
  });

  test('is right when it was computed, for every length, and wrong when any byte is another', () => {
    const random = new Random(1);
    for (let length = 18; length < 400; length += 7) {
      const bytes = new Uint8Array(length);
      random.fill(bytes);
      const checksum = fletcherChecksum(bytes, 2, length, 16);
      bytes[16] = checksum >> 8;
      bytes[17] = checksum & 255;
      expect(fletcherGood(bytes, 2, length)).toBe(true);
      const at = 2 + random.below(length - 2);
      const old = bytes[at];
      bytes[at] = (old + 1 + random.below(253)) & 255;
      // 0 and 255 are the same modulo 255.
      if (bytes[at] % 255 !== old % 255) expect(fletcherGood(bytes, 2, length)).toBe(false);
    }
  });

  test('does not overflow over the longest advertisement', () => {
    const bytes = new Uint8Array(65_535).fill(254);
    const checksum = fletcherChecksum(bytes, 2, bytes.length, 16);
    bytes[16] = checksum >> 8;
    bytes[17] = checksum & 255;
    expect(fletcherGood(bytes, 2, bytes.length)).toBe(true);
  });
});

describe('which instance is newer (RFC 2328 13.1)', () => {
  test.each([
    ['the sequence number, signed', [INITIAL_SEQUENCE + 1, 1, 0], [INITIAL_SEQUENCE, 9, 0], 1],
    ['the largest one is newer than the first', [MAX_SEQUENCE, 1, 0], [INITIAL_SEQUENCE, 1, 0], 1],
    ['the checksum', [5, 2, 0], [5, 1, 0], 1],
    ['MaxAge', [5, 1, 3600], [5, 1, 0], 1],
    ['younger by more than a quarter of an hour', [5, 1, 10], [5, 1, 911], 1],
    ['by no more: the same', [5, 1, 10], [5, 1, 910], 0],
    ['both MaxAge: the same', [5, 1, 3600], [5, 1, 3600], 0],
  ])('%s', (_, a, b, order) => {
    expect(compareInstances(a[0], a[1], a[2], b[0], b[1], b[2])).toBe(order);
    expect(compareInstances(b[0], b[1], b[2], a[0], a[1], a[2]) + order).toBe(0);
  });
});

const BODIES: readonly [type: number, body: LsaBody][] = [
  [
    LsaType.Router,
    {
      flags: 3,
      links: [
        { type: 1, id: 2, data: 3, metric: 4 },
        { type: 3, id: 5, data: 6, metric: 7 },
      ],
    },
  ],
  [LsaType.Network, { mask: 0xffffff00, routers: [1, 2, 3] }],
  [LsaType.Summary, { mask: 0xffff0000, metric: 0xfffffe }],
  [LsaType.AsbrSummary, { mask: 0, metric: 1 }],
  [LsaType.External, { mask: 0, type2: true, metric: 20, forwarding: 0x0a000001, tag: 0xffffffff }],
];

test.each(BODIES)(
  'a body of type %d is read as it was written; each prefix of it is refused, or shorter',
  (type, body) => {
    const bytes = writeLsaBody(type, body);
    const view = new DataView(bytes.buffer);
    expect(readLsaBody(view, 0, bytes.length, type)).toEqual(body);
    for (let length = 20; length < bytes.length; length++) {
      const short = new DataView(bytes.slice(0, length).buffer);
      const read = readLsaBody(short, 0, length, type);
      if (read !== null) expect(type).toBe(LsaType.Network);
    }
  },
);

test('metrics of other services are stepped over; more links than there are are refused', () => {
  const bytes = new Uint8Array(24 + 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(22, 1);
  view.setUint8(24 + 9, 1);
  expect((readLsaBody(view, 0, bytes.length, LsaType.Router) as RouterBody).links.length).toBe(1);
  view.setUint8(24 + 9, 2);
  expect(readLsaBody(view, 0, bytes.length, LsaType.Router)).toBe(null);
  view.setUint8(24 + 9, 0);
  view.setUint16(22, 65_535);
  expect(readLsaBody(view, 0, bytes.length, LsaType.Router)).toBe(null);
});

test('an advertisement grows older as time passes, up to MaxAge', () => {
  const lsa = Lsa.make(3, 1, 2, 2, INITIAL_SEQUENCE, { mask: 0, metric: 1 }, 5e9);
  expect(lsa.age(5e9)).toBe(0);
  expect(lsa.age(7.9e9)).toBe(2);
  expect(lsa.age(1e13)).toBe(3600);
  expect(lsa.timeOfAge(1800)).toBe(1805e9);
  const bytes = new Uint8Array(lsa.length);
  const view = new DataView(bytes.buffer);
  lsa.write(bytes, view, 0, 6e9, 1);
  expect(view.getUint16(0)).toBe(2);
  expect(lsaChecksumGood(bytes, view, 0, bytes.length)).toBe(true);
  lsa.write(bytes, view, 0, 1e13, 1);
  expect(view.getUint16(0)).toBe(3600);
});

describe('authentication', () => {
  const key = (id: number, text: string) => ({ id, secret: Uint8Array.from(text, (letter) => letter.charCodeAt(0)) });
  const md5 = (...keys: ReturnType<typeof key>[]): Authentication => ({ type: 'md5', keys });
  const make = (authentication: Authentication, sequence = 5) => {
    const { pool } = testNode();
    const packet = pool.acquire(64);
    packet.put(44);
    packet.bytes.fill(7, packet.start, packet.end);
    const type = authentication.type === 'none' ? 0 : authentication.type === 'password' ? 1 : 2;
    writeOspfHeader(packet.view, packet.start, 1, 44, 1, 0, type);
    signPacket(packet, authentication, sequence);
    return packet;
  };
  const none: Authentication = { type: 'none' };
  const password: Authentication = { type: 'password', password: key(0, 'secret').secret };

  test('by nothing and by a password: a checksum, which does not count the password', () => {
    for (const authentication of [none, password]) {
      const packet = make(authentication);
      expect(ospfChecksum(packet.view, packet.start, 44)).toBe(0);
      expect(checkAuthentication(packet, authentication, 0)).toBe('');
    }
    expect(checkAuthentication(make(password), none, 0)).toBe('authentication type 0 here, 1 there');
    const other: Authentication = { type: 'password', password: key(0, 'secreT').secret };
    expect(checkAuthentication(make(other), password, 0)).toBe('another password');
  });

  test('by a digest behind the packet', () => {
    const packet = make(md5(key(7, 'trustno1')));
    expect(packet.length).toBe(60);
    expect(checkAuthentication(packet, md5(key(7, 'trustno1')), 5)).toBe('');
    expect(checkAuthentication(packet, md5(key(7, 'trustno2')), 5)).toBe('another digest');
    expect(checkAuthentication(packet, md5(key(8, 'trustno1')), 5)).toBe('no key 7 here');
    expect(checkAuthentication(packet, md5(key(8, 'x'), key(7, 'trustno1')), 5)).toBe('');
    expect(checkAuthentication(packet, md5(key(7, 'trustno1')), 6)).toBe('an old sequence number: a replay');
    packet.bytes[packet.start + 30] ^= 1;
    expect(checkAuthentication(packet, md5(key(7, 'trustno1')), 5)).toBe('another digest');
    packet.end--;
    expect(checkAuthentication(packet, md5(key(7, 'trustno1')), 5)).toBe('the digest is missing');
  });
});

/** The checksum of the first advertisement of an update is that of what it says now. */
function rightenAdvertisement(packet: Uint8Array, view: DataView): void {
  const length = packet.length < 48 ? 0 : view.getUint16(28 + 18);
  if (length < 20 || 28 + length > packet.length) return; // nothing to be made right
  const checksum = fletcherChecksum(packet, 28 + 2, 28 + length, 28 + 16);
  view.setUint16(28 + 16, checksum);
}

describe('whatever comes in', () => {
  /** Packets of all types that two routers exchange, and the second router as it stands then. */
  function conversation() {
    const lab = new OspfLab();
    const a = lab.router(1);
    const b = lab.router(2);
    const packets: Uint8Array[] = [];
    const kinds = new Set<number>();
    lab.watch = (packet, from) => {
      if (from !== a) return;
      const type = packet.bytes[packet.start + 1];
      if (kinds.has(type) && type !== 4) return;
      kinds.add(type);
      packets.push(packet.slice().slice());
    };
    a.ospf.setExternals([{ network: 0x0a630000, length: 16, metric: 20, type2: true, forwarding: 0, tag: 1 }]);
    const wire = lab.wire([a, b]);
    lab.wire([a]);
    lab.pass(60);
    expect([...kinds].sort()).toEqual([1, 2, 3, 4, 5]);
    lab.watch = null;
    return { lab, b, wire, packets };
  }

  test('each prefix of each packet, and each with more bytes behind it', () => {
    const { lab, b, wire, packets } = conversation();
    const { index } = b.on(wire).link;
    for (const bytes of packets) {
      for (let length = 0; length <= bytes.length; length++) {
        b.ospf.input(lab.pool.from(bytes.subarray(0, length)), index, wire.network + 1, 0xe0000005);
      }
      b.ospf.input(lab.pool.from(Uint8Array.from([...bytes, 1, 2, 3])), index, wire.network + 1, 0xe0000005);
      lab.pass(1);
    }
    lab.pass(100);
    expect(lab.pool.outstanding).toBe(0);
  });

  test('100,000 mutations of each packet, the checksum made right: no leak, no fault, and in the end the right routes', () => {
    const { lab, b, wire, packets } = conversation();
    const { index } = b.on(wire).link;
    const before = b.installed;
    const random = new Random(3);
    for (const original of packets) {
      const packet = Uint8Array.from(original);
      const view = new DataView(packet.buffer);
      for (let round = 0; round < 100_000; round++) {
        const at = random.below(packet.length);
        packet[at] = random.below(256);
        const second = random.below(packet.length);
        if (random.chance(0.3)) packet[second] ^= 1 << random.below(8);
        if (packet[1] === 4 && random.chance(0.5)) rightenAdvertisement(packet, view);
        const length = view.getUint16(2);
        if (length <= packet.length && length >= 24) {
          view.setUint16(12, 0);
          view.setUint16(12, ospfChecksum(view, 0, length));
        }
        b.ospf.input(lab.pool.from(packet), index, wire.network + 1, 0xe0000005);
        packet.set(original);
        if (round % 1000 === 0) lab.pass(0.01);
      }
    }
    // What nobody refreshes is forgotten after an hour; what is said in others' names they take back.
    lab.pass(2 * 3600);
    expect(lab.pool.outstanding).toBe(0);
    expect(b.installed).toEqual(before);
  });
});
