import { expect, test } from 'vitest';
import { finish, sum } from '../base/checksum.ts';
import { SECOND } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import { Random } from '../base/random.ts';
import { SnoopDecision, Snooping } from './snooping.ts';

const GROUP = [239, 1, 2, 3];
const u16 = (value: number): number[] => [value >> 8, value & 255];

function summed(bytes: number[], from: number, to: number, at: number, initial = 0): number[] {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const [hi, lo] = u16(finish(sum(view, from, to, initial)));
  bytes[at] = hi!;
  bytes[at + 1] = lo!;
  return bytes;
}

/** An Ethernet frame with IPv4 in it, to a group. */
function frame4(protocol: number, to: number[], payload: number[], from = [10, 0, 0, 1]): Uint8Array {
  const header = [0x45, 0, ...u16(20 + payload.length), 0, 0, 0, 0, 1, protocol, 0, 0, ...from, ...to];
  summed(header, 0, 20, 10);
  const mac = [1, 0, 0x5e, to[1]! & 127, to[2]!, to[3]!, 2, 0, 0, 0, 0, 1];
  return Uint8Array.from([...mac, 8, 0, ...header, ...payload]);
}

const igmp = (type: number, code: number, rest: number[]): number[] => {
  const message = [type, code, 0, 0, ...rest];
  return summed(message, 0, message.length, 2);
};
const query = (about = [0, 0, 0, 0], from?: number[]): Uint8Array =>
  frame4(2, about[0] === 0 ? [224, 0, 0, 1] : about, igmp(0x11, 10, [...about, 2, 125, 0, 0]), from);
const report3 = (type: number, ...sources: number[][]): Uint8Array =>
  frame4(2, [224, 0, 0, 22], igmp(0x22, 0, [0, 0, 0, 1, type, 0, 0, sources.length, ...GROUP, ...sources.flat()]));
const data = (to = GROUP): Uint8Array => frame4(17, to, [0, 1, 2, 3, 4, 5, 6, 7]);

const LINK = [0xfe, 0x80, ...new Array<number>(13).fill(0), 1];
const GROUP6 = [0xff, 0x15, ...new Array<number>(12).fill(0), 0x12, 0x34];

/** An Ethernet frame with IPv6, hop-by-hop options and MLD in it. */
function mld(type: number, rest: number[], to: number[], from = LINK): Uint8Array {
  const message = [type, 0, 0, 0, ...rest];
  const length = message.length;
  const pseudo = [...from, ...to, 0, 0, ...u16(length), 0, 0, 0, 58];
  summed(message, 0, length, 2, sum(new DataView(Uint8Array.from(pseudo).buffer), 0, pseudo.length));
  const header = [0x60, 0, 0, 0, ...u16(8 + length), 0, 1, ...from, ...to, 58, 0, 5, 2, 0, 0, 1, 0];
  return Uint8Array.from([0x33, 0x33, ...to.slice(12), 2, 0, 0, 0, 0, 1, 0x86, 0xdd, ...header, ...message]);
}
const ALL6 = [0xff, 2, ...new Array<number>(13).fill(0), 1];
const ROUTERS6 = [0xff, 2, ...new Array<number>(13).fill(0), 0x16];
const data6 = (to = GROUP6): Uint8Array =>
  Uint8Array.from([
    ...[0x33, 0x33, ...to.slice(12), 2, 0, 0, 0, 0, 1, 0x86, 0xdd],
    ...[0x60, 0, 0, 0, 0, 8, 17, 1, ...LINK, ...to, 0, 1, 2, 3, 0, 8, 0, 0],
  ]);

class World {
  readonly snooping = new Snooping(LIMITS);
  now = 0;

  /** Where a frame that came in at `port` goes: 'all', or port numbers. */
  see(port: number, frame: Uint8Array): string {
    const view = new DataView(frame.buffer);
    if (this.snooping.decide(view, 0, frame.length, port, this.now) === SnoopDecision.Flood) return 'all';
    const to: number[] = [];
    this.snooping.ports.forEach((marked, number) => {
      if (marked === 1 && number !== port) to.push(number);
    });
    return to.join(' ');
  }
}

test('without a querier all is flooded; with one, groups go to members and routers', () => {
  const world = new World();
  expect(world.see(3, report3(4))).toBe('all');
  expect(world.see(5, data())).toBe('all');
  expect(world.see(1, query())).toBe('all');
  expect(world.snooping.routerPorts(world.now)).toEqual([1]);
  expect(world.see(4, report3(4))).toBe('1');
  expect(world.see(5, data())).toBe('1 3 4');
  expect(world.see(3, data())).toBe('1 4');
  expect(world.see(5, data([239, 9, 9, 9]))).toBe('all'); // nobody reported it
  expect(world.see(5, data([224, 0, 0, 5]))).toBe('all'); // 224.0.0.0/24 is for everybody
  expect(world.snooping.entries(world.now)).toEqual([{ group: '239.1.2.3', ports: [3, 4] }]);
});

test('a report without sources is a leave, which waits for the question that follows', () => {
  const world = new World();
  world.see(1, query());
  world.see(3, report3(4));
  world.see(4, report3(5, [10, 0, 0, 9])); // wants one source: that is wanting, too
  expect(world.see(3, report3(3))).toBe('1');
  expect(world.see(5, data())).toBe('1 3 4');
  expect(world.see(1, query(GROUP))).toBe('all');
  world.now = SECOND;
  expect(world.see(4, report3(2))).toBe('1');
  world.now = 3 * SECOND;
  expect(world.see(5, data())).toBe('1 4');
});

test('what is not said again is forgotten, routers too', () => {
  const world = new World();
  world.see(1, query());
  world.see(3, report3(4));
  world.now = 200 * SECOND;
  world.see(2, query());
  world.now = 256 * SECOND;
  expect(world.snooping.routerPorts(world.now)).toEqual([2]);
  expect(world.see(5, data())).toBe('2 3');
  world.now = 261 * SECOND;
  expect(world.see(5, data())).toBe('all');
  world.see(3, report3(4));
  world.snooping.forgetPort(3);
  expect(world.see(5, data())).toBe('all');
});

test('a query of another switch makes no router; old reports and PIM are understood', () => {
  const world = new World();
  expect(world.see(1, query([0, 0, 0, 0], [0, 0, 0, 0]))).toBe('all');
  expect(world.snooping.routerPorts(0)).toEqual([]);
  expect(world.see(3, frame4(2, GROUP, igmp(0x16, 0, GROUP)))).toBe('');
  expect(world.see(4, frame4(103, [224, 0, 0, 13], [0x20, 0, 0, 0]))).toBe('all');
  expect(world.see(5, data())).toBe('3 4');
  expect(world.see(3, frame4(2, [224, 0, 0, 2], igmp(0x17, 0, GROUP)))).toBe('4');
});

test('damaged messages are data, and teach nothing', () => {
  const world = new World();
  const bad = query();
  bad[bad.length - 1]! ^= 1;
  expect(world.see(1, bad)).toBe('all');
  expect(world.snooping.routerPorts(0)).toEqual([]);
});

test('MLD alike', () => {
  const world = new World();
  const zeros = new Array<number>(16).fill(0);
  expect(world.see(1, mld(130, [0x27, 0x10, 0, 0, ...zeros, 2, 125, 0, 0], ALL6))).toBe('all');
  expect(world.snooping.routerPorts(0)).toEqual([1]);
  expect(world.see(3, mld(143, [0, 0, 0, 1, 4, 0, 0, 0, ...GROUP6], ROUTERS6))).toBe('1');
  expect(world.see(4, mld(131, [0, 0, 0, 0, ...GROUP6], GROUP6))).toBe('1');
  expect(world.see(5, data6())).toBe('1 3 4');
  expect(world.see(5, data6(ALL6))).toBe('all');
  expect(world.see(4, mld(132, [0, 0, 0, 0, ...GROUP6], ROUTERS6))).toBe('1 3'.slice(0, 1));
  world.see(1, mld(130, [0x03, 0xe8, 0, 0, ...GROUP6], GROUP6));
  world.now = 3 * SECOND;
  expect(world.see(5, data6())).toBe('all');
  expect(world.snooping.entries(0)).toEqual([]);
});

test('as many groups as the limit says; beyond it they are flooded', () => {
  const snooping = new Snooping({ ...LIMITS, multicastGroups: 1 });
  const see = (port: number, frame: Uint8Array): number =>
    snooping.decide(new DataView(frame.buffer), 0, frame.length, port, 0);
  see(1, query());
  see(3, report3(4));
  see(3, frame4(2, [239, 7, 7, 7], igmp(0x16, 0, [239, 7, 7, 7])));
  expect(see(5, data())).toBe(SnoopDecision.Some);
  expect(see(5, data([239, 7, 7, 7]))).toBe(SnoopDecision.Flood);
});

test('every prefix, and 100,000 mutations', () => {
  const world = new World();
  const zeros = new Array<number>(16).fill(0);
  const frames = [
    query(GROUP),
    report3(4, [1, 2, 3, 4], [5, 6, 7, 8]),
    data(),
    mld(130, [0x27, 0x10, 0, 0, ...zeros, 2, 125, 0, 0], ALL6),
    mld(143, [0, 0, 0, 1, 4, 0, 0, 0, ...GROUP6], ROUTERS6),
  ];
  for (const frame of frames) {
    for (let length = 0; length <= frame.length; length++) {
      world.snooping.decide(new DataView(frame.buffer), 0, length, 1, 0);
    }
  }
  const random = Random.from('snooping');
  for (let round = 0; round < 100_000; round++) {
    const frame = frames[round % frames.length]!;
    const at = random.below(frame.length);
    const before = frame[at]!;
    frame[at] = random.below(256);
    world.snooping.decide(new DataView(frame.buffer), 0, frame.length, 1 + (round & 7), round * 1e6);
    frame[at] = before;
  }
  expect(world.snooping.entries(world.now).length).toBeLessThanOrEqual(LIMITS.multicastGroups);
});
