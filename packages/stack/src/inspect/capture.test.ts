import { describe, expect, it } from 'vitest';
import { crc32 } from '../base/crc32.ts';
import { Drop } from '../base/drop-reasons.ts';
import { IpAddress } from '../base/ip-address.ts';
import { Checksum } from '../base/packet-buffer.ts';
import { Direction } from '../base/trace.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import { Capture, dropComment } from './capture.ts';
import { readCapture } from './capture-reader.ts';
import { PcapngWriter } from './pcapng-writer.ts';

describe('Capture', () => {
  it('writes frames with their interface, time, direction and id', () => {
    const { queue, pool } = testNode();
    const capture = new Capture(queue);
    const left = capture.tap('alice:eth0', { speedBps: 1e9 });
    const right = capture.tap('r1:eth1');
    const packet = pool.from(new Uint8Array(100).fill(7));
    left.frame(packet, Direction.Out, 0);
    queue.runUntil(1_234_567);
    right.frame(packet, Direction.In, 0);
    const { id } = packet;
    packet.release();
    capture.finish();
    const file = readCapture(capture.take());
    expect(file.problems).toEqual([]);
    expect(file.interfaces.map((each) => [each.name, each.speedBps])).toEqual([
      ['alice:eth0', 1e9],
      ['r1:eth1', 0],
    ]);
    expect(file.packets).toMatchObject([
      { interfaceIndex: 0, seconds: 0, nanoseconds: 0, direction: Direction.Out, packetId: id, comments: [] },
      { interfaceIndex: 1, nanoseconds: 1_234_567, direction: Direction.In, packetId: id },
    ]);
    expectNoLeaks(pool);
  });

  it('completes a partial checksum on a copy and leaves the packet as it was', () => {
    const { queue, pool } = testNode();
    const capture = new Capture(queue);
    const packet = pool.from(new Uint8Array([...new Array(60).fill(0), 0x12, 0x34, 0x00, 0x05, 0xab]));
    packet.checksum = Checksum.Partial;
    packet.checksumStart = packet.start + 60;
    packet.checksumField = packet.start + 62;
    capture.tap('eth0').frame(packet, Direction.Out, 0);
    expect([...packet.slice().subarray(60)]).toEqual([0x12, 0x34, 0x00, 0x05, 0xab]);
    expect(packet.checksum).toBe(Checksum.Partial);
    // 0x1234 + 0x0005 + 0xab00 = 0xbd39, complemented 0x42c6.
    const written = readCapture(capture.take()).packets[0]!.bytes;
    expect([...written.subarray(60)]).toEqual([0x12, 0x34, 0x42, 0xc6, 0xab]);
    packet.release();
    expectNoLeaks(pool);
  });

  it('pads short frames to 60 bytes, with zeros', () => {
    const { queue, pool } = testNode();
    const capture = new Capture(queue);
    const dirty = pool.from(new Uint8Array(300).fill(0xee));
    dirty.release(); // its storage comes again, with these bytes in it
    const tap = capture.tap('eth0');
    for (const length of [14, 42, 59, 60, 61]) {
      const packet = pool.from(new Uint8Array(length).fill(1));
      tap.frame(packet, Direction.Out, 0);
      expect(packet.length).toBe(length);
      packet.release();
    }
    const packets = readCapture(capture.take()).packets;
    expect(packets.map((packet) => packet.bytes.length)).toEqual([60, 60, 60, 60, 61]);
    expect([...packets[1]!.bytes.subarray(42)]).toEqual(new Array(18).fill(0));
  });

  it('appends the frame check sequence, right or as it arrived', () => {
    const { queue, pool } = testNode();
    const capture = new Capture(queue, { fcs: true });
    const tap = capture.tap('eth0');
    const packet = pool.from(new Uint8Array(20).fill(3));
    tap.frame(packet, Direction.Out, 0);
    packet.fcs = 0x11223344;
    tap.frame(packet, Direction.In, Drop.FRAME_BAD_FCS);
    packet.release();
    const file = readCapture(capture.take());
    expect(file.interfaces[0]!.fcsLength).toBe(4);
    const [good, bad] = file.packets;
    expect(good!.bytes.length).toBe(64);
    // Over a frame with its right FCS the CRC leaves a constant (IEEE 802.3 3.2.9).
    expect(crc32(good!.bytes, 0, 64)).toBe(0x2144df1c);
    expect(good!.crcError).toBe(false);
    expect([...bad!.bytes.subarray(60)]).toEqual([0x44, 0x33, 0x22, 0x11]);
    expect(bad!.crcError).toBe(true);
    expect(bad!.comments).toEqual(['dropped by eth0: the frame check sequence is wrong (IEEE 802.3 3.2.9)']);
  });

  it('keeps what the filter wants, cut to the snap length', () => {
    const { queue, pool } = testNode();
    const capture = new Capture(queue, {
      snapLength: 64,
      filter: (bytes, length) => length > 60 && bytes[0] === 2,
      filterText: 'first byte 2',
    });
    const tap = capture.tap('eth0');
    for (const first of [1, 2, 2]) {
      const packet = pool.from(new Uint8Array(200).fill(first));
      tap.frame(packet, Direction.Out, 0);
      packet.release();
    }
    const file = readCapture(capture.take());
    expect(file.interfaces[0]).toMatchObject({ snapLength: 64, filter: 'first byte 2' });
    expect(file.packets.map((packet) => [packet.bytes.length, packet.originalLength])).toEqual([
      [64, 200],
      [64, 200],
    ]);
    expect(capture).toMatchObject({ packets: 2, filtered: 1, lost: 0 });
  });

  it('stops at its limit until somebody takes', () => {
    const { queue, pool } = testNode();
    const capture = new Capture(queue, { maxPendingBytes: 2000 });
    const tap = capture.tap('eth0');
    const packet = pool.from(new Uint8Array(1000));
    for (let i = 0; i < 5; i++) tap.frame(packet, Direction.Out, 0);
    expect(capture).toMatchObject({ packets: 2, lost: 3 });
    const first = capture.take();
    tap.frame(packet, Direction.Out, 0);
    packet.release();
    expect(readCapture(new Uint8Array([...first, ...capture.take()])).packets).toHaveLength(3);
  });

  it('writes names', () => {
    const { queue } = testNode();
    const capture = new Capture(queue);
    capture.name([{ address: IpAddress.parse('10.0.1.10')!, names: ['alice'] }]);
    expect(readCapture(capture.take()).names.get('10.0.1.10')).toEqual(['alice']);
  });

  it('comments on a packet that is dropped later, as the trace sink', () => {
    const { node, queue, pool } = testNode('r1');
    const capture = new Capture(queue);
    const heard: string[] = [];
    capture.next = { event: (...event) => heard.push(event[5]) };
    node.trace = capture;
    const tap = capture.tap('alice:eth0');
    const packets = [1, 2, 3, 4].map((first) => pool.from(new Uint8Array(61 + first).fill(first)));
    for (const packet of packets) tap.frame(packet, Direction.Out, packet === packets[3] ? Drop.FRAME_BAD_FCS : 0);
    queue.runUntil(5e6);
    node.drop(packets[2]!, Drop.IP_TTL_EXPIRED, 'in detail');
    node.drop(packets[0]!, Drop.IP_NO_ROUTE);
    node.drop(packets[1]!, Drop.TCP_DONE);
    node.drop(packets[3]!, Drop.FRAME_BAD_FCS); // the tap said so already
    const file = readCapture(capture.take());
    expect(file.problems).toEqual([]);
    expect(file.packets.map((packet) => [packet.bytes[0], packet.bytes.length, packet.direction])).toEqual(
      [1, 2, 3, 4].map((first) => [first, 61 + first, Direction.Out]),
    );
    expect(file.packets.map((packet) => packet.comments)).toEqual([
      ['dropped by r1: no route leads there (RFC 1812 5.2.7.1)'],
      [],
      ['dropped by r1: the time to live ran out (RFC 791 3.2)'],
      ['dropped by alice:eth0: the frame check sequence is wrong (IEEE 802.3 3.2.9)'],
    ]);
    expect(heard).toEqual(['in detail', '', '', '']);
    expectNoLeaks(pool);
  });

  it('does not comment on what was taken', () => {
    const { node, queue, pool } = testNode('r1');
    const capture = new Capture(queue);
    node.trace = capture;
    const tap = capture.tap('alice:eth0');
    const packet = pool.from(new Uint8Array(60));
    tap.frame(packet, Direction.Out, 0);
    const first = capture.take();
    tap.frame(pool.from(new Uint8Array(70)), Direction.Out, 0);
    node.drop(packet, Drop.IP_NO_ROUTE);
    const file = readCapture(new Uint8Array([...first, ...capture.take()]));
    expect(file.problems).toEqual([]);
    expect(file.packets.map((each) => each.comments)).toEqual([[], []]);
  });
});

describe('PcapngWriter.comment', () => {
  it('puts several comments on packets with and without other options', () => {
    const writer = new PcapngWriter();
    writer.addInterface({ name: 'eth0', linkType: 1 });
    const plain = writer.addPacket(0, 1, new Uint8Array([1, 2, 3]));
    const first = writer.take();
    const other = writer.addPacket(0, 2, new Uint8Array([4, 5]), { comments: ['early'], packetId: 9 });
    const last = writer.addPacket(0, 3, new Uint8Array([6]));
    expect(writer.comment(plain, 'too late')).toBe(false);
    expect(writer.comment(99, 'no such packet')).toBe(false);
    expect([writer.comment(last, 'a'), writer.comment(other, 'late'), writer.comment(last, 'b')]).toEqual([
      true,
      true,
      true,
    ]);
    const file = readCapture(new Uint8Array([...first, ...writer.take()]));
    expect(file.problems).toEqual([]);
    expect(file.packets.map((packet) => [[...packet.bytes], packet.comments, packet.packetId])).toEqual([
      [[1, 2, 3], [], 0],
      [[4, 5], ['late', 'early'], 9],
      [[6], ['a', 'b'], 0],
    ]);
  });
});

it('a drop is told with its reason, a firewall with its rule', () => {
  expect(dropComment('r1', Drop.IP_TTL_EXPIRED)).toBe('dropped by r1: the time to live ran out (RFC 791 3.2)');
  const rule = "r1's firewall, rule 3: deny udp";
  expect(dropComment('r1', Drop.FIREWALL_DENIED, rule)).toBe(`dropped by ${rule}`);
  expect(dropComment('r1', Drop.FIREWALL_DENIED)).toMatch(/^dropped by r1: the firewall/);
});
