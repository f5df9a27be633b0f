import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import type { TraceSink } from '../../base/trace.ts';
import { RttEstimator, retriesNs } from './rto.ts';
import { bytes, Conversation, text } from './testing/conversation.ts';

const TS = { sackOk: true, ts: [100, -1] as [number, number] };

describe('the retransmission timeout (RFC 6298)', () => {
  it('is SRTT + max(200 ms, 4 RTTVAR)', () => {
    const rtt = new RttEstimator();
    expect(rtt.rtoNs).toBe(1e9);
    rtt.sample(100e6);
    expect(rtt.srttNs).toBe(100e6);
    expect(rtt.rttvarNs).toBe(50e6);
    expect(rtt.rtoNs).toBe(300e6);
    for (let i = 0; i < 100; i++) rtt.sample(100e6);
    expect(rtt.rtoNs).toBe(300e6);
    rtt.sample(900e6);
    expect(rtt.srttNs).toBeCloseTo(200e6, -3);
    expect(rtt.rttvarNs).toBeCloseTo(200e6, -3);
    expect(rtt.rtoNs).toBeGreaterThanOrEqual(990e6);
    expect(rtt.minRttNs).toBe(100e6);
    rtt.sample(500e9);
    expect(rtt.rtoNs).toBe(60e9);
    expect(rtt.backedOffNs(3)).toBe(60e9);
  });

  it('of 15 retries is Linux’s 924.6 s, of 8 102.2 s', () => {
    expect(retriesNs(15)).toBe(924.6e9);
    expect(retriesNs(8)).toBe(102.2e9);
  });

  it('is measured by the handshake, doubles each time, and begins anew with progress', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.wait(100e6);
    t.say({ flags: 'SA', seq: 0, ack: 1, mss: 1460 });
    t.hear({ flags: 'A' });
    expect(c.info().rto).toBe(300_000);
    c.write(text('abc'), 0, 3);
    const first = t.hear({ flags: 'A', seq: 1, data: 'abc' }).at;
    t.wait(7e9);
    const again = t.flush();
    expect(again.map((heard) => Math.round((heard.at - first) / 1e6))).toEqual([300, 900, 2100, 4500]);
    expect(again.every((heard) => heard.data === 'abc' && heard.seq === 1)).toBe(true);
    t.say({ flags: 'A', seq: 1, ack: 4 });
    // Karn: no measurement of a segment that was sent more than once.
    expect(c.info().rto).toBe(300_000);
    expect(c.info().backoff).toBe(0);
    t.wait(10e9);
    t.silence();
    t.end();
  });

  it('ends in ETIMEDOUT after about a quarter of an hour', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(text('abc'), 0, 3);
    t.wait(900e9);
    expect(c.stateName).toBe('ESTABLISHED');
    t.wait(200e9);
    expect(c.stateName).toBe('CLOSED');
    expect(c.takeError()).toBe(Errno.ETIMEDOUT);
    t.flush();
    c.close();
    t.end();
  });

  it('a program that has closed leaves no less time', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(text('abc'), 0, 3);
    c.close();
    t.wait(900e9);
    expect(c.stateName).toBe('FIN-WAIT-1');
    t.wait(100e9);
    expect(c.stateName).toBe('CLOSED');
    t.flush();
    t.end();
  });

  it('the user timeout ends it, to the nanosecond (RFC 5482)', () => {
    const t = new Conversation();
    const c = t.established({ userTimeoutNs: 5e9 });
    c.write(text('abc'), 0, 3);
    t.wait(5e9 - 1);
    expect(c.stateName).toBe('ESTABLISHED');
    t.wait(1);
    expect(c.takeError()).toBe(Errno.ETIMEDOUT);
    t.flush();
    c.close();
    const opening = t.connect({ userTimeoutNs: 2e9 });
    t.wait(2e9);
    expect(opening.takeError()).toBe(Errno.ETIMEDOUT);
    t.flush();
    opening.close();
    t.end();
  });

  it('for data is 3 s after a SYN that was lost and could not be timed', () => {
    const t = new Conversation();
    const c = t.connect();
    t.wait(1.5e9);
    t.flush();
    t.iss = c.iss;
    t.say({ flags: 'SA', seq: 0, ack: 1, mss: 1460 });
    t.hear({ flags: 'A' });
    expect(c.info().rto).toBe(3_000_000);
    t.end();
  });

  it('timestamps time a retransmission too (RFC 7323 4)', () => {
    const t = new Conversation();
    const c = t.established({}, TS);
    c.write(text('abc'), 0, 3);
    t.hear();
    t.wait(250e6);
    const again = t.hear({ data: 'abc' });
    t.wait(40e6);
    t.say({ flags: 'A', seq: 1, ack: 4, ts: [101, again.ts![0]] });
    // Sent again at 200 ms, so 90 ms ago, of which an eighth counts: the handshake took no time.
    expect(c.info().rtt).toBe(11_250);
    t.end();
  });

  it('expired: one segment, then slow start through the rest; nothing is sent twice without need', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(bytes(14_600), 0, 14_600);
    expect(t.flush()).toHaveLength(10);
    t.wait(250e6);
    t.hear({ seq: 1, len: 1460 });
    t.silence();
    expect(c.info().snd_cwnd).toBe(1);
    expect(c.info().snd_ssthresh).toBe(5);
    expect(c.info().ca_state).toBe(4);
    t.say({ flags: 'A', seq: 1, ack: 1461 });
    t.hear({ seq: 1461 });
    t.hear({ seq: 2921 });
    t.silence();
    t.say({ flags: 'A', seq: 1, ack: 14_601 });
    expect(c.info().ca_state).toBe(0);
    expect(c.flight).toBe(0);
    t.silence();
    t.end();
  });

  it('expired: what is SACKed is not sent again', () => {
    const t = new Conversation({ tcp: { rack: false } });
    const c = t.established({}, TS);
    c.write(bytes(4 * 1448), 0, 4 * 1448);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 1, ts: [101, -1], sack: [[1449, 2897]] });
    t.wait(250e6);
    t.hear({ seq: 1 });
    t.say({ flags: 'A', seq: 1, ack: 2897, ts: [102, -1] });
    t.hear({ seq: 2897 });
    t.hear({ seq: 4345 });
    t.silence();
    t.end();
  });

  it('says why', () => {
    const t = new Conversation();
    const lines: string[] = [];
    const sink: TraceSink = {
      event: (_node, layer, what, _packet, _reason, detail, source) =>
        lines.push(`${layer} ${what} ${detail} ${source}`),
    };
    t.node.trace = sink;
    const c = t.established();
    c.write(text('abc'), 0, 3);
    t.wait(250e6);
    expect(lines.some((line) => line.startsWith('4 state SYN-SENT -> ESTABLISHED: SYN+ACK came'))).toBe(true);
    expect(lines.filter((line) => line.startsWith('4 retransmit'))).toEqual([
      `4 retransmit 3 bytes from seq ${(c.iss + 1) >>> 0} (1 in the stream): RTO 200 ms expired RFC 6298 5.4`,
    ]);
    t.flush();
    t.end();
  });
});
