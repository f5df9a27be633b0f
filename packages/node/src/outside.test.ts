import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcapngWriter } from '@netarium/stack/inspect/pcapng-writer';
import type { NetworkDescription } from '@netarium/stack/network/description';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from './network.ts';
import { needsRealTime, type Outside, OutsideError, openOutside } from './outside.ts';

let folder: string;
let opened: Outside[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netarium-outside-'));
  opened = [];
});
afterEach(() => {
  for (const outside of opened) outside.close();
  rmSync(folder, { recursive: true });
});

const LAB: NetworkDescription = {
  nodes: {
    sw1: { kind: 'switch' },
    web: { kind: 'host', interfaces: { eth0: '10.0.0.80/24' }, gateway: '10.0.0.1' },
    gw: { kind: 'gateway', interfaces: { eth0: '10.0.0.1/24' } },
  },
  links: [{ endpoints: ['web', 'sw1'] }, { endpoints: ['gw', 'sw1'] }],
};

function networkOf(description: NetworkDescription, pace: number | 'virtual' = 1): Network {
  const network = Network.from(description);
  network.setPace(pace);
  return network;
}

async function open(description: NetworkDescription, network = networkOf(description)): Promise<Outside> {
  const outside = await openOutside(network, description, { folder });
  opened.push(outside);
  return outside;
}

describe('what leads out of a described network', () => {
  it('is opened, its paths seen from the folder, and taken down', async () => {
    const said: string[] = [];
    const description: NetworkDescription = {
      ...LAB,
      nodes: {
        ...LAB.nodes,
        gw: { kind: 'gateway', interfaces: { eth0: '10.0.0.1/24' }, outside: { forward: ['0:web:80'] } },
      },
      wires: [
        { at: 'sw1:7', stream: { listen: './net.sock' } },
        { at: 'sw1', udp: { remote: '127.0.0.1:9', local: '127.0.0.1' } },
      ],
    };
    let port = 0;
    const outside = await openOutside(networkOf(description), description, {
      folder,
      onWire: (_wire, place) => said.push(place),
      onGateway: ({ host }) => said.push(host.name),
      onForward: (forward) => (port = forward.port),
    });
    expect(said).toEqual(['sw1:7', 'sw1:3', 'gw']);
    expect(existsSync(join(folder, 'net.sock'))).toBe(true);
    expect(port).toBeGreaterThan(0);
    outside.close();
    outside.close();
    expect(existsSync(join(folder, 'net.sock'))).toBe(false);
    await expect(
      new Promise((resolve, reject) => createConnection(port, '127.0.0.1', () => resolve(0)).on('error', reject)),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('joins two networks', async () => {
    const path = join(folder, 'net.sock');
    const one: NetworkDescription = { ...LAB, wires: [{ at: 'sw1', stream: { listen: path } }] };
    const two: NetworkDescription = {
      nodes: { bob: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' } } },
      wires: [{ at: 'bob', stream: { connect: './net.sock' } }],
    };
    const first = networkOf(one);
    const second = networkOf(two);
    await open(one, first);
    await open(two, second);
    const running = first.run();
    const code = await second.run(() => second.hostNamed('bob').start('ping -c 2 -i 0.05 10.0.0.80').exited);
    expect(code).toBe(0);
    first.scheduler.stop();
    await running;
  });

  it('needs real time, captures apart: in virtual time nothing else is opened', async () => {
    writeFileSync(join(folder, 'a.pcapng'), new PcapngWriter().take());
    const description: NetworkDescription = {
      ...LAB,
      wires: [
        { at: 'sw1', replay: './a.pcapng' },
        { at: 'sw1', stream: { listen: './net.sock' } },
      ],
    };
    const outside = await open(description, networkOf(description, 'virtual'));
    expect(outside.wires.map(({ name }) => name)).toEqual([expect.stringContaining('a.pcapng')]);
    expect(outside.gateways).toEqual([]);
    expect(needsRealTime(description)).toBe(true);
    expect(needsRealTime({ nodes: {}, wires: [{ at: 'x', replay: 'a' }] })).toBe(false);
    expect(needsRealTime({ nodes: {} })).toBe(false);
  });

  it.each<[string, Partial<NetworkDescription>, readonly (string | number)[], RegExp]>([
    [
      'a taken place',
      { wires: [{ at: 'web:eth0', udp: { remote: '127.0.0.1:9' } }] },
      ['wires', 0],
      /plugged in already/,
    ],
    ['nobody there', { wires: [{ at: 'sw1', stream: { connect: './none' } }] }, ['wires', 0], /ENOENT/],
    [
      'a resolver that is none',
      { nodes: { gw: { kind: 'gateway', interfaces: { eth0: '10.0.0.1/24' }, outside: { dns: 'x' } } }, links: [] },
      ['nodes', 'gw'],
      /is no resolver/,
    ],
    [
      'a forward to nobody',
      {
        nodes: {
          gw: {
            kind: 'gateway',
            interfaces: { eth0: '10.0.0.1/24' },
            outside: { forward: ['0:gw:80', '0:nobody:80'] },
          },
        },
        links: [],
      },
      ['nodes', 'gw', 'outside', 'forward', 1],
      /nobody is called nobody/,
    ],
  ])('%s: it is told which and why, and the others are closed', async (_name, words, path, message) => {
    const description = { ...LAB, ...words };
    const first = { at: 'sw1', stream: { listen: './first.sock' } };
    const wires = description.nodes['sw1'] === undefined ? [] : [...(description.wires ?? []), first];
    const error = await open({ ...description, wires }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutsideError);
    expect(error).toMatchObject({ path, message: expect.stringMatching(message) });
    expect(existsSync(join(folder, 'first.sock'))).toBe(false);
  });

  it('takes rules as data', async () => {
    const rules = [
      { deny: '127.0.0.0/8', protocol: 'tcp', ports: [80, '8000-8080'] },
      { allow: 'any', ports: 443 },
    ] as const;
    const outside = { rules: rules.map((rule) => ({ ...rule })), dns: 'none', loopback: 'none' } as object;
    const nodes: NetworkDescription['nodes'] = {
      ...LAB.nodes,
      gw: { kind: 'gateway', interfaces: { eth0: '10.0.0.1/24' }, outside },
    };
    const { gateways } = await open({ ...LAB, nodes });
    expect(gateways).toHaveLength(1);
  });
});
