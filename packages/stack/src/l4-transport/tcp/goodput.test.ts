import { expect, it } from 'vitest';
import { Pair } from './testing/pair.ts';

const BYTES = 1 << 20;
const SEEDS = 4;

/** Virtual seconds that a mebibyte takes from end to end over a wire that loses `loss` of all packets, both ways. */
function seconds(seed: number, loss: number, delayNs: number): number {
  const pair = new Pair({ seed, delayNs });
  const [a, b] = pair.connected();
  for (const side of [pair.alice, pair.bob]) {
    side.wire.impairments = { loss, duplicate: 0, corrupt: 0, jitterNs: 0 };
  }
  const begin = pair.queue.now;
  const bytes = new Uint8Array(65_536);
  let sent = 0;
  let got = 0;
  let endNs = 0;
  const write = () => {
    while (sent < BYTES) {
      const n = a.write(bytes, 0, Math.min(bytes.length, BYTES - sent));
      if (n <= 0) return;
      sent += n;
    }
  };
  a.owner = { streamReady: write };
  b.owner = {
    streamReady: () => {
      for (let n = b.read(bytes, 0, bytes.length); n > 0; n = b.read(bytes, 0, bytes.length)) got += n;
      if (got === BYTES) endNs = pair.queue.now;
    },
  };
  write();
  for (let i = 0; i < 10_000 && got < BYTES; i++) pair.run(1e9);
  expect(got).toBe(BYTES);
  a.abort();
  b.abort();
  return (endNs - begin) / 1e9;
}

/**
 * What changes how losses are found and repaired shows here: goodput in kbit/s, the mean of some runs, all of virtual time.
 * With NewReno's window, of which Mathis and others say: MSS / RTT * 1.22 / sqrt(loss), until timeouts decide.
 */
it('goodput by loss and delay', () => {
  const lines: string[] = [];
  for (const delayMs of [2, 20]) {
    for (const loss of [0, 0.01, 0.05, 0.1, 0.2, 0.3]) {
      let total = 0;
      for (let seed = 1; seed <= SEEDS; seed++) total += seconds(seed, loss, delayMs * 1e6);
      const kbps = Math.round((SEEDS * BYTES * 8) / total / 1000);
      lines.push(`${delayMs} ms, ${Math.round(loss * 100)} %: ${kbps}`);
    }
  }
  expect(lines).toMatchInlineSnapshot(`
    [
      "2 ms, 0 %: 322639",
      "2 ms, 1 %: 44384",
      "2 ms, 5 %: 18380",
      "2 ms, 10 %: 4491",
      "2 ms, 20 %: 465",
      "2 ms, 30 %: 41",
      "20 ms, 0 %: 32264",
      "20 ms, 1 %: 4102",
      "20 ms, 5 %: 1710",
      "20 ms, 10 %: 784",
      "20 ms, 20 %: 222",
      "20 ms, 30 %: 33",
    ]
  `);
});
