// Scenarios with wires and gateways, as `run`, `exec` and `attach` take them.

import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Folder, netarium, Running } from './testing/command.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const socket = (name: string) => join(tmpdir(), `netarium-cli-${process.pid}-${name}.sock`);

const server = (path: string) => `
nodes:
  web: { kind: host, interfaces: { eth0: 10.0.0.80/24 } }
wires:
  - { at: web:eth0, stream: { listen: ${path} } }
services:
  - { node: web, run: "httpd /" }
`;
const client = (path: string) => `
nodes:
  alice: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }
wires:
  - { at: alice, stream: { connect: ${path} } }
`;
const gateway = (port: number) => `
nodes:
  web: { kind: host, interfaces: { eth0: 10.0.0.80/24 }, gateway: 10.0.0.1 }
  gw:
    kind: gateway
    interfaces: { eth0: 10.0.0.1/24 }
    outside: { forward: ["${port}:web:80"] }
links:
  - { endpoints: [web, gw] }
services:
  - { node: web, run: "httpd /" }
`;

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

describe('wires of a scenario', () => {
  it.each(['run', 'attach'])('%s opens them, tells of them, and takes them down on Ctrl-C', async (verb) => {
    const path = socket(verb);
    const running = new Running([verb, folder.file(`${verb}.yaml`, server(path))]);
    await running.until(/is plugged in at web:eth0, and waits for its other end/);
    const { code, err } = await netarium([
      'exec',
      folder.file('alice.yaml', client(path)),
      'alice',
      '--',
      'ping',
      '-c',
      '2',
      '-i',
      '0.1',
      '10.0.0.80',
    ]);
    expect(err).toContain(`stream ${path} is plugged in at alice:eth0\n`);
    expect(code).toBe(0);
    await running.until(/is down: the other side closed/);
    running.kill('SIGINT');
    const outcome = await running.ended;
    expect([outcome.code, outcome.err]).toEqual([0, '']);
    expect(outcome.out).toMatch(/^stream .* [1-9]\d* frames out, [1-9]\d* in/m);
    expect(existsSync(path)).toBe(false);
  });

  it('run ends by --for, too, and nothing stays behind', async () => {
    const path = socket('for');
    const { code, out } = await netarium(['run', folder.file('for.yaml', server(path)), '--for', '100ms']);
    expect(code).toBe(0);
    expect(out).toMatch(/^time +100ms of the network/m);
    expect(existsSync(path)).toBe(false);
  });

  it('stay closed in virtual time, and that is told', async () => {
    const path = socket('max');
    const { code, err } = await netarium(['run', folder.file('max.yaml', server(path)), '--speed', 'max']);
    expect(code).toBe(0);
    expect(err).toMatch(/max\.yaml: wires and gateways stay closed: .*\n$/);
  });

  it('a gateway of a scenario lets in by its forwards', async () => {
    const port = await freePort();
    const running = new Running(['run', folder.file('gateway.yaml', gateway(port))]);
    await running.until(/leads to web:80/);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.status).toBe(200);
    running.kill('SIGTERM');
    const { code, out, err } = await running.ended;
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`gw is a gateway to this machine's network\n127.0.0.1:${port}/tcp leads to web:80\n`);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it('a port that is taken is told with its line, exit code 1', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const { code, err } = await netarium(['run', folder.file('taken.yaml', gateway(port))]);
    holder.close();
    expect(err).toMatch(/taken\.yaml:7: Address already in use\n$/);
    expect(code).toBe(1);
  });

  it('nobody to connect to is told with its line, exit code 1', async () => {
    const { code, err } = await netarium(['run', folder.file('nobody.yaml', client('/nowhere/x.sock'))]);
    expect(err).toMatch(/nobody\.yaml:5: No such file or directory\n$/);
    expect(code).toBe(1);
  });

  it('a mistake has its line and column, exit code 2', async () => {
    const wrong = client('/tmp/x.sock').replace('connect', 'conect');
    const { code, err } = await netarium(['check', folder.file('wrong.yaml', wrong)]);
    expect(err).toMatch(/wrong\.yaml:5:\d+: unknown word "conect" in stream; .* Did you mean "connect"\?/);
    expect(code).toBe(2);
  });
});

describe('a file that is no text', () => {
  it('is told, exit code 2', async () => {
    const { code, err } = await netarium([
      'check',
      folder.file('latin1.yaml', Buffer.from('title: caf\xe9\n', 'latin1')),
    ]);
    expect(err).toMatch(/latin1\.yaml: this is not UTF-8 text/);
    expect(code).toBe(2);
  });
});
