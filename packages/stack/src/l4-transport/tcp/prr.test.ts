import { describe, expect, it } from 'vitest';
import { Flight } from './testing/flight.ts';

/** Forty segments are out, the window that slow start reached. */
function forty(): Flight {
  const f = new Flight(10);
  f.numbers();
  f.write(200);
  f.wait(100);
  f.ack(10);
  f.numbers();
  f.wait(100);
  f.ack(30);
  const { info } = f.c;
  expect(info.call(f.c).snd_cwnd).toBe(40);
  f.numbers();
  f.wait(100);
  return f;
}

describe('proportional rate reduction (RFC 9937)', () => {
  it('one goes for every two that arrive, until the flight is what ssthresh says', () => {
    const f = forty();
    // Segment 30 is lost, 31 to 69 arrive one by one.
    const sent: number[] = [];
    for (let i = 31; i < 70; i++) {
      f.ack(30, [31, i + 1]);
      const now = f.numbers();
      sent.push(now.length);
      // Nothing waits for half a round trip, and nothing bursts.
      expect(now.length).toBeLessThanOrEqual(1);
      if (i > 36) expect(sent.slice(-3).some((n) => n > 0)).toBe(true);
    }
    expect(f.c.info().snd_ssthresh).toBe(21);
    const total = sent.reduce((sum, n) => sum + n, 0);
    expect(total).toBeGreaterThanOrEqual(19);
    expect(total).toBeLessThanOrEqual(23);
    const { c } = f;
    expect(Math.round((c.flight - c.sackedBytes - c.lostBytes + c.resentBytes) / 1460)).toBe(21);
    f.wait(100);
    f.ack(70);
    f.t.flush();
    f.ack(80);
    f.end();
  });

  it('most of the flight is lost: no burst, a segment for each that arrives and one more while it goes well', () => {
    const f = forty();
    f.ack(30, [67, 68]);
    f.ack(30, [67, 69]);
    expect(f.numbers().length).toBeLessThanOrEqual(2);
    f.ack(30, [67, 70]);
    // 37 are lost, of the pipe nothing is left: PRR lets go what was delivered, conservatively.
    expect(f.numbers().length).toBeLessThanOrEqual(3);
    let total = 0;
    for (let i = 31; i < 36; i++) {
      f.wait(20);
      f.ack(i, [67, 70]);
      const { length } = f.numbers();
      expect(length).toBeLessThanOrEqual(2);
      total += length;
    }
    expect(total).toBeGreaterThanOrEqual(5);
    f.end();
  });

  it('ends with the window at ssthresh', () => {
    const f = forty();
    f.ack(30, [31, 50]);
    f.t.flush();
    f.wait(100);
    f.ack(50, [51, 70]);
    f.t.flush();
    f.wait(100);
    f.ack(70);
    f.t.flush();
    f.wait(100);
    const { sndNxt, iss } = f.c;
    f.ack(Math.floor(((sndNxt - iss - 1) | 0) / 1460));
    expect(f.c.info().ca_state).toBe(0);
    expect(f.c.info().snd_cwnd).toBeGreaterThanOrEqual(f.c.info().snd_ssthresh);
    f.end();
  });
});
