import { expect, test } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { Network } from './network.ts';

const at = (network: Network, node: string): string[] =>
  network
    .hostNamed(node)
    .addresses()
    .map((prefix) => prefix.toString());

test('two hosts without addresses give themselves some, and reach each other', () => {
  const network = Network.from({
    nodes: {
      alice: { kind: 'host', interfaces: { eth0: 'link-local' } },
      bob: { kind: 'host', interfaces: { eth0: { address: ['10.0.0.2/24', 'link-local'] } } },
    },
    links: [{ endpoints: ['alice', 'bob'] }],
  });
  expect(at(network, 'alice')).toEqual([]);
  network.runSync({ for: '10s' });
  const [alice] = at(network, 'alice');
  expect(alice).toMatch(/^169\.254\.\d+\.\d+\/16$/);
  const [, bob] = at(network, 'bob');
  expect(bob).toMatch(/^169\.254\./);
  expect(bob).not.toBe(alice);
  let answers = 0;
  const echo = network.hostNamed('alice').icmp.openEcho({
    echoReply(packet) {
      answers++;
      packet.release();
    },
    echoError() {},
  });
  if (typeof echo === 'number') throw new Error('no echo');
  echo.send(IpAddress.parse(bob!.split('/')[0]!)!, 1, new Uint8Array(8));
  network.runSync({ for: '5s' });
  expect(answers).toBe(1);
  expect(network.pool.outstanding).toBe(0);
});

test('with conflictDetection an address and its routes wait until nobody else has it', () => {
  const network = Network.from({
    nodes: {
      first: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
      second: {
        kind: 'host',
        interfaces: { eth0: { address: '10.0.0.1/24', conflictDetection: true } },
        gateway: '10.0.0.9',
      },
      third: {
        kind: 'host',
        interfaces: { eth0: { address: '10.0.0.3/24', conflictDetection: true } },
        gateway: '10.0.0.9',
      },
      sw: { kind: 'switch' },
    },
    links: [{ endpoints: ['first', 'sw'] }, { endpoints: ['second', 'sw'] }, { endpoints: ['third', 'sw'] }],
  });
  const routesOf = (node: string): string[] =>
    network
      .hostNamed(node)
      .ip.routes.list()
      .map((route) => `${route}`)
      .filter((text) => text.startsWith('default'));
  expect([at(network, 'third'), routesOf('third')]).toEqual([[], []]);
  network.runSync({ for: '12s' });
  expect([at(network, 'first'), at(network, 'second'), at(network, 'third')]).toEqual([
    ['10.0.0.1/24'],
    [],
    ['10.0.0.3/24'],
  ]);
  expect(routesOf('second')).toEqual([]);
  expect(routesOf('third').length).toBe(1);
  const [conflict] = network.hostNamed('second').ip.arp.claims.conflicts;
  expect(conflict!.mac.equals(network.hostNamed('first').nics.get('eth0')!.mac)).toBe(true);
});
