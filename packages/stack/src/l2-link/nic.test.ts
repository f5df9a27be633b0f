import { describe, expect, it } from 'vitest';
import { finish, sum } from '../base/checksum.ts';
import { Drop } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import { MacAddress } from '../base/mac-address.ts';
import { Checksum, FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';
import { Random } from '../base/random.ts';
import { Direction, type FrameTap } from '../base/trace.ts';
import { Cable } from '../l1-physical/cable.ts';
import { numberedFrame, RecordingDevice } from '../testing/recording-device.ts';
import { dropsOf, expectNoLeaks, testNode } from '../testing/test-node.ts';
import { EtherType, writeEthernet, writeSnap } from './ethernet.ts';
import { type EtherHandler, Nic } from './nic.ts';

const ALICE = new MacAddress(0x0200, 0x0a);
const WEB = new MacAddress(0x0200, 0x0b);
const GROUP = new MacAddress(0x0100, 0x5e000001);

/** A layer above that writes down what it is given. */
class Upper implements EtherHandler {
  readonly got: { payload: number[]; cast: number; headerAt: number; checksum: number }[] = [];

  etherInput(packet: PacketBuffer, _nic: Nic, cast: 0 | 1 | 2): void {
    const headerAt = packet.start - packet.l2;
    this.got.push({ payload: [...packet.slice()], cast, headerAt, checksum: packet.checksum });
    packet.release();
  }
}

/** alice's interface on a cable of 1 Gbit/s, at whose other end every frame is written down. */
function station() {
  const { node, queue, pool } = testNode('alice');
  const cable = new Cable('c', queue, Random.from(1), pool, node.limits);
  const nic = new Nic(node, 'eth0', ALICE);
  const wire = new RecordingDevice(queue).plugInto(cable.b);
  nic.connect(cable.a);
  const ip = new Upper();
  nic.register(EtherType.Ipv4, ip);
  /** A packet of `length` bytes, as layer 3 would hand it down. */
  const payload = (length: number) => numberedFrame(pool, 1, length);
  /** Lets a frame arrive: 14 bytes of header and `length` of payload. */
  const arrive = (
    to: MacAddress,
    length = 46,
    type: number = EtherType.Ipv4,
    change?: (frame: PacketBuffer) => void,
  ) => {
    const frame = payload(length);
    writeEthernet(frame.view, frame.push(14), to, WEB, type);
    change?.(frame);
    nic.linkInput(frame);
  };
  const run = () => queue.runUntil(Infinity);
  return { node, nic, cable, wire, ip, pool, queue, payload, arrive, run };
}

describe('what goes out', () => {
  it('gets an Ethernet header in front', () => {
    const { nic, wire, payload, run, pool } = station();
    expect(nic.output(payload(100), WEB, EtherType.Ipv4)).toBe(0);
    run();
    const { bytes } = wire.arrivals[0];
    expect(bytes.length).toBe(114);
    expect([...bytes.subarray(0, 15)]).toEqual([2, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x0a, 8, 0, 1]);
    expect([nic.txPackets, nic.txBytes]).toEqual([1, 114]);
    expectNoLeaks(pool);
  });

  it('is padded to 60 bytes with zeros, whatever stood in the buffer before', () => {
    const { nic, wire, pool, run } = station();
    const dirty = pool.acquire(200);
    dirty.bytes.fill(0xee);
    dirty.release();
    const packet = pool.acquire(200);
    packet.append(Uint8Array.of(1, 2, 3));
    nic.output(packet, WEB, EtherType.Arp);
    run();
    const { bytes } = wire.arrivals[0];
    expect(bytes.length).toBe(60);
    expect([...bytes.subarray(14)]).toEqual([1, 2, 3, ...new Array(43).fill(0)]);
  });

  it('is padded in a copy when the sender keeps the bytes and there is no room behind them', () => {
    const { nic, wire, pool, run } = station();
    const packet = pool.from(Uint8Array.of(1, 2, 3), 384 - 3).retain();
    nic.output(packet, WEB, EtherType.Ipv4);
    run();
    expect(wire.arrivals[0].bytes.length).toBe(60);
    packet.release();
    expectNoLeaks(pool);
  });

  it('of one byte more than fits in the least frame is not padded', () => {
    const { nic, wire, payload, run } = station();
    nic.output(payload(46), WEB, EtherType.Ipv4);
    nic.output(payload(47), WEB, EtherType.Ipv4);
    run();
    expect(wire.arrivals.map((arrival) => arrival.bytes.length)).toEqual([60, 61]);
  });

  it('may be as long as the MTU; one byte more is EMSGSIZE', () => {
    const { node, nic, wire, payload, run, pool } = station();
    expect(nic.output(payload(1500), WEB, EtherType.Ipv4)).toBe(0);
    expect(nic.output(payload(1501), WEB, EtherType.Ipv4)).toBe(-Errno.EMSGSIZE);
    nic.mtu = 9000;
    expect(nic.output(payload(1501), WEB, EtherType.Ipv4)).toBe(0);
    run();
    expect(wire.arrivals.length).toBe(2);
    expect([dropsOf(node), nic.txDropped]).toEqual([{ FRAME_TOO_LONG: 1 }, 1]);
    expectNoLeaks(pool);
  });

  it('is longer when it is a super-segment that the link cuts', () => {
    const { nic, wire, payload, run } = station();
    const large = () => {
      const packet = payload(30_000);
      packet.segmentSize = 1460;
      return packet;
    };
    expect(nic.output(large(), WEB, EtherType.Ipv4)).toBe(-Errno.EMSGSIZE);
    nic.segmentOffload = 65_536;
    expect(nic.output(large(), WEB, EtherType.Ipv4)).toBe(0);
    run();
    expect(wire.arrivals[0].bytes.length).toBe(30_014);
  });

  it('has its checksum completed, unless the interface may leave that to others', () => {
    const { nic, wire, payload, run } = station();
    const partial = () => {
      const packet = payload(64);
      packet.checksum = Checksum.Partial;
      packet.checksumStart = packet.start + 20;
      packet.checksumField = packet.start + 36;
      packet.view.setUint16(packet.checksumField, 0x1234);
      return packet;
    };
    nic.output(partial(), WEB, EtherType.Ipv4);
    nic.checksumOffload = true;
    nic.output(partial(), WEB, EtherType.Ipv4);
    run();
    const [complete, offloaded] = wire.arrivals;
    const view = new DataView(complete.bytes.buffer);
    expect(finish(sum(view, 34, 78, 0x1234))).toBe(0);
    expect(complete.checksum).toBe(Checksum.Verified);
    expect([offloaded.checksum, offloaded.bytes[50], offloaded.bytes[51]]).toEqual([Checksum.Partial, 0x12, 0x34]);
  });

  it('finds an interface that is down: ENETDOWN', () => {
    const { node, nic, payload, pool } = station();
    nic.setUp(false);
    expect(nic.output(payload(50), WEB, EtherType.Ipv4)).toBe(-Errno.ENETDOWN);
    expect(nic.outputFrame(payload(60))).toBe(-Errno.ENETDOWN);
    expect(dropsOf(node)).toEqual({ NIC_DOWN: 2 });
    expectNoLeaks(pool);
  });

  it('is lost without an error when there is no cable, or a cut one', () => {
    const { node, nic, cable, payload, pool } = station();
    cable.setUp(false);
    expect(nic.output(payload(50), WEB, EtherType.Ipv4)).toBe(0);
    expect(cable.forward.drops[Drop.LINK_DOWN]).toBe(1);
    nic.disconnect();
    expect(nic.output(payload(50), WEB, EtherType.Ipv4)).toBe(0);
    expect(dropsOf(node)).toEqual({ LINK_DOWN: 1 });
    expectNoLeaks(pool);
  });

  it('is a new frame: the check sequence of the one that brought the packet here does not belong to it', () => {
    const { nic, wire, payload, run } = station();
    const packet = payload(50);
    packet.fcs = 0x12345678;
    nic.output(packet, WEB, EtherType.Ipv4);
    const frame = payload(60);
    frame.fcs = 0x12345678;
    nic.outputFrame(frame);
    run();
    expect(wire.arrivals.map((arrival) => arrival.fcs)).toEqual([FCS_IMPLIED, FCS_IMPLIED]);
  });

  it('may be a frame that somebody made himself', () => {
    const { nic, wire, payload, run, pool } = station();
    expect(nic.outputFrame(payload(20))).toBe(0);
    expect(nic.outputFrame(payload(1514))).toBe(0);
    expect(nic.outputFrame(payload(1515))).toBe(-Errno.EMSGSIZE);
    run();
    expect(wire.arrivals.map((arrival) => arrival.bytes.length)).toEqual([60, 1514]);
    expectNoLeaks(pool);
  });
});

describe('what comes in', () => {
  it('goes to who registered for its type, from the payload on, with how it was addressed', () => {
    const { nic, ip, arrive, node, pool } = station();
    const arp = new Upper();
    const ipv6 = new Upper();
    const other = new Upper();
    nic.register(EtherType.Arp, arp);
    nic.register(EtherType.Ipv6, ipv6);
    nic.register(0x88b5, other);
    arrive(ALICE, 50);
    arrive(MacAddress.BROADCAST, 46, EtherType.Arp);
    arrive(GROUP, 46, EtherType.Ipv6);
    arrive(ALICE, 46, 0x88b5);
    expect(ip.got[0]).toMatchObject({ cast: 0, headerAt: 14 });
    expect(ip.got[0].payload.length).toBe(50);
    expect([arp.got[0].cast, ipv6.got[0].cast, other.got[0].cast]).toEqual([1, 2, 0]);
    expect([nic.rxPackets, nic.rxBytes, nic.rxMulticast]).toEqual([4, 64 + 60 + 60 + 60, 1]);
    expect(dropsOf(node)).toEqual({});
    expectNoLeaks(pool);
  });

  it('goes to nobody when nobody speaks its type', () => {
    const { nic, node, arrive, pool } = station();
    arrive(ALICE, 46, EtherType.Vlan);
    arrive(ALICE, 46, EtherType.Arp);
    nic.register(EtherType.Ipv4, null);
    arrive(ALICE);
    nic.register(0x88b5, new Upper());
    nic.register(0x88b5, null);
    arrive(ALICE, 46, 0x88b5);
    expect(dropsOf(node)).toEqual({ FRAME_UNKNOWN_TYPE: 4 });
    expect(nic.rxDropped).toBe(4);
    expectNoLeaks(pool);
  });

  it('for another station is dropped, and shown only to a promiscuous tap', () => {
    const { nic, node, arrive, pool } = station();
    const seen: number[] = [];
    nic.tap = { frame: (_frame, _direction, reason) => seen.push(reason) };
    arrive(new MacAddress(0x0200, 0x0c));
    expect(seen).toEqual([]);
    nic.promiscuous = true;
    arrive(new MacAddress(0x0200, 0x0c));
    arrive(new MacAddress(0x0202, 0x0a));
    expect(seen).toEqual([Drop.FRAME_NOT_FOR_US, Drop.FRAME_NOT_FOR_US]);
    expect([dropsOf(node), nic.rxPackets]).toEqual([{ FRAME_NOT_FOR_US: 3 }, 0]);
    expectNoLeaks(pool);
  });

  it('with our own address as its source was looped', () => {
    const { nic, node, arrive, ip } = station();
    arrive(MacAddress.BROADCAST, 46, EtherType.Ipv4, (frame) => ALICE.write(frame.view, frame.start + 6));
    expect([dropsOf(node), ip.got, nic.rxDropped]).toEqual([{ LOOPED_FRAME: 1 }, [], 1]);
    for (const near of [new MacAddress(ALICE.hi, ALICE.lo + 1), new MacAddress(ALICE.hi + 1, ALICE.lo)]) {
      arrive(ALICE, 46, EtherType.Ipv4, (frame) => near.write(frame.view, frame.start + 6));
    }
    expect(ip.got.length).toBe(2);
  });

  it('is dropped when its check sequence is wrong, and taken when it was computed and is right', () => {
    const { nic, node, ip, cable, wire, run, payload, pool } = station();
    cable.configure('backward', { bitErrors: 0.001 });
    const frames = 200;
    for (let i = 0; i < frames; i++) {
      const frame = payload(46);
      writeEthernet(frame.view, frame.push(14), ALICE, WEB, EtherType.Ipv4);
      wire.link?.transmit(frame);
    }
    run();
    expect(node.drops[Drop.FRAME_BAD_FCS]).toBeGreaterThan(20);
    expect(nic.rxErrors).toBe(node.drops[Drop.FRAME_BAD_FCS]);
    expect(ip.got.length).toBe(frames - nic.rxErrors);
    for (const { payload: bytes } of ip.got) expect(bytes).toEqual(ip.got[0].payload);
    expectNoLeaks(pool);
  });

  it('of fewer bytes than a header is too short; padding below 60 is not asked for', () => {
    const { nic, node, ip, arrive, pool } = station();
    arrive(ALICE, 0);
    for (let length = 0; length < 14; length++) {
      arrive(ALICE, 0, EtherType.Ipv4, (frame) => frame.trim(length));
    }
    expect([ip.got.length, nic.rxErrors, dropsOf(node)]).toEqual([1, 14, { FRAME_TOO_SHORT: 14 }]);
    expectNoLeaks(pool);
  });

  it('as 802.3 with SNAP ends where its length says', () => {
    const { nic, ip, node, payload, pool } = station();
    const frame = payload(38);
    frame.push(22);
    writeSnap(frame.view, frame.start, ALICE, WEB, EtherType.Ipv4, 10);
    nic.linkInput(frame);
    expect(ip.got[0]).toMatchObject({ headerAt: 22 });
    expect(ip.got[0].payload.length).toBe(10);
    const long = payload(38);
    long.push(22);
    writeSnap(long.view, long.start, ALICE, WEB, EtherType.Ipv4, 39);
    nic.linkInput(long);
    expect(dropsOf(node)).toEqual({ FRAME_BAD_LENGTH: 1 });
    expectNoLeaks(pool);
  });

  it('is not taken while the interface is down', () => {
    const { nic, node, arrive, pool } = station();
    nic.setUp(false);
    arrive(ALICE);
    expect([dropsOf(node), nic.rxPackets]).toEqual([{ NIC_DOWN: 1 }, 0]);
    expectNoLeaks(pool);
  });

  it('must have its checksum summed again, unless the interface trusts; a partial one stays', () => {
    const { nic, ip, arrive } = station();
    const states = [Checksum.Verified, Checksum.Trusted, Checksum.Partial, Checksum.None];
    const receive = () => {
      for (const state of states) {
        arrive(ALICE, 46, EtherType.Ipv4, (frame) => {
          frame.checksum = state;
        });
      }
      return ip.got.splice(0).map((got) => got.checksum);
    };
    expect(receive()).toEqual([Checksum.None, Checksum.None, Checksum.Partial, Checksum.None]);
    nic.trustChecksums = true;
    expect(receive()).toEqual(states);
  });

  it('may be anything: 100,000 mutations end with a handler or a reason, and none leaks', () => {
    const { nic, ip, node, pool } = station();
    const random = Random.from(3);
    let handled = 0;
    nic.register(EtherType.Ipv4, {
      etherInput(packet) {
        handled++;
        if (packet.start > packet.end) throw new Error('a payload that ends before it begins');
        packet.release();
      },
    });
    const seed = new Uint8Array(60);
    writeSnap(new DataView(seed.buffer), 0, ALICE, WEB, EtherType.Ipv4, 20);
    for (let i = 0; i < 100_000; i++) {
      const frame = pool.from(seed);
      for (let flips = random.below(3); flips >= 0; flips--) {
        frame.bytes[frame.start + random.below(24)] = random.below(4) === 0 ? random.below(256) : 0;
      }
      frame.trim(random.below(61));
      if (random.below(50) === 0) frame.fcs = random.u32();
      nic.linkInput(frame);
    }
    const dropped = node.drops.reduce((total, count) => total + count, 0);
    expect([handled + dropped, ip.got]).toEqual([100_000, []]);
    expect(handled).toBeGreaterThan(1000);
    expect(Object.keys(dropsOf(node)).length).toBeGreaterThanOrEqual(4);
    expectNoLeaks(pool);
  });
});

describe('who watches', () => {
  it('sees frames both ways, whole, and leaves when told to', () => {
    const { nic, arrive, payload, run } = station();
    const seen: string[] = [];
    const tap = (name: string): FrameTap => ({
      frame: (frame, direction) => seen.push(`${name} ${direction === Direction.In ? 'in' : 'out'} ${frame.length}`),
    });
    const [one, two] = [tap('one'), tap('two')];
    nic.addTap(one);
    nic.addTap(two);
    nic.output(payload(30), WEB, EtherType.Ipv4);
    arrive(ALICE, 70);
    expect(seen.splice(0)).toEqual(['one out 60', 'two out 60', 'one in 84', 'two in 84']);
    nic.removeTap(one);
    arrive(ALICE, 70);
    nic.removeTap(two);
    arrive(ALICE, 70);
    expect(seen).toEqual(['two in 84']);
    expect(nic.tap).toBeNull();
    run();
  });

  it('reads what happened at layer 2, in words', () => {
    const { nic, node, arrive, payload, run } = station();
    const told: string[] = [];
    node.trace = { event: (...[name, layer, what, , , detail]) => told.push(`${name} ${layer} ${what} ${detail}`) };
    nic.output(payload(30), WEB, EtherType.Ipv4);
    arrive(MacAddress.BROADCAST, 70);
    nic.setUp(false);
    run();
    expect(told).toEqual([
      'alice 2 send eth0: 02:00:00:00:00:0a > 02:00:00:00:00:0b, IPv4 (0x0800), length 60',
      'alice 2 receive eth0: 02:00:00:00:00:0b > ff:ff:ff:ff:ff:ff, IPv4 (0x0800), length 84',
      'alice 2 state eth0: up -> down',
    ]);
  });

  it('is told when the interface or its link changes', () => {
    const { nic, cable } = station();
    const seen: boolean[][] = [];
    nic.onLinkChange({ nicChanged: (changed) => seen.push([changed.up, changed.running]) });
    cable.setUp(false);
    cable.setUp(true);
    nic.setUp(false);
    nic.setUp(false);
    nic.setUp(true);
    nic.disconnect();
    expect(seen).toEqual([
      [true, false],
      [true, true],
      [false, false],
      [true, true],
      [true, false],
    ]);
  });
});
