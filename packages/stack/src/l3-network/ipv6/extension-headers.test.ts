import { describe, expect, it, test } from 'vitest';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Random } from '../../base/random.ts';
import { expectNoLeaks, testNode } from '../../testing/test-node.ts';
import { Chain, ExtensionHeaders, findTransport, writeRouterAlert } from './extension-headers.ts';
import { ipv6Packet } from './testing/fake-host6.ts';

const world = testNode();
const chain = new ExtensionHeaders();

/** An options or routing header: what follows, and its bytes behind the first two, padded to eights. */
function header(next: number, ...content: number[]): number[] {
  const units = Math.ceil((content.length + 2) / 8);
  const padding = units * 8 - 2 - content.length;
  const pad = padding === 0 ? [] : padding === 1 ? [0] : [1, padding - 2, ...new Array<number>(padding - 2).fill(0)];
  return [next, units - 1, ...content, ...pad];
}
const fragment = (next: number, offset: number, more: boolean): number[] => [
  next,
  0,
  offset >> 8,
  (offset & 0xf8) | (more ? 1 : 0),
  0,
  0,
  0,
  9,
];
const UDP = [0, 53, 0, 53, 0, 8, 0, 0];

function packet(next: number, ...parts: number[][]): PacketBuffer {
  const made = ipv6Packet(world, { from: 'fe80::1', to: 'fe80::2', next, payload: Uint8Array.from(parts.flat()) });
  made.l3 = made.start;
  return made;
}

/** What the walk over such a packet finds, in words. */
function walk(transit: boolean, next: number, ...parts: number[][]): string {
  const made = packet(next, ...parts);
  const found = chain.walk(made, transit);
  made.release();
  switch (found) {
    case Chain.Transport:
      return `protocol ${chain.protocol} at ${chain.offset}${chain.routerAlert ? ', alert' : ''}`;
    case Chain.Fragment:
      return `fragment at ${chain.offset}`;
    case Chain.Problem:
      return `problem ${chain.code} at ${chain.pointer}${chain.evenToGroups ? ', even to groups' : ''}`;
    default:
      return ['', '', 'nothing', 'cut', 'drop'][found]!;
  }
}

describe('chains of headers', () => {
  it.each<[string, number, number[][], string]>([
    ['none', 17, [UDP], 'protocol 17 at 40'],
    ['hop-by-hop', 0, [header(17), UDP], 'protocol 17 at 48'],
    ['all in order', 0, [header(60), header(43), header(44, 0, 0), fragment(17, 0, true), UDP], 'fragment at 64'],
    ['destination options twice', 60, [header(60), header(6), UDP], 'protocol 6 at 56'],
    ['hop-by-hop behind another', 60, [header(0), header(17), UDP], 'problem 1 at 40'],
    ['hop-by-hop twice', 0, [header(0), header(17), UDP], 'problem 1 at 40'],
    ['a routing header that is done', 43, [header(17, 4, 0), UDP], 'protocol 17 at 48'],
    ['a routing header of type 0 (RFC 5095)', 43, [header(17, 0, 1), UDP], 'problem 0 at 42'],
    ['no next header', 60, [header(59), UDP], 'nothing'],
    ['a header that is cut off', 60, [header(17).slice(0, 7)], 'cut'],
    ['a header longer than the packet', 60, [[17, 4, 1, 4, 0, 0, 0, 0]], 'cut'],
    ['a fragment header that is cut off', 44, [fragment(17, 0, true).slice(0, 7)], 'cut'],
    ['a router alert', 0, [header(58, 5, 2, 0, 0), UDP], 'protocol 58 at 48, alert'],
    ['too many headers', 60, [...new Array<number[]>(17).fill(header(60)), header(17), UDP], 'drop'],
  ])('%s', (_, next, parts, expected) => expect(walk(false, next, ...parts)).toBe(expected));

  it('a router reads the hop-by-hop options alone (RFC 8200 4)', () => {
    expect(walk(true, 0, header(43), header(17, 0, 1), UDP)).toBe('protocol 43 at 48');
    expect(walk(true, 60, header(17, 0x80, 0), UDP)).toBe('protocol 60 at 40');
    expect(walk(true, 0, header(17, 0x9e, 0), UDP)).toBe('problem 2 at 42, even to groups');
  });
});

describe('options that are not known (RFC 8200 4.2)', () => {
  it.each<[string, number[], string]>([
    ['00: stepped over', [0x1e, 1, 7], 'protocol 17 at 48'],
    ['01: dropped', [0x5e, 1, 7], 'drop'],
    ['10: told', [0x9e, 1, 7], 'problem 2 at 42, even to groups'],
    ['11: told, but for groups', [0xde, 1, 7], 'problem 2 at 42'],
    ['behind padding', [0, 1, 0, 0xde, 0], 'problem 2 at 45'],
    ['a jumbo payload (RFC 2675)', [0xc2, 4, 0, 1, 0, 0], 'problem 2 at 42'],
    ['one that does not fit its header', [0x1e, 5, 1, 2, 3, 4], 'problem 0 at 43'],
    ['a type without a length', [0, 0, 0, 0, 0, 0x1e], 'problem 0 at 47'],
    ['too many', new Array<number>(70).fill(0), 'drop'],
  ])('%s', (_, options, expected) => expect(walk(false, 60, header(17, ...options), UDP)).toBe(expected));
});

test('what a quote shows of the transport', () => {
  const of = (next: number, ...parts: number[][]): number => {
    const made = packet(next, ...parts);
    const at = findTransport(made.view, made.l3, made.end, chain);
    made.release();
    return at;
  };
  expect(of(17, UDP)).toBe(40);
  expect(of(0, header(43), header(44, 0, 7), fragment(6, 0, true), UDP)).toBe(64);
  expect(chain.protocol).toBe(6);
  expect(of(44, fragment(17, 8, true), UDP)).toBe(-1);
  expect(of(60, header(17).slice(0, 5))).toBe(-1);
  expect(of(59)).toBe(-1);
});

test('the router alert of MLD', () => {
  const view = new DataView(new ArrayBuffer(8));
  writeRouterAlert(view, 0, 58);
  expect([...new Uint8Array(view.buffer)]).toEqual([58, 0, 5, 2, 0, 0, 1, 0]);
});

test('every prefix, and 100,000 mutations, end in bounded time', () => {
  const random = Random.from(7);
  const parts = [
    header(60, 5, 2, 0, 0, 0x1e, 0),
    header(43, 1, 2, 3),
    header(60, 3, 0),
    header(44, 0x1e, 9, ...new Array<number>(9).fill(1)),
    fragment(17, 0, true),
    UDP,
  ];
  const made = packet(0, ...parts);
  const { start, end } = made;
  for (made.end = start + 40; made.end <= end; made.end++) {
    chain.walk(made, false);
    findTransport(made.view, made.l3, made.end, chain);
  }
  made.end = end;
  const original = made.slice().slice();
  let kinds = 0;
  for (let i = 0; i < 100_000; i++) {
    for (let n = 1 + random.below(4); n > 0; n--)
      made.bytes[start + 6 + random.below(original.length - 6)] = random.below(256);
    const found = chain.walk(made, i % 2 === 0);
    kinds |= 1 << found;
    const at = found === Chain.Transport || found === Chain.Fragment ? chain.offset : 0;
    if (at > end - start) throw new Error(`beyond the packet: ${at}`);
    if (findTransport(made.view, made.l3, made.end, chain) > end - start) throw new Error('beyond the packet');
    made.bytes.set(original, start);
  }
  expect(kinds).toBe(0b111111);
  made.release();
  expectNoLeaks(world.pool);
});
