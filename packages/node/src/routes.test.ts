import { readFileSync } from 'node:fs';
import { parseScenario } from '@netarium/scenario';
import { utf8Decode } from '@netarium/stack/base/utf8';
import { expect, test } from 'vitest';
import { Network } from './network.ts';

function example(name: string): Network {
  const text = readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');
  const result = parseScenario(text, { file: name });
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'));
  return Network.from(result.scenario);
}

async function run(network: Network, node: string, line: string): Promise<string> {
  let text = '';
  const write = (bytes: Uint8Array) => {
    text += utf8Decode(bytes);
  };
  const process = network.hostNamed(node).start(line, { stdout: { write }, stderr: { write } });
  await network.run(() => process.exited);
  return text;
}

test('routes of several ways, of types, in tables, and rules: as the example says', async () => {
  const network = example('two-ways.yaml');
  expect(await run(network, 'left', 'ip route')).toBe(
    '10.0.1.0/24 dev north proto kernel scope link src 10.0.1.1 \n' +
      '10.0.2.0/24 dev south proto kernel scope link src 10.0.2.1 \n' +
      '10.0.3.0/24 dev slow proto kernel scope link src 10.0.3.1 \n' +
      '10.1.0.0/24 dev lan proto kernel scope link src 10.1.0.1 \n' +
      '10.2.0.0/16 \n' +
      '\tnexthop via 10.0.1.2 dev north weight 1 \n' +
      '\tnexthop via 10.0.2.2 dev south weight 1 \n' +
      'blackhole 10.66.0.0/16 \n',
  );
  expect(await run(network, 'left', 'ip route show table 100')).toBe('default via 10.0.3.2 dev slow \n');
  expect(await run(network, 'left', 'ip rule')).toBe(
    '0:\tfrom all lookup local\n' +
      '999:\tfrom all to 10.2.0.99 prohibit\n' +
      '1000:\tfrom 10.1.0.20 lookup 100\n' +
      '32766:\tfrom all lookup main\n' +
      '32767:\tfrom all lookup default\n',
  );
  expect(await run(network, 'left', 'ip route get 10.2.0.80 from 10.1.0.20 iif lan')).toMatch(
    /^10\.2\.0\.80 via 10\.0\.3\.2 dev slow/,
  );
  expect(await run(network, 'left', 'ip route get 10.66.1.1')).toBe('RTNETLINK answers: Invalid argument\n');
  expect(await run(network, 'left', 'ip route get 10.2.0.99')).toBe('RTNETLINK answers: Permission denied\n');
  expect(await run(network, 'bob', 'ping -c 2 web')).toMatch(/icmp_seq=2 .* time=4[0-9]\./);
  expect(await run(network, 'alice', 'ping -c 2 web')).toMatch(/icmp_seq=2 .* time=[4-7]\./);
  expect(await run(network, 'alice', 'ping -c 1 -W 1 10.2.0.99')).toContain('Packet filtered');
  expect(await run(network, 'alice', 'ping -c 1 -W 1 10.66.0.1')).toContain('100% packet loss');
});

test('ip route get: the source of the way that rules choose, UDP where no protocol is given', async () => {
  const network = example('two-ways.yaml');
  const ip = (line: string) => run(network, 'left', `ip ${line}`);
  await ip('rule add tos 0x10 ipproto udp lookup 100 priority 5');
  expect(await ip('route get 10.77.0.1')).toBe('RTNETLINK answers: Network is unreachable\n');
  expect(await ip('route get 10.77.0.1 tos 0x10')).toContain('10.77.0.1 via 10.0.3.2 dev slow src 10.0.3.1 ');
  expect(await ip('route get 10.77.0.1 tos 0x10 ipproto tcp')).toContain('unreachable');
});

test('flows go both ways, and all of them by the one that is left when the other is cut', async () => {
  const network = example('two-ways.yaml');
  network.fault({ at: '10s', link: 'north', down: true });
  const { ip } = network.hostNamed('left');
  const ways = async (): Promise<Set<string>> => {
    const seen = new Set<string>();
    for (let port = 1; port <= 40; port++) {
      const line = `ip route get 10.2.0.80 from 10.1.0.10 iif lan ipproto tcp sport ${port} dport 80`;
      seen.add(/dev (\w+)/.exec(await run(network, 'left', line))?.[1] ?? 'none');
    }
    return seen;
  };
  expect(await ways()).toEqual(new Set(['north', 'south']));
  await network.run({ for: '11s' });
  expect(await ways()).toEqual(new Set(['south']));
  expect(await run(network, 'left', 'ip route show')).toContain('dev north weight 1 linkdown');
  expect(ip.forwarded).toBe(0);
  expect(await run(network, 'alice', 'ping -c 3 -i 0.2 web')).toContain('3 received');
});

test('routes and rules are changed while the network runs', async () => {
  const network = example('two-ways.yaml');
  const ip = (line: string) => run(network, 'left', `ip ${line}`);
  expect(await ip('route replace 10.2.0.0/16 nexthop via 10.0.1.2 weight 3 nexthop via 10.0.3.2')).toBe('');
  expect(await ip('route')).toContain('\tnexthop via 10.0.1.2 dev north weight 3 \n\tnexthop via 10.0.3.2 dev slow');
  expect(await ip('route add prohibit 10.7.0.0/16 table 7')).toBe('');
  expect(await ip('route show table 7')).toBe('prohibit 10.7.0.0/16 \n');
  expect(await ip('rule add not from 10.1.0.0/16 iif lan dport 8000-8080 ipproto tcp table 7 pref 77')).toBe('');
  expect(await ip('rule')).toContain('77:\tnot from 10.1.0.0/16 iif lan ipproto tcp dport 8000-8080 lookup 7\n');
  expect(await ip('rule del pref 77')).toBe('');
  expect(await ip('rule del pref 77')).toBe('RTNETLINK answers: No such file or directory\n');
  expect(await ip('rule del pref 0')).toBe('RTNETLINK answers: Operation not permitted\n');
  expect(await ip('rule add from 10.1.0.300 table 7')).toContain('not a network');
  expect(await ip('route del prohibit 10.7.0.0/16 table 7')).toBe('');
  expect(await ip('route add 10.8.0.0/16 nexthop via 10.0.1.2 weight 1000')).toContain('not a weight');
});

test('rip tells what it knows', async () => {
  const network = example('rip.yaml');
  await network.run({ for: '20s' });
  const text = await run(network, 'r1', 'rip');
  expect(text).toMatch(/^10\.99\.0\.0\/16 +10\.0\.\d+\.\d +5 +10\.0\.\d+\.\d +0 +0[23]:\d\d$/m);
  expect(text).toMatch(/^10\.1\.0\.0\/24 +this router +1 +self +0$/m);
  expect(await run(network, 'r1', 'rip neighbours')).toMatch(/^10\.0\.12\.2 +eth1 +00:\d\d +0 +0$/m);
  expect(await run(network, 'r1', 'rip interfaces')).toMatch(/^eth1 +up +1 /m);
  expect(await run(network, 'r1', 'ip route')).toMatch(
    /^10\.3\.0\.0\/24 via 10\.0\.\d+\.\d dev eth[12] proto rip metric 120 $/m,
  );
  expect(await run(network, 'web', 'rip')).toContain('RIP does not run here');
});
