import { describe, expect, it } from 'vitest';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import type { TraceSink } from '../../base/trace.ts';
import type { TcpConnection } from './tcp.ts';
import { Flag, writeHeader, writeTimestamps } from './tcp-header.ts';
import { Flight, MSS } from './testing/flight.ts';
import { Pair } from './testing/pair.ts';
import { timestampNow } from './transmit.ts';

/** Segment 0 came after 1, before anything was sent again: the network is known to reorder. */
function reordering(): Flight {
  const f = new Flight(10);
  f.numbers();
  f.wait(100);
  f.ack(0, [1, 2]);
  f.ack(2);
  expect(f.c.info().reord_seen).toBe(1);
  f.ack(10);
  f.numbers();
  f.write(10);
  expect(f.numbers()).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  f.wait(100);
  return f;
}

describe('RACK: losses found by time (RFC 8985 6.2)', () => {
  it('one SACK, nothing reordered so far: a quarter of the least RTT, by the timer', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(0, [1, 2]);
    // Limited transmit (RFC 3042) is what pipe makes of a SACK: there is room for one more, had the program written it.
    expect(f.numbers()).toEqual([]);
    expect(f.c.info().reo_wnd).toBe(25_000);
    expect(f.c.info().ca_state).toBe(1);
    f.wait(24.999);
    expect(f.numbers()).toEqual([]);
    f.wait(0.001);
    expect(f.numbers()).toEqual([0]);
    expect(f.c.info().ca_state).toBe(3);
    f.end();
  });

  it('three segments SACKed, nothing reordered so far: at once', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(0, [1, 2]);
    f.ack(0, [1, 3]);
    expect(f.numbers()).toEqual([]);
    f.ack(0, [1, 4]);
    expect(f.numbers()).toEqual([0]);
    f.end();
  });

  it('in recovery, nothing reordered so far: every further hole at once', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(0, [1, 4]);
    expect(f.numbers()).toEqual([0]);
    f.ack(0, [5, 6], [1, 4]);
    f.ack(0, [5, 7], [1, 4]);
    expect(f.numbers()).toEqual([4]);
    f.wait(100);
    f.ack(10);
    expect(f.c.info().ca_state).toBe(0);
    expect(f.c.info().lost + f.c.info().sacked + f.c.info().retrans).toBe(0);
    f.end();
  });

  it('reordered within the window: nothing is sent again', () => {
    const f = reordering();
    f.ack(10, [11, 16]);
    f.wait(24.9);
    expect(f.numbers()).toEqual([]);
    f.ack(20);
    f.wait(1000);
    expect(f.numbers()).toEqual([]);
    expect(f.c.info().total_retrans).toBe(0);
    expect(f.c.info().reordering).toBeGreaterThan(3);
    f.end();
  });

  it('reordered beyond the window: sent again as it ends, and taken back when D-SACK tells (RFC 3708)', () => {
    const f = reordering();
    const before = f.c.info().snd_cwnd;
    f.ack(10, [11, 16]);
    f.wait(25);
    expect(f.numbers()).toEqual([10]);
    expect(f.c.info().snd_ssthresh).toBeLessThan(before);
    f.ack(20);
    f.wait(100);
    f.ack(20, [10, 11]);
    expect(f.c.info().snd_cwnd).toBeGreaterThanOrEqual(before);
    // Step 4: the next window is wider by a quarter.
    expect(f.c.info().reo_wnd).toBe(50_000);
    expect(f.t.tcp.counters.dsackUndo).toBe(1);
    f.end();
  });

  it('the window grows once a round trip, never beyond SRTT, and is narrow again after 16 quiet recoveries', () => {
    const f = reordering();
    f.ack(20);
    let next = 20;
    f.write(2);
    f.t.flush();
    const recovery = (dsacks: number) => {
      f.wait(100);
      f.ack(next, [next + 1, next + 2]);
      f.wait(110);
      expect(f.numbers()).toEqual([next]);
      f.ack(next + 2);
      f.write(2);
      expect(f.numbers()).toEqual([next + 2, next + 3]);
      for (let i = 0; i < dsacks; i++) f.ack(next + 2, [next, next + 1]);
      expect(f.c.info().ca_state).toBe(0);
      next += 2;
    };
    const width = () => Math.round(f.c.info().reo_wnd / 1000);
    for (let i = 0; i < 4; i++) recovery(0);
    expect(width()).toBe(25);
    const widths: number[] = [];
    for (let i = 0; i < 5; i++) {
      recovery(i < 4 ? 2 : 0);
      widths.push(width());
    }
    expect(widths).toEqual([50, 75, 100, 100, 100]);
    for (let i = 0; i < 14; i++) recovery(0);
    expect(width()).toBe(100);
    recovery(0);
    expect(width()).toBe(25);
    f.end();
  });

  it('a lost retransmission is sent once more when something sent after it arrives, without a timeout', () => {
    const f = new Flight(10);
    f.write(10);
    f.numbers();
    f.wait(100);
    f.ack(0, [1, 10]);
    const sent = f.numbers();
    expect(sent[0]).toBe(0);
    expect(sent.slice(1).every((n) => n >= 10)).toBe(true);
    f.wait(100);
    // 10 was sent after 0 was sent again, and is there; 0 is not.
    f.ack(0, [1, 11]);
    expect(f.numbers()[0]).toBe(0);
    expect(f.t.tcp.counters.lostRetransmit).toBe(1);
    expect(f.t.tcp.counters.timeouts).toBe(0);
    f.end();
  });

  it('what was sent before a retransmission, at the same time, says nothing about it', () => {
    const f = new Flight(10);
    f.write(10);
    f.numbers();
    f.wait(100);
    f.ack(0, [1, 2]);
    f.ack(0, [1, 3]);
    expect(f.numbers()).toEqual([10, 11]);
    f.ack(0, [1, 4]);
    expect(f.numbers()).toEqual([0]);
    f.wait(100);
    f.ack(0, [1, 12]);
    expect(f.numbers().every((n) => n >= 12)).toBe(true);
    f.end();
  });

  it('a timeout holds the first segment to be lost, and what was sent long enough ago (6.3)', () => {
    const f = new Flight(1);
    expect(f.numbers()).toEqual([0]);
    f.wait(300);
    expect(f.numbers()).toEqual([0]);
    // The first was the probe of the tail. The RTO is due at 600 ms; what was sent 10 ms before stays in flight.
    f.wait(290);
    f.write(1);
    expect(f.numbers()).toEqual([1]);
    f.wait(10);
    expect(f.numbers()).toEqual([0]);
    expect(f.c.info().ca_state).toBe(4);
    expect(f.c.info().lost).toBe(1);
    f.wait(100);
    f.ack(2);
    expect(f.c.info().ca_state).toBe(0);
    f.wait(2000);
    expect(f.numbers()).toEqual([]);
    f.end();
  });

  it('a SACK of what was sent once ends the backing off (RFC 6298 5)', () => {
    const f = new Flight(1);
    f.numbers();
    f.wait(3000);
    expect(f.c.info().backoff).toBeGreaterThan(1);
    f.numbers();
    f.write(1);
    f.wait(1);
    f.ack(1);
    f.write(3);
    f.wait(0);
    f.numbers();
    f.wait(5000);
    expect(f.c.info().backoff).toBeGreaterThan(1);
    f.numbers();
    f.ack(2, [3, 4]);
    expect(f.c.info().backoff).toBe(0);
    f.end();
  });

  it('says why, in milliseconds', () => {
    const f = new Flight(9);
    const lines: string[] = [];
    const sink: TraceSink = {
      event: (_node, _layer, what, _packet, _reason, detail, source) => lines.push(`${what} ${detail} ${source}`),
    };
    f.numbers();
    f.wait(12);
    f.write(1);
    f.wait(100);
    f.t.node.trace = sink;
    f.ack(0, [9, 10]);
    f.wait(13);
    const lost = lines.filter((line) => line.includes(' lost: '));
    expect(lost[0]).toBe(
      `decide ${MSS} bytes from seq ${(f.c.iss + 1) >>> 0} (1 in the stream) lost: sent 12 ms before a segment that arrived, 25 ms of reordering allowed for RFC 8985 6.2`,
    );
    expect(lines.find((line) => line.startsWith('retransmit'))).toContain(
      'RACK: one that was sent later has arrived RFC 8985 6.2',
    );
    f.end();
  });
});

describe('RACK and super-segments', () => {
  it('a super-segment is cut where SACK blocks begin and end, and only what is missing is sent again', () => {
    const pair = new Pair({ delayNs: 10e6 });
    for (const side of [pair.alice, pair.bob]) {
      side.network.segmentOffload = 64_000;
      side.network.checksumOffload = true;
    }
    const [a, b] = pair.connected();
    const mss = a.info().snd_mss;
    pair.alice.wire.lose = (packet, n) => packet.length > 1000 && n > 0;
    a.write(new Uint8Array(8 * mss), 0, 8 * mss);
    const big = a.sendQueue.head!;
    expect(big.length).toBe(8 * mss);
    // Cut on the way, as an interface would: all but the second and the fifth segment arrive.
    pair.alice.wire.lose = null;
    for (const i of [0, 2, 3, 5, 6, 7]) {
      const part = pair.pool.acquire(mss, 128);
      part.append(big.packet!.bytes, big.payloadOffset + i * mss, big.payloadOffset + (i + 1) * mss);
      deliverTo(pair, a, part, i * mss);
    }
    const sent: number[] = [];
    pair.alice.wire.watch = (packet) => sent.push(packet.length);
    pair.run(15e6);
    expect(sent.filter((length) => length > 1000)).toHaveLength(2);
    pair.run(100e6);
    expect(b.available).toBe(8 * mss);
    expect(a.info().total_retrans).toBe(2);
    a.abort();
    b.abort();
  });
});

/** Puts a header on what stands `offset` bytes into what is in flight, and lets it arrive. */
function deliverTo(pair: Pair, c: TcpConnection, part: PacketBuffer, offset: number): void {
  const at = part.push(32);
  const ecr = c.tsRecent;
  writeHeader(part.view, at, c.localPort, c.remotePort, (c.sndUna + offset) | 0, c.rcvNxt, Flag.Ack, 1000, 32);
  writeTimestamps(part.view, at + 20, timestampNow(c), ecr);
  part.checksum = Checksum.Verified;
  const ip = part.push(20);
  part.view.setUint32(ip, 0x45000000 | (part.end - ip));
  part.view.setUint32(ip + 4, 0);
  part.view.setUint32(ip + 8, (64 << 24) | (6 << 16));
  c.local.write(part.view, ip + 12);
  c.remote.write(part.view, ip + 16);
  pair.bob.network.deliver(part);
}
