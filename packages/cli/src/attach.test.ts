import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Network } from '@netarium/node';
import { describe, expect, it } from 'vitest';
import { CommandError } from './exit.ts';
import { Running } from './testing/command.ts';
import { type WireOptions, wireRequests } from './wire-options.ts';

const CAMPUS = 'examples/campus.yaml';

function lab(): Network {
  const network = new Network();
  network.switch('sw1');
  network.host('web', { interfaces: { eth0: '10.0.0.1/24' } });
  return network;
}

const wire = (options: WireOptions) => wireRequests(options, lab()).map(({ description }) => description)[0];

function complaint(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === 2) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the words of wires', () => {
  it.each<[WireOptions, object]>([
    [{ tap: ['tap0'] }, { at: 'sw1', tap: 'tap0' }],
    [{ tap: ['tap0:web'] }, { at: 'web', tap: 'tap0' }],
    [{ tap: ['tap0:web:eth1'] }, { at: 'web:eth1', tap: 'tap0' }],
    [{ tun: ['tun0:web'] }, { at: 'web', tun: 'tun0' }],
    [{ vxlan: ['42@192.0.2.2'] }, { at: 'sw1', vxlan: { vni: 42, remote: '192.0.2.2' } }],
    [{ vxlan: ['42@192.0.2.2:4790'] }, { at: 'sw1', vxlan: { vni: 42, remote: '192.0.2.2:4790' } }],
    [{ vxlan: ['42@192.0.2.2:web'] }, { at: 'web', vxlan: { vni: 42, remote: '192.0.2.2' } }],
    [{ vxlan: ['42@192.0.2.2:4790:web:eth0'] }, { at: 'web:eth0', vxlan: { vni: 42, remote: '192.0.2.2:4790' } }],
    [{ vxlan: ['42@[2001:db8::2]'] }, { at: 'sw1', vxlan: { vni: 42, remote: '2001:db8::2' } }],
    [{ vxlan: ['42@[2001:db8::2]:4790:sw1:3'] }, { at: 'sw1:3', vxlan: { vni: 42, remote: '[2001:db8::2]:4790' } }],
    [{ qemu: ['/tmp/net.sock'] }, { at: 'sw1', stream: { listen: '/tmp/net.sock' } }],
    [{ qemu: ['./net.sock:web'] }, { at: 'web', stream: { listen: './net.sock' } }],
    [{ qemu: ['5000:web'] }, { at: 'web', stream: { listen: '5000' } }],
    [{ qemu: ['127.0.0.1:5000'] }, { at: 'sw1', stream: { listen: '127.0.0.1:5000' } }],
    [{ qemuConnect: ['[::1]:5000:web:eth0'] }, { at: 'web:eth0', stream: { connect: '[::1]:5000' } }],
    [{ udpTunnel: ['192.0.2.2:5000'] }, { at: 'sw1', udp: { remote: '192.0.2.2:5000' } }],
    [{ udpTunnel: ['5001@192.0.2.2:5000:web'] }, { at: 'web', udp: { remote: '192.0.2.2:5000', local: '5001' } }],
  ])('%j', (options, expected) => {
    expect(wire(options)).toEqual(expected);
  });

  it('come in any number, kind by kind', () => {
    const requests = wireRequests({ udpTunnel: ['192.0.2.2:5000'], tap: ['tap0', 'tap1:web'] }, lab());
    expect(requests.map(({ option }) => option)).toEqual([
      '--tap tap0',
      '--tap tap1:web',
      '--udp-tunnel 192.0.2.2:5000',
    ]);
  });

  it.each<[WireOptions, RegExp]>([
    [{ tap: [':web'] }, /--tap :web: write it like tap0 or/],
    [{ vxlan: ['192.0.2.2'] }, /write it like 42@192.0.2.2/],
    [{ vxlan: ['x@192.0.2.2'] }, /write it like/],
    [{ qemu: ['web'] }, /write it like \/tmp/],
    [{ udpTunnel: ['192.0.2.2'] }, /write it like 192.0.2.2:5000/],
  ])('%j makes no sense', (options, expected) => {
    expect(complaint(() => wire(options))).toMatch(expected);
  });

  it('have to say where, when there is a choice', () => {
    const network = lab();
    network.switch('sw2');
    expect(complaint(() => wireRequests({ tap: ['tap0'] }, network))).toBe(
      '--tap tap0: say where it is plugged in: --tap tap0:NODE; there are sw1, web, sw2',
    );
    const alone = new Network();
    alone.host('only');
    expect(wireRequests({ tap: ['tap0'] }, alone)[0]!.description.at).toBe('only');
  });
});

/** A TCP port of this machine that nobody has: the kernel's choice. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function page(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', (data) => (text += data));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('netarium attach', () => {
  it('runs two networks on one wire, and takes all down on SIGTERM', async () => {
    const path = join(tmpdir(), `netarium-attach-${process.pid}.sock`);
    const server = new Running(['attach', CAMPUS, '--qemu', `${path}:sw1`]);
    await server.until(/^ready$/m);
    expect(server.out).toContain(`stream ${path} is plugged in at sw1:3, and waits for its other end\n`);
    const guest = join(tmpdir(), `netarium-attach-${process.pid}.yaml`);
    writeFileSync(guest, 'nodes:\n  guest: { kind: host, interfaces: { eth0: 10.0.1.77/24 } }\n');
    const client = new Running(['attach', guest, '--qemu-connect', path]);
    await client.until(/^ready$/m);
    expect(client.out).toContain(`stream ${path} is plugged in at guest:eth0\n`);
    expect(client.err).toBe('');
    rmSync(guest);
    await server.until(/is up: connected/);
    client.kill('SIGTERM');
    expect((await client.ended).code).toBe(0);
    await server.until(/is down: the other side closed/);
    server.kill('SIGTERM');
    const { code, out, err } = await server.ended;
    expect([code, err]).toEqual([0, '']);
    expect(existsSync(path)).toBe(false);
    expect(out).toMatch(/^stream .* frames out, .* in/m);
  });

  it('forwards a port of this machine to a host inside, for a time', async () => {
    const port = await freePort();
    const running = new Running(['attach', CAMPUS, '-p', `${port}:web:80`, '--for', '3s']);
    await running.until(/^ready$/m);
    expect(running.out).toContain(`127.0.0.1:${port}/tcp leads to web:80\n`);
    expect(await page(port)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect((await running.ended).code).toBe(0);
    await expect(page(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    [['--tap', 'tap0'], 2, /say where it is plugged in/],
    [['--tap', 'tap0:nobody'], 2, /there is no node nobody; there are alice/],
    [['--udp-tunnel', '192.0.2.2:5000:web:eth0'], 2, /web:eth0 is plugged in already/],
    [['--vxlan', '16777216@192.0.2.2:sw1'], 2, /16777216 is no VNI/],
    [['--qemu-connect', '/nowhere/net.sock:sw1'], 1, /No such file or directory/],
    [['-p', 'web:80'], 2, /"web:80" is no port forward/],
    [['-p', '8080:nobody:80'], 2, /nobody is called nobody/],
    [['--gateway', 'web'], 2, /web is a host that does not forward/],
    [['--allow', '300.1.2.3'], 2, /neither an address nor a prefix/],
    [['--for', 'ever'], 2, /--for ever/],
  ])('%j: exit code %i', async (args, code, expected) => {
    const outcome = await new Running(['attach', CAMPUS, ...args]).ended;
    expect(outcome.err).toMatch(expected);
    expect(outcome.err.trim().split('\n')).toHaveLength(1);
    expect(outcome.code).toBe(code);
  });
});
