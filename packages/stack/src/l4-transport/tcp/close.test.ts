import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { dropsOf } from '../../testing/test-node.ts';
import { Ready } from '../readiness.ts';
import { Conversation, text } from './testing/conversation.ts';
import { Pair } from './testing/pair.ts';

const buffer = new Uint8Array(100);

describe('close', () => {
  it('from our side: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, CLOSED', () => {
    const t = new Conversation();
    const c = t.established();
    expect(c.shutdownSend()).toBe(0);
    t.hear({ flags: 'FA', seq: 1, ack: 1 });
    expect(c.stateName).toBe('FIN-WAIT-1');
    expect(c.write(text('x'), 0, 1)).toBe(-Errno.EPIPE);
    t.say({ flags: 'A', seq: 1, ack: 2 });
    expect(c.stateName).toBe('FIN-WAIT-2');
    t.say({ flags: 'A', seq: 1, ack: 2, data: 'still' });
    t.say({ flags: 'FA', seq: 6, ack: 2 });
    t.flush();
    expect(c.stateName).toBe('TIME-WAIT');
    expect(c.read(buffer, 0, 100)).toBe(5);
    expect(c.read(buffer, 0, 100)).toBe(0);
    t.wait(59e9);
    expect(c.stateName).toBe('TIME-WAIT');
    t.wait(2e9);
    expect(c.stateName).toBe('CLOSED');
    c.close();
    t.end();
  });

  it('FIN and ACK of ours in one segment lead from FIN-WAIT-1 to TIME-WAIT', () => {
    const t = new Conversation();
    const c = t.established();
    c.close();
    t.hear({ flags: 'FA', seq: 1 });
    t.say({ flags: 'FA', seq: 1, ack: 2 });
    t.hear({ flags: 'A', seq: 2, ack: 2 });
    expect(c.stateName).toBe('TIME-WAIT');
    t.end();
  });

  it('simultaneous: FIN-WAIT-1, CLOSING, TIME-WAIT', () => {
    const t = new Conversation();
    const c = t.established();
    c.close();
    t.hear({ flags: 'FA', seq: 1, ack: 1 });
    t.say({ flags: 'FA', seq: 1, ack: 1 });
    t.hear({ flags: 'A', seq: 2, ack: 2 });
    expect(c.stateName).toBe('CLOSING');
    t.say({ flags: 'A', seq: 2, ack: 2 });
    expect(c.stateName).toBe('TIME-WAIT');
    t.silence();
    t.end();
  });

  it('from the peer’s side: CLOSE-WAIT, LAST-ACK, CLOSED', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'FA', seq: 1, ack: 1 });
    t.hear({ flags: 'A', ack: 2 });
    expect(c.stateName).toBe('CLOSE-WAIT');
    expect(c.readiness).toBe(Ready.In | Ready.Out | Ready.RdHup);
    expect(c.read(buffer, 0, 1)).toBe(0);
    // Half-closed: we may go on.
    expect(c.write(text('more'), 0, 4)).toBe(4);
    t.hear({ flags: 'A', seq: 1, data: 'more' });
    c.close();
    t.hear({ flags: 'FA', seq: 5 });
    expect(c.stateName).toBe('LAST-ACK');
    t.say({ flags: 'A', seq: 2, ack: 6 });
    expect(c.stateName).toBe('CLOSED');
    t.end();
  });

  it('sends what was written before the FIN, and the FIN with the last of it', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(text('one'), 0, 3);
    c.write(text('two'), 0, 3);
    c.close();
    t.hear({ flags: 'A', data: 'one' });
    t.hear({ flags: 'FA', data: 'two' });
    t.silence();
    t.end();
  });

  it('resets when data was not read (RFC 1122 4.2.2.13)', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'unread' });
    t.flush();
    c.close();
    t.hear({ flags: 'RA', seq: 1, ack: 7 });
    expect(c.stateName).toBe('CLOSED');
    t.end();
  });

  it('resets when data comes after it', () => {
    const t = new Conversation();
    const c = t.established();
    c.close();
    t.hear({ flags: 'FA' });
    t.say({ flags: 'A', seq: 1, ack: 2, data: 'late' });
    t.hear({ flags: 'RA', seq: 2 });
    expect(c.stateName).toBe('CLOSED');
    expect(dropsOf(t.node).TCP_AFTER_CLOSE).toBe(1);
    t.end();
  });

  it('with a linger time of 0 resets', () => {
    const t = new Conversation();
    const c = t.established({ lingerNs: 0 });
    c.close();
    t.hear({ flags: 'RA', seq: 1 });
    t.end();
  });

  it('leaves FIN-WAIT-2 after a minute when nobody waits for the peer', () => {
    const t = new Conversation();
    const c = t.established();
    c.close();
    t.hear({ flags: 'FA' });
    t.say({ flags: 'A', seq: 1, ack: 2 });
    t.wait(59e9);
    expect(c.stateName).toBe('FIN-WAIT-2');
    t.wait(2e9);
    expect(c.stateName).toBe('CLOSED');
    t.end();
  });

  it('a FIN ahead of missing data waits for it', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'FA', seq: 4, ack: 1, data: 'def' });
    t.hear({ flags: 'A', ack: 1 });
    expect(c.stateName).toBe('ESTABLISHED');
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'abc' });
    t.hear({ flags: 'A', ack: 8 });
    expect(c.stateName).toBe('CLOSE-WAIT');
    expect(c.read(buffer, 0, 100)).toBe(6);
    expect(c.read(buffer, 0, 100)).toBe(0);
    t.end();
  });

  it('sends the FIN again when its ACK does not come, and answers the peer’s again', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'FA', seq: 1, ack: 1 });
    t.hear({ flags: 'A', ack: 2 });
    t.say({ flags: 'FA', seq: 1, ack: 1 });
    t.hear({ flags: 'A', ack: 2 });
    c.close();
    t.hear({ flags: 'FA', seq: 1 });
    t.wait(1.1e9);
    t.hear({ flags: 'FA', seq: 1 });
    t.end();
  });
});

describe('shutdown', () => {
  it('of receiving throws away what is there and what comes, and acknowledges it', () => {
    const t = new Conversation();
    const c = t.established();
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'abc' });
    t.flush();
    expect(c.shutdownReceive()).toBe(0);
    t.flush();
    expect(c.read(buffer, 0, 10)).toBe(0);
    t.say({ flags: 'A', seq: 4, ack: 1, data: 'def' });
    t.hear({ flags: 'A', ack: 7 });
    expect(c.available).toBe(0);
    t.end();
  });

  it('before there is a connection is ENOTCONN', () => {
    const t = new Conversation();
    const c = t.connect();
    expect(c.shutdownSend()).toBe(-Errno.ENOTCONN);
    expect(c.shutdownReceive()).toBe(-Errno.ENOTCONN);
    c.close();
    expect(c.stateName).toBe('CLOSED');
    t.flush();
    t.end();
  });
});

describe('two TCPs', () => {
  it('that close at once both end', () => {
    const pair = new Pair();
    const [a, b] = pair.connected();
    a.close();
    b.close();
    pair.run(1e9);
    expect([a.stateName, b.stateName]).toEqual(['TIME-WAIT', 'TIME-WAIT']);
    pair.run(61e9);
    expect(pair.pool.outstanding).toBe(0);
  });

  it('one aborts: the other learns ECONNRESET, once', () => {
    const pair = new Pair();
    const [a, b] = pair.connected();
    a.abort();
    pair.run(1e9);
    expect(b.readiness & (Ready.Err | Ready.Hup)).toBe(Ready.Err | Ready.Hup);
    expect(b.read(buffer, 0, 1)).toBe(-Errno.ECONNRESET);
    expect(b.read(buffer, 0, 1)).toBe(0);
    expect(b.write(buffer, 0, 1)).toBe(-Errno.EPIPE);
    b.close();
    expect(pair.pool.outstanding).toBe(0);
  });

  it('what was received before a reset can still be read', () => {
    const pair = new Pair();
    const [a, b] = pair.connected();
    a.write(text('last words'), 0, 10);
    pair.run(1e8);
    a.abort();
    pair.run(1e8);
    expect(b.read(buffer, 0, 100)).toBe(10);
    expect(b.read(buffer, 0, 100)).toBe(-Errno.ECONNRESET);
    b.close();
    expect(pair.pool.outstanding).toBe(0);
  });
});
