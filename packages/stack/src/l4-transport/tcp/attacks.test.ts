import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { dropsOf } from '../../testing/test-node.ts';
import { bytes, Conversation, text } from './testing/conversation.ts';

const TS = { sackOk: true, ts: [100, -1] as [number, number] };

describe('RFC 5961', () => {
  it('a RST resets only with exactly the next number', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'R', seq: 2 });
    t.hear({ flags: 'A', seq: 1, ack: 1 });
    t.say({ flags: 'R', seq: 0 });
    t.say({ flags: 'R', seq: 9_000_000 });
    t.silence();
    expect(c.stateName).toBe('ESTABLISHED');
    expect(dropsOf(t.node)).toMatchObject({ TCP_CHALLENGED_RST: 1, TCP_OUT_OF_WINDOW: 2 });
    t.say({ flags: 'R', seq: 1 });
    expect(c.takeError()).toBe(Errno.ECONNRESET);
    c.close();
    t.end();
  });

  it('a SYN in a connection is challenged', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'S', seq: 50 });
    t.hear({ flags: 'A', seq: 1, ack: 1 });
    t.say({ flags: 'S', seq: -70_000 });
    t.hear({ flags: 'A', seq: 1, ack: 1 });
    expect(c.stateName).toBe('ESTABLISHED');
    t.end();
  });

  it('an ACK of what was never sent, or of the distant past, is challenged', () => {
    const t = new Conversation();
    const c = t.established({}, { win: 1000 });
    t.say({ flags: 'A', seq: 1, ack: 2, data: 'x' });
    t.hear({ flags: 'A', seq: 1, ack: 1 });
    t.say({ flags: 'A', seq: 1, ack: -2000, data: 'x' });
    t.hear({ flags: 'A', seq: 1, ack: 1 });
    expect(c.available).toBe(0);
    expect(dropsOf(t.node).TCP_BAD_ACK).toBe(2);
    t.say({ flags: 'A', seq: 1, ack: -500, data: 'x' });
    expect(c.available).toBe(1);
    t.flush();
    t.end();
  });

  it('challenges are limited to ten in five seconds', () => {
    const t = new Conversation();
    t.established();
    for (let i = 0; i < 30; i++) t.say({ flags: 'S', seq: 1 });
    expect(t.flush()).toHaveLength(10);
    t.wait(5e9);
    t.say({ flags: 'S', seq: 1 });
    expect(t.flush()).toHaveLength(1);
    t.end();
  });

  it('a segment without ACK is dropped', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: '', seq: 1, data: 'x' });
    t.silence();
    expect(c.available).toBe(0);
    t.end();
  });
});

describe('PAWS (RFC 7323 5)', () => {
  it('an older timestamp is an old duplicate: dropped and acknowledged', () => {
    const t = new Conversation();
    const c = t.established({}, TS);
    t.say({ flags: 'A', seq: 1, ack: 1, ts: [200, -1], data: 'new' });
    expect(t.hear({ ack: 4 }).ts![1]).toBe(200);
    t.say({ flags: 'A', seq: 4, ack: 1, ts: [199, -1], data: 'old' });
    t.hear({ ack: 4 });
    expect(dropsOf(t.node).TCP_OLD_TIMESTAMP).toBe(1);
    expect(c.available).toBe(3);
    t.say({ flags: 'A', seq: 4, ack: 1, ts: [200, -1], data: 'new' });
    expect(c.available).toBe(6);
    t.end();
  });

  it('wraps', () => {
    const t = new Conversation();
    const c = t.established({}, { ...TS, ts: [0x7fffffff, -1] });
    t.say({ flags: 'A', seq: 1, ack: 1, ts: [-0x80000000, -1], data: 'new' });
    expect(c.available).toBe(3);
    t.flush();
    t.end();
  });

  it('forgets after 24 days', () => {
    const t = new Conversation();
    const c = t.established({}, TS);
    t.wait(25 * 24 * 3600e9);
    t.say({ flags: 'A', seq: 1, ack: 1, ts: [50, -1], data: 'new' });
    expect(c.available).toBe(3);
    t.flush();
    t.end();
  });

  it('echoes the timestamp of the segment that the ACK is for, not of one ahead of it (RFC 7323 4.3)', () => {
    const t = new Conversation();
    t.established({}, TS);
    t.say({ flags: 'A', seq: 11, ack: 1, ts: [300, -1], data: 'ahead' });
    expect(t.hear({ ack: 1 }).ts![1]).toBe(100);
    t.say({ flags: 'A', seq: 1, ack: 1, ts: [310, -1], data: bytes(10).length });
    expect(t.hear({ ack: 16 }).ts![1]).toBe(310);
    t.end();
  });
});

describe('segments for nobody', () => {
  it('are reset (RFC 9293 3.10.7.1), unless they are resets', () => {
    const t = new Conversation();
    t.say({ flags: 'S', seq: 5 });
    t.hear({ flags: 'RA', seq: 0, ack: 6, ts: null });
    t.say({ flags: 'A', seq: 5, ack: 77 });
    t.hear({ flags: 'R', seq: 77 });
    t.say({ flags: 'F', seq: 5, data: 'abc' });
    t.hear({ flags: 'RA', seq: 0, ack: 9 });
    t.say({ flags: 'R', seq: 5 });
    t.silence();
    expect(dropsOf(t.node)).toEqual({ TCP_NO_PORT: 1, TCP_NO_CONNECTION: 3 });
    t.end();
  });

  it('broadcast, wrong checksum, too short: dropped without an answer', () => {
    const t = new Conversation();
    t.listen();
    const spoilt = t.make({ flags: 'S', seq: 5 });
    spoilt.bytes[spoilt.start + 25]! ^= 1;
    t.network.deliver(spoilt);
    const short = t.make({ flags: 'S', seq: 5 });
    short.end -= 1;
    t.network.deliver(short);
    const offset = t.make({ flags: 'S', seq: 5 });
    offset.view.setUint8(offset.start + 32, 0x40);
    t.network.deliver(offset);
    const broadcast = t.make({ flags: 'S', seq: 5 });
    broadcast.l3 = broadcast.start;
    broadcast.pull(20);
    t.tcp.input(broadcast, 1);
    t.silence();
    expect(dropsOf(t.node)).toEqual({ TCP_BAD_CHECKSUM: 1, TCP_TOO_SHORT: 1, TCP_BAD_OFFSET: 1, TCP_BAD_ADDRESS: 1 });
    t.end();
  });
});

describe('keep-alive (RFC 9293 3.8.4)', () => {
  const keepAlive = { enabled: true, idleNs: 7200e9, intervalNs: 75e9, count: 9 };

  it('is off unless asked for', () => {
    const t = new Conversation();
    t.established();
    t.wait(30_000e9);
    t.silence();
    t.end();
  });

  it('probes after two hours, and gives up after nine', () => {
    const t = new Conversation();
    const c = t.established({ keepAlive });
    const begin = t.queue.now;
    t.wait(7199e9);
    t.silence();
    t.wait(10e9);
    const probe = t.hear({ flags: 'A', seq: 0, len: 0 });
    expect(probe.at - begin).toBe(7200e9);
    t.wait(1000e9);
    const rest = t.flush();
    expect(rest.map((heard) => heard.flags)).toEqual(['A', 'A', 'A', 'A', 'A', 'A', 'A', 'A', 'AR']);
    expect(rest.at(-1)!.at - begin).toBe(7200e9 + 9 * 75e9);
    expect(c.takeError()).toBe(Errno.ETIMEDOUT);
    c.close();
    t.end();
  });

  it('an answer keeps it alive', () => {
    const t = new Conversation();
    const c = t.established();
    c.setOptions({ keepAlive });
    for (let i = 0; i < 3; i++) {
      t.wait(7201e9);
      t.hear({ seq: 0 });
      t.say({ flags: 'A', seq: 1, ack: 1 });
      t.silence();
    }
    expect(c.stateName).toBe('ESTABLISHED');
    t.end();
  });

  it('is not sent while data is outstanding', () => {
    const t = new Conversation();
    const c = t.established({ keepAlive: { ...keepAlive, idleNs: 10e9 } });
    c.write(text('x'), 0, 1);
    t.wait(60e9);
    expect(t.flush().every((heard) => heard.len === 1)).toBe(true);
    expect(c.keepAliveProbes).toBe(0);
    t.end();
  });
});
