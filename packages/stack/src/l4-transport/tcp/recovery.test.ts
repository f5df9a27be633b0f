import { describe, expect, it } from 'vitest';
import { initialWindow, NewReno } from './congestion.ts';
import type { TcpOptions } from './options.ts';
import type { Spoken } from './testing/conversation.ts';
import { bytes, Conversation } from './testing/conversation.ts';
import { Pair } from './testing/pair.ts';

const MSS = 1460;

/** Ten segments are out, of 1460 bytes each, the first window. */
function tenOut(syn: Partial<Spoken> = {}, tcp: Partial<TcpOptions> = {}) {
  const t = new Conversation({ tcp });
  const c = t.established({}, syn);
  c.write(bytes(40 * MSS), 0, 40 * MSS);
  expect(t.flush()).toHaveLength(10);
  return {
    t,
    c,
    ack: (n: number, more: Partial<Spoken> = {}) => t.say({ flags: 'A', seq: 1, ack: 1 + n * MSS, ...more }),
  };
}

/** The numbers of the segments that were sent, counted from 0. */
function numbers(t: Conversation): number[] {
  return t.flush().map((heard) => (heard.seq - 1) / MSS);
}

describe('congestion window', () => {
  it('begins with ten segments (RFC 6928)', () => {
    expect(initialWindow(1460)).toBe(14_600);
    expect(initialWindow(1000)).toBe(10_000);
    expect(initialWindow(4000)).toBe(14_600);
    expect(initialWindow(9000)).toBe(18_000);
  });

  it('doubles in slow start, then grows by a segment a round trip', () => {
    const reno = new NewReno();
    reno.start(1000, 0);
    reno.acked(10_000, 1000, 0, 0);
    expect(reno.cwnd).toBe(20_000);
    reno.enterRecovery(20_000, 1000, 0);
    expect([reno.cwnd, reno.ssthresh]).toEqual([10_000, 10_000]);
    for (let i = 0; i < 9; i++) reno.acked(1000, 1000, 0, 0);
    expect(reno.cwnd).toBe(10_000);
    reno.acked(1000, 1000, 0, 0);
    expect(reno.cwnd).toBe(11_000);
    reno.timeout(11_000, 1000, true);
    expect([reno.cwnd, reno.ssthresh]).toEqual([1000, 5500]);
    reno.timeout(1000, 1000, false);
    expect(reno.ssthresh).toBe(5500);
    reno.start(1000, 2);
    expect(reno.cwnd).toBe(1000);
  });

  it('lets two segments go for each that is acknowledged in slow start', () => {
    const { t, ack } = tenOut();
    ack(1);
    expect(numbers(t)).toEqual([10, 11]);
    ack(3);
    expect(numbers(t)).toEqual([12, 13, 14, 15]);
    t.end();
  });

  it('does not grow while the program is what is slow', () => {
    const t = new Conversation();
    const c = t.established();
    for (let i = 0; i < 20; i++) {
      c.write(bytes(100), 0, 100);
      t.flush();
      t.say({ flags: 'A', seq: 1, ack: 1 + (i + 1) * 100 });
    }
    expect(c.info().snd_cwnd).toBe(10);
    t.end();
  });

  it('is the first window again after an idle RTO (RFC 5681 4.1)', () => {
    const { t, c, ack } = tenOut();
    ack(10);
    ack(30);
    ack(40);
    expect(c.info().snd_cwnd).toBeGreaterThan(20);
    t.flush();
    t.wait(2e9);
    c.write(bytes(40 * MSS), 0, 40 * MSS);
    expect(t.flush()).toHaveLength(10);
    t.end();
  });
});

describe('fast retransmit and recovery without SACK (RFC 5681, RFC 6582)', () => {
  it('limited transmit, then at the third duplicate ACK the first segment', () => {
    const { t, c, ack } = tenOut();
    ack(0);
    expect(numbers(t)).toEqual([10]);
    ack(0);
    expect(numbers(t)).toEqual([11]);
    ack(0);
    expect(numbers(t)).toEqual([0]);
    expect(c.info().ca_state).toBe(3);
    // FlightSize was 12 segments.
    expect(c.info().snd_ssthresh).toBe(6);
    // Each further duplicate takes one out of the pipe; what is above half of the window waits.
    for (let i = 0; i < 5; i++) ack(0);
    expect(numbers(t)).toEqual([12, 13]);
    ack(11);
    expect(c.info().ca_state).toBe(3);
    ack(12);
    expect(c.info().ca_state).toBe(0);
    t.flush();
    t.end();
  });

  it('a partial ACK brings out the next hole, a full one ends it', () => {
    const { t, c, ack } = tenOut();
    for (let i = 0; i < 3; i++) ack(0);
    expect(numbers(t)).toEqual([10, 11, 0]);
    ack(4);
    expect(numbers(t)[0]).toBe(4);
    expect(c.info().ca_state).toBe(3);
    ack(12);
    expect(c.info().ca_state).toBe(0);
    expect(c.info().snd_cwnd).toBeLessThanOrEqual(6);
    t.flush();
    t.end();
  });

  it('duplicates of an ACK that ended recovery do not begin another', () => {
    const { t, c, ack } = tenOut();
    for (let i = 0; i < 3; i++) ack(0);
    t.flush();
    ack(12);
    expect(c.info().ca_state).toBe(0);
    t.flush();
    for (let i = 0; i < 4; i++) ack(12);
    expect(c.info().ca_state).toBe(1);
    expect(numbers(t).every((n) => n > 12)).toBe(true);
    t.end();
  });

  it('ACKs that change the window are no duplicates', () => {
    const { t, c, ack } = tenOut();
    for (let i = 0; i < 5; i++) ack(0, { win: 60_000 - i * 1000 });
    expect(t.flush()).toHaveLength(0);
    expect(c.info().ca_state).toBe(0);
    t.end();
  });
});

describe('recovery with SACK, by counting (RFC 2018, RFC 6675)', () => {
  const sackOk = { sackOk: true };
  const counting = { rack: false };
  const block = (from: number, to: number): [number, number] => [1 + from * MSS, 1 + to * MSS];

  it('sends exactly the holes again', () => {
    const { t, c, ack } = tenOut(sackOk, counting);
    ack(0, { sack: [block(1, 2)] });
    ack(0, { sack: [block(1, 3)] });
    expect(numbers(t)).toEqual([10, 11]);
    ack(0, { sack: [block(1, 4)] });
    expect(numbers(t)).toEqual([0]);
    expect(c.info().ca_state).toBe(3);
    // 4 and 6 are missing too: known as lost with three segments' worth above them.
    ack(0, { sack: [block(5, 6), block(1, 4)] });
    ack(0, { sack: [block(7, 8), block(5, 6), block(1, 4)] });
    ack(0, { sack: [block(7, 9), block(5, 6), block(1, 4)] });
    ack(0, { sack: [block(7, 10), block(5, 6), block(1, 4)] });
    expect(numbers(t).filter((n) => n < 10)).toEqual([4, 6]);
    ack(12);
    expect(c.info().ca_state).toBe(0);
    expect(c.info().sacked + c.info().lost).toBe(0);
    t.flush();
    t.end();
  });

  it('one SACK of more than two segments is enough', () => {
    const { t, c, ack } = tenOut(sackOk, counting);
    ack(0, { sack: [block(4, 10)] });
    expect(numbers(t).slice(0, 1)).toEqual([0]);
    expect(c.info().ca_state).toBe(3);
    t.end();
  });

  it('duplicate ACKs that SACK nothing new are none: D-SACKs say that a segment came twice (RFC 6675 2)', () => {
    const { t, c, ack } = tenOut(sackOk, counting);
    ack(2);
    t.flush();
    for (let i = 0; i < 5; i++) ack(2, { sack: [block(0, 1)] });
    for (let i = 0; i < 5; i++) ack(2);
    t.silence();
    expect(c.info().ca_state).toBe(0);
    t.end();
  });

  it('passes over blocks that make no sense', () => {
    const { t, c, ack } = tenOut(sackOk, counting);
    ack(0, { sack: [[500, 100]] });
    ack(0, { sack: [block(8, 99)] });
    ack(0, { sack: [[-5000, -100]] });
    expect(c.info().sacked).toBe(0);
    t.end();
  });

  it('nothing new to send: what lies below the SACKed is sent on suspicion (NextSeg rule 3)', () => {
    const t = new Conversation({ tcp: counting });
    const c = t.established({}, sackOk);
    c.write(bytes(6 * MSS), 0, 6 * MSS);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 1, sack: [block(2, 4), block(5, 6)] });
    t.say({ flags: 'A', seq: 1, ack: 1, sack: [block(2, 4), block(5, 6)] });
    expect(numbers(t)).toEqual([0, 1]);
    t.say({ flags: 'A', seq: 1, ack: 1 + MSS, sack: [block(2, 4), block(5, 6)] });
    expect(numbers(t)).toEqual([4]);
    t.end();
  });

  it('a receiver tells the newest block first, and a duplicate as D-SACK (RFC 2883)', () => {
    const t = new Conversation();
    const c = t.established({}, sackOk);
    t.say({ flags: 'A', seq: 101, ack: 1, data: 100 });
    expect(t.hear({ ack: 1 }).sack).toEqual([[101, 201]]);
    t.say({ flags: 'A', seq: 301, ack: 1, data: 100 });
    expect(t.hear({ ack: 1 }).sack).toEqual([
      [301, 401],
      [101, 201],
    ]);
    t.say({ flags: 'A', seq: 201, ack: 1, data: 50 });
    expect(t.hear({ ack: 1 }).sack).toEqual([
      [101, 251],
      [301, 401],
    ]);
    t.say({ flags: 'A', seq: 301, ack: 1, data: 100 });
    expect(t.hear({ ack: 1 }).sack[0]).toEqual([301, 401]);
    t.say({ flags: 'A', seq: 1, ack: 1, data: 100 });
    expect(t.hear({ ack: 251 }).sack).toEqual([[301, 401]]);
    t.say({ flags: 'A', seq: 251, ack: 1, data: 50 });
    expect(t.hear({ ack: 401 }).sack).toEqual([]);
    t.say({ flags: 'A', seq: 1, ack: 1, data: 20 });
    expect(t.hear({ ack: 401 }).sack).toEqual([[1, 21]]);
    expect(c.available).toBe(400);
    t.end();
  });
});

describe('one segment of a stream is lost', () => {
  for (const sack of [true, false]) {
    it(`it is repaired in about a round trip, without a timeout (${sack ? 'SACK' : 'NewReno'})`, () => {
      const pair = new Pair({ delayNs: 20e6, tcp: { sack } });
      const [a, b] = pair.connected();
      let lost = 0;
      pair.alice.wire.lose = (packet) => packet.length > 1000 && ++lost === 5;
      const begin = pair.queue.now;
      a.write(bytes(60_000), 0, 60_000);
      while (b.available < 60_000 && pair.queue.now - begin < 5e9) pair.run(1e6);
      expect(pair.queue.now - begin).toBeLessThan(240e6);
      expect(a.info().total_retrans).toBe(1);
    });
  }
});
