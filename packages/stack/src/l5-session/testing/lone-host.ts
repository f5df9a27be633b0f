import type { EventQueue } from '../../base/event-queue.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { Limits } from '../../base/limits.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer, PacketPool } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import type { Icmp } from '../../l3-network/icmp.ts';
import { Internet } from '../../l3-network/internet.ts';
import type { IpLink, LinkHandler } from '../../l3-network/ip-link.ts';
import { Ipv4 } from '../../l3-network/ipv4.ts';
import type { Icmp6 } from '../../l3-network/ipv6/icmp6.ts';
import { Ipv6 } from '../../l3-network/ipv6/ipv6.ts';
import { SocketGroups6 } from '../../l3-network/ipv6/socket-groups6.ts';
import { Tcp } from '../../l4-transport/tcp/tcp.ts';
import { Udp } from '../../l4-transport/udp/udp.ts';
import { testNode } from '../../testing/test-node.ts';
import type { NameResolver } from '../names.ts';
import type { SessionHost } from '../session-host.ts';
import { SocketApi } from '../sockets.ts';
import type { Wakeups } from '../wakeups.ts';

/** What `untilSettled` gives for a call that waits for ever. */
export const WAITS = Symbol('waits');

/** Waits for programs as the network's scheduler does: no event while one is awake. */
export class TestWakeups implements Wakeups {
  awake = true;
  /** How often a program was woken. */
  count = 0;
  woken(): void {
    this.awake = true;
    this.count++;
  }
  hold(): void {}
  release(): void {}
}

/** An interface whose line leads nowhere. */
class Sink implements IpLink {
  readonly name = 'eth0';
  readonly mac: MacAddress = MacAddress.parse('02:00:00:00:00:01')!;
  readonly mtu = 1500;
  readonly up = true;
  readonly checksumOffload = false;
  readonly segmentOffload = 0;
  output(packet: PacketBuffer): number {
    packet.release();
    return 0;
  }
  register(_etherType: number, _handler: LinkHandler): void {}
}

/** A machine by itself, 10.0.0.1/24 on a network where nobody answers: loopback, UDP, TCP, sockets over IPv4 and IPv6. */
export class LoneHost implements SessionHost {
  readonly node: NodeContext;
  readonly queue: EventQueue;
  readonly pool: PacketPool;
  readonly network: Internet;
  readonly icmp: Icmp;
  readonly icmp6: Icmp6;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly wakeups: TestWakeups;
  resolver: NameResolver | null = null;
  /** Sockets of an ordinary program, without privilege. */
  readonly sockets: SocketApi;

  constructor(name = 'alice', limits: Partial<Limits> = {}) {
    const { node, queue, pool } = testNode(name, limits);
    this.node = node;
    this.queue = queue;
    this.pool = pool;
    const ipv4 = new Ipv4(node);
    const sink = new Sink();
    ipv4.addAddress(sink, Prefix.parse('10.0.0.1/24')!);
    ipv4.addRoute(Prefix.parse('0.0.0.0/0')!, { via: IpAddress.parse('10.0.0.254')! });
    this.network = new Internet(ipv4, new Ipv6(node, ipv4));
    this.icmp = ipv4.icmp;
    this.icmp6 = this.network.ipv6.icmp;
    this.tcp = new Tcp(node, this.network);
    this.udp = new Udp(node, this.network);
    this.udp.groups = ipv4.socketGroups;
    this.udp.groups6 = new SocketGroups6(this.network.ipv6);
    this.wakeups = new TestWakeups();
    this.sockets = new SocketApi(this);
  }

  /** Runs the network until `promise` is settled; WAITS when `withinMs` of its time were not enough. */
  async untilSettled<T>(promise: Promise<T>, withinMs = 3000): Promise<T | typeof WAITS> {
    return untilSettled(this.queue, this.wakeups, promise, withinMs);
  }

  /** Closes all sockets and lets the network come to rest, TIME-WAIT included. */
  async end(): Promise<void> {
    this.sockets.closeAll();
    await untilSettled(this.queue, this.wakeups, new Promise(() => {}), 1e9);
    this.network.ipv4.stop();
    this.network.ipv6.stop();
  }
}

export async function untilSettled<T>(
  queue: EventQueue,
  wakeups: TestWakeups,
  promise: Promise<T>,
  withinMs: number,
): Promise<T | typeof WAITS> {
  const deadline = queue.now + withinMs * 1e6;
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  wakeups.awake = true;
  for (;;) {
    while (wakeups.awake) {
      wakeups.awake = false;
      await new Promise((resolve) => setImmediate(resolve)); // all microtasks run before it
    }
    if (settled) return promise;
    if (queue.nextTime > deadline) {
      queue.runUntil(Math.max(queue.now, deadline));
      return WAITS;
    }
    queue.runNext();
  }
}
