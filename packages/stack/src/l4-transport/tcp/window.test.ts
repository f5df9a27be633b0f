import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { dropsOf } from '../../testing/test-node.ts';
import { Ready } from '../readiness.ts';
import { bytes, Conversation, text } from './testing/conversation.ts';
import { Pair } from './testing/pair.ts';

const buffer = new Uint8Array(100_000);

describe('the peer’s window', () => {
  it('is never exceeded', () => {
    const t = new Conversation();
    const c = t.established({}, { win: 3000 });
    c.write(bytes(10_000), 0, 10_000);
    t.hear({ seq: 1, len: 1460 });
    t.hear({ seq: 1461, len: 1460 });
    t.silence();
    t.say({ flags: 'A', seq: 1, ack: 1461, win: 3000 });
    t.hear({ seq: 2921, len: 1460 });
    t.silence();
    t.end();
  });

  it('closed is probed, at growing intervals, for as long as the peer answers', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(bytes(100), 0, 100);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 101, win: 0 });
    c.write(text('more'), 0, 4);
    const begin = t.queue.now;
    t.silence();
    const at: number[] = [];
    for (let i = 0; i < 40; i++) {
      t.wait(100e6);
      for (const probe of t.flush()) {
        expect([probe.len, probe.seq]).toEqual([0, 100]);
        at.push(Math.round((probe.at - begin) / 1e6));
        t.say({ flags: 'A', seq: 1, ack: 101, win: 0 });
      }
    }
    expect(at).toEqual([200, 600, 1400, 3000]);
    for (let i = 0; i < 60; i++) {
      t.wait(60e9);
      if (t.flush().length > 0) t.say({ flags: 'A', seq: 1, ack: 101, win: 0 });
    }
    expect(c.stateName).toBe('ESTABLISHED');
    t.say({ flags: 'A', seq: 1, ack: 101, win: 1000 });
    t.hear({ seq: 101, data: 'more' });
    t.end();
  });

  it('opened by less than what waits: that much goes out after an RTO, however long it was closed', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(bytes(100), 0, 100);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 101, win: 0 });
    c.write(text('hello world'), 0, 11);
    for (let i = 0; i < 30; i++) {
      t.wait(1e9);
      if (t.flush().length > 0) t.say({ flags: 'A', seq: 1, ack: 101, win: 0 });
    }
    t.say({ flags: 'A', seq: 1, ack: 101, win: 5 });
    t.silence();
    t.wait(201e6);
    t.hear({ seq: 101, data: 'hello' });
    t.say({ flags: 'A', seq: 1, ack: 106, win: 1000 });
    t.hear({ seq: 106, data: ' world' });
    t.end();
  });

  it('closed and no answer: ETIMEDOUT in the end', () => {
    const t = new Conversation();
    const c = t.established({}, { win: 0 });
    c.write(bytes(100), 0, 100);
    t.wait(1200e9);
    expect(c.takeError()).toBe(Errno.ETIMEDOUT);
    c.close();
    t.flush();
    t.end();
  });

  it('silly windows are not filled: not less than a segment or half of the largest (RFC 9293 3.8.6.2.1)', () => {
    const t = new Conversation();
    const c = t.established({ noDelay: true });
    c.write(bytes(5000), 0, 5000);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 5001, win: 100 });
    c.write(bytes(5000), 0, 5000);
    t.silence();
    // The override timeout: what fits is sent.
    t.wait(300e6);
    t.hear({ seq: 5001, len: 100 });
    t.silence();
    t.end();
  });

  it('half of the largest window is enough when nothing is in flight', () => {
    const t = new Conversation();
    const c = t.established({}, { win: 1000 });
    c.write(bytes(1000), 0, 1000);
    t.hear({ len: 1000 });
    t.say({ flags: 'A', seq: 1, ack: 1001, win: 500 });
    c.write(bytes(1000), 0, 1000);
    t.hear({ len: 500 });
    t.end();
  });

  it('takes changes only from newer segments (SND.WL1, SND.WL2)', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'ab', win: 5000 });
    t.say({ flags: 'A', seq: 2, ack: 1, data: 'bc', win: 7000 });
    expect(c.info().snd_wnd).toBe(7000);
    t.end();
  });
});

describe('our window', () => {
  it('closes as the buffer fills, and never moves its right edge left', () => {
    const t = new Conversation();
    const c = t.established({ receiveBuffer: 4000 });
    let edge = 0;
    for (let i = 0; i < 4; i++) {
      t.say({ flags: 'A', seq: 1 + i * 1000, ack: 1, data: 1000 });
      const heard = t.hear({ ack: 1 + (i + 1) * 1000 });
      expect(heard.ack + heard.win).toBeGreaterThanOrEqual(edge);
      edge = heard.ack + heard.win;
    }
    expect(edge).toBe(4001);
    t.say({ flags: 'A', seq: 4001, ack: 1, data: 1000 });
    t.hear({ ack: 4001, win: 0 });
    expect(dropsOf(t.node).TCP_RECEIVE_FULL).toBe(1);
    // A little room is not told (RFC 9293 3.8.6.2.2)...
    c.read(buffer, 0, 400);
    t.silence();
    // ... a full segment is.
    c.read(buffer, 0, 3600);
    t.hear({ ack: 4001, win: 4000, flags: 'A' });
    t.end();
  });

  it('answers a probe of it', () => {
    const t = new Conversation();
    t.established({ receiveBuffer: 1000 });
    t.say({ flags: 'A', seq: 1, ack: 1, data: 1000 });
    t.hear({ win: 0 });
    t.say({ flags: 'A', seq: 1001, ack: 1, data: 1 });
    t.hear({ ack: 1001, win: 0 });
    t.say({ flags: 'A', seq: 1000, ack: 1 });
    t.hear({ ack: 1001, win: 0 });
    t.end();
  });

  it('an ACK is taken though the window is closed', () => {
    const t = new Conversation();
    const c = t.established({ receiveBuffer: 1000 });
    c.write(text('abc'), 0, 3);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 1, data: 1000 });
    t.flush();
    t.say({ flags: 'A', seq: 1001, ack: 4, data: 10 });
    expect(c.unacknowledged).toBe(0);
    t.flush();
    t.end();
  });

  it('holds a bounded number of segments out of order', () => {
    const t = new Conversation({ limits: { outOfOrderSegments: 3 } });
    t.established();
    for (let i = 1; i <= 4; i++) t.say({ flags: 'A', seq: 1 + i * 10, ack: 1, data: 5 });
    expect(dropsOf(t.node).TCP_OUT_OF_ORDER_FULL).toBe(1);
    expect(t.flush()).toHaveLength(4);
    t.end();
  });
});

describe('the send buffer', () => {
  it('takes what fits, and tells when a third is free', () => {
    const t = new Conversation();
    const c = t.established({ sendBuffer: 3000 }, { win: 65_535 });
    expect(c.write(bytes(5000), 0, 5000)).toBe(3000);
    expect(c.write(bytes(1), 0, 1)).toBe(-Errno.EAGAIN);
    expect(c.readiness & Ready.Out).toBe(0);
    t.flush();
    t.events.length = 0;
    t.say({ flags: 'A', seq: 1, ack: 901 });
    expect(t.events).toEqual([]);
    t.say({ flags: 'A', seq: 1, ack: 1001 });
    expect(t.events).toEqual([Ready.Out]);
    expect(c.write(bytes(5000), 0, 5000)).toBe(1000);
    t.end();
  });
});

describe('Nagle’s algorithm (RFC 9293 3.7.4)', () => {
  it('keeps what is small until the rest is acknowledged, or there is a full segment', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(text('a'), 0, 1);
    t.hear({ data: 'a' });
    c.write(text('b'), 0, 1);
    c.write(text('c'), 0, 1);
    t.silence();
    t.say({ flags: 'A', seq: 1, ack: 2 });
    t.hear({ data: 'bc' });
    c.write(bytes(1400), 0, 1400);
    t.silence();
    c.write(bytes(100), 0, 100);
    t.hear({ len: 1460, seq: 4 });
    t.silence();
    t.end();
  });

  it('as Minshall changed it: full segments on their way hold nothing up, only one that is not full does', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(bytes(2000), 0, 2000);
    t.hear({ len: 1460, seq: 1 });
    t.hear({ len: 540, seq: 1461 });
    c.write(text('a'), 0, 1);
    t.silence();
    t.say({ flags: 'A', seq: 1, ack: 1461 });
    t.silence();
    t.say({ flags: 'A', seq: 1, ack: 2001 });
    t.hear({ data: 'a' });
    t.end();
  });

  it('is off with TCP_NODELAY', () => {
    const t = new Conversation();
    const c = t.established({ noDelay: true });
    for (const letter of 'abc') {
      c.write(text(letter), 0, 1);
      t.hear({ data: letter });
    }
    t.end();
  });

  it('TCP_NODELAY sends what was held', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(text('a'), 0, 1);
    c.write(text('b'), 0, 1);
    t.hear({ data: 'a' });
    c.setOptions({ noDelay: true });
    t.hear({ data: 'b' });
    t.end();
  });

  it('TCP_CORK holds everything small, for 200 ms', () => {
    const t = new Conversation();
    const c = t.established({ cork: true });
    c.write(text('a'), 0, 1);
    t.silence();
    c.write(text('b'), 0, 1);
    t.wait(199e6);
    t.silence();
    t.wait(2e6);
    t.hear({ data: 'ab' });
    c.write(text('c'), 0, 1);
    t.say({ flags: 'A', seq: 1, ack: 3 });
    t.silence();
    c.setOptions({ cork: false });
    t.hear({ data: 'c' });
    t.end();
  });
});

describe('acknowledgements', () => {
  /** Past the first ones, which are sent at once. */
  function settled() {
    const t = new Conversation();
    const c = t.established();
    let seq = 1;
    const say = (n: number) => {
      t.say({ flags: 'A', seq, ack: 1, data: n });
      seq += n;
    };
    for (let i = 0; i < 15; i++) say(1460);
    expect(t.flush()).toHaveLength(15);
    return { t, c, say };
  }

  it('at the beginning each at once, later every second full segment', () => {
    const { t, say } = settled();
    say(1460);
    t.silence();
    say(1460);
    t.hear({ flags: 'A', len: 0 });
    t.end();
  });

  it('otherwise after 40 ms', () => {
    const { t, say } = settled();
    say(10);
    t.wait(39e6);
    t.silence();
    t.wait(2e6);
    t.hear({ flags: 'A', len: 0 });
    t.wait(1e9);
    t.silence();
    t.end();
  });

  it('ride on data', () => {
    const { t, c, say } = settled();
    say(10);
    c.write(text('answer'), 0, 6);
    t.hear({ data: 'answer', ack: 1 + 15 * 1460 + 10 });
    t.wait(1e9);
    expect(t.flush().every((heard) => heard.len > 0)).toBe(true);
    t.end();
  });

  it('of what the program answers from its callback ride on the answer', () => {
    const { t, c, say } = settled();
    c.owner = { streamReady: () => c.write(text('pong'), 0, 4) };
    say(1460);
    t.hear({ data: 'pong' });
    t.silence();
    t.end();
  });

  it('go at once with TCP_QUICKACK', () => {
    const { t, c, say } = settled();
    c.setOptions({ quickAck: true });
    t.flush();
    say(10);
    t.hear({ flags: 'A' });
    t.end();
  });

  it('go once a batch', () => {
    const { t, say } = settled();
    t.events.length = 0;
    t.tcp.beginBatch();
    for (let i = 0; i < 10; i++) say(1460);
    t.silence();
    expect(t.events).toEqual([]);
    t.tcp.endBatch();
    t.hear({ flags: 'A', ack: 1 + 25 * 1460 });
    t.silence();
    expect(t.events).toEqual([Ready.In]);
    t.end();
  });
});

describe('a program’s callback may do anything', () => {
  it('close from it', () => {
    const t = new Conversation();
    const c = t.established();
    c.owner = { streamReady: () => c.close() };
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'x' });
    t.hear({ flags: 'RA' });
    t.silence();
    t.end();
  });

  it('read, write, close from it', () => {
    const t = new Conversation();
    const c = t.established();
    c.owner = {
      streamReady: () => {
        if (c.read(buffer, 0, 10) > 0) c.write(text('bye'), 0, 3);
        c.close();
      },
    };
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'x' });
    t.hear({ data: 'bye' });
    t.hear({ flags: 'FA' });
    t.end();
  });

  it('peek leaves the bytes', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'abcdef' });
    expect(c.peek(buffer, 0, 4)).toBe(4);
    expect(c.read(buffer, 10, 100)).toBe(6);
    expect(String.fromCharCode(...buffer.subarray(10, 16))).toBe('abcdef');
    expect(c.peek(buffer, 0, 4)).toBe(-Errno.EAGAIN);
    t.end();
  });

  it('many small segments cost few packets', () => {
    const pair = new Pair();
    const [a, b] = pair.connected({ noDelay: true });
    for (let i = 0; i < 400; i++) {
      a.write(bytes(5), 0, 5);
      pair.run(3e6);
    }
    pair.run(1e8);
    expect(b.available).toBe(2000);
    expect(pair.pool.outstanding).toBeLessThan(5);
    a.abort();
    b.abort();
    pair.run(1e9);
    expect(pair.pool.outstanding).toBe(0);
  });
});
