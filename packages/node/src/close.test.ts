import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Gateway } from './gateway/index.ts';
import { Network } from './network.ts';
import { StreamLink } from './wires/stream-link.ts';

it('close ends programs, sockets, wires and gateways, and the run that is going on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-close-'));
  const network = new Network();
  network.setPace(1);
  const web = network.host('web', { interfaces: { eth0: '10.0.0.80/24', eth1: {} } });
  network.router('gw', { interfaces: { eth0: '10.0.0.1/24' } });
  network.link(['web:eth0', 'gw:eth0']);
  const path = join(folder, 'net.sock');
  network.plug('web:eth1', await StreamLink.listen(network, { at: { path } }));
  const gateway = new Gateway(network, { host: 'gw' });
  const { port } = await gateway.forwardPort('0:web:80');
  const server = web.start('httpd /');
  const sleeper = web.start('sleep 1h');
  const running = network.run();
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  const { now } = network;
  network.close();
  network.close();
  expect(await running).toBe('stopped');
  expect(await Promise.all([server.exited, sleeper.exited])).toEqual([137, 137]);
  expect(existsSync(path)).toBe(false);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  expect(web.processes.size).toBe(0);
  // Time stands still: there is no other run.
  expect(await network.run({ for: 10 })).toBe('stopped');
  expect(network.runSync({ for: 10 })).toBe('stopped');
  expect(network.now).toBeLessThan(now + 1e9);
  rmSync(folder, { recursive: true });
});

it('close before anything ran, and in virtual time', async () => {
  const network = new Network();
  const host = network.host('a', { interfaces: { eth0: '10.0.0.1/24' } });
  const program = host.start('sleep 10');
  network.close();
  expect(await program.exited).toBe(137);
  expect(await network.run()).toBe('stopped');
});
