import { EventQueue } from '../../base/event-queue.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { LIMITS, type Limits } from '../../base/limits.ts';
import { MacAddress } from '../../base/mac-address.ts';
import { NodeContext } from '../../base/node-context.ts';
import { PacketPool } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { Random } from '../../base/random.ts';
import { Cable } from '../../l1-physical/cable.ts';
import type { LineOptions } from '../../l1-physical/line.ts';
import { Nic } from '../../l2-link/nic.ts';
import type { Icmp } from '../../l3-network/icmp.ts';
import { Ipv4 } from '../../l3-network/ipv4.ts';
import { Tcp } from '../../l4-transport/tcp/tcp.ts';
import { Udp } from '../../l4-transport/udp/udp.ts';
import type { NameResolver } from '../names.ts';
import type { SessionHost } from '../session-host.ts';
import { SocketApi } from '../sockets.ts';
import { TestWakeups, untilSettled, type WAITS } from './lone-host.ts';

/** One of two machines on a cable. */
export class CabledHost implements SessionHost {
  readonly node: NodeContext;
  readonly network: Ipv4;
  readonly nic: Nic;
  readonly icmp: Icmp;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly wakeups: TestWakeups;
  readonly resolver: NameResolver;
  readonly sockets: SocketApi;

  constructor(node: NodeContext, wakeups: TestWakeups, names: Map<string, IpAddress>, mac: string, prefix: string) {
    this.node = node;
    this.wakeups = wakeups;
    this.network = new Ipv4(node);
    this.nic = new Nic(node, 'eth0', MacAddress.parse(mac)!);
    this.network.addInterface(this.nic);
    this.nic.onLinkChange({ nicChanged: (nic) => this.network.linkChanged(nic) });
    this.network.addAddress(this.nic, Prefix.parse(prefix)!);
    this.icmp = this.network.icmp;
    this.tcp = new Tcp(node, this.network);
    this.udp = new Udp(node, this.network);
    this.resolver = {
      lookup: (name) => {
        const found = names.get(name);
        return found === undefined ? -2 : [found];
      },
    };
    this.sockets = new SocketApi(this, { privileged: true });
  }
}

/** alice (10.0.0.1) and bob (10.0.0.2), two whole machines with a cable between them. */
export class TwoHosts {
  readonly queue: EventQueue = new EventQueue();
  readonly pool: PacketPool;
  readonly wakeups: TestWakeups = new TestWakeups();
  readonly alice: CabledHost;
  readonly bob: CabledHost;
  readonly cable: Cable;

  constructor(line: Partial<LineOptions> = {}, limits: Partial<Limits> = {}) {
    const all = { ...LIMITS, ...limits };
    const random = Random.from(7);
    this.pool = new PacketPool(all);
    this.pool.track();
    const names = new Map([
      ['alice', IpAddress.parse('10.0.0.1')!],
      ['bob', IpAddress.parse('10.0.0.2')!],
    ]);
    const host = (name: string, mac: string, prefix: string): CabledHost => {
      const node = new NodeContext(name, this.queue, random.fork(name), this.pool, all);
      return new CabledHost(node, this.wakeups, names, mac, prefix);
    };
    this.alice = host('alice', '02:00:00:00:00:01', '10.0.0.1/24');
    this.bob = host('bob', '02:00:00:00:00:02', '10.0.0.2/24');
    this.cable = new Cable('line', this.queue, random, this.pool, all, { forward: line, backward: line });
    this.alice.nic.connect(this.cable.a);
    this.bob.nic.connect(this.cable.b);
  }

  async run<T>(program: Promise<T>, withinMs = 600_000): Promise<T | typeof WAITS> {
    return untilSettled(this.queue, this.wakeups, program, withinMs);
  }

  /** Closes all sockets and lets everything come to rest. */
  async end(): Promise<void> {
    this.alice.sockets.closeAll();
    this.bob.sockets.closeAll();
    await this.run(new Promise(() => {}), 1e9);
    this.alice.network.stop();
    this.bob.network.stop();
  }
}
