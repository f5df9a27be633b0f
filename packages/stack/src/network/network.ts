import { EventQueue } from '../base/event-queue.ts';
import { LIMITS, type Limits } from '../base/limits.ts';
import { NodeContext } from '../base/node-context.ts';
import { PacketPool } from '../base/packet-buffer.ts';
import { Random } from '../base/random.ts';
import type { TraceSink } from '../base/trace.ts';
import { parseDuration } from '../base/units.ts';
import { Host } from '../host/host.ts';
import { HostsFile } from '../host/hosts-file.ts';
import { ospfOf } from '../host/ospf-daemon.ts';
import type { Process } from '../host/process.ts';
import { ripOf } from '../host/rip-daemon.ts';
import { Cable } from '../l1-physical/cable.ts';
import { Hub } from '../l1-physical/hub.ts';
import { Switch } from '../l2-link/switch.ts';
import { BuildError, listed, quantity, wholeNumber } from './build-error.ts';
import { findPlace, findPlaces, type NetworkNode } from './cabling.ts';
import { checkFaultWords, checkLinkWords, checkMachineWords, checkOptions, checkWords, WORDS } from './check-words.ts';
import { callAt } from './clockwork.ts';
import { Configuration } from './configuration.ts';
import type {
  DnsDescription,
  FaultDescription,
  HostDescription,
  HubDescription,
  LinkDescription,
  NetworkDescription,
  NodeDescription,
  RouterDescription,
  ServiceDescription,
  SwitchDescription,
} from './description.ts';
import { Faults } from './faults.ts';
import { Fingerprint } from './fingerprint.ts';
import { cableOptions } from './line-options.ts';
import { Machines } from './machines.ts';
import type { NetworkOptions } from './network-options.ts';
import type { OutsideLink } from './outside-link.ts';
import { endOfRun, type RunOptions, runProgram } from './run-program.ts';
import { type Pace, type RunEnd, Scheduler } from './scheduler.ts';

export { BuildError } from './build-error.ts';
export type { NetworkNode } from './cabling.ts';
export type { NetworkOptions } from './network-options.ts';
export type { OutsideLink } from './outside-link.ts';
export type { RunOptions } from './run-program.ts';

/** What is said at the end has arrived by then. */
const FAREWELL_NS = 5e6;

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
  /** Links that lead out of the network. */
  readonly outside: OutsideLink[] = [];
  /** What else ends with the network: a gateway. Who ends before it takes itself out. */
  readonly endings = new Set<() => void>();
  private readonly machines = new Machines(this.names);
  private readonly configuration = new Configuration(this.names, (host, argv) => this.launch(host, argv));
  private configuring = false;
  /** Interfaces that ask for their address (`address: dhcp`) and have not got one so far, nor given up. */
  asking = 0;
  /** Hosts are being added, whose firewalls name each other. */
  private building = false;
  private readonly faults = new Faults(this.queue);
  private readonly options: NetworkOptions;
  private traceSink: TraceSink | null = null;

  constructor(options: NetworkOptions = {}) {
    checkOptions(options, LIMITS);
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.pool = new PacketPool(this.limits);
    this.random = Random.from(options.seed ?? 1);
    this.scheduler = new Scheduler(this.queue, options.platform ?? null);
    this.fingerprint = options.fingerprint === true ? new Fingerprint() : null;
    this.machines.ipv6 = options.ipv6 === true;
  }

  /** The network that a description tells of. Throws a BuildError that says what cannot be. */
  static from<N extends Network>(
    this: new (
      options: NetworkOptions,
    ) => N,
    description: NetworkDescription,
    options: NetworkOptions = {},
  ): N {
    const network = new this({ ...(description.seed === undefined ? {} : { seed: description.seed }), ...options });
    network.build(description);
    return network;
  }

  /** Adds everything that a description names, except its files, which a platform mounts. */
  build(description: NetworkDescription): void {
    checkWords(description, WORDS.NETWORK, 'the network');
    if (description.ipv6 !== undefined) this.machines.ipv6 = description.ipv6;
    if (description.dns !== undefined) this.dns(description.dns);
    this.building = true;
    for (const [name, node] of Object.entries(description.nodes)) this.add(name, node);
    this.building = false;
    this.machines.protect();
    for (const link of description.links ?? []) this.link(link.endpoints, link);
    for (const fault of description.faults ?? []) this.fault(fault);
    for (const service of description.services ?? []) this.service(service);
  }

  add(name: string, description: NodeDescription): NetworkNode {
    switch (description.kind) {
      case 'host':
        return this.host(name, description);
      case 'router':
      case 'gateway': // what leads outside is opened by a platform that has it
        return this.router(name, description);
      case 'switch':
        return this.switch(name, description);
      case 'hub':
        return this.hub(name, description);
      default: {
        const { kind } = description as { kind: unknown };
        throw new BuildError(`${name}: there is no kind "${kind}"; there are host, router, gateway, switch, hub`);
      }
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
    checkWords(description, WORDS.SWITCH, name);
    const ageingNs = quantity(parseDuration(description.ageing ?? '300s'), `${name}: ageing`);
    const ports = this.portCount(name, description.ports);
    return this.keep(
      name,
      new Switch(this.context(name), ports, { ageingNs, snooping: description.snooping === true }),
    );
  }

  hub(name: string, description: Omit<HubDescription, 'kind'> = {}): Hub {
    checkWords(description, WORDS.HUB, name);
    const ports = this.portCount(name, description.ports);
    return this.keep(name, new Hub(this.context(name), ports));
  }

  /** A cable between two endpoints: `net.link(['alice:eth0', 'sw1:1'], { rate: '100Mbit', loss: '1%' })`. */
  link(endpoints: [string, string], description: Omit<LinkDescription, 'endpoints'> = {}): Cable {
    const [first, second] = findPlaces(this.nodes, this.machines, endpoints);
    const name = description.name ?? `${first.name}-${second.name}`;
    if (this.cables.has(name)) throw new BuildError(`two links are called ${name}; give one of them another name`);
    checkLinkWords(description, `link ${name}`);
    const options = cableOptions(description, `link ${name}`);
    const cable = new Cable(name, this.queue, this.random, this.pool, this.limits, options);
    cable.number = this.cables.size;
    cable.trace = this.traceSink;
    cable.deliveries = this.fingerprint;
    this.cables.set(name, cable);
    this.cableAt.set(first.name, cable).set(second.name, cable);
    first.plug(cable.a);
    second.plug(cable.b);
    return cable;
  }

  /**
   * Plugs in a link whose other end is outside of this network (a TAP, a tunnel): `net.plug('web:eth0', tap)`. Nodes on
   * such a link live in real time: `setPace(1)`. Returns the place, its port chosen: `sw1:4` for `sw1`.
   */
  plug(endpoint: string, end: OutsideLink): string {
    const place = findPlace(this.nodes, this.machines, endpoint);
    place.plug(end);
    this.outside.push(end);
    end.trace = this.traceSink;
    return place.name;
  }

  /** The nodes' names are in the DNS: who serves them, and whom the hosts ask. */
  dns(description: DnsDescription): void {
    this.configuration.useDns(description);
    this.configure();
  }

  /** Plans something that breaks; `at` is counted from the network's beginning. */
  fault(description: FaultDescription): void {
    checkFaultWords(description);
    this.faults.plan(this.cableNamed(description.link), description);
  }

  /** Plans a program's start; `at` is counted from the network's beginning. */
  service(description: ServiceDescription): void {
    checkWords(description, WORDS.SERVICE, `service of ${description.node}`);
    const { node, run, at } = description;
    const host = this.hostNamed(node);
    const atNs = at === undefined ? 0 : quantity(parseDuration(at), `service of ${node}: at`);
    callAt(this.queue, atNs, () => this.watch(host, run, host.start(run, this.options.serviceStreams?.(node, run))));
  }

  /** The host or router of this name; throws a BuildError that lists those there are. */
  hostNamed(name: string): Host {
    const node = this.nodes.get(name);
    if (node instanceof Host) return node;
    const hosts = [...this.nodes].filter(([, other]) => other instanceof Host).map(([other]) => other);
    const what = node === undefined ? 'there is no node' : 'there are no programs on';
    throw new BuildError(`${what} ${name}; the hosts are ${listed(hosts)}`);
  }

  /** By the link's name or by one of its endpoints; throws a BuildError. */
  cableNamed(name: string): Cable {
    const found = this.cables.get(name) ?? this.cableAt.get(name);
    if (found !== undefined) return found;
    throw new BuildError(`there is no link ${name}; the links are ${listed(this.cables.keys())}`);
  }

  /** Who watches all nodes and cables from now on; null: nobody. */
  set trace(sink: TraceSink | null) {
    this.traceSink = sink;
    for (const node of this.nodes.values()) node.node.trace = sink;
    for (const cable of this.cables.values()) cable.trace = sink;
    for (const end of this.outside) end.trace = sink;
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
  run<T>(program: () => Promise<T> | T, options?: RunOptions): Promise<T>;
  async run<T>(first: RunOptions | (() => Promise<T> | T) = {}, second: RunOptions = {}): Promise<RunEnd | T> {
    if (typeof first === 'function') return runProgram(this.scheduler, first, second);
    return this.scheduler.run(endOfRun(this.scheduler, first), first.until);
  }

  /** Lets time run without ever waiting for promises: for programs made of callbacks alone. */
  runSync(options: RunOptions = {}): RunEnd {
    return this.scheduler.runSync(endOfRun(this.scheduler, options), options.until);
  }

  /**
   * Ends the network, for who is done with it: what leads outside is closed, programs are killed, their sockets closed,
   * and time stands still; a run that is going on ends as by `stop()`. Once is enough.
   */
  close(): void {
    for (const end of this.endings) end();
    this.endings.clear();
    for (const link of this.outside.splice(0)) link.close?.();
    for (const node of this.nodes.values()) {
      if (!(node instanceof Host)) continue;
      for (const process of [...node.processes.values()]) process.kill('SIGKILL');
      node.sockets.closeAll();
    }
    this.scheduler.close();
  }

  /**
   * The end of a network that others outside go on without: its routers take back what they advertised (RFC 4861
   * 6.2.5). For after a run, before wires are closed.
   */
  farewell(): void {
    let said = false;
    for (const node of this.nodes.values()) if (node instanceof Host) said = node.ip6.links.farewell() || said;
    if (said) this.scheduler.runSync(this.now + FAREWELL_NS);
  }

  /**
   * Whether hosts are on the way to addresses: by DHCP, or by making them themselves (and asking routers, if there are
   * any that answer). Looks at all hosts: not for every event.
   */
  get settling(): boolean {
    if (this.asking > 0) return true;
    const hosts = [...this.nodes.values()].filter((node) => node instanceof Host);
    const routers = hosts.some((host) => host.ip6.links.advertises);
    return hosts.some((host) => host.ip6.links.configuring(routers));
  }

  /** Whether something is always left to happen: routers speak (advertisements, RIP, OSPF) and leases are renewed for ever. */
  get endless(): boolean {
    const speaks = (host: Host): boolean => host.ip6.links.advertises || ripOf(host) !== null || ospfOf(host) !== null;
    return this.configuration.leases || [...this.nodes.values()].some((node) => node instanceof Host && speaks(node));
  }

  setPace(pace: Pace): void {
    this.scheduler.setPace(pace);
  }

  /**
   * Waits for something outside (a file, a child process) while network time stands still. Several results come back
   * in the order in which they were asked for.
   */
  external<T>(work: Promise<T>): Promise<T> {
    return this.scheduler.waitFor(work);
  }

  private machine(name: string, description: Omit<HostDescription, 'kind'>, forwarding: boolean): Host {
    checkMachineWords(name, description);
    const host = new Host(this.context(name), this.names, this.scheduler, { forwarding });
    this.machines.furnish(host, description);
    if (!this.building) this.machines.protect();
    this.configuration.add(host, description);
    if (this.configuration.concerns(description)) this.configure();
    return this.keep(name, host);
  }

  /** As soon as time goes on, hosts are configured: all that were added at one time at once. */
  private configure(): void {
    if (this.configuring) return;
    this.configuring = true;
    callAt(this.queue, this.now, () => {
      this.configuring = false;
      this.scheduler.woken();
      this.configuration.begin().catch((error) => {
        callAt(this.queue, this.now, () => {
          throw error;
        });
      });
    });
  }

  private launch(host: Host, argv: readonly string[]): void {
    const run = argv.join(' ');
    const process = host.spawn(argv, this.options.serviceStreams?.(host.name, run));
    this.watch(host, run, process);
    if (argv[0] !== 'dhclient') return;
    this.asking++;
    void process.exited.then(() => this.asking--);
  }

  private watch(host: Host, run: string, process: Process): void {
    this.scheduler.woken();
    void process.exited.then((code) => this.options.serviceEnded?.(host.name, run, code));
  }

  private portCount(name: string, ports: number | undefined): number {
    return ports === undefined ? 0 : wholeNumber(ports, 1, this.limits.devicePorts, `${name}: ports`);
  }

  private context(name: string): NodeContext {
    this.machines.claimName(name, name);
    const node = new NodeContext(name, this.queue, this.random.fork(`node ${name}`), this.pool, this.limits);
    node.trace = this.traceSink;
    return node;
  }

  private keep<T extends NetworkNode>(name: string, node: T): T {
    this.nodes.set(name, node);
    return node;
  }
}
