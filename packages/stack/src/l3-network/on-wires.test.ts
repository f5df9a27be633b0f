import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { EventQueue } from '../base/event-queue.ts';
import type { IpAddress } from '../base/ip-address.ts';
import { LIMITS } from '../base/limits.ts';
import { MacAddress } from '../base/mac-address.ts';
import { NodeContext } from '../base/node-context.ts';
import { type PacketBuffer, PacketPool } from '../base/packet-buffer.ts';
import { Random } from '../base/random.ts';
import { Cable } from '../l1-physical/cable.ts';
import { Nic } from '../l2-link/nic.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import type { EchoEndpoint, EchoOwner } from './icmp.ts';
import { Ipv4 } from './ipv4.ts';
import { bytes, ip, prefix } from './testing/fake-link.ts';

/** Hosts and routers with real interfaces, joined by real cables. */
class World {
  readonly queue = new EventQueue();
  readonly pool = new PacketPool(LIMITS);
  readonly cables: Cable[] = [];
  private macs = 1;

  constructor() {
    this.pool.track();
  }

  node(name: string): Station {
    return new Station(new NodeContext(name, this.queue, Random.from(name), this.pool, LIMITS));
  }

  /** Joins two stations, each with an address of this network; `mtu` is that of both interfaces. */
  join(a: Station, addressA: string, b: Station, addressB: string, mtu = 1500): Cable {
    const cable = new Cable(`${this.cables.length}`, this.queue, Random.from(1), this.pool, LIMITS);
    a.plug(addressA, new MacAddress(0x0200, this.macs++), mtu).connect(cable.a);
    b.plug(addressB, new MacAddress(0x0200, this.macs++), mtu).connect(cable.b);
    this.cables.push(cable);
    return cable;
  }
}

class Station implements EchoOwner {
  readonly ipv4: Ipv4;
  readonly said: string[] = [];
  private readonly node: NodeContext;
  private readonly echo: EchoEndpoint;

  constructor(node: NodeContext) {
    this.node = node;
    this.ipv4 = new Ipv4(node);
    const echo = this.ipv4.icmp.openEcho(this);
    if (typeof echo === 'number') throw new Error('no echo');
    this.echo = echo;
  }

  plug(address: string, mac: MacAddress, mtu: number): Nic {
    const nic = new Nic(this.node, `eth${this.ipv4.interfaces().length - 1}`, mac, mtu);
    this.ipv4.addAddress(nic, prefix(address));
    return nic;
  }

  route(to: string, via: string): void {
    expect(this.ipv4.addRoute(prefix(to), { via: ip(via) })).toBe(0);
  }

  ping(to: string, sequence: number, length = 56, options = {}): number {
    return this.echo.send(ip(to), sequence, bytes(length), options);
  }

  echoReply(packet: PacketBuffer, from: IpAddress, sequence: number, ttl: number): void {
    const good = Buffer.compare(packet.slice(), bytes(packet.length)) === 0;
    this.said.push(`${from} ${sequence}: ${packet.length} bytes ${good ? 'good' : 'bad'}, ttl ${ttl}`);
    packet.release();
  }

  echoError(sequence: number, type: number, code: number, from: IpAddress, mtu: number): void {
    this.said.push(`${from} ${sequence}: error ${type}/${code}${mtu > 0 ? ` mtu ${mtu}` : ''}`);
  }
}

/** alice - r1 - r2 - bob; the cable in the middle carries `mtu` bytes. */
function campus(mtu = 1500): { world: World; alice: Station; r1: Station; r2: Station; bob: Station; middle: Cable } {
  const world = new World();
  const [alice, r1, r2, bob] = ['alice', 'r1', 'r2', 'bob'].map((name) => world.node(name));
  world.join(alice, '10.0.1.10/24', r1, '10.0.1.1/24');
  const middle = world.join(r1, '10.0.2.1/30', r2, '10.0.2.2/30', mtu);
  world.join(r2, '10.0.3.1/24', bob, '10.0.3.20/24');
  for (const router of [r1, r2]) router.ipv4.forwarding = true;
  alice.route('0.0.0.0/0', '10.0.1.1');
  r1.route('10.0.3.0/24', '10.0.2.2');
  r2.route('10.0.1.0/24', '10.0.2.1');
  bob.route('0.0.0.0/0', '10.0.3.1');
  return { world, alice, r1, r2, bob, middle };
}

test('ping over two routers, and then silence: nothing is left to happen', () => {
  const { world, alice } = campus();
  for (let sequence = 1; sequence <= 3; sequence++) alice.ping('10.0.3.20', sequence);
  world.queue.runUntil(1 * SECOND);
  expect(alice.said).toEqual([1, 2, 3].map((sequence) => `10.0.3.20 ${sequence}: 56 bytes good, ttl 62`));
  world.queue.runUntil(3600 * SECOND);
  expect(world.queue.pending).toBe(0);
  expectNoLeaks(world.pool);
});

test('traceroute', () => {
  const { world, alice } = campus();
  for (let ttl = 1; ttl <= 3; ttl++) alice.ping('10.0.3.20', ttl, 32, { ttl });
  world.queue.runUntil(1 * SECOND);
  expect([...alice.said].sort()).toEqual([
    '10.0.1.1 1: error 11/0',
    '10.0.2.2 2: error 11/0',
    '10.0.3.20 3: 32 bytes good, ttl 62',
  ]);
  expectNoLeaks(world.pool);
});

test('nobody there, nobody knows the way there', () => {
  const { world, alice, bob } = campus();
  alice.ping('10.0.3.99', 1);
  alice.ping('192.0.2.1', 2);
  bob.ping('10.0.1.99', 3);
  world.queue.runUntil(10 * SECOND);
  expect(alice.said).toEqual(['10.0.1.1 2: error 3/0', '10.0.2.2 1: error 3/1']);
  expect(bob.said).toEqual(['10.0.2.1 3: error 3/1']);
  expectNoLeaks(world.pool);
});

test('large pings in fragments, through a narrow middle', () => {
  const { world, alice } = campus(576);
  alice.ping('10.0.3.20', 1, 8000);
  world.queue.runUntil(1 * SECOND);
  expect(alice.said).toEqual(['10.0.3.20 1: 8000 bytes good, ttl 62']);
  expectNoLeaks(world.pool);
});

test('path MTU discovery finds the narrow middle', () => {
  const { world, alice } = campus(1000);
  expect(alice.ping('10.0.3.20', 1, 1472, { dontFragment: true })).toBe(0);
  world.queue.runUntil(1 * SECOND);
  expect(alice.said).toEqual(['10.0.1.1 1: error 3/4 mtu 1000']);
  expect(alice.ping('10.0.3.20', 2, 1472, { dontFragment: true })).toBe(-90); // EMSGSIZE
  expect(alice.ping('10.0.3.20', 3, 972, { dontFragment: true })).toBe(0);
  world.queue.runUntil(2 * SECOND);
  expect(alice.said[1]).toBe('10.0.3.20 3: 972 bytes good, ttl 62');
  expectNoLeaks(world.pool);
});

test('a cable that is cut loses pings, one that is mended does not', () => {
  const { world, alice, middle } = campus();
  alice.ping('10.0.3.20', 1);
  world.queue.runUntil(1 * SECOND);
  middle.setUp(false);
  alice.ping('10.0.3.20', 2);
  world.queue.runUntil(2 * SECOND);
  middle.setUp(true);
  alice.ping('10.0.3.20', 3);
  world.queue.runUntil(100 * SECOND);
  expect(alice.said.map((line) => line.split(':')[0])).toEqual(['10.0.3.20 1', '10.0.3.20 3']);
  expectNoLeaks(world.pool);
});
