import { describe, expect, it } from 'vitest';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { HEADROOM, PacketPool } from '../../base/packet-buffer.ts';
import { Random } from '../../base/random.ts';
import { type Endpoint, EndpointTable, portsKey } from './demux.ts';
import { ReassemblyQueue } from './reassembly-queue.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { SackBlocks } from './sack.ts';
import { Mark, SegmentPool } from './segment.ts';
import { SendQueue } from './send-queue.ts';
import { mayGo, stateName, TcpState, transitions } from './states.ts';

const pool = () => new PacketPool({ poolBytes: 1 << 26, poolFreeBuffers: 100 });

describe('the queue of segments out of order', () => {
  it('gives back the stream, whatever the order, the overlaps and the repetitions', () => {
    const stream = Uint8Array.from({ length: 500 }, (_, i) => i % 251);
    for (let seed = 1; seed <= 200; seed++) {
      const packets = pool();
      const segments = new SegmentPool();
      const queue = new ReassemblyQueue(segments, 1000);
      const random = Random.from(seed);
      const base = -200; // the numbers wrap through 0
      const covered = new Uint8Array(500);
      while (covered.includes(0)) {
        const from = random.below(500);
        const to = Math.min(500, from + 1 + random.below(60));
        const packet = packets.from(stream.subarray(from, to));
        const fin = to === 500;
        const reason = queue.insert(packet, base + from, fin);
        if (reason !== 0) packet.release();
        covered.fill(1, from, to);
        // The stretch around what came is right, too.
        let left = from;
        let right = to;
        while (left > 0 && covered[left - 1] === 1) left--;
        while (right < 500 && covered[right] === 1) right++;
        expect([queue.runLeft - base, queue.runRight - base]).toEqual([left, right === 500 ? 501 : right]);
      }
      let next = base;
      let ended = false;
      while (queue.head !== null) {
        const segment = queue.shift();
        expect(segment.seq).toBe(next);
        const { packet, payloadOffset, length } = segment;
        expect(
          Buffer.compare(
            packet!.bytes.subarray(payloadOffset, payloadOffset + length),
            stream.subarray(next - base, next - base + length),
          ),
        ).toBe(0);
        next += length;
        ended = (segment.marks & Mark.Fin) !== 0;
        segments.release(segment);
      }
      expect([next - base, ended, queue.count, queue.bytes]).toEqual([500, true, 0, 0]);
      expect([packets.outstanding, segments.outstanding]).toEqual([0, 0]);
    }
  });

  it('is full at its limit', () => {
    const packets = pool();
    const queue = new ReassemblyQueue(new SegmentPool(), 2);
    const insert = (seq: number) => queue.insert(packets.from(new Uint8Array(10)), seq, false);
    expect([insert(100), insert(200), insert(300), insert(100)]).toEqual([
      0,
      0,
      Drop.TCP_OUT_OF_ORDER_FULL,
      Drop.TCP_DUPLICATE,
    ]);
    queue.clear();
    expect(queue.count).toBe(0);
  });
});

describe('the receive queue', () => {
  it('is read in any pieces, and gathers what is small', () => {
    const packets = pool();
    const queue = new ReceiveQueue();
    const random = Random.from(3);
    const into = new Uint8Array(3000);
    let written = 0;
    let got = 0;
    for (let round = 0; round < 3000; round++) {
      if (random.chance(0.6) && queue.bytes < 20_000) {
        const n = 1 + random.below(random.chance(0.8) ? 30 : 1400);
        queue.push(packets.from(Uint8Array.from({ length: n }, (_, i) => (written + i) % 251)), packets);
        written += n;
      } else {
        const n = queue.read(into, 0, 1 + random.below(2000));
        for (let i = 0; i < n; i++) if (into[i] !== (got + i) % 251) throw new Error(`byte ${got + i}`);
        got += n;
      }
      expect(queue.bytes).toBe(written - got);
      expect(packets.outstandingBytes).toBeLessThanOrEqual(6 * queue.bytes + 8192);
    }
    queue.clear();
    expect(packets.outstanding).toBe(0);
  });
});

describe('the send queue', () => {
  it('fills segments, splits them, and gives everything back', () => {
    const packets = pool();
    const segments = new SegmentPool();
    const queue = new SendQueue(segments, packets);
    const source = Uint8Array.from({ length: 2500 }, (_, i) => i % 251);
    queue.append(source, 0, 900, 1, 1000, false);
    queue.append(source, 900, 1600, 901, 1000, false);
    const lengths = () => {
      const all: number[] = [];
      for (let s = queue.head; s !== null; s = s.next) all.push(s.length);
      return all;
    };
    expect(lengths()).toEqual([1000, 1000, 500]);
    queue.appendControl(Mark.Fin, 2501);
    expect(queue.tail!.span).toBe(501);
    queue.split(queue.tail!, 200);
    expect(lengths()).toEqual([1000, 1000, 200, 300]);
    expect(queue.tail!.marks & queue.tail!.prev!.marks & Mark.Fin).toBe(0);
    expect(queue.tail!.marks & Mark.Fin).toBe(Mark.Fin);
    expect([queue.tail!.seq, queue.tail!.span]).toEqual([2201, 301]);
    expect(queue.tail!.packet!.bytes[HEADROOM]).toBe(2200 % 251);
    queue.trimHead(10);
    expect([queue.head!.seq, queue.head!.length, queue.bytes]).toEqual([11, 990, 2490]);
    queue.shift();
    expect([queue.head!.seq, queue.bytes, queue.unsent]).toEqual([1001, 1500, queue.head]);
    queue.clear();
    expect([queue.bytes, packets.outstanding, segments.outstanding, queue.tail]).toEqual([0, 0, 0, null]);
  });
});

describe('SACK blocks', () => {
  it('merge, and the newest is the first of at most four', () => {
    const blocks = new SackBlocks();
    for (const n of [1, 3, 5, 7, 9]) blocks.record(n * 10, n * 10 + 5);
    expect([...blocks.take(4)]).toEqual([90, 95, 70, 75, 50, 55, 30, 35]);
    blocks.record(50, 80);
    expect([...blocks.take(blocks.pending(4)).subarray(0, 6)]).toEqual([50, 80, 90, 95, 30, 35]);
    blocks.recordDuplicate(1, 2);
    expect(blocks.pending(3)).toBe(3);
    expect([...blocks.take(3).subarray(0, 6)]).toEqual([1, 2, 50, 80, 90, 95]);
    expect(blocks.pending(4)).toBe(3);
    blocks.advance(80);
    expect([...blocks.take(1).subarray(0, 2)]).toEqual([90, 95]);
    expect(blocks.pending(4)).toBe(1);
  });
});

class Thing implements Endpoint<Thing> {
  hash = 0;
  chain: Thing | null = null;
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly ports: number;
  constructor(local: IpAddress, remote: IpAddress, ports: number) {
    this.local = local;
    this.remote = remote;
    this.ports = ports;
  }
}

describe('the table of endpoints', () => {
  it('finds each of many by its four numbers, of both families', () => {
    const table = new EndpointTable<Thing>(99);
    const things: Thing[] = [];
    for (let i = 0; i < 5000; i++) {
      const v6 = i % 2 === 0;
      const a = v6 ? IpAddress.v6(0xfd000000, i, 0, 1) : IpAddress.v4(0x0a000000 + i);
      const b = v6 ? IpAddress.v6(0xfd000000, 0, i & 7, 2) : IpAddress.v4(0x0b000000);
      things.push(new Thing(b, a, portsKey(i & 0xffff, 80)));
    }
    for (const thing of things) table.add(thing);
    expect(table.size).toBe(5000);
    const view = new DataView(new ArrayBuffer(40));
    const lookUp = (thing: Thing) => {
      const v6 = thing.remote.family === 6;
      view.setUint8(0, v6 ? 0x60 : 0x45);
      thing.remote.write(view, v6 ? 8 : 12);
      thing.local.write(view, v6 ? 24 : 16);
      return table.findIn(thing.ports, view, 0);
    };
    for (const thing of things) {
      expect(table.find(thing.ports, thing.remote, thing.local)).toBe(thing);
      expect(lookUp(thing)).toBe(thing);
    }
    // The same words in the other family are another address.
    expect(table.find(things[1]!.ports, IpAddress.v6(0, 0, 0xffff, things[1]!.remote.w3), things[1]!.local)).toBe(null);
    for (const thing of things) {
      table.remove(thing);
      table.remove(thing);
      expect(lookUp(thing)).toBe(null);
    }
    expect([table.size, [...table].length]).toEqual([0, 0]);
  });
});

describe('the states', () => {
  it('are eleven, each can be reached and left, and nothing leads out of the table', () => {
    const all = Object.values(TcpState);
    expect(all).toHaveLength(11);
    for (const state of all) {
      expect(transitions.some(([, to]) => to === state)).toBe(true);
      expect(transitions.some(([from]) => from === state)).toBe(true);
      expect(stateName(state)).toMatch(/^[A-Z12-]+$/);
    }
    expect(mayGo(TcpState.TimeWait, TcpState.Established)).toBe(false);
    expect(mayGo(TcpState.FinWait2, TcpState.TimeWait)).toBe(true);
  });
});
