import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseScenario } from '@netarium/scenario';
import { utf8Decode } from '@netarium/stack/base/utf8';
import { captureEveryHop, captureInterface } from '@netarium/stack/network/captures';
import type { NetworkDescription } from '@netarium/stack/network/description';
import { afterAll, expect, it } from 'vitest';
import { Network } from './network.ts';
import { itWithTcpdump, realTcpdump } from './testing/tcpdump.ts';
import { expertProblems, itWithTshark, tshark } from './testing/tshark.ts';

const folder = mkdtempSync(join(tmpdir(), 'netarium-ospf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a command says on a host. */
async function run(network: Network, host: string, line: string): Promise<string> {
  let said = '';
  const output = { write: (bytes: Uint8Array) => (said += utf8Decode(bytes)) };
  const process = network.hostNamed(host).start(line, { stdout: output, stderr: output });
  await network.run(() => process.exited);
  return said;
}

/** A LAN with MD5 on it, an area behind it with a password, and routes from elsewhere. */
const CAMPUS: NetworkDescription = {
  nodes: {
    sw: { kind: 'switch' },
    r1: {
      kind: 'router',
      interfaces: { eth0: '10.0.0.1/24', eth1: '10.1.0.1/24' },
      routing: {
        ospf: {
          areas: { 0: ['eth0'], '0.0.0.1': ['10.1.0.0/16'] },
          interfaces: {
            eth0: { priority: 10, authentication: { md5: 'campus', key: 3 } },
            eth1: { authentication: { password: 'branch' }, cost: 4 },
          },
        },
      },
    },
    r2: {
      kind: 'router',
      interfaces: { eth0: '10.0.0.2/24', eth1: '172.16.0.1/24' },
      routing: {
        ospf: {
          areas: { 0: ['eth0'] },
          redistribute: [{ from: 'connected', metric: 33, type: 1, tag: 9 }],
          defaultRoute: { always: true },
          authentication: { md5: 'campus', key: 3 },
        },
      },
    },
    r3: {
      kind: 'router',
      interfaces: { eth0: '10.0.0.3/24', eth1: '10.3.0.1/24' },
      routing: {
        ospf: { authentication: { md5: 'campus', key: 3 }, interfaces: { eth0: { priority: 5 } }, passive: ['eth1'] },
      },
    },
    r4: {
      kind: 'router',
      interfaces: { eth0: '10.1.0.4/24', eth1: '10.4.0.1/24' },
      routing: {
        ospf: { areas: { 1: ['eth0', 'eth1'] }, interfaces: { eth0: { authentication: { password: 'branch' } } } },
      },
    },
    outside: { kind: 'host', interfaces: { eth0: '172.16.0.9/24' }, gateway: '172.16.0.1' },
    h3: { kind: 'host', interfaces: { eth0: '10.3.0.9/24' }, gateway: '10.3.0.1' },
    h4: { kind: 'host', interfaces: { eth0: '10.4.0.9/24' }, gateway: '10.4.0.1' },
  },
  links: [
    { endpoints: ['r1:eth0', 'sw'] },
    { endpoints: ['r2:eth0', 'sw'] },
    { endpoints: ['r3:eth0', 'sw'] },
    { endpoints: ['r1:eth1', 'r4:eth0'], name: 'branch' },
    { endpoints: ['r2:eth1', 'outside:eth0'] },
    { endpoints: ['r3:eth1', 'h3:eth0'] },
    { endpoints: ['r4:eth1', 'h4:eth0'], rate: '10Mbit' },
  ],
  faults: [{ at: 100, for: 60, link: 'branch', down: true }],
};

itWithTcpdump('tcpdump on a router shows what the real one does', async () => {
  const network = Network.from(CAMPUS);
  await network.run({ for: 30 });
  const { nics } = network.hostNamed('r1');
  const capture = captureInterface(network, network.hostNamed('r1'), nics.get('eth0')!);
  let shown = '';
  const stdout = { write: (bytes: Uint8Array) => (shown += utf8Decode(bytes)) };
  const dump = network.hostNamed('r1').start('tcpdump -nt -i eth0 proto 89', { stdout });
  await network.run({ for: 60 });
  network.scheduler.external(() => dump.kill('SIGINT'));
  await network.run(() => dump.exited);
  capture.finish();
  const path = join(folder, 'r1.pcapng');
  writeFileSync(path, capture.take());
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  const real = lines(realTcpdump(path, ['-nt', 'proto 89']));
  expect(lines(shown)).toEqual(real);
  for (const kind of ['Hello', 'Database Description', 'LS-Request', 'LS-Update', 'LS-Ack']) {
    expect(
      real.some((line) => line.includes(`OSPFv2, ${kind}, length`)),
      kind,
    ).toBe(true);
  }
});

itWithTshark('tshark understands all that routers say, and finds no fault in it', async () => {
  const network = Network.from(CAMPUS);
  const capture = captureEveryHop(network);
  await network.run({ for: 220 });
  network.hostNamed('h3').start('ping -c 1 10.4.0.9');
  network.hostNamed('h4').start('ping -c 1 172.16.0.9');
  await network.run({ for: 5 });
  capture.finish();
  const path = join(folder, 'ospf.pcapng');
  writeFileSync(path, capture.take());
  expect(expertProblems(path)).toEqual([]);
  const seen = (field: string): string[] => [
    ...new Set(tshark(path, ['-Y', 'ospf', '-T', 'fields', '-e', field]).flatMap((line) => line.split(','))),
  ];
  expect(seen('ospf.msg').sort()).toEqual(['1', '2', '3', '4', '5']);
  expect(
    seen('ospf.lsa')
      .filter((type) => type !== '')
      .sort(),
  ).toEqual(['1', '2', '3', '4', '5']);
  expect(seen('ospf.auth.type').sort()).toEqual(['0', '1', '2']);
  expect(seen('ip.ttl')).toEqual(['1']);
  expect(seen('ip.dsfield')).toEqual(['0xc0']);
  expect(tshark(path, ['-Y', 'icmp.type == 0']).length).toBeGreaterThan(1);
});

it('show ip ospf tells what is going on, as routers do', async () => {
  const network = Network.from(CAMPUS);
  await network.run({ for: 90 });
  expect(
    (await run(network, 'r1', 'show ip ospf neighbor')).replace(/\d+\.\d{3}s|\d+m\d\ds/g, 'TIME').replace(/ +/g, ' '),
  ).toBe(
    `Neighbor ID Pri State Up Time Dead Time Address Interface RXmtL RqstL DBsmL
10.3.0.1 5 Full/Backup TIME TIME 10.0.0.3 eth0:10.0.0.1 0 0 0
172.16.0.1 1 Full/DROther TIME TIME 10.0.0.2 eth0:10.0.0.1 0 0 0
10.4.0.1 1 Full/DR TIME TIME 10.1.0.4 eth1:10.1.0.1 0 0 0
`,
  );
  expect((await run(network, 'r4', 'show ip ospf route')).replace(/ +/g, ' ')).toBe(
    `============ OSPF network routing table ============
N IA 10.0.0.0/24 [2] area: 0.0.0.1
 via 10.1.0.1, eth0
N 10.1.0.0/24 [1] area: 0.0.0.1
 directly attached to eth0
N IA 10.3.0.0/24 [3] area: 0.0.0.1
 via 10.1.0.1, eth0
N 10.4.0.0/24 [10] area: 0.0.0.1
 directly attached to eth1

============ OSPF router routing table =============
R 10.1.0.1 [1] area: 0.0.0.1, ABR
 via 10.1.0.1, eth0
R IA 172.16.0.1 [2] area: 0.0.0.1, ASBR
 via 10.1.0.1, eth0

============ OSPF external routing table ===========
N E2 0.0.0.0/0 [2/10] tag: 0
 via 10.1.0.1, eth0
N E1 172.16.0.0/24 [35] tag: 9
 via 10.1.0.1, eth0
`,
  );
  expect(await run(network, 'r1', 'show ip ospf interface eth1')).toContain(
    `eth1 is up
  Internet Address 10.1.0.1/24, Area 0.0.0.1
  MTU mismatch detection: enabled, MTU 1500
  Router ID 10.1.0.1, Network Type BROADCAST, Cost: 4
  Transmit Delay is 1 sec, State Backup, Priority 1
  Designated Router (ID) 10.4.0.1 Interface Address 10.1.0.4
  Backup Designated Router (ID) 10.1.0.1 Interface Address 10.1.0.1
  Timer intervals configured, Hello 10s, Dead 40s, Retransmit 5
`,
  );
  const database = await run(network, 'r1', 'show ip ospf database');
  for (const title of [
    'Router Link States (Area 0.0.0.0)',
    'Net Link States (Area 0.0.0.0)',
    'Summary Link States (Area 0.0.0.1)',
    'ASBR-Summary Link States (Area 0.0.0.1)',
    'AS External Link States',
  ]) {
    expect(database).toContain(title);
  }
  expect(await run(network, 'r1', 'show ip ospf database external')).toMatch(/Metric Type: 1\n\s+Metric: 33\n/);
  const overview = await run(network, 'r1', 'show ip ospf');
  expect(overview).toContain(' This router is an ABR\n');
  expect(overview).toMatch(/SPF algorithm last executed .* ago, \d+ times in all\n {3}because: /);
  expect(await run(network, 'h3', 'show ip ospf')).toContain('OSPF does not run here');
  expect(await run(network, 'r1', 'show ip ospf nieghbor')).toContain('did you mean neighbor?');
});

it('examples/ospf.yaml: pings go round when the short way is cut', async () => {
  const file = new URL('../../../examples/ospf.yaml', import.meta.url);
  const parsed = parseScenario(readFileSync(file, 'utf8'), { file: 'ospf.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  let said = '';
  const network = Network.from(parsed.scenario, {
    serviceStreams: () => ({ stdout: { write: (bytes) => (said += utf8Decode(bytes)) } }),
  });
  await network.run({ for: 90 });
  expect(said).toMatch(/20 packets transmitted, (19|20) received/);
  expect(said).toMatch(
    /1 {2}10\.1\.0\.1 .*\n 2 {2}10\.0\.14\.4 .*\n 3 {2}10\.0\.34\.3 .*\n 4 {2}10\.0\.23\.2 .*\n 5 {2}10\.2\.0\.10 /,
  );
});

it('a router whose cable is pulled, and one whose address goes, are followed', async () => {
  const network = Network.from({ ...CAMPUS, faults: [] });
  await network.run({ for: 90 });
  const routes = async (): Promise<string> =>
    (await run(network, 'r3', 'ip route'))
      .split('\n')
      .filter((line) => line.includes('proto ospf'))
      .join('\n');
  expect(await routes()).toContain('10.4.0.0/24 via 10.0.0.1 dev eth0');
  await run(network, 'r4', 'ip address del 10.4.0.1/24 dev eth1');
  await network.run({ for: 8 });
  expect(await routes()).not.toContain('10.4.0.0/24');
  await run(network, 'r4', 'ip address add 10.5.0.1/24 dev eth1');
  await network.run({ for: 8 });
  expect(await routes()).toContain('10.5.0.0/24 via 10.0.0.1 dev eth0');
  await run(network, 'r1', 'ip link set eth0 down');
  await network.run({ for: 60 });
  expect((await routes()).match(/^\S+ via \S+ dev \S+/gm)).toEqual([
    'default via 10.0.0.2 dev eth0',
    '172.16.0.0/24 via 10.0.0.2 dev eth0',
  ]);
});
