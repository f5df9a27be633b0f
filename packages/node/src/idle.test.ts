import { expect, it } from 'vitest';
import { Network } from './network.ts';

it('an hour of 1,000 hosts that do nothing has no events at all', () => {
  const network = new Network({ seed: 1 });
  for (let s = 0; s < 25; s++) network.switch(`s${s}`);
  for (let i = 0; i < 1000; i++) {
    network.host(`h${i}`, { interfaces: { eth0: `10.0.${i >> 8}.${i & 255}/16` } });
    network.link([`h${i}`, `s${i % 25}`]);
  }
  network.runSync({ for: '1h' });
  expect(network.now).toBe(3600e9);
  expect(network.queue.processed).toBe(0);
});
