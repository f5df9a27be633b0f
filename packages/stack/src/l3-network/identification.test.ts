import { expect, test } from 'vitest';
import { MILLISECOND } from '../base/clock.ts';
import { testNode } from '../testing/test-node.ts';
import { Identifications } from './ipv4-paths.ts';
import { ip, know, payload, type TestHost, testHost } from './testing/fake-link.ts';

/** The identifications of `count` datagrams to a neighbour, `apartMs` between them. */
function sent(host: TestHost, count: number, apartMs: number, dontFragment: boolean): number[] {
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  const flow = host.ipv4.open(ip('10.0.1.9'), 17, null, { dontFragment });
  if (typeof flow === 'number') throw new Error('no flow');
  for (let i = 0; i < count; i++) {
    host.queue.runUntil(host.node.clock.now + apartMs * MILLISECOND);
    flow.send(payload(host, 8));
  }
  return host.eth0.takePackets(({ packet }) => packet.view.getUint16(packet.start + 4));
}

const steps = (ids: number[]): number[] => ids.slice(1).map((id, i) => (id - ids[i]! + 0x10000) & 0xffff);

test('in a burst they are different, and go on by one', () => {
  const ids = sent(testHost(), 1000, 0, false);
  expect(new Set(ids).size).toBe(1000);
  expect(new Set(steps(ids))).toEqual(new Set([1]));
});

test('with time between them nobody can tell how many were sent', () => {
  const all = steps(sent(testHost(), 60, 100, false));
  for (const step of all) expect(step).toBeLessThanOrEqual(101);
  expect(new Set(all).size).toBeGreaterThan(20);
  expect(Math.max(...all)).toBeGreaterThan(10);
});

test('flows whose packets nobody may fragment begin anywhere', () => {
  const host = testHost();
  const firsts = Array.from({ length: 50 }, () => sent(host, 1, 0, true)[0]!);
  expect(new Set(firsts).size).toBeGreaterThan(45);
});

test('other addresses, other sequences', () => {
  const { node } = testNode();
  const ids = new Identifications(node);
  const first = (destination: number): number => ids.next(ids.sequence(1, destination, 17));
  expect(new Set(Array.from({ length: 100 }, (_, i) => first(i))).size).toBeGreaterThan(90);
});
