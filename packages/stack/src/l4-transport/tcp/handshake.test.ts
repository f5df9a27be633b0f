import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { dropsOf } from '../../testing/test-node.ts';
import { Ready } from '../readiness.ts';
import { Conversation, text } from './testing/conversation.ts';
import { Pair } from './testing/pair.ts';

describe('active open', () => {
  it('sends a SYN with the options of Linux, in their order', () => {
    const t = new Conversation();
    t.connect();
    const syn = t.hear({ flags: 'S', mss: 1460, sackOk: true, ws: 7, win: 65535, ack: 0 });
    const [tsVal] = syn.ts!;
    const hex = Buffer.from(syn.bytes.subarray(20)).toString('hex');
    expect(hex).toBe(`020405b40402080a${(tsVal >>> 0).toString(16).padStart(8, '0')}0000000001030307`);
    t.end();
  });

  it('completes with the peer’s SYN+ACK', () => {
    const t = new Conversation();
    const c = t.connect();
    c.owner = { streamReady: (events) => t.events.push(events) };
    expect(c.readiness).toBe(0);
    expect(c.write(text('x'), 0, 1)).toBe(-Errno.EAGAIN);
    expect(c.read(new Uint8Array(1), 0, 1)).toBe(-Errno.EAGAIN);
    t.hear({ flags: 'S' });
    t.say({ flags: 'SA', seq: 0, ack: 1, mss: 1460, sackOk: true, ts: [7, -1], ws: 5, win: 1000 });
    const ack = t.hear({ flags: 'A', seq: 1, ack: 1, len: 0 });
    expect(ack.ts![1]).toBe(7);
    expect(c.stateName).toBe('ESTABLISHED');
    expect(t.events).toEqual([Ready.Out]);
    expect(c.readiness).toBe(Ready.Out);
    const info = c.info();
    expect(info.options).toEqual({ timestamps: true, sack: true, wscale: true });
    expect([info.snd_wscale, info.rcv_wscale, info.snd_mss]).toEqual([5, 7, 1448]);
    // RFC 7323 2.2: the window of a SYN is not scaled.
    expect(info.snd_wnd).toBe(1000);
    t.end();
  });

  it('offers no more than an IP packet holds, though the MTU be 65,536', () => {
    const t = new Conversation({ mtu: 65_536 });
    t.connect();
    t.hear({ flags: 'S', mss: 65_495 });
    t.end();
  });

  it('leaves out what the peer does not offer', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.say({ flags: 'SA', seq: 0, ack: 1 });
    t.hear({ flags: 'A', ts: null });
    // RFC 9293 3.7.1: without an MSS option, 536.
    expect(c.info().snd_mss).toBe(536);
    expect(c.info().options).toEqual({ timestamps: false, sack: false, wscale: false });
    t.end();
  });

  it('sends the SYN again at 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s, as Linux 6.5, and gives up at 127 s', () => {
    const t = new Conversation();
    const c = t.connect();
    const begin = t.queue.now;
    t.wait(200e9);
    expect(t.flush().map((heard) => (heard.at - begin) / 1e9)).toEqual([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
    expect(c.takeError()).toBe(Errno.ETIMEDOUT);
    expect(c.takeError()).toBe(0);
    expect(c.readiness & Ready.Hup).toBe(Ready.Hup);
    c.close();
    t.end();
  });

  it('is refused by RST+ACK, but not by a RST without the right ACK', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.say({ flags: 'R', seq: 0 });
    t.say({ flags: 'RA', seq: 0, ack: 2 });
    t.silence();
    expect(c.stateName).toBe('SYN-SENT');
    t.say({ flags: 'RA', seq: 0, ack: 1 });
    expect(c.stateName).toBe('CLOSED');
    expect(c.read(new Uint8Array(1), 0, 1)).toBe(-Errno.ECONNREFUSED);
    t.end();
  });

  it('answers an ACK of what it did not send with a RST, and goes on', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.say({ flags: 'SA', seq: 0, ack: 77 });
    t.hear({ flags: 'R', seq: 77 });
    expect(c.stateName).toBe('SYN-SENT');
    t.end();
  });

  it('takes data that comes with the SYN+ACK', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.say({ flags: 'SA', seq: 0, ack: 1, data: 'hello' });
    t.hear({ flags: 'A', ack: 6 });
    expect(c.available).toBe(5);
    t.end();
  });

  it('tells at once what cannot be', () => {
    const t = new Conversation();
    const binding = t.tcp.ports.bind(null, 4000);
    if (typeof binding === 'number') throw new Error('bind');
    const c = t.tcp.connect(binding, t.peer, 80, null);
    expect(typeof c).toBe('object');
    expect(t.tcp.connect(binding, t.peer, 80, null)).toBe(-Errno.EADDRINUSE);
    t.network.unreachable = true;
    expect(t.tcp.connect(binding, t.peer, 81, null)).toBe(-Errno.ENETUNREACH);
    binding.release();
    t.end();
  });
});

describe('passive open', () => {
  it('answers SYN with SYN+ACK and is there with the ACK', () => {
    const t = new Conversation();
    const listener = t.listen();
    t.say({ flags: 'S', seq: 0, mss: 1000, sackOk: true, ts: [55, 0], ws: 2 });
    const answer = t.hear({ flags: 'SA', ack: 1, mss: 1460, sackOk: true, ws: 7 });
    expect(answer.ts![1]).toBe(55);
    expect(listener.pending).toBe(0);
    t.say({ flags: 'A', seq: 1, ack: 1, win: 1000, ts: [56, -1] });
    t.silence();
    expect(listener.pending).toBe(1);
    const c = listener.accept()!;
    expect(c.stateName).toBe('ESTABLISHED');
    expect(c.info().snd_wnd).toBe(4000);
    expect(c.info().snd_mss).toBe(988);
    t.end();
  });

  it('answers with the options that the SYN has, no more', () => {
    const t = new Conversation();
    t.listen();
    t.say({ flags: 'S', seq: 0 });
    t.hear({ flags: 'SA', ts: null, sackOk: false, ws: -1, mss: 1460 });
    t.end();
  });

  it('sends the SYN+ACK again, by the timer and when the SYN comes again', () => {
    const t = new Conversation();
    t.listen();
    t.say({ flags: 'S', seq: 0 });
    t.hear({ flags: 'SA' });
    t.wait(1.1e9);
    t.hear({ flags: 'SA', seq: 0 });
    t.say({ flags: 'S', seq: 0 });
    t.hear({ flags: 'SA', seq: 0 });
    t.wait(400e9);
    // tcp_synack_retries: eight times, then nothing is left.
    expect([...t.tcp.connections()]).toHaveLength(0);
    t.flush();
    t.end();
  });

  it('resets a wrong ACK of its SYN and stays', () => {
    const t = new Conversation();
    const listener = t.listen();
    t.say({ flags: 'S', seq: 0 });
    t.hear({ flags: 'SA' });
    t.say({ flags: 'A', seq: 1, ack: 99 });
    t.hear({ flags: 'R', seq: 99 });
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(listener.pending).toBe(1);
    t.end();
  });

  it('goes back to LISTEN with a RST', () => {
    const t = new Conversation();
    const listener = t.listen();
    t.say({ flags: 'S', seq: 0 });
    t.hear({ flags: 'SA' });
    t.say({ flags: 'R', seq: 1 });
    expect(listener.halfOpen).toBe(0);
    t.silence();
    t.end();
  });

  it('takes data and FIN that come with the ACK', () => {
    const t = new Conversation();
    const listener = t.listen();
    t.say({ flags: 'S', seq: 0 });
    t.hear({ flags: 'SA' });
    t.say({ flags: 'FA', seq: 1, ack: 1, data: 'bye' });
    t.hear({ flags: 'A', ack: 5 });
    const c = listener.accept()!;
    expect(c.stateName).toBe('CLOSE-WAIT');
    expect(c.read(new Uint8Array(9), 0, 9)).toBe(3);
    t.end();
  });

  it('ignores what makes no sense to a listener', () => {
    const t = new Conversation();
    t.listen();
    t.say({ flags: 'R', seq: 0 });
    t.say({ flags: 'SF', seq: 0 });
    t.say({ flags: '', seq: 0 });
    t.silence();
    t.say({ flags: 'SA', seq: 5, ack: 3 });
    t.hear({ flags: 'R', seq: 3 });
    expect(dropsOf(t.node)).toEqual({ TCP_NO_CONNECTION: 2, TCP_BAD_FLAGS: 2 });
    t.end();
  });
});

describe('simultaneous open', () => {
  it('two SYNs cross (RFC 9293 3.5, figure 7)', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    t.say({ flags: 'S', seq: 0, mss: 1460, sackOk: true });
    t.hear({ flags: 'SA', seq: 0, ack: 1 });
    expect(c.stateName).toBe('SYN-RECEIVED');
    t.say({ flags: 'SA', seq: 0, ack: 1, mss: 1460, sackOk: true });
    expect(c.stateName).toBe('ESTABLISHED');
    t.end();
  });

  it('two TCPs that open to each other meet', () => {
    const pair = new Pair();
    const bindA = pair.alice.tcp.ports.bind(null, 4001);
    const bindB = pair.bob.tcp.ports.bind(null, 4002);
    if (typeof bindA === 'number' || typeof bindB === 'number') throw new Error('bind');
    const a = pair.alice.tcp.connect(bindA, pair.bob.network.address, 4002, null);
    const b = pair.bob.tcp.connect(bindB, pair.alice.network.address, 4001, null);
    if (typeof a === 'number' || typeof b === 'number') throw new Error('connect');
    pair.run(1e8);
    expect([a.stateName, b.stateName]).toEqual(['ESTABLISHED', 'ESTABLISHED']);
    a.write(text('hi'), 0, 2);
    pair.run(1e8);
    expect(b.available).toBe(2);
  });
});

describe('initial sequence numbers (RFC 6528)', () => {
  it('grow by the clock for the same two ends, and look unrelated otherwise', () => {
    const first = new Conversation();
    const c1 = first.connect();
    const c2 = first.connect();
    expect(Math.abs((c2.iss - c1.iss) | 0)).toBeGreaterThan(1000);
    const later = new Conversation();
    later.wait(4e6);
    // The same random stream gives the same key and the same port: only the clock differs, 1000 ticks of 4 us.
    expect((later.connect().iss - c1.iss) | 0).toBe(1000);
  });
});
