import { describe, expect, it } from 'vitest';
import { AF_INET, SOCK_STREAM } from '../l5-session/constants.ts';
import type { Descriptor } from '../l5-session/descriptor.ts';
import { openSocket } from '../l5-session/socket-kinds.ts';
import { Network } from '../network/network.ts';

const BYTES = 1 << 20;

/** A megabyte from a to b: how many frames went each way, and the run's fingerprint. */
function transfer(rate: string) {
  const network = new Network({ seed: 1, fingerprint: true });
  const a = network.host('a', { interfaces: { eth0: '10.0.0.1/24' } });
  const b = network.host('b', { interfaces: { eth0: '10.0.0.2/24' } });
  const cable = network.link(['a:eth0', 'b:eth0'], { rate, delay: '1ms' });
  const listener = openSocket(b, AF_INET, SOCK_STREAM, 0, true) as Descriptor;
  listener.bind(null, 80);
  listener.listen(1);
  let received = 0;
  let wrong = 0;
  const into = new Uint8Array(1 << 16);
  listener.onReady = {
    socketReady() {
      const connection = listener.accept();
      if (typeof connection === 'number') return;
      const read = () => {
        for (let n = connection.receive(into, 0, into.length); n > 0; n = connection.receive(into, 0, into.length)) {
          for (let i = 0; i < n; i++) if (into[i] !== ((received + i) & 0xff)) wrong++;
          received += n;
        }
      };
      connection.onReady = { socketReady: read };
      read();
    },
  };
  const bytes = new Uint8Array(BYTES).map((_, i) => i & 0xff);
  const client = openSocket(a, AF_INET, SOCK_STREAM, 0, true) as Descriptor;
  let sent = 0;
  client.onReady = {
    socketReady() {
      for (let n = 1; n > 0 && sent < BYTES; ) {
        n = client.send(bytes, sent, BYTES - sent);
        if (n > 0) sent += n;
      }
    },
  };
  client.connect(b.addresses()[0].address, 80);
  network.runSync({ for: 5 });
  expect([received, wrong]).toEqual([BYTES, 0]);
  return {
    there: cable.forward.deliveredFrames,
    back: cable.backward.deliveredFrames,
    fingerprint: network.fingerprint?.value,
  };
}

describe('segments that arrive at one time', () => {
  it('are acknowledged together', () => {
    const { there, back } = transfer('unlimited');
    expect(there).toBeGreaterThan(BYTES / 1460);
    expect(back).toBeLessThan(there / 10);
  });

  it('are acknowledged by twos at least when they come one after the other (RFC 9293 3.8.6.3)', () => {
    const { there, back } = transfer('1Gbit');
    expect(back).toBeGreaterThanOrEqual(there / 2 - 20);
  });

  it('arrive the same way every time', () => {
    expect(transfer('unlimited').fingerprint).toBe(transfer('unlimited').fingerprint);
  });
});
