import { describe, expect, it } from 'vitest';
import type { TraceSink } from '../../base/trace.ts';
import { bytes, Conversation } from './testing/conversation.ts';
import { Flight, MSS } from './testing/flight.ts';

describe('the probe of the tail (RFC 8985 7)', () => {
  it('the last three of ten are lost: the probe, its SACK, and what it shows to be missing, no timeout', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(7);
    expect(f.c.info().pto).toBe(200_000);
    f.wait(199.999);
    expect(f.numbers()).toEqual([]);
    f.wait(0.001);
    // "Retransmit the highest-sequence Segment sent so far".
    expect(f.numbers()).toEqual([9]);
    expect(f.c.info().ca_state).toBe(0);
    f.wait(100);
    f.ack(7, [9, 10]);
    // Both are known to be lost; one segment was delivered, and so PRR lets one go.
    expect(f.c.info().ca_state).toBe(3);
    expect(f.c.info().lost).toBe(2);
    expect(f.numbers()).toEqual([7]);
    f.wait(100);
    f.ack(8, [9, 10]);
    expect(f.numbers()).toEqual([8]);
    f.wait(100);
    f.ack(10);
    expect(f.c.info().ca_state).toBe(0);
    expect(f.t.tcp.counters.timeouts).toBe(0);
    expect(f.t.tcp.counters.lossProbes).toBe(1);
    f.wait(5000);
    expect(f.numbers()).toEqual([]);
    f.end();
  });

  it('sends what was not sent yet, if there is something, whatever the window says (7.3)', () => {
    const f = new Flight(14);
    expect(f.numbers()).toHaveLength(10);
    f.wait(200);
    expect(f.numbers()).toEqual([10]);
    expect(f.c.info().total_retrans).toBe(0);
    f.wait(100);
    f.ack(11);
    // It arrived, and so had all others: nothing was lost, and nothing is paid for.
    expect(f.c.info().snd_cwnd).toBeGreaterThanOrEqual(10);
    f.end();
  });

  it('waits 2 ms at least, as on Linux: over a line without delay, too, the answer comes first', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.say({ flags: 'SA', seq: 0, ack: 1, mss: MSS, sackOk: true, ws: 4 });
    t.hear({ flags: 'A' });
    c.write(bytes(3 * MSS), 0, 3 * MSS);
    expect(t.flush()).toHaveLength(3);
    t.wait(2e6 - 1);
    t.silence();
    t.wait(1);
    t.hear({ seq: 1 + 2 * MSS, len: MSS });
    t.say({ flags: 'A', seq: 1, ack: 1 + 3 * MSS });
    t.end();
  });

  it('but not beyond the peer’s window', () => {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.t.say({ flags: 'A', seq: 1, ack: 1 + 8 * 1460, win: (2 * 1460) >> 4 });
    f.write(5);
    expect(f.numbers()).toEqual([]);
    f.wait(200);
    expect(f.numbers()).toEqual([9]);
    f.end();
  });

  it('of a single segment waits for a delayed ACK as well: the RTO, at which the probe goes first (7.2)', () => {
    const f = new Flight(1);
    const first = f.t.hear().at;
    f.wait(2000);
    const again = f.t.flush();
    // PTO = 2 SRTT + 200 ms, but no later than the RTO of 300 ms; then the RTO, and its double.
    expect(again.map((heard) => (heard.at - first) / 1e6)).toEqual([300, 600, 1200]);
    expect(f.t.tcp.counters.lossProbes).toBe(1);
    expect(f.t.tcp.counters.timeouts).toBe(2);
    f.end();
  });

  it('two small segments are as one: their ACK may be delayed', () => {
    const f = new Flight(0);
    f.c.setOptions({ noDelay: true });
    f.c.write(new Uint8Array(10), 0, 10);
    f.c.write(new Uint8Array(10), 0, 10);
    expect(f.t.flush()).toHaveLength(2);
    f.wait(250);
    expect(f.t.flush()).toEqual([]);
    f.end();
  });

  it('begins anew with every ACK and everything sent (7.2)', () => {
    const f = new Flight(4);
    f.numbers();
    f.wait(150);
    f.ack(1);
    f.wait(150);
    f.write(1);
    expect(f.numbers()).toEqual([4]);
    const { pto } = f.c.info();
    f.wait(pto / 1000 - 0.01);
    expect(f.numbers()).toEqual([]);
    f.wait(0.02);
    expect(f.numbers()).toEqual([4]);
    f.end();
  });

  it('is not for a recovery, nor where something is SACKed (7.2): there is the timer of RACK, then the RTO', () => {
    const f = new Flight(3);
    f.numbers();
    f.wait(100);
    f.ack(0, [1, 2]);
    f.wait(25);
    expect(f.numbers()).toEqual([0]);
    f.wait(299);
    expect(f.numbers()).toEqual([]);
    f.wait(1);
    expect(f.numbers()).toEqual([0]);
    expect(f.t.tcp.counters.lossProbes).toBe(0);
    expect(f.t.tcp.counters.timeouts).toBe(1);
    f.end();
  });

  it('without SACK there is none', () => {
    const f = new Flight(5, { tcp: { sack: false } });
    f.numbers();
    f.wait(299);
    expect(f.numbers()).toEqual([]);
    f.wait(1);
    expect(f.numbers()).toEqual([0]);
    f.end();
  });
});

describe('what became of the probe (RFC 8985 7.4)', () => {
  /** The last of ten was sent again as a probe. */
  function probed(): Flight {
    const f = new Flight(10);
    f.numbers();
    f.wait(100);
    f.ack(9);
    f.wait(300);
    expect(f.numbers()).toEqual([9]);
    f.wait(100);
    return f;
  }

  it('it repaired a loss: the window is halved, though nobody saw the loss', () => {
    const f = probed();
    f.ack(10);
    f.write(1);
    f.numbers();
    const before = f.c.info().snd_cwnd;
    f.wait(100);
    f.ack(11);
    expect(f.c.info().snd_cwnd).toBeLessThan(before);
    expect(f.t.tcp.counters.lossProbeRecovery).toBe(1);
    expect(f.c.info().ca_state).toBe(0);
    f.end();
  });

  it('D-SACK: the original was only slow (case 1)', () => {
    const f = probed();
    f.ack(10, [9, 10]);
    f.write(1);
    f.numbers();
    const before = f.c.info().snd_cwnd;
    f.wait(100);
    f.ack(11);
    expect(f.c.info().snd_cwnd).toBeGreaterThanOrEqual(before);
    expect(f.t.tcp.counters.lossProbeRecovery).toBe(0);
    // Nor does it widen RACK's window, for it was no retransmission of RACK's.
    expect(f.c.info().reo_wnd).toBe(25_000);
    f.end();
  });

  it('a duplicate ACK without SACK: both came (case 2)', () => {
    const f = probed();
    f.ack(10);
    f.ack(10);
    f.write(1);
    f.numbers();
    f.wait(100);
    f.ack(11);
    expect(f.t.tcp.counters.lossProbeRecovery).toBe(0);
    f.end();
  });

  it('there is one at a time, and an RTT is measured before the next (7.3)', () => {
    const f = probed();
    f.wait(2000);
    expect(f.t.tcp.counters.lossProbes).toBe(1);
    expect(f.t.tcp.counters.timeouts).toBeGreaterThan(0);
    f.end();
  });

  it('a FIN is probed as data is', () => {
    const f = new Flight(3);
    f.c.shutdownSend();
    f.t.flush();
    f.wait(100);
    f.ack(3);
    f.wait(300);
    const probe = f.t.hear({ flags: 'AF', len: 0 });
    expect(probe.seq).toBe(1 + 3 * 1460);
    f.t.say({ flags: 'A', seq: 1, ack: probe.seq + 1 });
    expect(f.c.stateName).toBe('FIN-WAIT-2');
    expect(f.t.tcp.counters.timeouts).toBe(0);
    f.end();
  });

  it('says what it is', () => {
    const f = new Flight(3);
    const lines: string[] = [];
    const sink: TraceSink = {
      event: (_node, _layer, what, _packet, _reason, detail, source) => lines.push(`${what} ${detail} ${source}`),
    };
    f.t.node.trace = sink;
    f.wait(200);
    expect(lines.find((line) => line.startsWith('retransmit'))).toContain(
      'TLP: two round trips without an answer RFC 8985 7.3',
    );
    f.end();
  });
});
