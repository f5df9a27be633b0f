import { describe, expect, it } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { Drop } from '../base/drop-reasons.ts';
import type { Limits } from '../base/limits.ts';
import { MacAddress } from '../base/mac-address.ts';
import { Random } from '../base/random.ts';
import { Cable } from '../l1-physical/cable.ts';
import { RecordingDevice } from '../testing/recording-device.ts';
import { dropsOf, expectNoLeaks, testNode } from '../testing/test-node.ts';
import { writeEthernet } from './ethernet.ts';
import { Switch } from './switch.ts';

const mac = (n: number) => new MacAddress(0x0200, n);

/** A switch with a station at each port; station n (from 1) has the address 02:00:...:0n. */
function lan(stations: number, options: { limits?: Partial<Limits>; ageingNs?: number } = {}) {
  const { node, queue, pool } = testNode('sw', options.limits);
  const box = new Switch(node, 0, options.ageingNs === undefined ? {} : { ageingNs: options.ageingNs });
  const cables: Cable[] = [];
  const devices: RecordingDevice[] = [];
  for (let n = 1; n <= stations; n++) {
    const cable = new Cable(`c${n}`, queue, Random.from(1), pool, node.limits);
    devices.push(new RecordingDevice(queue).plugInto(cable.a));
    box.port(n)?.connect(cable.b);
    cables.push(cable);
  }
  /** Station `at` sends a frame; then all come to rest. Returns the stations that got it. */
  const say = (at: number, to: MacAddress, from: MacAddress = mac(at)): number[] => {
    const before = devices.map((device) => device.arrivals.length);
    const frame = pool.from(new Uint8Array(60));
    writeEthernet(frame.view, frame.start, to, from, 0x0800);
    devices[at - 1].link?.transmit(frame);
    queue.runUntil(queue.now + SECOND / 10);
    return devices.flatMap((device, i) => (device.arrivals.length > before[i] ? [i + 1] : []));
  };
  return { box, node, queue, pool, cables, devices, say };
}

describe('a switch', () => {
  it('floods while it does not know, and then sends to the one port', () => {
    const { say, box, pool } = lan(4);
    expect(say(1, mac(2))).toEqual([2, 3, 4]);
    expect(say(2, mac(1))).toEqual([1]);
    expect(say(1, mac(2))).toEqual([2]);
    expect([box.forwarded, box.flooded]).toEqual([2, 1]);
    expect(box.entries().map((entry) => [String(entry.mac), entry.port])).toEqual([
      ['02:00:00:00:00:01', 1],
      ['02:00:00:00:00:02', 2],
    ]);
    expectNoLeaks(pool);
  });

  it('floods broadcasts and groups, whatever it knows', () => {
    const { say } = lan(3);
    say(2, mac(1));
    expect(say(1, MacAddress.BROADCAST)).toEqual([2, 3]);
    expect(say(1, new MacAddress(0x0100, 0x5e000001))).toEqual([2, 3]);
  });

  it('passes the bytes on as they are, each receiver its own', () => {
    const { say, devices } = lan(3);
    devices[1].react = (frame) => frame.bytes.fill(0, frame.start, frame.end);
    say(1, MacAddress.BROADCAST);
    expect(devices[2].arrivals[0].bytes).toEqual(devices[1].arrivals[0].bytes);
    expect(devices[2].arrivals[0].bytes.subarray(0, 12)).toEqual(
      Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1),
    );
  });

  it('stores and forwards: a frame takes its time on both cables', () => {
    const { say, devices } = lan(2);
    say(1, mac(2));
    expect(devices[1].times).toEqual([2 * (672 + 5000)]);
  });

  it('filters what the receiver has already heard on his own port', () => {
    const { say, node, box } = lan(3);
    say(1, mac(9), mac(8)); // 8 and 1 share port 1, as behind a hub
    say(1, mac(9), mac(1));
    expect(say(1, mac(8))).toEqual([]);
    expect(dropsOf(node)).toEqual({ SWITCH_SAME_PORT: 1 });
    expect([box.port(1)?.rxFrames, box.port(1)?.rxDropped]).toEqual([3, 1]);
  });

  it('follows a station that moves to another port', () => {
    const { say } = lan(3);
    say(2, mac(1));
    say(3, mac(1), mac(2));
    expect(say(1, mac(2))).toEqual([3]);
  });

  it('keeps the reserved group addresses on their link: 01:80:c2:00:00:00 to 0f', () => {
    const { say, node, box } = lan(2);
    for (let last = 0; last < 16; last++) expect(say(1, new MacAddress(0x0180, 0xc2000000 + last))).toEqual([]);
    expect(dropsOf(node)).toEqual({ SWITCH_RESERVED: 16 });
    expect(say(1, new MacAddress(0x0180, 0xc2000010))).toEqual([2]);
    expect(say(1, new MacAddress(0x0180, 0xc1ffffff))).toEqual([2]);
    expect(box.entries().length).toBe(1);
  });

  it('does not learn a group’s address, nor none', () => {
    const { say, box } = lan(2);
    say(1, mac(2), MacAddress.BROADCAST);
    say(1, mac(2), new MacAddress(0x0300, 5));
    say(1, mac(2), MacAddress.ZERO);
    expect(box.entries()).toEqual([]);
  });

  it('drops damaged frames, learns nothing from them, and passes on the others', () => {
    const { say, node, cables, devices, box } = lan(2);
    cables[0].configure('forward', { bitErrors: 0.5 });
    expect(say(1, mac(2))).toEqual([]);
    expect([dropsOf(node), box.entries()]).toEqual([{ FRAME_BAD_FCS: 1 }, []]);
    cables[0].configure('forward', { bitErrors: 0 });
    say(1, mac(2));
    expect(devices[1].arrivals.length).toBe(1);
  });

  it('drops pieces of frames', () => {
    const { devices, node, queue, pool } = lan(2);
    for (let length = 0; length < 14; length++) devices[0].link?.transmit(pool.from(new Uint8Array(length)));
    queue.runUntil(Infinity);
    expect(dropsOf(node)).toEqual({ FRAME_TOO_SHORT: 14 });
    expectNoLeaks(pool);
  });

  it('drops what nobody else is there to hear', () => {
    const { say, node, pool } = lan(1);
    say(1, mac(2));
    expect(dropsOf(node)).toEqual({ SWITCH_NO_PORT: 1 });
    expectNoLeaks(pool);
  });

  it('counts what passes its ports', () => {
    const { say, box } = lan(2);
    say(1, mac(2));
    say(2, mac(1));
    expect(box.ports.map((port) => [port.rxFrames, port.rxBytes, port.txFrames, port.txBytes])).toEqual([
      [1, 60, 1, 60],
      [1, 60, 1, 60],
    ]);
  });

  it('says what it does and why, in words', () => {
    const { say, node, queue } = lan(3);
    const told: string[] = [];
    node.trace = { event: (...[name, layer, what, , , detail]) => told.push(`${name} ${layer} ${what} ${detail}`) };
    say(1, mac(2));
    queue.runUntil(12 * SECOND);
    say(3, mac(1));
    say(3, MacAddress.BROADCAST);
    expect(told).toEqual([
      'sw 2 forward from port 1, flooded to 2 ports: address unknown',
      'sw 2 forward from port 3 to port 1 (learnt 12 s ago)',
      'sw 2 forward from port 3, flooded to 2 ports: a group address',
    ]);
  });
});

describe('what a switch has learnt', () => {
  it('is forgotten after 300 s of silence', () => {
    const { say, queue, box } = lan(3);
    say(2, mac(1));
    queue.runUntil(299 * SECOND);
    expect(say(1, mac(2))).toEqual([2]);
    queue.runUntil(301 * SECOND);
    expect(say(1, mac(2))).toEqual([2, 3]);
    expect(box.entries().map((entry) => entry.port)).toEqual([1]);
    expect(queue.pending).toBe(0);
  });

  it('is forgotten sooner, if so configured', () => {
    const { say, queue, box } = lan(3, { ageingNs: 10 * SECOND });
    say(2, mac(1));
    queue.runUntil(11 * SECOND);
    expect(say(1, mac(2))).toEqual([2, 3]);
    box.ageingNs = SECOND;
    queue.runUntil(13 * SECOND);
    expect([box.entries(), box.ageingNs]).toEqual([[], SECOND]);
  });

  it('is kept up by each frame that is heard', () => {
    const { say, queue } = lan(3);
    for (let i = 0; i < 5; i++) {
      say(2, mac(1));
      queue.runUntil(queue.now + 200 * SECOND);
    }
    expect(say(1, mac(2))).toEqual([2]);
  });

  it('is as much as the limit says: then unknown stations are flooded, known ones not', () => {
    const { say, box, queue } = lan(3, { limits: { switchTableEntries: 2 } });
    say(1, mac(9));
    say(2, mac(9));
    say(3, mac(9));
    expect([box.entries().length, box.notLearnt]).toEqual([2, 1]);
    expect([say(1, mac(2)), say(1, mac(3))]).toEqual([[2], [2, 3]]);
    queue.runUntil(queue.now + 301 * SECOND);
    say(3, mac(9));
    expect(say(1, mac(3))).toEqual([3]);
  });

  it('from a port is forgotten when its cable is cut', () => {
    const { say, cables, box } = lan(3);
    say(1, mac(9));
    say(2, mac(9));
    cables[1].setUp(false);
    expect(box.entries().map((entry) => entry.port)).toEqual([1]);
    expect(say(1, mac(2))).toEqual([3]);
    cables[1].setUp(true);
    expect(say(1, mac(2))).toEqual([2, 3]);
    box.port(1)?.disconnect();
    expect([box.entries(), box.freePort()]).toEqual([[], 1]);
  });

  it('is shown with its age', () => {
    const { say, queue, box } = lan(2);
    say(1, mac(2));
    queue.runUntil(5 * SECOND + 5672);
    expect(box.entries()).toEqual([{ mac: mac(1), port: 1, ageNs: 5 * SECOND }]);
  });
});

describe('two switches', () => {
  it('lead a frame over both, once they have learnt', () => {
    const { box, node, queue, pool, say, devices } = lan(2);
    const second = new Switch(node);
    const trunk = new Cable('trunk', queue, Random.from(1), pool, node.limits);
    const leaf = new Cable('leaf', queue, Random.from(1), pool, node.limits);
    box.port(box.freePort())?.connect(trunk.a);
    second.port(1)?.connect(trunk.b);
    second.port(2)?.connect(leaf.a);
    const far = new RecordingDevice(queue).plugInto(leaf.b);
    say(1, mac(7));
    expect(far.arrivals.length).toBe(1);
    const answer = pool.from(new Uint8Array(60));
    writeEthernet(answer.view, answer.start, mac(1), mac(7), 0x0800);
    leaf.b.transmit(answer);
    queue.runUntil(queue.now + SECOND);
    expect([devices[0].arrivals.length, devices[1].arrivals.length]).toEqual([1, 1]);
    expect(box.entries().map((entry) => [entry.mac.lo, entry.port])).toEqual([
      [1, 1],
      [7, 3],
    ]);
    expectNoLeaks(pool);
  });

  it('in a ring let a broadcast circle for ever, but not without bounds', () => {
    const { node, queue, pool } = testNode('ring', { linkQueueFrames: 10 });
    const [one, two] = [new Switch(node), new Switch(node)];
    for (let i = 1; i <= 2; i++) {
      const cable = new Cable(`ring${i}`, queue, Random.from(1), pool, node.limits);
      one.port(i)?.connect(cable.a);
      two.port(i)?.connect(cable.b);
    }
    const entry = new Cable('entry', queue, Random.from(1), pool, node.limits);
    one.port(3)?.connect(entry.b);
    const station = new RecordingDevice(queue).plugInto(entry.a);
    const frame = pool.from(new Uint8Array(60));
    writeEthernet(frame.view, frame.start, MacAddress.BROADCAST, mac(1), 0x0800);
    station.link?.transmit(frame);
    queue.runUntil(10_000_000);
    expect(station.arrivals.length).toBeGreaterThan(100);
    expect(pool.outstanding).toBeLessThan(100);
    entry.setUp(false);
    for (const port of one.ports) port.disconnect();
    queue.runUntil(Infinity);
    expectNoLeaks(pool);
  });
});

it('a switch with a fixed number of ports has no other', () => {
  const { node } = testNode();
  const box = new Switch(node, 2);
  expect([box.ports.length, box.port(2)?.number, box.port(3), box.freePort()]).toEqual([2, 2, null, 1]);
  expect(box.name).toBe('test');
  expect(node.drops[Drop.NONE]).toBe(0);
});
