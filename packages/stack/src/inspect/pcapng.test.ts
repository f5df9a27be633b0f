import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { Random } from '../base/random.ts';
import { Direction } from '../base/trace.ts';
import { readCapture } from './capture-reader.ts';
import { LinkType } from './link-types.ts';
import { PacketFlags } from './pcapng-format.ts';
import { PcapngWriter } from './pcapng-writer.ts';

function sample(epochSeconds = 0): Uint8Array {
  const writer = new PcapngWriter({ comment: 'a test', application: 'netarium test', epochSeconds });
  const eth = writer.addInterface({
    name: 'r1:eth0',
    linkType: LinkType.Ethernet,
    speedBps: 10e9,
    fcsLength: 4,
    snapLength: 96,
    filter: 'tcp port 80',
  });
  const raw = writer.addInterface({ name: 'tun0', linkType: LinkType.RawIp, timestampDigits: 6 });
  writer.addNames([
    { address: IpAddress.parse('10.0.1.10')!, names: ['alice', 'alice.example'] },
    { address: IpAddress.parse('2001:db8::1')!, names: ['r1'] },
  ]);
  writer.addPacket(eth, 1_500_000_007, new Uint8Array([1, 2, 3, 4, 5]), {
    originalLength: 9,
    comments: ['dropped by r1: the time to live ran out (RFC 791 3.2)', 'größer'],
    direction: PacketFlags.Inbound,
    packetId: 2 ** 40 + 1,
    crcError: true,
  });
  writer.addPacket(raw, 5_000_000_001_999, new Uint8Array([0, 9, 8, 7, 0]), {}, 1, 4);
  writer.addPacket(eth, 5e12, new Uint8Array(0), { direction: PacketFlags.Outbound });
  writer.addStatistics(eth, 5e12, { startNs: 0, received: 2, dropped: 0, filterAccepted: 2 });
  return writer.take();
}

/** The same file as a big-endian machine writes it: every number turned round, addresses and texts as they are. */
function bigEndian(file: Uint8Array): Uint8Array {
  const from = new DataView(file.buffer, file.byteOffset, file.length);
  const turned = new Uint8Array(file);
  const to = new DataView(turned.buffer);
  const u32 = (at: number): void => to.setUint32(at, from.getUint32(at, true), false);
  const u16 = (at: number): void => to.setUint16(at, from.getUint16(at, true), false);
  const options = (start: number, end: number, numbers: Record<number, number>): void => {
    for (let at = start; at + 4 <= end; ) {
      const code = from.getUint16(at, true);
      const length = from.getUint16(at + 2, true);
      u16(at);
      u16(at + 2);
      if (numbers[code] === 4) u32(at + 4);
      if (numbers[code] === 8) to.setBigUint64(at + 4, from.getBigUint64(at + 4, true), false);
      at += 4 + ((length + 3) & ~3);
    }
  };
  for (let at = 0; at < file.length; ) {
    const type = from.getUint32(at, true);
    const length = from.getUint32(at + 4, true);
    const end = at + length - 4;
    for (const field of [at, at + 4, end]) u32(field);
    if (type === 0x0a0d0d0a) {
      u32(at + 8);
      u16(at + 12);
      u16(at + 14);
      options(at + 24, end, {});
    } else if (type === 1) {
      u16(at + 8);
      u32(at + 12);
      options(at + 16, end, { 8: 8 });
    } else if (type === 4) {
      options(at + 8, end, {});
    } else if (type === 5) {
      for (let i = 0; i < 3; i++) u32(at + 8 + 4 * i);
      options(at + 20, end, {});
    } else if (type === 6) {
      for (let i = 0; i < 5; i++) u32(at + 8 + 4 * i);
      const captured = from.getUint32(at + 20, true);
      options(at + 28 + ((captured + 3) & ~3), end, { 2: 4, 5: 8 });
    }
    at += length;
  }
  return turned;
}

function pcap(magic: number, little: boolean, link: number, packets: [number, number, number[], number][]): Uint8Array {
  const length = 24 + packets.reduce((sum, [, , bytes]) => sum + 16 + bytes.length, 0);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  view.setUint32(0, magic, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 65535, little);
  view.setUint32(20, link, little);
  let at = 24;
  for (const [seconds, fraction, bytes, original] of packets) {
    for (const [i, word] of [seconds, fraction, bytes.length, original].entries()) {
      view.setUint32(at + 4 * i, word, little);
    }
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}

describe('pcapng', () => {
  it('begins with the section header of the draft, byte for byte', () => {
    const bytes = new PcapngWriter({ application: 'abc' }).take();
    expect([...bytes]).toEqual([
      ...[0x0a, 0x0d, 0x0d, 0x0a, 40, 0, 0, 0],
      ...[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
      ...[255, 255, 255, 255, 255, 255, 255, 255],
      ...[4, 0, 3, 0, 0x61, 0x62, 0x63, 0],
      ...[0, 0, 0, 0, 40, 0, 0, 0],
    ]);
  });

  it.each([
    ['little-endian', sample()],
    ['big-endian', bigEndian(sample())],
  ])('reads what it wrote, %s', (_, bytes) => {
    const file = readCapture(bytes);
    expect(file.problems).toEqual([]);
    expect(file).toMatchObject({ format: 'pcapng', comments: ['a test'], application: 'netarium test' });
    expect(file.interfaces).toEqual([
      {
        name: 'r1:eth0',
        description: '',
        linkType: 1,
        snapLength: 96,
        speedBps: 10e9,
        fcsLength: 4,
        filter: 'tcp port 80',
      },
      { name: 'tun0', description: '', linkType: 101, snapLength: 0, speedBps: 0, fcsLength: -1, filter: '' },
    ]);
    expect([...file.names]).toEqual([
      ['10.0.1.10', ['alice', 'alice.example']],
      ['2001:db8::1', ['r1']],
    ]);
    expect(file.packets.map((packet) => ({ ...packet, bytes: [...packet.bytes] }))).toEqual([
      {
        number: 1,
        interfaceIndex: 0,
        linkType: 1,
        seconds: 1,
        nanoseconds: 500_000_007,
        timeNs: 0,
        bytes: [1, 2, 3, 4, 5],
        originalLength: 9,
        comments: ['dropped by r1: the time to live ran out (RFC 791 3.2)', 'größer'],
        direction: Direction.In,
        packetId: 2 ** 40 + 1,
        crcError: true,
      },
      {
        number: 2,
        interfaceIndex: 1,
        linkType: 101,
        seconds: 5000,
        nanoseconds: 1000, // microseconds: the 999 ns are gone
        timeNs: 4_998_500_000_993,
        bytes: [9, 8, 7],
        originalLength: 3,
        comments: [],
        direction: null,
        packetId: 0,
        crcError: false,
      },
      {
        number: 3,
        interfaceIndex: 0,
        linkType: 1,
        seconds: 5000,
        nanoseconds: 0,
        timeNs: 4_998_499_999_993,
        bytes: [],
        originalLength: 0,
        comments: [],
        direction: Direction.Out,
        packetId: 0,
        crcError: false,
      },
    ]);
  });

  it('carries a time of day that a double could not hold in nanoseconds', () => {
    const packets = readCapture(sample(1_800_000_000)).packets;
    expect(packets.map((packet) => [packet.seconds, packet.nanoseconds])).toEqual([
      [1_800_000_001, 500_000_007],
      [1_800_005_000, 1000],
      [1_800_005_000, 0],
    ]);
  });

  it('hands out the file in parts that make the whole', () => {
    const writer = new PcapngWriter();
    const parts = [writer.take()];
    writer.addInterface({ name: 'eth0', linkType: 1 });
    parts.push(writer.take(), writer.take());
    for (let i = 0; i < 300; i++) {
      writer.addPacket(0, i, new Uint8Array(i).fill(i));
      if (i % 7 === 0) parts.push(writer.take());
    }
    parts.push(writer.take());
    expect(writer.pendingBytes).toBe(0);
    const whole = new Uint8Array(parts.flatMap((part) => [...part]));
    const file = readCapture(whole);
    expect(file.problems).toEqual([]);
    expect(file.packets.map((packet) => packet.bytes.length)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(file.packets.every((packet, i) => packet.bytes.every((byte) => byte === (i & 255)))).toBe(true);
  });

  it('numbers the interfaces of each section on their own', () => {
    const file = readCapture(new Uint8Array([...sample(), ...bigEndian(sample())]));
    expect(file.problems).toEqual([]);
    expect(file.packets.map((packet) => packet.interfaceIndex)).toEqual([0, 1, 0, 2, 3, 2]);
  });

  it('reads a simple packet block and powers of two as time units', () => {
    const file = sample();
    const view = new DataView(file.buffer);
    // Turns the first packet into a simple one: type 3, original length where the interface stood.
    let at = 0;
    while (view.getUint32(at, true) !== 6) at += view.getUint32(at + 4, true);
    view.setUint32(at, 3, true);
    view.setUint32(at + 8, 7, true);
    const packet = readCapture(file).packets[0]!;
    expect(packet).toMatchObject({ originalLength: 7, interfaceIndex: 0, seconds: 0 });
    expect(packet.bytes.length).toBe(7);
  });
});

describe('pcap', () => {
  it.each([
    [0xa1b2c3d4, true, 5000],
    [0xa1b2c3d4, false, 5000],
    [0xa1b23c4d, true, 5],
    [0xa1b23c4d, false, 5],
  ])('reads magic %x, little-endian %s', (magic, little, nanoseconds) => {
    const file = readCapture(
      pcap(magic, little, 1, [
        [7, 5, [1, 2, 3], 60],
        [9, 4, [4], 1],
      ]),
    );
    expect(file.problems).toEqual([]);
    expect(file.format).toBe('pcap');
    expect(file.interfaces[0]).toMatchObject({ linkType: 1, snapLength: 65535, fcsLength: -1 });
    expect(file.packets).toMatchObject([
      { number: 1, seconds: 7, nanoseconds, timeNs: 0, originalLength: 60 },
      { number: 2, seconds: 9, timeNs: 2e9 - nanoseconds / 5, originalLength: 1 },
    ]);
    expect([...file.packets[0]!.bytes]).toEqual([1, 2, 3]);
  });

  it('reads the length of the frame check sequence', () => {
    const link = (0x24000000 | 1) >>> 0;
    expect(readCapture(pcap(0xa1b2c3d4, true, link, [])).interfaces[0]).toMatchObject({ linkType: 1, fcsLength: 4 });
  });
});

describe('a broken file', () => {
  it('is told when it is none', () => {
    expect(readCapture(new Uint8Array([1, 2, 3, 4])).problems).toHaveLength(1);
    expect(readCapture(new Uint8Array(0)).format).toBe('unknown');
  });

  it.each([
    ['pcapng', sample()],
    ['pcap', pcap(0xa1b2c3d4, true, 1, [[7, 5, [1, 2, 3], 60]])],
  ])('%s: every prefix gives the packets that are whole', (_, bytes) => {
    const whole = readCapture(bytes).packets.length;
    let last = 0;
    for (let length = 0; length <= bytes.length; length++) {
      const count = readCapture(bytes.slice(0, length)).packets.length;
      expect(count).toBeGreaterThanOrEqual(last);
      last = count;
    }
    expect(last).toBe(whole);
  });

  it('survives 100,000 mutations', () => {
    const random = Random.from(7);
    for (const original of [sample(), bigEndian(sample()), pcap(0xa1b23c4d, false, 1, [[7, 5, [1, 2, 3], 60]])]) {
      const bytes = original.slice();
      for (let i = 0; i < 34_000; i++) {
        const at = random.below(bytes.length);
        const kept = bytes[at]!;
        bytes[at] = random.u32();
        const file = readCapture(bytes);
        for (const packet of file.packets) {
          if (packet.bytes.length > packet.originalLength) throw new Error('a packet is longer than it was');
        }
        if (i % 3 !== 0) bytes[at] = kept; // some stay, so that several pile up
        if (i % 300 === 0) bytes.set(original);
      }
    }
  });
});
