import { EventQueue } from '../base/event-queue.ts';
import { LIMITS, type Limits } from '../base/limits.ts';
import { NodeContext } from '../base/node-context.ts';
import { PacketPool } from '../base/packet-buffer.ts';
import { Prefix } from '../base/prefix.ts';
import { Random } from '../base/random.ts';
import type { TraceSink } from '../base/trace.ts';
import { parseDuration, unitOrThrow } from '../base/units.ts';
import { Host } from '../host/host.ts';
import { HostsFile } from '../host/hosts-file.ts';
import type { ProcessStreams } from '../host/program.ts';
import { Cable } from '../l1-physical/cable.ts';
import { Hub } from '../l1-physical/hub.ts';
import { MacAssignment } from '../l2-link/mac-assignment.ts';
import { Switch } from '../l2-link/switch.ts';
import { callAt } from './clockwork.ts';
import type {
  FaultDescription,
  HostDescription,
  HubDescription,
  InterfaceDescription,
  LinkDescription,
  NetworkDescription,
  NodeDescription,
  RouterDescription,
  SwitchDescription,
} from './description.ts';
import { type Endpoint, parseEndpoint } from './endpoints.ts';
import { scheduleFault } from './faults.ts';
import { Fingerprint } from './fingerprint.ts';
import { cableOptions } from './line-options.ts';
import type { Platform } from './platform.ts';
import { type Pace, type RunEnd, Scheduler } from './scheduler.ts';

export interface NetworkOptions {
  /** Seeds every random stream; default 1. */
  seed?: number | string;
  /** How to wait for application code; `@netarium/node` and the lab give theirs. Without it only `runSync` works. */
  platform?: Platform;
  /** Limits other than the defaults. */
  limits?: Partial<Limits>;
  /** Hash every delivery: costs about a nanosecond for each byte. Default false. */
  fingerprint?: boolean;
  /** Where a description's services write to; default nowhere. */
  serviceStreams?: (node: string, command: string) => ProcessStreams;
}

export interface RunOptions {
  /** How long, in network time: `'10s'` or seconds. Absent: until nothing is left to happen. */
  for?: string | number;
  /** Asked whenever the programs rest: the run ends when it is true. */
  until?: () => boolean;
}

export type NetworkNode = Host | Switch | Hub;

/** A description that cannot be built: an unknown node, an interface used twice, an impossible quantity. */
export class BuildError extends Error {}

/**
 * Machines and links together, and the time they live in.
 *
 * Built in code with the scenario's words, or from a description with `Network.from`. Every part draws its own random
 * stream, forked by name from the seed.
 */
export class Network {
  readonly queue = new EventQueue();
  readonly scheduler: Scheduler;
  readonly pool: PacketPool;
  readonly limits: Limits;
  readonly random: Random;
  readonly nodes = new Map<string, NetworkNode>();
  readonly cables = new Map<string, Cable>();
  /** What `/etc/hosts` says on every host. */
  readonly names = new HostsFile();
  /** Null unless asked for. */
  readonly fingerprint: Fingerprint | null;
  /** By endpoint: `alice:eth0`. */
  private readonly cableAt = new Map<string, Cable>();
  private readonly macs = new MacAssignment();
  private readonly serviceStreams: NetworkOptions['serviceStreams'];
  private traceSink: TraceSink | null = null;

  constructor(options: NetworkOptions = {}) {
    this.limits = { ...LIMITS, ...options.limits };
    this.pool = new PacketPool(this.limits);
    this.random = Random.from(options.seed ?? 1);
    this.scheduler = new Scheduler(this.queue, options.platform ?? null);
    this.fingerprint = options.fingerprint === true ? new Fingerprint() : null;
    this.serviceStreams = options.serviceStreams;
  }

  /** The network that a description tells of. Throws a BuildError that says what cannot be. */
  static from(description: NetworkDescription, options: NetworkOptions = {}): Network {
    const network = new Network({ ...(description.seed === undefined ? {} : { seed: description.seed }), ...options });
    network.build(description);
    return network;
  }

  /** Adds everything that a description names, except its files, which a platform mounts. */
  build(description: NetworkDescription): void {
    for (const [name, node] of Object.entries(description.nodes)) this.add(name, node);
    for (const link of description.links ?? []) this.link(link.endpoints, link);
    for (const fault of description.faults ?? []) this.fault(fault);
    for (const service of description.services ?? []) {
      const host = this.hostNamed(service.node);
      const at = service.at === undefined ? 0 : unitOrThrow(parseDuration(service.at), 'at');
      callAt(this.queue, at, () => {
        host.start(service.run, this.serviceStreams?.(service.node, service.run));
        this.scheduler.woken();
      });
    }
  }

  add(name: string, description: NodeDescription): NetworkNode {
    switch (description.kind) {
      case 'host':
        return this.host(name, description);
      case 'router':
        return this.router(name, description);
      case 'switch':
        return this.switch(name, description);
      case 'hub':
        return this.hub(name, description);
    }
  }

  host(name: string, description: Omit<HostDescription, 'kind'> = {}): Host {
    return this.machine(name, description, false);
  }

  /** A host that forwards. */
  router(name: string, description: Omit<RouterDescription, 'kind'> = {}): Host {
    return this.machine(name, description, true);
  }

  switch(name: string, description: Omit<SwitchDescription, 'kind'> = {}): Switch {
    const ageingNs = unitOrThrow(parseDuration(description.ageing ?? '300s'), 'ageing');
    return this.keep(name, new Switch(this.context(name), description.ports ?? 0, { ageingNs }));
  }

  hub(name: string, description: Omit<HubDescription, 'kind'> = {}): Hub {
    return this.keep(name, new Hub(this.context(name), description.ports ?? 0));
  }

  /** A cable between two endpoints: `net.link(['alice:eth0', 'sw1:1'], { rate: '100Mbit', loss: '1%' })`. */
  link(endpoints: [string, string], description: Omit<LinkDescription, 'endpoints'> = {}): Cable {
    const [first, second] = endpoints.map((text) => this.place(text)) as [Place, Place];
    const name = description.name ?? `${first.name}-${second.name}`;
    if (this.cables.has(name)) throw new BuildError(`two links are called ${name}; give one of them another name`);
    const cable = new Cable(name, this.queue, this.random, this.pool, this.limits, cableOptions(description));
    cable.number = this.cables.size;
    cable.trace = this.traceSink;
    cable.deliveries = this.fingerprint;
    this.cables.set(name, cable);
    this.cableAt.set(first.name, cable).set(second.name, cable);
    first.plug(cable.a);
    second.plug(cable.b);
    return cable;
  }

  /** Plans something that breaks. */
  fault(description: FaultDescription): void {
    scheduleFault(this.queue, this.cableNamed(description.link), description);
  }

  /** The host or router of this name; throws a BuildError that lists those there are. */
  hostNamed(name: string): Host {
    const node = this.nodes.get(name);
    if (node instanceof Host) return node;
    const hosts = [...this.nodes].filter(([, other]) => other instanceof Host).map(([other]) => other);
    const what = node === undefined ? 'there is no node' : 'there are no programs on';
    throw new BuildError(`${what} ${name}; the hosts are ${hosts.join(', ') || '(none)'}`);
  }

  /** By the link's name or by one of its endpoints; throws a BuildError. */
  cableNamed(name: string): Cable {
    const found = this.cables.get(name) ?? this.cableAt.get(name);
    if (found !== undefined) return found;
    throw new BuildError(`there is no link ${name}; the links are ${[...this.cables.keys()].join(', ') || '(none)'}`);
  }

  /** Who watches all nodes and cables from now on; null: nobody. */
  set trace(sink: TraceSink | null) {
    this.traceSink = sink;
    for (const node of this.nodes.values()) node.node.trace = sink;
    for (const cable of this.cables.values()) cable.trace = sink;
  }

  get trace(): TraceSink | null {
    return this.traceSink;
  }

  /** Nanoseconds since the network began. */
  get now(): number {
    return this.queue.now;
  }

  /**
   * Lets time run. With a function, runs until what it returns has settled, and gives its value:
   *
   *     const page = await network.run(() => fetchPage(alice));
   *
   * Fails when the function waits for something that can never happen any more.
   */
  run(options?: RunOptions): Promise<RunEnd>;
  run<T>(program: () => Promise<T>, options?: RunOptions): Promise<T>;
  async run<T>(first: RunOptions | (() => Promise<T>) = {}, second: RunOptions = {}): Promise<RunEnd | T> {
    const options = typeof first === 'function' ? second : first;
    const until = options.for === undefined ? Infinity : this.now + unitOrThrow(parseDuration(options.for), 'for');
    if (typeof first !== 'function') return this.scheduler.run(until, options.until);
    let settled = false;
    const result = first();
    const mark = () => {
      settled = true;
      this.scheduler.woken();
    };
    result.then(mark, mark);
    const end = await this.scheduler.run(until, () => settled || options.until?.() === true);
    if (settled) return result;
    // Whoever gave up on the program must not die of its late failure.
    result.catch(() => {});
    if (end === 'idle') throw new Error('the program waits for something that can never happen: no event is left');
    throw new Error(`the program had not ended after ${(this.now / 1e9).toFixed(3)} s of network time`);
  }

  /** Lets time run without ever waiting for promises: for programs made of callbacks alone. */
  runSync(options: RunOptions = {}): RunEnd {
    const until = options.for === undefined ? Infinity : this.now + unitOrThrow(parseDuration(options.for), 'for');
    return this.scheduler.runSync(until, options.until);
  }

  setPace(pace: Pace): void {
    this.scheduler.setPace(pace);
  }

  /** Waits for something outside (a file, a child process) while network time stands still. */
  async external<T>(work: Promise<T>): Promise<T> {
    this.scheduler.hold();
    try {
      return await work;
    } finally {
      this.scheduler.release();
    }
  }

  private machine(name: string, description: Omit<HostDescription, 'kind'>, forwarding: boolean): Host {
    const host = this.keep(name, new Host(this.context(name), this.names, this.scheduler, { forwarding }));
    for (const [interfaceName, written] of Object.entries(description.interfaces ?? {})) {
      this.addInterface(host, interfaceName, typeof written === 'string' ? { address: written } : written);
    }
    if (description.gateway !== undefined) host.addRoute({ to: 'default', via: description.gateway });
    for (const route of description.routes ?? []) host.addRoute(route);
    const aliases = description.aliases ?? [];
    for (const prefix of host.addresses()) this.names.add(prefix.address, name, ...aliases);
    return host;
  }

  private addInterface(host: Host, name: string, description: InterfaceDescription): void {
    const addresses = typeof description.address === 'string' ? [description.address] : (description.address ?? []);
    const prefixes = addresses.map((text) => {
      const prefix = Prefix.parse(text);
      if (prefix === null) throw new BuildError(`${host.name}:${name}: "${text}" is not an address like 10.0.0.1/24`);
      return prefix;
    });
    const mac = this.macs.assign(host.name, name, description.mac);
    if (mac === null) throw new BuildError(`${host.name}:${name}: "${description.mac}" is not a free MAC address`);
    host.addInterface(name, mac, description.mtu ?? 1500, prefixes);
  }

  private place(text: string): Place {
    const endpoint = parseEndpoint(text);
    if (endpoint === null) throw new BuildError(`"${text}" is not an endpoint like alice:eth0`);
    const node = this.nodes.get(endpoint.node);
    if (node === undefined) {
      throw new BuildError(`link to unknown node ${endpoint.node}; the nodes are ${[...this.nodes.keys()].join(', ')}`);
    }
    return node instanceof Host ? this.interfacePlace(node, endpoint) : devicePlace(node, endpoint);
  }

  private interfacePlace(host: Host, { port }: Endpoint): Place {
    let name = port;
    if (name === null) {
      const free = [...host.nics.values()].find((nic) => nic.link === null);
      name = free?.name ?? `eth${host.nics.size}`;
    }
    if (!host.nics.has(name)) this.addInterface(host, name, {});
    const nic = host.nics.get(name)!;
    if (nic.link !== null) throw new BuildError(`${host.name}:${name} is plugged in already`);
    return { name: `${host.name}:${name}`, plug: (end) => nic.connect(end) };
  }

  private context(name: string): NodeContext {
    const node = new NodeContext(name, this.queue, this.random.fork(`node ${name}`), this.pool, this.limits);
    node.trace = this.traceSink;
    return node;
  }

  private keep<T extends NetworkNode>(name: string, node: T): T {
    if (this.nodes.has(name)) throw new BuildError(`two nodes are called ${name}`);
    this.nodes.set(name, node);
    return node;
  }
}

/** Where a cable's end goes. */
interface Place {
  name: string;
  plug(end: Cable['a']): void;
}

function devicePlace(device: Switch | Hub, { node, port }: Endpoint): Place {
  const number = port === null ? device.freePort() : Number(port);
  if (!Number.isInteger(number) || number < 1) throw new BuildError(`${node}:${port}: ports are numbers from 1`);
  const place = device.port(number);
  if (place === null) throw new BuildError(`${node}:${number}: there is no such port`);
  if (place.link !== null) throw new BuildError(`${node}:${number} is plugged in already`);
  return { name: `${node}:${number}`, plug: (end) => place.connect(end) };
}
