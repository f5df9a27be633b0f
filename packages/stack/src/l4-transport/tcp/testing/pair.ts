import { EventQueue } from '../../../base/event-queue.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import { LIMITS, type Limits } from '../../../base/limits.ts';
import { NodeContext } from '../../../base/node-context.ts';
import { PacketPool } from '../../../base/packet-buffer.ts';
import { Random } from '../../../base/random.ts';
import type { TcpOptions, TcpSocketOptions } from '../options.ts';
import { type StreamOwner, Tcp, type TcpConnection, type TcpListener } from '../tcp.ts';
import { FakeNetwork, FakeWire } from './fake-network.ts';

export interface Side {
  node: NodeContext;
  network: FakeNetwork;
  tcp: Tcp;
  wire: FakeWire;
}

export interface PairOptions {
  seed?: number;
  delayNs?: number;
  limits?: Partial<Limits>;
  tcp?: Partial<TcpOptions>;
  family?: 4 | 6;
}

/** Two hosts with TCP and a wire between them. */
export class Pair {
  readonly queue = new EventQueue();
  readonly pool: PacketPool;
  readonly alice: Side;
  readonly bob: Side;

  constructor(options: PairOptions = {}) {
    const limits = { ...LIMITS, ...options.limits };
    this.pool = new PacketPool(limits);
    this.pool.track();
    const random = Random.from(options.seed ?? 1);
    const v6 = options.family === 6;
    const side = (name: string, last: number) => {
      const address = v6 ? IpAddress.v6(0xfd000000, 0, 0, last) : IpAddress.v4(0x0a000000 + last);
      const node = new NodeContext(name, this.queue, random.fork(name), this.pool, limits);
      const network = new FakeNetwork(address);
      return { node, network, tcp: new Tcp(node, network, options.tcp) };
    };
    const alice = side('alice', 1);
    const bob = side('bob', 2);
    const delayNs = options.delayNs ?? 1e6;
    this.alice = { ...alice, wire: new FakeWire(alice.node, random.fork('a'), alice.network, bob.network, delayNs) };
    this.bob = { ...bob, wire: new FakeWire(bob.node, random.fork('b'), bob.network, alice.network, delayNs) };
  }

  listen(port = 80, backlog = 128, options: Partial<TcpSocketOptions> = {}): TcpListener {
    const binding = this.bob.tcp.ports.bind(null, port, { privileged: true });
    if (typeof binding === 'number') throw new Error(`bind: ${binding}`);
    const listener = this.bob.tcp.listen(binding, backlog, null, options);
    if (typeof listener === 'number') throw new Error(`listen: ${listener}`);
    binding.release();
    return listener;
  }

  connect(port = 80, options: Partial<TcpSocketOptions> = {}, owner: StreamOwner | null = null): TcpConnection {
    const binding = this.alice.tcp.ports.bind(null, 0);
    if (typeof binding === 'number') throw new Error(`bind: ${binding}`);
    const c = this.alice.tcp.connect(binding, this.bob.network.address, port, owner, options);
    if (typeof c === 'number') throw new Error(`connect: ${c}`);
    binding.release();
    return c;
  }

  /** Both ends of an established connection. */
  connected(options: Partial<TcpSocketOptions> = {}): [alice: TcpConnection, bob: TcpConnection] {
    const listener = this.listen(80, 128, options);
    const a = this.connect(80, options);
    this.run(1e9);
    const b = listener.accept();
    if (b === null) throw new Error(`not connected: ${a.stateName}`);
    listener.close();
    return [a, b];
  }

  /** Lets so many nanoseconds go by. */
  run(ns: number): void {
    this.queue.runUntil(this.queue.now + ns);
  }
}
