import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { Ready } from '../readiness.ts';
import type { TcpOptions } from './options.ts';
import { TcpState } from './states.ts';
import type { TcpConnection } from './tcp.ts';
import type { Impairments } from './testing/fake-network.ts';
import { Pair } from './testing/pair.ts';

const BYTES = 120_000;

/** What a stream carries at a place: so that a shifted, repeated or missing byte shows. */
function fill(into: Uint8Array, seed: number): Uint8Array {
  const random = Random.from(seed);
  for (let i = 0; i < into.length; i++) into[i] = random.u32() >>> 24;
  return into;
}

/** A program that writes `text` in odd pieces, reads until the end of the stream, and closes. Driven by readiness only. */
class Program {
  sent = 0;
  got = 0;
  closed = false;
  failure = 0;
  readonly into = new Uint8Array(BYTES + 1);
  private readonly c: TcpConnection;
  private readonly text: Uint8Array;
  private readonly random: Random;

  constructor(c: TcpConnection, text: Uint8Array, random: Random) {
    this.c = c;
    this.text = text;
    this.random = random;
    c.owner = this;
    this.streamReady(Ready.In | Ready.Out);
  }

  streamReady(events: number): void {
    if (this.closed) return;
    const { c } = this;
    if ((events & Ready.Err) !== 0) this.failure = c.error;
    let more = true;
    while (more && this.sent < this.text.length) {
      const n = c.write(this.text, this.sent, Math.min(1 + this.random.below(9000), this.text.length - this.sent));
      more = n > 0;
      if (more) this.sent += n;
      if (this.sent === this.text.length) c.shutdownSend();
    }
    for (;;) {
      const n = c.read(this.into, this.got, Math.min(1 + this.random.below(5000), this.into.length - this.got));
      if (n > 0) this.got += n;
      else {
        if (n === 0 && this.sent === this.text.length) {
          this.closed = true;
          c.close();
        }
        return;
      }
    }
  }
}

function exchange(
  seed: number,
  impairments: Impairments,
  tcp: Partial<TcpOptions> = {},
  family: 4 | 6 = 4,
  mtu = 1500,
  offload = 0,
  isn = 0,
  rounds = 20_000,
) {
  const pair = new Pair({
    seed,
    tcp,
    family,
    delayNs: 2e6,
    limits: { receiveBufferBytes: 40_000, sendBufferBytes: 30_000 },
  });
  const random = Random.from(seed).fork('programs');
  for (const side of [pair.alice, pair.bob]) {
    side.network.mtu = mtu;
    side.network.segmentOffload = offload;
    side.network.checksumOffload = offload > 0;
    side.wire.impairments = impairments;
    if (isn !== 0) side.tcp['sequences'].isn = () => isn;
  }
  const listener = pair.listen(80, 8);
  const a = pair.connect();
  let b: TcpConnection | null = null;
  const textA = fill(new Uint8Array(BYTES), seed);
  const textB = fill(new Uint8Array(BYTES >> 1), seed + 1);
  let alice: Program | null = null;
  let bob: Program | null = null;
  for (let i = 0; i < rounds && !(alice?.closed && bob?.closed); i++) {
    pair.run(50e6);
    if (b === null) {
      b = listener.accept();
      if (b !== null) bob = new Program(b, textB, random.fork('bob'));
    }
    if (alice === null && a.stateName === 'ESTABLISHED') alice = new Program(a, textA, random.fork('alice'));
  }
  return { pair, a, b, alice, bob, textA, textB, listener };
}

function check(result: ReturnType<typeof exchange>): void {
  const { pair, a, b, alice, bob, textA, textB, listener } = result;
  expect(alice?.got).toBe(textB.length);
  expect(bob?.got).toBe(textA.length);
  expect(Buffer.compare(bob!.into.subarray(0, textA.length), textA)).toBe(0);
  expect(Buffer.compare(alice!.into.subarray(0, textB.length), textB)).toBe(0);
  listener.close();
  pair.run(400e9);
  expect(a.state).toSatisfy((state: number) => state === TcpState.Closed || state === TcpState.TimeWait);
  expect(b!.state).toSatisfy((state: number) => state === TcpState.Closed || state === TcpState.TimeWait);
  expectNoLeaks(pair.pool);
  for (const side of [pair.alice, pair.bob]) {
    expect(side.tcp.segments.outstanding).toBe(0);
    expect(side.tcp.ports.size).toBe(0);
    expect([...side.tcp.connections()]).toHaveLength(0);
    expect([...side.tcp.timeWaits]).toHaveLength(0);
  }
  expect(pair.queue.pending).toBe(0);
}

describe('over a bad network two TCPs deliver the exact streams and end without a trace', () => {
  const wires: [string, Impairments][] = [
    ['clean', { loss: 0, duplicate: 0, corrupt: 0, jitterNs: 0 }],
    ['1% lost', { loss: 0.01, duplicate: 0, corrupt: 0, jitterNs: 0 }],
    ['10% lost', { loss: 0.1, duplicate: 0, corrupt: 0, jitterNs: 0 }],
    ['reordered and duplicated', { loss: 0, duplicate: 0.1, corrupt: 0, jitterNs: 5e6 }],
    ['everything at once', { loss: 0.05, duplicate: 0.05, corrupt: 0.05, jitterNs: 3e6 }],
  ];
  for (const [name, impairments] of wires) {
    it(name, () => {
      for (let seed = 1; seed <= 12; seed++) check(exchange(seed, impairments));
    });
    it(`${name}, with SACK but without RACK`, () => {
      for (let seed = 1; seed <= 4; seed++) check(exchange(seed, impairments, { rack: false }));
    });
    it(`${name}, without SACK`, () => {
      for (let seed = 1; seed <= 6; seed++) check(exchange(seed, impairments, { sack: false }));
    });
  }
  const all = wires[4]![1];
  it('without any option', () => {
    for (let seed = 1; seed <= 6; seed++) {
      check(exchange(seed, all, { sack: false, timestamps: false, windowScaling: false }));
    }
  });
  it('IPv6', () => {
    for (let seed = 1; seed <= 4; seed++) check(exchange(seed, all, {}, 6));
  });
  it('tiny and huge packets', () => {
    for (let seed = 1; seed <= 4; seed++) check(exchange(seed, all, {}, 4, 296));
    for (let seed = 1; seed <= 4; seed++) check(exchange(seed, all, {}, 4, 9000));
  });
  it('super-segments with checksums left to the interface', () => {
    const lossy = { loss: 0.05, duplicate: 0.05, corrupt: 0, jitterNs: 3e6 };
    for (let seed = 1; seed <= 6; seed++) check(exchange(seed, lossy, {}, 4, 1500, 64_000));
  });
});

describe('sequence numbers', () => {
  it('wrap in the midst of a stream', () => {
    for (let seed = 1; seed <= 12; seed++) {
      check(
        exchange(
          seed,
          { loss: 0.03, duplicate: 0.03, corrupt: 0, jitterNs: 3e6 },
          { sack: seed % 2 === 0 },
          4,
          1500,
          0,
          -seed * 3000,
        ),
      );
    }
  });
});

describe('segments that are spoilt and still have a right checksum', () => {
  it('break streams, but nothing else', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const result = exchange(
        seed,
        { loss: 0, duplicate: 0, corrupt: 0, jitterNs: 1e6, spoil: 0.1 },
        {},
        4,
        1500,
        0,
        0,
        400,
      );
      const { pair, a, b, listener } = result;
      a.abort();
      b?.abort();
      listener.close();
      pair.run(2000e9);
      for (const side of [pair.alice, pair.bob]) {
        for (const c of [...side.tcp.connections()]) c.abort();
        expect(side.tcp.segments.outstanding).toBe(0);
      }
      pair.run(100e9);
      expectNoLeaks(pair.pool);
      expect(pair.queue.pending).toBe(0);
    }
  });
});

describe('header prediction', () => {
  it('changes nothing that is put on the wire', () => {
    const record = (seed: number, fastPath: boolean) => {
      const lines: string[] = [];
      const pair = new Pair({ seed, tcp: { fastPath }, delayNs: 2e6 });
      for (const side of [pair.alice, pair.bob]) {
        side.wire.impairments = { loss: 0.02, duplicate: 0.02, corrupt: 0, jitterNs: 1e6 };
        side.wire.watch = (p) =>
          lines.push(`${pair.queue.now} ${Buffer.from(p.slice().subarray(20)).toString('base64')}`);
      }
      const listener = pair.listen();
      const a = pair.connect();
      const random = Random.from(seed);
      let b: TcpConnection | null = null;
      let programs = 0;
      for (let i = 0; i < 400; i++) {
        pair.run(20e6);
        b ??= listener.accept();
        if (b !== null && programs++ === 0) {
          new Program(b, fill(new Uint8Array(30_000), 2), random.fork('b'));
          new Program(a, fill(new Uint8Array(60_000), 1), random.fork('a'));
        }
      }
      return lines;
    };
    for (let seed = 1; seed <= 8; seed++) {
      const fast = record(seed, true);
      expect(fast.length).toBeGreaterThan(100);
      expect(record(seed, false)).toEqual(fast);
    }
  });
});
