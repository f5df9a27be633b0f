import { describe, expect, it } from 'vitest';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { TcpState } from './states.ts';
import { Pair } from './testing/pair.ts';

describe('two TCPs', () => {
  it('connect, stream both ways and close', () => {
    const pair = new Pair();
    const [a, b] = pair.connected();
    expect(a.stateName).toBe('ESTABLISHED');
    expect(b.stateName).toBe('ESTABLISHED');
    const text = new Uint8Array(300_000).map((_, i) => (i * 7) % 251);
    let sent = 0;
    let got = 0;
    const into = new Uint8Array(text.length);
    for (let i = 0; i < 2000 && got < text.length; i++) {
      if (sent < text.length) sent += Math.max(0, a.write(text, sent, text.length - sent));
      pair.run(1e6);
      got += Math.max(0, b.read(into, got, into.length - got));
    }
    expect(got).toBe(text.length);
    expect(Buffer.compare(into, text)).toBe(0);
    expect(b.write(text, 0, 5)).toBe(5);
    pair.run(1e8);
    expect(a.read(into, 0, 10)).toBe(5);
    a.close();
    pair.run(1e8);
    expect(b.stateName).toBe('CLOSE-WAIT');
    expect(b.read(into, 0, 10)).toBe(0);
    b.close();
    pair.run(1e8);
    expect(b.state).toBe(TcpState.Closed);
    expect(a.stateName).toBe('TIME-WAIT');
    pair.run(61e9);
    expect([...pair.alice.tcp.timeWaits]).toHaveLength(0);
    expectNoLeaks(pair.pool);
    expect(pair.alice.tcp.segments.outstanding).toBe(0);
    expect(pair.alice.tcp.ports.size).toBe(0);
    expect(pair.bob.tcp.ports.size).toBe(0);
    expect(pair.queue.pending).toBe(0);
  });
});
