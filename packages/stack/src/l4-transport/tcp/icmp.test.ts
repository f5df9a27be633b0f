import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { bytes, Conversation, text } from './testing/conversation.ts';

/** An ICMP error about a segment of ours with this relative sequence number: type, code, the next hop's MTU. */
function icmp(t: Conversation, seq: number, type: number, code: number, mtu = 0): void {
  const packet = t.pool.acquire(28, 64);
  const at = packet.put(28);
  const { view } = packet;
  view.setUint32(at, 0x45000028);
  view.setUint32(at + 4, 0);
  view.setUint32(at + 8, 0x40060000);
  t.us.write(view, at + 12);
  t.peer.write(view, at + 16);
  view.setUint16(at + 20, t.ourPort);
  view.setUint16(at + 22, t.peerPort);
  view.setInt32(at + 24, (seq + t.iss) | 0);
  packet.l3 = at;
  packet.pull(20);
  t.tcp.icmpError(packet, type, code, mtu, t.peer);
  packet.release();
}

describe('ICMP errors', () => {
  it('end a connection that is being opened', () => {
    for (const [code, errno] of [
      [0, Errno.ENETUNREACH],
      [9, Errno.ENETUNREACH],
      [3, Errno.ECONNREFUSED],
    ] as const) {
      const t = new Conversation();
      const c = t.connect();
      t.hear({ flags: 'S' });
      icmp(t, 0, 3, code);
      expect(c.takeError()).toBe(errno);
      c.close();
      t.end();
    }
  });

  it('"host unreachable" ends it only when seven SYNs have been sent again', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    for (const seconds of [1, 1, 1, 1, 1, 2, 4]) {
      icmp(t, 0, 3, 1);
      expect(c.stateName).toBe('SYN-SENT');
      t.wait(seconds * 1e9);
      t.hear({ flags: 'S' });
    }
    icmp(t, 0, 3, 1);
    expect(c.takeError()).toBe(Errno.EHOSTUNREACH);
    c.close();
    t.end();
  });

  it('with a sequence number that is not in flight are ignored (RFC 5927)', () => {
    const t = new Conversation();
    const c = t.connect();
    t.hear({ flags: 'S' });
    icmp(t, 1, 3, 3);
    icmp(t, -1, 3, 3);
    expect(c.stateName).toBe('SYN-SENT');
    t.end();
  });

  it('do not end one that is established; the error is told if it fails', () => {
    const t = new Conversation();
    const c = t.established({ userTimeoutNs: 3e9 });
    c.write(text('abc'), 0, 3);
    icmp(t, 1, 3, 1);
    icmp(t, 1, 3, 3);
    icmp(t, 1, 4, 0);
    icmp(t, 1, 3, 1);
    expect(c.stateName).toBe('ESTABLISHED');
    t.wait(20e9);
    expect(c.takeError()).toBe(Errno.EHOSTUNREACH);
    t.flush();
    c.close();
    t.end();
  });

  it('"fragmentation needed" makes the segments smaller, at once', () => {
    const t = new Conversation();
    const c = t.established();
    c.write(bytes(3000), 0, 3000);
    t.hear({ seq: 1, len: 1460 });
    t.hear({ seq: 1461, len: 1460 });
    t.hear({ seq: 2921, len: 80 });
    icmp(t, 1, 3, 4, 1000);
    expect(c.info().snd_mss).toBe(960);
    const again = t.flush();
    expect(again.map((heard) => [heard.seq, heard.len])).toEqual([
      [1, 960],
      [961, 500],
      [1461, 960],
      [2421, 500],
    ]);
    // It is no congestion.
    expect(c.info().cwnd_bytes).toBe(14_600);
    t.say({ flags: 'A', seq: 1, ack: 3001 });
    t.silence();
    t.end();
  });

  it('a route whose MTU shrank does the same', () => {
    const t = new Conversation();
    const c = t.established({ noDelay: true });
    t.network.mtu = 600;
    c.write(bytes(3000), 0, 3000);
    expect(t.flush().map((heard) => heard.len)).toEqual([560, 560, 340, 560, 560, 340, 80]);
    c.write(bytes(3000), 0, 3000);
    expect(t.flush().map((heard) => heard.len)).toEqual([560, 560, 560, 560, 560, 200]);
    expect(c.info().pmtu).toBe(600);
    t.end();
  });

  it('what cannot be sent now is sent later', () => {
    const t = new Conversation();
    const c = t.established();
    t.network.failing = -Errno.ENETDOWN;
    expect(c.write(text('abc'), 0, 3)).toBe(3);
    t.silence();
    t.network.failing = 0;
    t.wait(250e6);
    t.hear({ data: 'abc' });
    t.end();
  });
});
