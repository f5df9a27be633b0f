import { expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { dissect, findFields, formatTree } from './dissect.ts';
import { LinkType } from './link-types.ts';
import { ethernet, ipv4, udp } from './testing/frames.ts';

const bytes = (text: string): number[] => (text.match(/[0-9a-f]{2}/g) ?? []).map((each) => Number.parseInt(each, 16));
const frame = (payload: number[]): Uint8Array =>
  ethernet(ipv4(udp(payload, { sport: 520, dport: 520 }), { protocol: 17 }));

const TEN = '0002 0007 0a010000 ffff0000 00000000 00000003';
const GONE = '0002 0000 0a020000 ffff0000 0a000009 00000010';
const RESPONSE = bytes(`0202 0000 ${TEN} ${GONE}`);
const SIGNED = bytes(
  `0202 0000 ffff 0003 002c 07 10 00000063 00000000 00000000 ${TEN} ffff 0001 000102030405060708090a0b0c0d0e0f`,
);

test('a response, network by network', () => {
  const dissection = dissect(frame(RESPONSE), LinkType.Ethernet);
  expect(dissection.problems.filter(({ group }) => group === 'malformed')).toEqual([]);
  expect(dissection.info).toBe('Response');
  const lines = formatTree(dissection).map((line) => line.trim());
  expect(lines).toContain('Routing Information Protocol, Response, 2 networks');
  expect(lines).toContain('IP Address: 10.1.0.0, Metric: 3');
  expect(lines).toContain('IP Address: 10.2.0.0, Metric: 16 (not reachable)');
  expect(findFields(dissection, 'rip.route_tag').map(({ value }) => value)).toEqual([7, 0]);
});

test('authentication by digest and by password', () => {
  const signed = dissect(frame(SIGNED), LinkType.Ethernet);
  expect(signed.problems.filter(({ group }) => group === 'malformed')).toEqual([]);
  expect(findFields(signed, 'rip.auth_seq_num')[0]!.value).toBe(99);
  expect(findFields(signed, 'rip.ip')).toHaveLength(1);
  expect(findFields(signed, 'rip.digest')).toHaveLength(1);
  const open = dissect(frame(bytes(`0202 0000 ffff 0002 6b616e6761726f6f 0000000000000000 ${TEN}`)), LinkType.Ethernet);
  expect(findFields(open, 'rip.auth.passwd')[0]!.value).toBe('kangaroo');
});

test('every prefix and 20,000 mutations have a tree', () => {
  const random = Random.from(3);
  for (const message of [RESPONSE, SIGNED]) {
    for (let end = 0; end <= message.length; end++)
      expect(dissect(frame(message.slice(0, end)), 1).layers.length).toBeGreaterThan(2);
    const whole = frame(message);
    for (let i = 0; i < 10_000; i++) {
      const bad = whole.slice();
      for (let flips = 0; flips < 3; flips++) bad[42 + random.below(bad.length - 42)] = random.below(256);
      expect(dissect(bad, 1).layers.length).toBeGreaterThan(2);
    }
  }
});
