import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatProblem, parseScenario } from '@netarium/scenario';
import { readCapture } from '@netarium/stack/inspect/capture-reader';
import { explainCapture } from '@netarium/stack/inspect/explain';
import { captureAtOrigin } from '@netarium/stack/network/captures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Network } from './network.ts';
import { RealFiles } from './real-files.ts';
import { expertProblems, itWithTshark, tshark } from './testing/tshark.ts';

const folder = mkdtempSync(join(tmpdir(), 'netarium-dns-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const capture = join(folder, 'dns.pcapng');

let network: Network;
let services = '';
let told = '';

async function says(line: string): Promise<string> {
  let text = '';
  const write = (bytes: Uint8Array): void => void (text += new TextDecoder().decode(bytes));
  await network.run(() => network.hostNamed('alice').start(line, { stdout: { write }, stderr: { write } }).exited);
  return text;
}

describe('examples/dns.yaml', () => {
  beforeAll(async () => {
    const parsed = parseScenario(readFileSync(`${examples}dns.yaml`, 'utf8'), { file: 'dns.yaml' });
    if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
    network = Network.from(parsed.scenario, {
      serviceEnded: (node, run, code) => void (services += `${node}: ${run}: ${code}\n`),
    });
    network.hostNamed('shop').files.mount('/srv', new RealFiles(`${examples}site`, { modifiedMs: 0 }));
    const made = captureAtOrigin(network);
    network.trace = made;
    await network.run({ for: '5s' });
    told += await says('get http://www.shop.test/');
    told += await says('dig +short -x 10.0.1.9');
    told += await says('ping -c 1 printer');
    told += await says('dig +short nosuch.test mx');
    // Half of the lease later it is renewed.
    await network.run({ for: '31m' });
    made.finish();
    writeFileSync(capture, made.take());
  });

  it('hosts have addresses by themselves, and find names from the root on', () => {
    expect(services).toBe('alice: dhclient eth0: 0\nbob: dhclient eth0: 0\nprinter: dhclient eth0: 0\n');
    expect(told).toContain('<title>');
    expect(told).toContain('printer.campus.test.\n');
    expect(told).toContain('1 received');
    expect([...network.nodes.values()].map(({ node }) => node.pool.outstanding)[0]).toBe(0);
  });

  it('is told in words', () => {
    const file = readCapture(readFileSync(capture));
    if (typeof file === 'string') throw new Error(file);
    const text = explainCapture(file, { width: 400 });
    const section = (heading: string) => new RegExp(`${heading}\n((?:  .*\n)*)`).exec(text)?.[1] ?? '';
    expect(section('Addresses given by DHCP')).toMatch(
      /\(alice\): asks who gives addresses \(\d+\), is offered 10\.0\.1\.100 by r \(\d+\), asks for 10\.0\.1\.100 \(\d+, \d+.*?\), is given 10\.0\.1\.100 for 1h by r \(\d+, \d+/,
    );
    const names = section('Names asked for');
    expect(names).toMatch(
      /10\.0\.1\.100 asks resolver: A www\.shop\.test \(\d+\) -> CNAME web\.shop\.test A 10\.0\.9\.5, after \d+\.?\d*ms \(\d+\)/,
    );
    expect(names).toMatch(/resolver asks root: A www\.shop\.test \(\d+\) -> NS ns\.test A 10\.0\.9\.3, after/);
    expect(names).toMatch(/MX nosuch\.test \(\d+\) -> No such name SOA ns\.test, after/);
    expect(section('Trouble')).toBe('');
  });

  itWithTshark('is understood by tshark, without complaint', () => {
    expect(expertProblems(capture)).toEqual([]);
    const types = tshark(capture, ['-Y', 'dhcp', '-T', 'fields', '-e', 'dhcp.option.dhcp']);
    expect(new Set(types)).toEqual(new Set(['1', '2', '3', '5']));
  });
});
