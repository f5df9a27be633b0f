import { describe, expect, it } from 'vitest';
import { MacAddress } from '../base/mac-address.ts';
import { Random } from '../base/random.ts';
import {
  describeEthernet,
  describeEtherType,
  destinationOf,
  ETHERNET_HEADER,
  EtherType,
  FrameError,
  frameType,
  hasLength,
  LLC_SNAP_HEADER,
  payloadEnd,
  payloadStart,
  sourceOf,
  writeEthernet,
  writeSnap,
} from './ethernet.ts';

const ALICE = new MacAddress(0x0200, 1);
const WEB = new MacAddress(0x0200, 0xfffffffe);

/** An Ethernet II frame of 60 bytes that begins at offset 3. */
function typed(type = 0x0800): DataView {
  const view = new DataView(new ArrayBuffer(63));
  writeEthernet(view, 3, WEB, ALICE, type);
  return view;
}

/** An 802.3 frame with LLC and SNAP, 20 bytes of payload, 60 bytes, at offset 0. */
function snap(type = 0x0800): DataView {
  const view = new DataView(new ArrayBuffer(60));
  writeSnap(view, 0, MacAddress.BROADCAST, ALICE, type, 20);
  return view;
}

describe('Ethernet II', () => {
  it('stands in the bytes as RFC 894 draws it', () => {
    const bytes = [...new Uint8Array(typed(0x0806).buffer, 3, 14)];
    expect(bytes).toEqual([2, 0, 0xff, 0xff, 0xff, 0xfe, 2, 0, 0, 0, 0, 1, 8, 6]);
  });

  it('is read as it was written', () => {
    const view = typed(0x86dd);
    expect([frameType(view, 3, 63), payloadStart(view, 3), payloadEnd(view, 3, 63)]).toEqual([0x86dd, 17, 63]);
    expect(destinationOf(view, 3)).toEqual(WEB);
    expect(sourceOf(view, 3)).toEqual(ALICE);
    expect(hasLength(view, 3)).toBe(false);
  });

  it('is too short in every prefix without its whole header, and fine in the others', () => {
    const view = typed();
    for (let end = 3; end <= 63; end++) {
      expect(frameType(view, 3, end)).toBe(end < 3 + ETHERNET_HEADER ? FrameError.TooShort : 0x0800);
    }
  });
});

describe('802.3 with LLC and SNAP', () => {
  it('stands in the bytes as RFC 1042 draws it', () => {
    expect([...new Uint8Array(snap(0x0806).buffer, 12, 10)]).toEqual([0, 28, 0xaa, 0xaa, 3, 0, 0, 0, 8, 6]);
  });

  it('has its type behind the SNAP header and ends where the length says', () => {
    const view = snap(0x0806);
    expect([frameType(view, 0, 60), payloadStart(view, 0), payloadEnd(view, 0, 60)]).toEqual([0x0806, 22, 42]);
    expect(hasLength(view, 0)).toBe(true);
  });

  it('is refused in every prefix that its length does not fit into', () => {
    const view = snap();
    for (let end = 0; end <= 60; end++) {
      const expected = end < 14 ? FrameError.TooShort : end < 42 ? FrameError.BadLength : 0x0800;
      expect(frameType(view, 0, end)).toBe(expected);
    }
  });

  it('is refused when length is none: 1,501 to 1,535', () => {
    const view = new DataView(new ArrayBuffer(2000));
    writeSnap(view, 0, WEB, ALICE, 0x0800, 1500 - LLC_SNAP_HEADER);
    expect(frameType(view, 0, 2000)).toBe(0x0800);
    for (const length of [1501, 1535]) {
      view.setUint16(12, length);
      expect(frameType(view, 0, 2000)).toBe(FrameError.BadLength);
    }
    view.setUint16(12, 1536);
    expect(frameType(view, 0, 2000)).toBe(1536);
  });

  it('has no type when it is LLC of another kind, of another organisation, or no EtherType at all', () => {
    const change = (at: number, byte: number) => {
      const view = snap();
      view.setUint8(at, byte);
      return frameType(view, 0, 60);
    };
    expect([change(14, 0x42), change(15, 0x42), change(16, 0x7f)]).toEqual(new Array(3).fill(FrameError.NoType));
    expect([change(17, 1), change(18, 1), change(19, 1), change(20, 5)]).toEqual(new Array(4).fill(FrameError.NoType));
    const tiny = snap();
    for (let length = 0; length < LLC_SNAP_HEADER; length++) {
      tiny.setUint16(12, length);
      expect(frameType(tiny, 0, 60)).toBe(FrameError.NoType);
    }
  });
});

it('every one of 100,000 mutations ends in a type or a reason, with a payload inside of the frame', () => {
  const random = Random.from(7);
  const view = new DataView(new ArrayBuffer(64));
  const seen = new Set<number>();
  for (let i = 0; i < 100_000; i++) {
    if (i % 20 === 0) writeSnap(view, 0, WEB, ALICE, 0x0800, 20);
    view.setUint8(random.below(24), random.below(256));
    const end = random.below(65);
    const type = frameType(view, 0, end);
    seen.add(type < 0 ? type : 1);
    if (type < 0) continue;
    expect(type).toBeGreaterThanOrEqual(0x0600);
    const from = payloadStart(view, 0);
    const to = payloadEnd(view, 0, end);
    if (!(from >= 14 && from <= to && to <= end)) throw new Error(`payload ${from} to ${to} of ${end} bytes`);
    if (i % 100 === 0) expect(describeEthernet(view, 0, end)).toContain('length');
  }
  expect([...seen].sort()).toEqual([-1, -2, -3, 1]);
});

describe('for people', () => {
  it('a frame is one line', () => {
    expect(describeEthernet(typed(0x0806), 3, 63)).toBe(
      '02:00:00:00:00:01 > 02:00:ff:ff:ff:fe, ARP (0x0806), length 60',
    );
    expect(describeEthernet(snap(), 0, 60)).toBe(
      '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, 802.3, SNAP, IPv4 (0x0800), length 60',
    );
    const llc = snap();
    llc.setUint8(14, 0x42);
    expect(describeEthernet(llc, 0, 60)).toContain('802.3, LLC');
    expect(describeEthernet(snap(), 0, 30)).toContain('bad length');
    expect(describeEthernet(snap(), 0, 9)).toBe('a piece of an Ethernet frame, length 9');
  });

  it('a type has its name, if it has one', () => {
    expect(describeEtherType(EtherType.Vlan)).toBe('VLAN (0x8100)');
    expect(describeEtherType(0x0707)).toBe('0x0707');
  });
});
