import { describe, expect, it } from 'vitest';
import { dropsOf } from '../../testing/test-node.ts';
import { Conversation } from './testing/conversation.ts';
import { Pair } from './testing/pair.ts';

const TS = { sackOk: true, ts: [1000, -1] as [number, number] };

/** A connection of ours in TIME-WAIT: SND.NXT is 2, RCV.NXT is 2. */
function waiting(t: Conversation, timestamps = true) {
  const c = t.established({}, timestamps ? TS : {});
  c.close();
  t.hear({ flags: 'FA', seq: 1 });
  t.say({ flags: 'FA', seq: 1, ack: 2, ...(timestamps ? { ts: [1001, -1] as [number, number] } : {}) });
  t.hear({ flags: 'A', seq: 2, ack: 2 });
  expect([...t.tcp.timeWaits]).toHaveLength(1);
  expect([...t.tcp.connections()]).toHaveLength(0);
  return c;
}

describe('TIME-WAIT', () => {
  it('acknowledges the peer’s FIN again and begins anew', () => {
    const t = new Conversation();
    waiting(t);
    t.wait(50e9);
    t.say({ flags: 'FA', seq: 1, ack: 2, ts: [1002, -1] });
    t.hear({ flags: 'A', seq: 2, ack: 2 });
    t.wait(59e9);
    expect([...t.tcp.timeWaits]).toHaveLength(1);
    t.wait(2e9);
    expect([...t.tcp.timeWaits]).toHaveLength(0);
    t.end();
  });

  it('answers old data with an ACK, and nothing to an ACK', () => {
    const t = new Conversation();
    waiting(t);
    t.say({ flags: 'A', seq: 2, ack: 2, ts: [1002, -1] });
    t.silence();
    t.say({ flags: 'A', seq: -5, ack: 2, ts: [900, -1], data: 'old' });
    t.hear({ flags: 'A', seq: 2, ack: 2 });
    expect(dropsOf(t.node).TCP_TIME_WAIT).toBe(2);
    t.end();
  });

  it('ends with an exact RST only', () => {
    const t = new Conversation();
    waiting(t);
    t.say({ flags: 'R', seq: 7 });
    expect([...t.tcp.timeWaits]).toHaveLength(1);
    t.say({ flags: 'R', seq: 2 });
    expect([...t.tcp.timeWaits]).toHaveLength(0);
    t.silence();
    t.end();
  });

  it('makes way for a SYN with a newer timestamp (RFC 6191) or a higher number', () => {
    for (const timestamps of [true, false]) {
      const t = new Conversation();
      waiting(t, timestamps);
      t.listen();
      const old = t.tcp.timeWaits[Symbol.iterator]().next().value!;
      const seq = timestamps ? -50_000 : 500;
      t.say({ flags: 'S', seq, ...(timestamps ? { ts: [1001, 0] as [number, number] } : {}) });
      if (timestamps) {
        // Not newer: challenged.
        t.hear({ flags: 'A', seq: 2 });
        t.say({ flags: 'S', seq, ts: [1002, 0] });
      }
      const before = t.iss;
      const answer = t.hear({ flags: 'SA', ack: seq + 1 });
      expect(answer.seq).toBe(0);
      // RFC 1122 4.2.2.13: beyond what the old connection used.
      expect((t.iss - before) | 0).toBe(2 + 65535 + 2);
      expect(old.sndNxt).toBe((before + 2) | 0);
      expect([...t.tcp.timeWaits]).toHaveLength(0);
      t.end();
    }
  });

  it('lets our own connect take its place a second later, with timestamps', () => {
    const pair = new Pair();
    const listener = pair.listen();
    const open = () => {
      const binding = pair.alice.tcp.ports.bind(null, 4000, { reuseAddress: true });
      if (typeof binding === 'number') throw new Error(`bind ${binding}`);
      const c = pair.alice.tcp.connect(binding, pair.bob.network.address, 80, null);
      binding.release();
      return c;
    };
    const first = open();
    if (typeof first === 'number') throw new Error('connect');
    pair.run(1e8);
    first.close();
    pair.run(1e8);
    listener.accept()!.close();
    pair.run(1e8);
    expect(first.stateName).toBe('TIME-WAIT');
    expect(open()).toBe(-98);
    pair.run(2e9);
    const second = open();
    if (typeof second === 'number') throw new Error(`connect ${second}`);
    pair.run(1e8);
    expect(second.stateName).toBe('ESTABLISHED');
  });

  it('is bounded: one past the limit, the oldest goes', () => {
    const pair = new Pair({ limits: { timeWaitConnections: 3 } });
    const listener = pair.listen();
    for (let i = 0; i < 4; i++) {
      const c = pair.connect();
      pair.run(1e7);
      c.close();
      pair.run(1e7);
      listener.accept()!.close();
      pair.run(1e7);
      expect([...pair.alice.tcp.timeWaits]).toHaveLength(Math.min(i + 1, 3));
    }
    pair.run(61e9);
    expect(pair.alice.tcp.ports.size).toBe(0);
  });
});

describe('the backlog', () => {
  it('bounds those that wait for accept: one more than asked for, then the SYN is dropped', () => {
    const pair = new Pair();
    const listener = pair.listen(80, 2);
    const all = [1, 2, 3, 4].map(() => {
      const c = pair.connect();
      pair.run(1e7);
      return c;
    });
    expect(listener.pending).toBe(3);
    expect(all.map((c) => c.stateName)).toEqual(['ESTABLISHED', 'ESTABLISHED', 'ESTABLISHED', 'SYN-SENT']);
    expect(dropsOf(pair.bob.node).TCP_BACKLOG_FULL).toBe(1);
    listener.accept();
    pair.run(2e9);
    expect(all[3]!.stateName).toBe('ESTABLISHED');
  });

  it('bounds those that are half open', () => {
    const t = new Conversation({ limits: { synBacklog: 2 }, tcp: { synCookies: false } });
    const listener = t.listen();
    for (let i = 0; i < 3; i++) {
      t.peerPort = 6000 + i;
      t.say({ flags: 'S', seq: 0 });
    }
    expect(t.flush()).toHaveLength(2);
    expect(listener.halfOpen).toBe(2);
    t.end();
  });

  it('a handshake that finds it full waits for room', () => {
    const t = new Conversation();
    const listener = t.listen({}, 0);
    for (const port of [6000, 6001]) {
      t.peerPort = port;
      t.say({ flags: 'S', seq: 0 });
      t.hear({ flags: 'SA' });
    }
    const issOfSecond = t.iss;
    const first = [...t.tcp.connections()].find((c) => c.remotePort === 6000)!;
    t.peerPort = 6000;
    t.iss = first.iss;
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(listener.pending).toBe(1);
    t.peerPort = 6001;
    t.iss = issOfSecond;
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(listener.pending).toBe(1);
    expect(dropsOf(t.node).TCP_BACKLOG_FULL).toBe(1);
    expect(listener.accept()).toBe(first);
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(listener.pending).toBe(1);
    t.end();
  });

  it('closing the listener resets whom nobody accepted', () => {
    const pair = new Pair();
    const listener = pair.listen();
    const c = pair.connect();
    pair.run(1e8);
    listener.close();
    pair.run(1e8);
    expect(c.stateName).toBe('CLOSED');
    expect(c.takeError()).toBe(104);
    expect(pair.bob.tcp.ports.size).toBe(0);
    expect(pair.pool.outstanding).toBe(0);
  });

  it('a listener on an address comes before one on all', () => {
    const t = new Conversation();
    const all = t.tcp.ports.bind(null, 80, { privileged: true, reuseAddress: true });
    const one = t.tcp.ports.bind(t.us, 80, { privileged: true, reuseAddress: true });
    if (typeof all === 'number' || typeof one === 'number') throw new Error('bind');
    const specific = t.tcp.listen(one, 5);
    if (typeof specific === 'number') throw new Error('listen');
    t.say({ flags: 'S', seq: 0 });
    expect(specific.halfOpen).toBe(1);
    all.release();
    one.release();
    t.flush();
    t.end();
  });
});
