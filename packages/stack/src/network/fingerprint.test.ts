import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { LIMITS } from '../base/limits.ts';
import { completeChecksum } from '../base/offload.ts';
import { Checksum, type PacketBuffer, PacketPool } from '../base/packet-buffer.ts';
import { LineDirection, type Medium } from '../l1-physical/line.ts';
import { AF_INET, SOCK_DGRAM } from '../l5-session/constants.ts';
import { captureAtOrigin, captureEveryHop } from './captures.ts';
import { Fingerprint } from './fingerprint.ts';
import { Network } from './network.ts';

const pool = new PacketPool(LIMITS);

const medium = (name: string, number = 0): Medium => ({ name, number, trace: null, deliveries: null });
const FRAME = Uint8Array.from({ length: 77 }, (_, i) => i * 3);

interface Delivery {
  time?: number;
  link?: Medium;
  direction?: LineDirection;
  bytes?: Uint8Array;
  change?: (frame: PacketBuffer) => void;
}

function fingerprint(...deliveries: Delivery[]): string {
  const print = new Fingerprint();
  for (const {
    time = 5,
    link = medium('a-b'),
    direction = LineDirection.Forward,
    bytes = FRAME,
    change,
  } of deliveries) {
    const frame = pool.from(bytes);
    change?.(frame);
    print.delivered(time, link, direction, frame);
    frame.release();
  }
  return print.value;
}

describe('the fingerprint of deliveries', () => {
  it('is known: the same on every engine, and from release to release', () => {
    expect(new Fingerprint().value).toBe(KNOWN.none);
    expect(fingerprint({})).toBe(KNOWN.one);
    expect(
      fingerprint({}, { time: 2 ** 40 + 1, direction: LineDirection.Backward, bytes: FRAME.subarray(0, 64) }),
    ).toBe(KNOWN.two);
  });

  it('is another one when anything differs', () => {
    const prints = [
      fingerprint(),
      fingerprint({}),
      fingerprint({}, {}),
      fingerprint({ time: 6 }),
      fingerprint({ time: 5 + 2 ** 32 }),
      fingerprint({ link: medium('a-c') }),
      fingerprint({ direction: LineDirection.Backward }),
      fingerprint({ bytes: FRAME.subarray(0, 76) }),
      fingerprint({ time: 1 }, { time: 2 }),
      fingerprint({ time: 2 }, { time: 1 }),
      fingerprint({ link: medium('a', 0) }, { link: medium('b', 1) }),
      fingerprint({ link: medium('b', 1) }, { link: medium('a', 0) }),
      fingerprint({ change: (frame) => void (frame.fcs = 0x12345678) }),
      fingerprint({ change: (frame) => void (frame.fcs = 0x12345679) }),
    ];
    for (let i = 0; i < FRAME.length; i++) {
      for (const bit of [1, 0x80]) {
        const bytes = FRAME.slice();
        bytes[i] = bytes[i]! ^ bit;
        prints.push(fingerprint({ bytes }));
      }
    }
    expect(new Set(prints).size).toBe(prints.length);
    for (const print of prints) expect(print).toMatch(/^[0-9a-f]{16}$/);
  });

  it("depends on a link's name, not on how many links were made before it", () => {
    expect(fingerprint({ link: medium('x', 7) })).toBe(fingerprint({ link: medium('x', 0) }));
  });

  it('takes a frame as it would be on the wire: with its checksum completed, and its FCS right', () => {
    const partial = (frame: PacketBuffer) => {
      frame.checksum = Checksum.Partial;
      frame.checksumStart = frame.start + 34;
      frame.checksumField = frame.start + 50;
    };
    const completed = (frame: PacketBuffer) => {
      partial(frame);
      completeChecksum(frame);
    };
    expect(fingerprint({ change: partial })).toBe(fingerprint({ change: completed }));
    expect(fingerprint({ change: partial })).not.toBe(fingerprint({}));

    const frame = pool.from(FRAME);
    partial(frame);
    new Fingerprint().delivered(0, medium('a-b'), LineDirection.Forward, frame);
    expect(frame.checksum).toBe(Checksum.Partial);
    expect(frame.slice()).toEqual(FRAME);
    frame.release();
  });
});

/** Two hosts, a switch, a datagram there and back: a run in callbacks alone. */
function tiny(seed: number, watch?: (network: Network) => void, more?: (network: Network) => void): Network {
  const network = new Network({ seed, fingerprint: true });
  const alice = network.host('alice', { interfaces: { eth0: '10.0.0.1/24' } });
  const bob = network.host('bob', { interfaces: { eth0: '10.0.0.2/24' } });
  network.switch('sw');
  more?.(network);
  network.link(['alice', 'sw'], { rate: '10Mbit', jitter: '1ms' });
  network.link(['bob', 'sw']);
  watch?.(network);
  const send = (host: typeof alice, to: string) => {
    const s = host.sockets.socket(AF_INET, SOCK_DGRAM);
    s.bind(['', 9]);
    s.descriptor.send(Uint8Array.of(1, 2, 3), 0, 3, 0, IpAddress.parse(to)!, 9);
  };
  network.queue.at(0, { run: () => send(alice, '10.0.0.2') }, 0);
  network.queue.at(1e9, { run: () => send(bob, '10.0.0.1') }, 0);
  network.runSync();
  return network;
}

/** Frames that say nothing, across a switch: what is pinned here does not change with what hosts say. */
function frames(): Network {
  const network = new Network({ seed: 'pinned', fingerprint: true });
  const alice = network.host('alice');
  network.host('bob');
  network.switch('sw');
  network.link(['alice', 'sw'], { rate: '10Mbit', jitter: '1ms', duplication: '20%' });
  network.link(['bob', 'sw'], { loss: '10%' });
  const frame = new Uint8Array(100).fill(0x5a);
  frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  const task = {
    run: (tag: number) => void alice.nics.get('eth0')!.outputFrame(network.pool.from(frame.fill(tag, 50))),
  };
  for (let i = 0; i < 20; i++) network.queue.at(i * 1e5, task, i);
  network.runSync();
  return network;
}

describe('the fingerprint of a run', () => {
  const plain = tiny(1).fingerprint!.value;

  it('is known', () => {
    const { deliveries, value } = frames().fingerprint!;
    expect([deliveries, value]).toEqual([53, KNOWN.frames]);
  });

  it('is the same again, and differs from seed to seed', () => {
    expect(tiny(1).fingerprint!.value).toBe(plain);
    expect(tiny(2).fingerprint!.value).not.toBe(plain);
  });

  it('is the same whoever watches: traced, captured at the origin, at every hop, with the FCS', () => {
    const watchers: ((network: Network) => void)[] = [
      (network) => {
        network.trace = { event() {} };
      },
      (network) => void captureAtOrigin(network),
      (network) => void captureEveryHop(network, { fcs: true }),
      (network) => {
        network.trace = { event() {} };
        captureAtOrigin(network);
        captureEveryHop(network);
      },
    ];
    for (const watch of watchers) expect(tiny(1, watch).fingerprint!.value).toBe(plain);
  });

  it('is the same with a host more, on a cable of its own, that nobody talks to', () => {
    const more = (network: Network) => {
      network.host('carol', { interfaces: { eth0: '10.0.0.3/24' } });
      network.link(['carol', network.hub('hub').name], { loss: '50%' });
    };
    expect(tiny(1, undefined, more).fingerprint!.value).toBe(plain);
  });

  it('is not computed unless asked for', () => {
    expect(new Network().fingerprint).toBe(null);
  });
});

/** Pinned: who changes one of these changes what every fingerprint that somebody wrote down means. */
const KNOWN = {
  none: '4c4e6f079cb2c65f',
  one: '4f147a62332badb6',
  two: '83c43a68d51dcf9b',
  frames: '8872e697f6c0d097',
};
