import { expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import {
  AF_INET,
  IP_ADD_MEMBERSHIP,
  IP_ADD_SOURCE_MEMBERSHIP,
  IP_BLOCK_SOURCE,
  IP_DROP_MEMBERSHIP,
  IP_DROP_SOURCE_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_UNBLOCK_SOURCE,
  IPPROTO_IP,
  SOCK_DGRAM,
} from './constants.ts';
import type { OptionValue } from './option-values.ts';
import type { Socket } from './socket.ts';
import { LoneHost } from './testing/lone-host.ts';

const quad = (text: string): number[] => text.split('.').map(Number);
/** `struct ip_mreq`, or with three addresses `struct ip_mreq_source`. */
const bytes = (...addresses: string[]): Uint8Array => Uint8Array.from(addresses.flatMap(quad));

const HERE = '10.0.0.1';

function setter(socket: Socket): (name: number, value: OptionValue) => string {
  return (name, value) => {
    try {
      socket.setsockopt(IPPROTO_IP, name, value);
    } catch (error) {
      if (error instanceof NetError) return error.code;
      throw error;
    }
    return 'ok';
  };
}

/** A host, a socket of it, and what setting its options ends in. */
function lone(): { host: LoneHost; socket: Socket; set: (name: number, value: OptionValue) => string } {
  const host = new LoneHost();
  const socket = host.sockets.socket(AF_INET, SOCK_DGRAM);
  return { host, socket, set: setter(socket) };
}

function end({ host, socket }: ReturnType<typeof lone>): void {
  socket.close();
  host.queue.runUntil(host.queue.now + 20e9);
  expectNoLeaks(host.pool);
}

// What Linux 6.18 says to the same calls stands in each line.
test('joining and leaving', () => {
  const world = lone();
  const { set } = world;
  const group = bytes('239.1.1.1', HERE);
  expect([
    set(IP_ADD_MEMBERSHIP, group),
    set(IP_ADD_MEMBERSHIP, group),
    set(IP_DROP_MEMBERSHIP, bytes('239.1.1.2', HERE)),
    set(IP_DROP_MEMBERSHIP, group),
    set(IP_DROP_MEMBERSHIP, group),
  ]).toEqual(['ok', 'EADDRINUSE', 'EADDRNOTAVAIL', 'ok', 'EADDRNOTAVAIL']);
  expect([
    set(IP_ADD_MEMBERSHIP, bytes('10.0.0.1', HERE)),
    set(IP_DROP_MEMBERSHIP, bytes('10.0.0.1', HERE)),
    set(IP_ADD_MEMBERSHIP, Uint8Array.from([...quad('239.1.1.1'), 0, 0, 0, 0, 99, 0, 0, 0])),
    set(IP_ADD_MEMBERSHIP, bytes('239.1.1.1', '9.9.9.9')),
    set(IP_ADD_MEMBERSHIP, Uint8Array.of(1, 2, 3)),
  ]).toEqual(['EINVAL', 'EADDRNOTAVAIL', 'ENODEV', 'ENODEV', 'EINVAL']);
  end(world);
});

test('sources', () => {
  const world = lone();
  const { set } = world;
  const from = (group: string, source: string): Uint8Array => bytes(group, HERE, source);
  expect([
    set(IP_ADD_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.1')),
    set(IP_ADD_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.1')),
    set(IP_ADD_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.2')),
    set(IP_DROP_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.9')),
    set(IP_DROP_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.1')),
    set(IP_DROP_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.2')),
    set(IP_DROP_SOURCE_MEMBERSHIP, from('232.1.1.1', '1.1.1.2')),
  ]).toEqual(['ok', 'EADDRNOTAVAIL', 'ok', 'EADDRNOTAVAIL', 'ok', 'ok', 'EINVAL']);
  expect([
    set(IP_BLOCK_SOURCE, from('239.2.2.2', '1.1.1.1')),
    set(IP_ADD_MEMBERSHIP, bytes('239.2.2.2', HERE)),
    set(IP_ADD_SOURCE_MEMBERSHIP, from('239.2.2.2', '1.1.1.1')),
    set(IP_BLOCK_SOURCE, from('239.2.2.2', '1.1.1.1')),
    set(IP_UNBLOCK_SOURCE, from('239.2.2.2', '1.1.1.1')),
    set(IP_DROP_MEMBERSHIP, bytes('239.2.2.2', HERE)),
  ]).toEqual(['EINVAL', 'ok', 'ok', 'EINVAL', 'EINVAL', 'ok']);
  end(world);
});

test('20 groups of a socket, 10 sources of a group; closing leaves all', () => {
  const world = lone();
  const { set } = world;
  const results = Array.from({ length: 22 }, (_, i) => set(IP_ADD_MEMBERSHIP, bytes(`239.3.0.${i}`, HERE)));
  expect(results.slice(18)).toEqual(['ok', 'ok', 'ENOBUFS', 'ENOBUFS']);
  const other = world.host.sockets.socket(AF_INET, SOCK_DGRAM);
  const sources = Array.from({ length: 12 }, (_, i) =>
    setter(other)(IP_ADD_SOURCE_MEMBERSHIP, bytes('232.4.4.4', HERE, `1.1.2.${i}`)),
  );
  expect(sources.slice(8)).toEqual(['ok', 'ok', 'ENOBUFS', 'ENOBUFS']);
  other.close();
  end(world);
  expect(setter(world.host.sockets.socket(AF_INET, SOCK_DGRAM))(IP_ADD_MEMBERSHIP, '239.3.0.1')).toBe('ok');
});

test('the interface, time to live and loop of what is sent to groups', () => {
  const world = lone();
  const { set, socket } = world;
  expect([
    set(IP_MULTICAST_IF, bytes(HERE)),
    set(IP_MULTICAST_IF, bytes('9.9.9.9')),
    set(IP_MULTICAST_IF, bytes('0.0.0.0')),
    set(IP_MULTICAST_IF, Uint8Array.from([...new Array<number>(8).fill(0), 2, 0, 0, 0])),
    set(IP_MULTICAST_TTL, 256),
    set(IP_MULTICAST_TTL, -1),
  ]).toEqual(['ok', 'EADDRNOTAVAIL', 'ok', 'ok', 'EINVAL', 'ok']);
  expect(socket.getsockopt(IPPROTO_IP, IP_MULTICAST_TTL)).toBe(1);
  expect(socket.getsockopt(IPPROTO_IP, IP_MULTICAST_LOOP)).toBe(1);
  socket.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  expect(socket.getsockopt(IPPROTO_IP, IP_MULTICAST_LOOP)).toBe(0);
  end(world);
});

test('in words', () => {
  const world = lone();
  const { set } = world;
  expect([
    set(IP_ADD_MEMBERSHIP, '239.1.1.1 eth0'),
    set(IP_ADD_MEMBERSHIP, '239.1.1.2 10.0.0.1'),
    set(IP_ADD_MEMBERSHIP, '239.1.1.3 eth9'),
    set(IP_ADD_MEMBERSHIP, '239.1.1.3 eth0 eth0'),
    set(IP_ADD_MEMBERSHIP, 'group'),
    set(IP_ADD_SOURCE_MEMBERSHIP, '232.1.1.1'),
    set(IP_ADD_SOURCE_MEMBERSHIP, '232.1.1.1 10.0.0.9'),
    set(IP_DROP_SOURCE_MEMBERSHIP, '232.1.1.1 eth0 10.0.0.9'),
    set(IP_MULTICAST_IF, 'eth0'),
    set(IP_MULTICAST_IF, 'eth9'),
  ]).toEqual(['ok', 'ok', 'ENODEV', 'EINVAL', 'EINVAL', 'EINVAL', 'ok', 'ok', 'ok', 'ENODEV']);
  end(world);
});
