import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureAtOrigin } from '@netarium/stack/network/captures';
import type { NetworkDescription } from '@netarium/stack/network/description';
import { afterAll, expect } from 'vitest';
import { Network } from './network.ts';
import { RealFiles } from './real-files.ts';
import { itWithTcpdump, realTcpdump } from './testing/tcpdump.ts';

const directory = mkdtempSync(join(tmpdir(), 'netarium-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A host that configures itself, two routers with a narrow link between them, and a server. */
const NETWORK: NetworkDescription = {
  ipv6: true,
  nodes: {
    alice: { kind: 'host', interfaces: { eth0: {} } },
    r1: {
      kind: 'router',
      interfaces: {
        eth0: { address: '2001:db8:1::1/64', advertise: true },
        eth1: { address: '2001:db8:12::1/64', mtu: 1400 },
      },
      gateway: '2001:db8:12::2',
    },
    r2: {
      kind: 'router',
      interfaces: { eth0: { address: '2001:db8:12::2/64', mtu: 1400 }, eth1: '2001:db8:2::1/64' },
      gateway: '2001:db8:12::1',
    },
    web: { kind: 'host', interfaces: { eth0: '2001:db8:2::80/64' }, gateway: '2001:db8:2::1' },
  },
  links: [
    { endpoints: ['alice', 'r1:eth0'] },
    { endpoints: ['r1:eth1', 'r2:eth0'] },
    { endpoints: ['r2:eth1', 'web'] },
  ],
  services: [{ node: 'web', run: 'nc -6luk 5000' }],
};

const LINES = [
  'ping -c 1 web',
  'ping -c 2 -s 3000 web', // too big, fragments
  'traceroute -q1 web',
  'nc -6uz web 5000',
  'nc -z web 81',
  'ping -c 1 2001:db8:2::99',
  'ping -c 1 2001:db8:77::1', // a loop, until the hop limit runs out
  'ping -c 1 ff02::1%eth0',
];

itWithTcpdump('tcpdump over IPv6 prints what the real one prints, line for line', async () => {
  const network = Network.from(NETWORK);
  const capture = captureAtOrigin(network);
  await network.run({ for: '6s' });
  for (const line of LINES) await network.run(() => network.hostNamed('alice').start(line, {}).exited);
  await network.run({ for: '20s' });
  capture.finish();
  const file = join(directory, 'all.pcapng');
  writeFileSync(file, capture.take());
  const reader = network.hostNamed('web');
  reader.files.mount('/c', new RealFiles(directory));
  for (const flags of ['-n -t', '-n -t -v', '-n -t -e']) {
    let ours = '';
    const write = (bytes: Uint8Array) => void (ours += new TextDecoder().decode(bytes));
    await network.run(() => reader.start(`tcpdump ${flags} -r /c/all.pcapng`, { stdout: { write } }).exited);
    const real = realTcpdump(file, flags.split(' '));
    expect(real.split('\n').length).toBeGreaterThan(190);
    expect(ours.split('\n')).toEqual(real.split('\n'));
  }
});
