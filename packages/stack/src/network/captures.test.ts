import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import type { Capture } from '../inspect/capture.ts';
import { readCapture } from '../inspect/capture-reader.ts';
import { AF_INET, SOCK_DGRAM } from '../l5-session/constants.ts';
import { captureAtOrigin, captureEveryHop, captureInterface } from './captures.ts';
import type { LinkDescription } from './description.ts';
import { Network } from './network.ts';

/** alice - r - bob; `send` lets alice send a datagram. */
function routed(link: Omit<LinkDescription, 'endpoints'> = {}) {
  const network = new Network();
  const alice = network.host('alice', { interfaces: { eth0: '10.0.1.2/24' }, gateway: '10.0.1.1' });
  const router = network.router('r', { interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' } });
  const bob = network.host('bob', { interfaces: { eth0: '10.0.2.2/24' }, gateway: '10.0.2.1' });
  network.link(['alice', 'r:eth0'], link);
  network.link(['r:eth1', 'bob'], { name: 'far' });
  const listener = bob.sockets.socket(AF_INET, SOCK_DGRAM);
  listener.bind(['', 9]);
  const send = (to: string) => {
    const s = alice.sockets.socket(AF_INET, SOCK_DGRAM);
    s.descriptor.send(new Uint8Array(100), 0, 100, 0, IpAddress.parse(to)!, 9);
    network.runSync({ for: '100ms' });
    s.close();
  };
  return { network, alice, router, bob, send };
}

/** What a capture holds: `alice:eth0: ARP`, in order, with comments. */
function written(capture: Capture): string[] {
  capture.finish();
  const file = readCapture(capture.take());
  expect(file.problems).toEqual([]);
  return file.packets.map(({ interfaceIndex, bytes, comments }) => {
    const type = (bytes[12]! << 8) | bytes[13]!;
    const what = type === 0x0806 ? 'ARP' : bytes[23] === 17 ? 'UDP' : bytes[23] === 1 ? 'ICMP' : '?';
    const comment = comments.length > 0 ? ` (${comments.join('; ')})` : '';
    return `${file.interfaces[interfaceIndex]!.name}: ${what}${comment}`;
  });
}

describe('a capture at the origin', () => {
  it('has each packet once, where it was first sent, and what a router says itself', () => {
    const { network, send } = routed();
    const capture = captureAtOrigin(network);
    send('10.0.2.2');
    expect(written(capture)).toEqual([
      'alice:eth0: ARP',
      'r:eth0: ARP',
      'alice:eth0: UDP',
      'r:eth1: ARP',
      'bob:eth0: ARP',
    ]);
  });

  it("has a router's ICMP errors, and its reason on the packet", () => {
    const { network, send } = routed();
    send('10.0.2.2');
    const capture = captureAtOrigin(network);
    send('192.168.0.1');
    expect(written(capture)).toEqual([
      'alice:eth0: UDP (dropped by r: no route leads there (RFC 1812 5.2.7.1))',
      'r:eth0: ICMP',
    ]);
  });

  it('says why a packet went no further than its first link', () => {
    const { network, send } = routed({ loss: '100%' });
    const capture = captureAtOrigin(network);
    send('10.0.1.1');
    expect(written(capture)[0]).toBe(
      'alice:eth0: ARP (dropped by alice:eth0-r:eth0: lost on the line (the scenario says so))',
    );
  });

  it('names hosts, and the speed of lines', () => {
    const { network } = routed({ rate: '10Mbit' });
    const file = readCapture(captureAtOrigin(network).take());
    expect(file.names.get('10.0.2.1')).toEqual(['r']);
    expect(file.interfaces.map(({ name, speedBps }) => [name, speedBps])).toEqual([
      ['alice:eth0', 10e6],
      ['r:eth0', 10e6],
      ['r:eth1', 1e9],
      ['bob:eth0', 1e9],
    ]);
  });
});

describe('a capture of every hop', () => {
  it('has every frame on every link', () => {
    const { network, send } = routed();
    const capture = captureEveryHop(network);
    send('10.0.2.2');
    expect(written(capture)).toEqual([
      'alice:eth0-r:eth0 forward: ARP',
      'alice:eth0-r:eth0 backward: ARP',
      'alice:eth0-r:eth0 forward: UDP',
      'far forward: ARP',
      'far backward: ARP',
      'far forward: UDP',
    ]);
  });

  it('goes on beside another capture, and what was lost says why on its link', () => {
    const { network, send } = routed();
    const origin = captureAtOrigin(network);
    const hops = captureEveryHop(network);
    network.cableNamed('far').configure('forward', { loss: 1 });
    send('10.0.2.2');
    expect(written(origin)).toHaveLength(4);
    expect(written(hops).at(-1)).toBe('far forward: ARP (dropped by far: lost on the line (the scenario says so))');
  });
});

describe('a capture of one interface', () => {
  it('has both directions, as tcpdump there would', () => {
    const { network, router, send } = routed();
    const capture = captureInterface(network, router, router.nics.get('eth1')!);
    send('10.0.2.2');
    expect(written(capture)).toEqual(['r:eth1: ARP', 'r:eth1: ARP', 'r:eth1: UDP']);
  });
});

describe('captures', () => {
  it('hold no packet', () => {
    const { network, send } = routed({ loss: '30%', duplication: '30%' });
    network.pool.track();
    captureAtOrigin(network, { fcs: true });
    captureEveryHop(network);
    for (let i = 0; i < 20; i++) send('10.0.2.2');
    network.runSync();
    const unread = 20;
    expect(network.pool.outstanding).toBeLessThanOrEqual(unread);
    network.hostNamed('bob').sockets.closeAll();
    expect(network.pool.leaks()).toEqual([]);
  });
});
