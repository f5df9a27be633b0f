import { describe, expect, it } from 'vitest';
import { bytes } from './testing/conversation.ts';
import { Flight } from './testing/flight.ts';

describe('what was sent again without need is taken back', () => {
  it('Eifel: after a timeout, the ACK answers the original (RFC 3522, RFC 4015)', () => {
    const f = new Flight(10, { timestamps: true });
    const originals = f.t.flush();
    expect(originals).toHaveLength(10);
    f.wait(200);
    f.t.flush();
    f.wait(300);
    expect(f.t.flush()[0]!.seq).toBe(1);
    expect(f.c.info().ca_state).toBe(4);
    expect(f.c.info().snd_cwnd).toBe(1);
    f.ackEchoing(originals[0]!, 1);
    expect(f.c.info().ca_state).toBe(0);
    expect(f.c.info().snd_cwnd).toBeGreaterThanOrEqual(10);
    expect(f.c.info().lost).toBe(0);
    expect(f.t.tcp.counters.fullUndo).toBe(1);
    f.end();
  });

  it('an ACK that answers the retransmission takes nothing back', () => {
    const f = new Flight(10, { timestamps: true });
    f.t.flush();
    f.wait(500);
    const again = f.t.flush().at(-1)!;
    expect(again.seq).toBe(1);
    f.wait(100);
    f.ackEchoing(again, 1);
    expect(f.c.info().ca_state).toBe(4);
    expect(f.t.tcp.counters.fullUndo).toBe(0);
    f.end();
  });

  it('D-SACK after a fast recovery: all of what was sent again came twice (RFC 3708)', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(0, [2, 6]);
    f.ack(0, [2, 7]);
    expect(f.numbers()).toEqual([0, 1]);
    f.wait(5);
    f.ack(10);
    expect(f.c.info().snd_cwnd).toBeLessThan(10);
    f.wait(95);
    f.ack(10, [0, 1]);
    expect(f.c.info().snd_cwnd).toBeLessThan(10);
    f.ack(10, [1, 2]);
    expect(f.c.info().snd_cwnd).toBe(10);
    expect(f.t.tcp.counters.dsackUndo).toBe(1);
    f.end();
  });

  it('D-SACKs beyond what was sent again are the network’s own copies', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(5, [3, 4]);
    f.ack(6, [4, 5]);
    expect(f.t.tcp.counters.dsackRecv).toBe(2);
    expect(f.c.info().reo_wnd).toBe(25_000);
    expect(f.t.tcp.counters.dsackUndo).toBe(0);
    f.end();
  });
});

describe('the round trip of a copy', () => {
  it('is measured where a D-SACK names it: the ACK of the original got lost, which is no longer a round trip', () => {
    const f = new Flight(0, { timestamps: true });
    f.c.write(bytes(1000), 0, 1000);
    const [original] = f.t.flush();
    f.wait(5000);
    const copies = f.t.flush();
    f.wait(1);
    const last = copies.at(-1)!;
    f.wait(100 - (f.t.queue.now - last.at) / 1e6 + 1000);
    const newest = f.t.flush().at(-1) ?? last;
    const sinceNs = f.t.queue.now - newest.at;
    f.t.say({ flags: 'A', seq: 1, ack: 1001, ts: [101, original!.ts![0]], sack: [[1, 1001]] });
    // Five seconds would have made it so many; the copy was answered `sinceNs` after it was sent.
    const expected = 0.875 * 100e6 + 0.125 * sinceNs;
    expect(Math.abs(f.c.info().rtt * 1000 - expected)).toBeLessThan(1e6);
    f.end();
  });
});
