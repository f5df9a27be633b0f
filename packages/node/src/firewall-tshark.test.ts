import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseScenario } from '@netarium/scenario';
import { captureInterface } from '@netarium/stack/network/captures';
import { afterAll, expect } from 'vitest';
import { Network } from './index.ts';
import { describeWithTshark, expertProblems, itWithTshark, tshark } from './testing/tshark.ts';

const directory = mkdtempSync(join(tmpdir(), 'netarium-firewall-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const example = fileURLToPath(new URL('../../../examples/firewall.yaml', import.meta.url));

describeWithTshark('what Wireshark makes of the outside of a translation', () => {
  itWithTshark('has nothing to complain about, and sees no inside address, quoted ones included', async () => {
    const parsed = parseScenario(readFileSync(example, 'utf8'), { file: example });
    if (!parsed.ok) throw new Error('firewall.yaml');
    const network = Network.from(parsed.scenario);
    const file = join(directory, 'outside.pcapng');
    const r1 = network.hostNamed('r1');
    const capture = captureInterface(network, r1, r1.nics.get('eth1')!);
    for (const [host, command] of [
      ['alice', 'get http://shop/'],
      ['bob', 'ping -c 2 -s 4000 shop'],
      ['bob', 'traceroute -n shop'],
      ['alice', 'nc -z shop 81'],
      ['alice', 'nc -u -z -w 1 shop 81'],
      ['visitor', 'get http://203.0.113.1:8080/'],
      ['web', 'nc -z shop 80'],
    ] as const) {
      const process = network.hostNamed(host).start(command);
      await network.run(() => process.exited);
    }
    writeFileSync(file, capture.take());
    expect(expertProblems(file)).toEqual([]);
    expect(tshark(file, ['-Y', 'ip.addr == 10.0.0.0/8'])).toEqual([]);
    expect(tshark(file, ['-Y', 'icmp.type == 3', '-T', 'fields', '-e', 'ip.src']).length).toBeGreaterThan(0);
    expect(tshark(file, ['-Y', 'http.response.code == 200'])).toHaveLength(2);
  });
});
