import { utf8Decode } from '@netarium/stack/base/utf8';
import { expect, it } from 'vitest';
import { Network } from './network.ts';
import { SmallLab } from './testing/small-lab.ts';

it('ping -R shows the way there and back, ping -T the times', async () => {
  const lab = new SmallLab();
  const route = await lab.run('alice', 'ping -c 1 -R web');
  expect(route.out).toMatch(/^PING web \(10\.0\.2\.10\) 56\(124\) bytes of data\./);
  expect(route.out).toContain('RR: \t10.0.1.10\n\t10.0.2.1\n\t10.0.2.10\n\t10.0.2.10\n\t10.0.1.1\n\t10.0.1.10\n');
  const only = await lab.run('alice', 'ping -c 1 -T tsonly web');
  expect(only.out).toMatch(/TS: \t\d+ absolute\n(\t\d+\n){5}/);
  const withAddresses = await lab.run('alice', 'ping -c 1 -T tsandaddr web');
  expect(withAddresses.out).toMatch(
    /TS: \t10\.0\.1\.10\t\d+ absolute\n\t10\.0\.2\.1\t\d+\n\t10\.0\.2\.10\t\d+\n\t10\.0\.2\.10\t\d+\nUnrecorded hops: 2\n/,
  );
  const asked = await lab.run('alice', 'ping -c 1 -T tsprespec 10.0.2.1 10.0.2.10 web');
  expect(asked.out).toMatch(/TS: \t10\.0\.2\.1\t\d+ absolute\n\t10\.0\.2\.10\t\d+\n/);
  expect((await lab.run('alice', 'ping -R -T tsonly web')).code).toBe(2);
});

it('arping asks, finds duplicates, and tells', async () => {
  const lab = new SmallLab();
  const asked = await lab.run('alice', 'arping -c 2 10.0.1.1');
  expect(asked.out).toMatch(
    /^ARPING 10\.0\.1\.1 from 10\.0\.1\.10 eth0\n(Unicast reply from 10\.0\.1\.1 \[02:[0-9A-F:]+\] {2}0\.\d+ms\n){2}Sent 2 probes \(1 broadcast\(s\)\)\nReceived 2 response\(s\)\n$/,
  );
  expect([asked.code, (await lab.run('alice', 'arping -c 1 10.0.1.99')).code]).toEqual([0, 1]);
  expect((await lab.run('alice', 'arping -q -D -c 2 -I eth0 10.0.1.1')).code).toBe(1);
  expect((await lab.run('alice', 'arping -q -D -c 2 -I eth0 10.0.1.99')).code).toBe(0);
  const told = await lab.run('alice', 'arping -c 1 -U 10.0.1.10');
  expect(told.out).toContain('Sent 1 probes (1 broadcast(s))');
  expect((await lab.run('alice', 'arping 10.0.1.1 -I eth9')).code).toBe(2);
});

it('mcjoin joins and sends; ip maddress, ip mroute and netstat -g show it', async () => {
  const lab = new SmallLab();
  const hears = lab.start('alice', 'mcjoin -c 2 239.1.2.3 239.4.4.4:99');
  await lab.pass(1);
  expect((await lab.run('alice', 'ip -4 maddr show dev eth0')).out).toBe(
    '2:\teth0\n\tlink  01:00:5e:00:00:01\n\tlink  01:00:5e:01:02:03\n\tlink  01:00:5e:04:04:04\n' +
      '\tinet  224.0.0.1\n\tinet  239.1.2.3\n\tinet  239.4.4.4\n',
  );
  expect((await lab.run('alice', 'netstat -g')).out).toContain(
    'eth0            1      239.1.2.3\neth0            1      239.4.4.4\n',
  );
  const sent = await lab.run('r', 'mcjoin -s -c 2 -i eth0 239.1.2.3 239.4.4.4:99');
  expect(sent.out).toBe('Group 239.1.2.3 sent 2 packets\nGroup 239.4.4.4:99 sent 2 packets\n');
  await lab.end(hears);
  expect(hears.out).toContain('joined group *,239.1.2.3\n');
  expect(hears.out).toMatch(
    /239\.1\.2\.3 from 10\.0\.1\.1:\d+, \d+ bytes: Sender PID \d+, MC group 239\.1\.2\.3, seq: 1\n/,
  );
  expect(hears.out).toMatch(/Group 239\.1\.2\.3 received 2 packets\nGroup 239\.4\.4\.4:99 received 2 packets\n$/);
  expect((await lab.run('alice', 'mcjoin -w 1 10.0.0.1')).code).toBe(2);
  expect((await lab.run('alice', 'mcjoin -q -w 1 239.1.2.3')).code).toBe(1);
});

it('a group is pinged, and whoever answers is told of', async () => {
  const network = Network.from({
    nodes: {
      a: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
      b: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' } },
      c: { kind: 'host', interfaces: { eth0: '10.0.0.3/24' } },
      sw: { kind: 'switch' },
    },
    links: [{ endpoints: ['a', 'sw'] }, { endpoints: ['b', 'sw'] }, { endpoints: ['c', 'sw'] }],
  });
  for (const name of ['b', 'c']) network.hostNamed(name).icmp.answersGroups = true;
  let out = '';
  const ping = network.hostNamed('a').start('ping -c 2 -I eth0 224.0.0.1', {
    stdout: { write: (bytes) => (out += utf8Decode(bytes)) },
  });
  expect(await network.run(() => ping.exited)).toBe(0);
  // As iputils: COUNT is of answers.
  expect(out.match(/64 bytes from 10\.0\.0\.[23]: icmp_seq=1 ttl=64/g)?.sort()).toEqual([
    '64 bytes from 10.0.0.2: icmp_seq=1 ttl=64',
    '64 bytes from 10.0.0.3: icmp_seq=1 ttl=64',
  ]);
});
