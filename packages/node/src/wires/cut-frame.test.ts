import { finish, sum } from '@netarium/stack/base/checksum';
import { LIMITS } from '@netarium/stack/base/limits';
import { Checksum, type PacketBuffer, PacketPool } from '@netarium/stack/base/packet-buffer';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { beforeEach, describe, expect, it } from 'vitest';
import { cutFrame } from './cut-frame.ts';
import { type FrameOptions, superFrame, TCP_FLAGS } from './testing/frames.ts';
import { TransportHeaders } from './transport-headers.ts';

let pool: PacketPool;
beforeEach(() => {
  pool = new PacketPool(LIMITS);
  pool.track();
});

interface Piece {
  ip: { length: number; id: number; headerSum: number };
  sequence: number;
  flags: number;
  payload: Uint8Array;
  /** 0 when the transport checksum is right. */
  checksum: number;
}

const headers = new TransportHeaders();

function read(packet: PacketBuffer): Piece {
  expect(headers.find(packet)).toBe(true);
  const { l3, l4, version, isTcp, payload } = headers;
  const { view, end } = packet;
  const pseudo =
    version === 4
      ? sum(view, l3 + 12, l3 + 20, end - l4 + (isTcp ? 6 : 17))
      : sum(view, l3 + 8, l3 + 40, end - l4 + (isTcp ? 6 : 17));
  return {
    ip: {
      length: version === 4 ? view.getUint16(l3 + 2) : view.getUint16(l3 + 4) + 40,
      id: version === 4 ? view.getUint16(l3 + 4) : 0,
      headerSum: version === 4 ? finish(sum(view, l3, l3 + 20)) : 0,
    },
    sequence: isTcp ? view.getUint32(l4 + 4) : view.getUint16(l4 + 4),
    flags: isTcp ? view.getUint8(l4 + 13) : 0,
    payload: packet.bytes.slice(payload, end),
    checksum: finish(sum(view, l4, end, pseudo)),
  };
}

function cut(payload: number, size: number, options: FrameOptions = {}): Piece[] {
  const frame = superFrame(pool, payload, size, options);
  const whole = read(frame).payload;
  const pieces: Piece[] = [];
  for (let piece = cutFrame(frame, pool); piece !== null; ) {
    const { next } = piece;
    expect(piece.checksum).toBe(Checksum.Verified);
    expect(piece.segmentSize).toBe(0);
    const read_ = read(piece);
    expect(read_.ip.length).toBe(piece.end - piece.l3);
    expect(read_.ip.headerSum).toBe(0);
    expect(read_.checksum).toBe(0);
    pieces.push(read_);
    piece.release();
    piece = next;
  }
  frame.release();
  expectNoLeaks(pool);
  expect(Buffer.concat(pieces.map((piece) => piece.payload)).equals(whole)).toBe(true);
  return pieces;
}

describe('a super-segment that is cut', () => {
  it('becomes segments of the size that it names, and the rest', () => {
    const pieces = cut(4000, 1448);
    expect(pieces.map((piece) => piece.payload.length)).toEqual([1448, 1448, 1104]);
  });

  it('counts on in sequence numbers, past 2^32, and in identifications, past 2^16', () => {
    const pieces = cut(4000, 1448);
    expect(pieces.map((piece) => piece.sequence)).toEqual([0xffffff00, 1448 - 0x100, 2 * 1448 - 0x100]);
    expect(pieces.map((piece) => piece.ip.id)).toEqual([0xfffe, 0xffff, 0]);
  });

  it('has FIN and PSH in the last piece only, CWR in the first only', () => {
    const { FIN, PSH, ACK, CWR } = TCP_FLAGS;
    const pieces = cut(3000, 1000, { flags: FIN | PSH | ACK | CWR });
    expect(pieces.map((piece) => piece.flags)).toEqual([ACK | CWR, ACK, ACK | FIN | PSH]);
  });

  it.each([
    ['IPv4, options', { options: 12 }],
    ['IPv6', { version: 6 }],
    ['IPv6 with an extension header', { version: 6, extension: true }],
    ['a VLAN tag', { tagged: true }],
    ['UDP', { protocol: 'udp' }],
    ['UDP, IPv6, tagged', { version: 6, protocol: 'udp', tagged: true }],
  ] satisfies [string, FrameOptions][])('has right lengths and checksums with %s', (_name, options) => {
    for (const payload of [1, 99, 100, 101, 1000, 60_000]) {
      const pieces = cut(payload, 100, options);
      expect(pieces.length).toBe(Math.ceil(payload / 100));
    }
  });

  it('gives each datagram its length', () => {
    expect(cut(250, 100, { protocol: 'udp' }).map((piece) => piece.sequence)).toEqual([108, 108, 58]);
  });

  it('is refused when it is no TCP or UDP, or a fragment, at every length', () => {
    const frame = superFrame(pool, 100, 10);
    const { bytes, end } = frame;
    bytes[23] = 1; // ICMP
    expect(cutFrame(frame, pool)).toBeNull();
    bytes[23] = 6;
    bytes[20] = 0x20; // more fragments
    expect(cutFrame(frame, pool)).toBeNull();
    bytes[20] = 0;
    for (let length = 0; length < 54; length++) {
      frame.end = frame.start + length;
      expect(cutFrame(frame, pool)).toBeNull();
    }
    frame.end = end;
    frame.segmentSize = 0;
    expect(cutFrame(frame, pool)).toBeNull();
    frame.release();
    expectNoLeaks(pool);
  });

  it('survives whatever stands in the headers', () => {
    pool = new PacketPool(LIMITS); // one that does not remember who acquired what, which is slow
    const frame = superFrame(pool, 64, 16, { version: 6, extension: true });
    let state = 1;
    const original = frame.bytes.slice(0, frame.end);
    for (let round = 0; round < 100_000; round++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const at = (state >>> 8) % frame.end;
      frame.bytes[at] = state >>> 24;
      for (let piece = cutFrame(frame, pool); piece !== null; ) {
        const { next } = piece;
        piece.release();
        piece = next;
      }
      frame.bytes[at] = original[at]!;
    }
    frame.release();
    expectNoLeaks(pool);
  });
});
