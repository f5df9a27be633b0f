import { expect, test } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { utf8Decode, utf8Encode } from '../base/utf8.ts';
import type { Host } from '../host/host.ts';
import type { Switch } from '../l2-link/switch.ts';
import {
  AF_INET,
  IP_ADD_MEMBERSHIP,
  IP_ADD_SOURCE_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IPPROTO_IP,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../l5-session/constants.ts';
import type { Socket } from '../l5-session/socket.ts';
import { BuildError, Network } from './network.ts';

const GROUP = '239.1.2.3';

/**
 *     source -- r1 -- core -- r2 -- sw (snooping) -- a, b, c
 */
function campus(): Network {
  return Network.from({
    nodes: {
      source: { kind: 'host', interfaces: { eth0: '10.0.1.10/24' }, gateway: '10.0.1.1' },
      other: { kind: 'host', interfaces: { eth0: '10.0.1.11/24' }, gateway: '10.0.1.1' },
      lan: { kind: 'switch' },
      r1: {
        kind: 'router',
        interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' },
        routes: [{ to: '10.0.3.0/24', via: '10.0.2.2' }],
        multicast: { upstream: 'eth0', downstream: ['eth1'] },
      },
      r2: {
        kind: 'router',
        interfaces: { eth0: '10.0.2.2/24', eth1: '10.0.3.1/24' },
        gateway: '10.0.2.1',
        multicast: { upstream: 'eth0', downstream: ['eth1'] },
      },
      sw: { kind: 'switch', snooping: true },
      a: { kind: 'host', interfaces: { eth0: '10.0.3.10/24' }, gateway: '10.0.3.1' },
      b: { kind: 'host', interfaces: { eth0: '10.0.3.11/24' }, gateway: '10.0.3.1' },
      c: { kind: 'host', interfaces: { eth0: '10.0.3.12/24' }, gateway: '10.0.3.1' },
    },
    links: [
      { endpoints: ['source', 'lan'] },
      { endpoints: ['other', 'lan'] },
      { endpoints: ['r1:eth0', 'lan'] },
      { endpoints: ['r1:eth1', 'r2:eth0'] },
      { endpoints: ['r2:eth1', 'sw'] },
      { endpoints: ['a', 'sw'] },
      { endpoints: ['b', 'sw'] },
      { endpoints: ['c', 'sw'] },
    ],
  });
}

function receiver(host: Host, option = IP_ADD_MEMBERSHIP, value: string = GROUP): Socket {
  const socket = host.sockets.socket(AF_INET, SOCK_DGRAM);
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  socket.bind(['', 5000]);
  socket.setsockopt(IPPROTO_IP, option, value);
  return socket;
}

function sender(host: Host, ttl = 8): Socket {
  const socket = host.sockets.socket(AF_INET, SOCK_DGRAM);
  socket.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, ttl);
  return socket;
}

function say(socket: Socket, text: string, group = GROUP): void {
  const bytes = utf8Encode(text);
  expect(socket.descriptor.send(bytes, 0, bytes.length, 0, IpAddress.parse(group), 5000)).toBe(bytes.length);
}

function until(network: Network, seconds: number): void {
  network.runSync({ for: seconds - network.now / 1e9 });
}

/** All that has come, in order. */
function drained(socket: Socket): string[] {
  const all: string[] = [];
  const buffer = new Uint8Array(100);
  for (;;) {
    const n = socket.descriptor.receive(buffer, 0, 100);
    if (n < 0) return all;
    all.push(`${utf8Decode(buffer.subarray(0, n))} from ${socket.descriptor.sender}`);
  }
}

test('a stream crosses two proxies and a snooping switch to those who joined, and only to them', () => {
  const network = campus();
  const [source, a, b, c] = ['source', 'a', 'b', 'c'].map((name) => network.hostNamed(name)) as [
    Host,
    Host,
    Host,
    Host,
  ];
  until(network, 1);
  const hears = receiver(a);
  until(network, 3);
  const sends = sender(source);
  say(sends, 'one');
  until(network, 4);
  expect(drained(hears)).toEqual(['one from 10.0.1.10']);
  const sw = network.nodes.get('sw') as Switch;
  expect(sw.snooping!.entries(network.now)).toEqual([{ group: GROUP, ports: [2] }]);
  expect(sw.snooping!.routerPorts(network.now)).toEqual([1]);
  expect([a, b, c].map((host) => host.nics.get('eth0')!.rxMulticast)).toEqual([2, 1, 1]); // a query for all, and the datagram

  // A second receiver on the same host and one on another; then the first leaves.
  const again = receiver(a);
  const elsewhere = receiver(c);
  until(network, 6);
  say(sends, 'two', GROUP);
  until(network, 7);
  expect([hears, again, elsewhere].map(drained)).toEqual(Array(3).fill(['two from 10.0.1.10']));
  hears.setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, GROUP);
  again.close();
  elsewhere.close();
  until(network, 12);
  const { forwarded } = network.hostNamed('r1').ip.multicastRouter!;
  say(sends, 'three', GROUP);
  until(network, 13);
  expect(drained(hears)).toEqual([]);
  expect(network.hostNamed('r1').ip.multicastRouter!.forwarded).toBe(forwarded);
  // Nobody is left: r1 has left the group upstream, too.
  const upstream = network.hostNamed('r1').ip.interfaceNamed('eth0')!;
  expect(network.hostNamed('r1').ip.groups.of(upstream)).toEqual([]);
  hears.close();
  sends.close();
});

test('who wants one source only gets no other, and routers do not carry it', () => {
  const network = campus();
  until(network, 1);
  const hears = receiver(network.hostNamed('b'), IP_ADD_SOURCE_MEMBERSHIP, `${GROUP} eth0 10.0.1.10`);
  until(network, 3);
  const wanted = sender(network.hostNamed('source'));
  const unwanted = sender(network.hostNamed('other'));
  say(wanted, 'yes', GROUP);
  say(unwanted, 'no', GROUP);
  until(network, 4);
  expect(drained(hears)).toEqual(['yes from 10.0.1.10']);
  expect(network.hostNamed('r2').ip.multicastRouter!.forwarded).toBe(1);
  expect(network.hostNamed('r1').ip.multicastRouter!.forwarded).toBe(1);
});

test('a time to live ends at a router, and a group of the link never leaves it', () => {
  const network = campus();
  until(network, 1);
  const hears = receiver(network.hostNamed('a'));
  until(network, 3);
  for (const ttl of [1, 2, 3]) {
    const sends = sender(network.hostNamed('source'), ttl);
    say(sends, `${ttl}`, GROUP);
    say(sends, 'link', '224.0.0.99');
    sends.close();
  }
  until(network, 5);
  expect(drained(hears)).toEqual(['3 from 10.0.1.10']);
});

test('a host hears its own multicast if it joined, unless it does not want to; and sends where it is told', () => {
  const network = Network.from({
    nodes: {
      a: { kind: 'host', interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' } },
      b: { kind: 'host', interfaces: { eth0: '10.0.1.2/24' } },
      c: { kind: 'host', interfaces: { eth0: '10.0.2.2/24' } },
    },
    links: [{ endpoints: ['a:eth0', 'b'] }, { endpoints: ['a:eth1', 'c'] }],
  });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => network.hostNamed(name)) as [Host, Host, Host];
  const own = receiver(a, IP_ADD_MEMBERSHIP, `${GROUP} eth0`);
  const hears = [receiver(b), receiver(c)];
  const sends = sender(a);
  say(sends, 'one');
  sends.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, 'eth1');
  say(sends, 'two', GROUP);
  sends.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, Uint8Array.of(10, 0, 1, 1));
  sends.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  say(sends, 'three', GROUP);
  sends.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  sends.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, 0);
  say(sends, 'four', GROUP);
  until(network, 5);
  expect(drained(own)).toEqual(['one from 10.0.1.1', 'four from 10.0.1.1']);
  expect(hears.map(drained)).toEqual([['one from 10.0.1.1', 'three from 10.0.1.1'], ['two from 10.0.2.1']]);
});

test('what cannot be a multicast router is told', () => {
  const build = (multicast: object): string => {
    try {
      Network.from({ nodes: { r: { kind: 'router', interfaces: { eth0: '10.0.1.1/24' }, multicast } } });
    } catch (error) {
      if (error instanceof BuildError) return error.message;
      throw error;
    }
    return '';
  };
  expect(build({ upstream: 'eth9' })).toBe('r: multicast: there is no interface eth9; there are eth0');
  expect(build({ upstream: 'eth0', downstream: ['eth0'] })).toMatch(/cannot lead upstream and downstream/);
  expect(build({ routes: [{ group: '10.0.0.1', from: 'eth0', to: 'eth0' }] })).toMatch(/no multicast group/);
  expect(build({ routes: [{ group: 'x', from: 'eth0', to: 'eth0' }] })).toMatch(
    /neither an IPv4 address nor a network/,
  );
  expect(build({ ttl: { eth0: 300 } })).toMatch(/ttl of eth0/);
});
