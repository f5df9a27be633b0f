import { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { Prefix } from '../base/prefix.ts';
import type { Host } from '../host/host.ts';
import type { HostsFile } from '../host/hosts-file.ts';
import { MemoryFiles } from '../host/memory-files.ts';
import type { NameAdvice } from '../host/name-servers.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import { zonesOf } from '../l7-application/dns/scenario-zones.ts';
import { BuildError } from './build-error.ts';
import type { DnsDescription, HostDescription, InterfaceDescription } from './description.ts';
import { dhcpPrograms, type PoolDefaults } from './dhcp-words.ts';
import {
  addressesOf,
  DEFAULT_DOMAIN,
  DNS_FILES,
  isZoneText,
  type NameServerPlan,
  rootHints,
  rootZone,
  type ServedZone,
  zonePath,
  zonesIn,
} from './dns-words.ts';
import { listOf } from './one-or-more.ts';

/** Runs a program on a host, as a service of the network. */
export type StartProgram = (host: Host, argv: readonly string[]) => void;

type HostWords = Omit<HostDescription, 'kind'>;

/**
 * How hosts get what they are not given by hand: addresses by DHCP, names by the DNS. Descriptions say who serves and
 * who asks; this makes programs of it, which run from the start and can be seen at work.
 *
 *     address: dhcp           dhclient eth0
 *     dhcp: { pool: ... }     dhcpd -i eth0 subnet=... range=...
 *     dhcp: { relay: ... }    dhcrelay -i eth0 ...
 *     dns: ...                dnsd, with zones that stand in its host's /run/dns
 */
export class Configuration {
  private readonly directory: HostsFile;
  private readonly start: StartProgram;
  private readonly hosts = new Map<Host, HostWords>();
  /** Those that nothing was done for yet. */
  private readonly fresh = new Set<Host>();
  private dns: DnsDescription | null = null;
  private plans: readonly NameServerPlan[] | null = null;

  constructor(directory: HostsFile, start: StartProgram) {
    this.directory = directory;
    this.start = start;
  }

  /** The network has a DNS: its servers and resolvers are among the hosts when time begins. */
  useDns(description: DnsDescription): void {
    this.dns = description;
    this.plans = null;
  }

  add(host: Host, words: HostWords): void {
    this.hosts.set(host, words);
    this.plans = null;
    this.fresh.add(host);
    const { nameServers = [], search = [] } = words;
    if (nameServers.length > 0 || search.length > 0) host.useNameServers(nameServers.map(readAddress), search);
    else if (!usesDhcp(words)) host.nameServers.otherwise = () => this.adviceFor(host);
    host.resolver.onlyOwnNames = () => this.askedServers(this.nameServerPlans()).length > 0;
  }

  /** Whether hosts have their addresses by DHCP: they ask for them, and again before they run out, for ever. */
  get leases(): boolean {
    return [...this.hosts.values()].some(usesDhcp);
  }

  /** Is there anything to be done for a host that is described so, when time goes on? */
  concerns({ dns, interfaces = {} }: HostWords): boolean {
    if (this.dns !== null || dns !== undefined) return true;
    return Object.values(interfaces).some((written) => {
      const { address, dhcp } = interfaceWords(written);
      return address === 'dhcp' || dhcp !== undefined;
    });
  }

  /**
   * What serves and asks on hosts that are new runs. Rejects with a BuildError for what cannot be.
   */
  async begin(): Promise<void> {
    const fresh = [...this.fresh];
    this.fresh.clear();
    this.check(this.dns?.server);
    this.check(this.dns?.resolver);
    const plans = this.nameServerPlans();
    const asked = this.askedServers(plans);
    const defaults: PoolDefaults = {
      nameServers: (network) => nearestAddresses(asked, [network]),
      domain: plans.some(({ names }) => names) ? this.domain : null,
      taken: (network) => this.directory.entries().flatMap(([address]) => (network.contains(address) ? [address] : [])),
      station: (name) => this.stationOf(name),
    };
    for (const host of fresh) {
      const words = this.hosts.get(host)!;
      const interfaces = Object.entries(words.interfaces ?? {}).map(([name, each]) => [name, interfaceWords(each)]);
      const programs = dhcpPrograms(host, Object.fromEntries(interfaces), defaults);
      if (programs.some(([name]) => name === 'dhcpd')) host.files.mount('/var/lib/dhcp', new MemoryFiles({}));
      for (const argv of programs) this.start(host, argv);
    }
    await this.startNameServers(plans, fresh);
  }

  private get domain(): string {
    return this.dns?.domain ?? DEFAULT_DOMAIN;
  }

  /** Who serves what, as far as it is known by now; the same until another host is added. */
  private nameServerPlans(): readonly NameServerPlan[] {
    this.plans ??= this.makePlans();
    return this.plans;
  }

  private makePlans(): NameServerPlan[] {
    const servers = this.named(this.dns?.server);
    const resolvers = this.named(this.dns?.resolver);
    const all = new Map([...this.hosts].map(([host, { dns }]) => [host, dns]));
    const wanted = [...all].filter(
      ([host, dns]) => dns !== undefined || servers.includes(host) || resolvers.includes(host),
    );
    const isRoot = (host: Host): boolean => {
      const dns = all.get(host);
      return typeof dns === 'object' && (dns.root === true || Object.hasOwn(dns.zones ?? {}, '.'));
    };
    const hasRoot = wanted.some(([host]) => isRoot(host));
    const plans = wanted.map(([host, dns]) => {
      const words = typeof dns === 'object' ? dns : {};
      const names = dns === true || servers.includes(host);
      return {
        host,
        words,
        names,
        root: words.root === true,
        recursive: words.recursive === true || resolvers.includes(host),
      };
    });
    // A resolver begins at the root. Where nobody has one, who serves the names does.
    if (hasRoot || !plans.some(({ recursive }) => recursive)) return plans;
    const first = plans.find(({ names }) => names) ?? plans[0]!;
    return plans.map((plan) => (plan === first ? { ...plan, root: true } : plan));
  }

  private askedServers(plans: readonly NameServerPlan[]): Host[] {
    const resolvers = this.named(this.dns?.resolver);
    if (resolvers.length > 0) return resolvers;
    const recursive = plans.filter((plan) => plan.recursive);
    return (recursive.length > 0 ? recursive : plans.filter(({ names }) => names)).map(({ host }) => host);
  }

  /** Whom a host asks that has no servers of its own: the network's, of the families that it speaks. */
  private adviceFor(host: Host): NameAdvice {
    const asked = this.askedServers(this.nameServerPlans());
    if (asked.length === 0) return { servers: [], domains: [] };
    const speaks = new Set(host.ip.interfaces().flatMap((each) => (each.loopback ? [] : familiesOf(each))));
    const servers = nearestAddresses(asked, host.addresses());
    const usable = servers.filter(({ family }) => speaks.has(family));
    return { servers: usable.length > 0 ? usable : servers, domains: [this.domain] };
  }

  private async startNameServers(plans: readonly NameServerPlan[], fresh: readonly Host[]): Promise<void> {
    const names = plans.filter((plan) => plan.names).map(({ host }) => host);
    const roots = plans
      .filter(({ root, words }) => root || Object.hasOwn(words.zones ?? {}, '.'))
      .map(({ host }) => host);
    const served: ServedZone[] = [];
    for (const plan of plans) served.push(...(await zonesIn(plan)));
    if (names.length > 0) {
      const own = zonesOf(this.directory.entries(), this.domain, { nameServers: names.map(({ name }) => name) });
      served.push(...own.map((zone) => ({ zone, host: names[0]! })));
    }
    for (const plan of plans) {
      const { host, words } = plan;
      if (!fresh.includes(host)) continue;
      const files: Record<string, string> = {};
      const argv = ['dnsd'];
      if (words.rate !== undefined) argv.push('-l', String(words.rate));
      if (plan.names) argv.push('-n', this.domain, ...names.flatMap(({ name }) => ['-s', name]));
      if (plan.recursive) {
        files['/root.hints'] = rootHints(roots);
        argv.push(
          '-r',
          '-H',
          `${DNS_FILES}/root.hints`,
          ...(words.clients ?? []).flatMap((network) => ['-c', network]),
        );
      }
      if (plan.root && !Object.hasOwn(words.zones ?? {}, '.')) {
        files['/root.zone'] = rootZone(roots, served);
        argv.push(`.=${zonePath('.')}`);
      }
      for (const [origin, value] of Object.entries(words.zones ?? {})) {
        if (isZoneText(value)) files[zonePath(origin).slice(DNS_FILES.length)] = value;
        argv.push(`${origin}=${isZoneText(value) ? zonePath(origin) : value}`);
      }
      host.files.mount(DNS_FILES, new MemoryFiles(files));
      this.start(host, argv);
    }
  }

  /** The hosts of these names, those that there are. */
  private named(names: string | readonly string[] | undefined): Host[] {
    const wanted = listOf(names);
    return wanted.length === 0 ? [] : [...this.hosts.keys()].filter(({ name }) => wanted.includes(name));
  }

  private check(names: string | readonly string[] | undefined): void {
    const missing = listOf(names).find((name) => this.named(name).length === 0);
    if (missing !== undefined) throw new BuildError(`dns: there is no host "${missing}"`);
  }

  /** The interface for which a node has an address reserved: the one that asks for one. */
  private stationOf(name: string): MacAddress | null {
    for (const [host, words] of this.hosts) {
      if (host.name !== name) continue;
      const asking = Object.entries(words.interfaces ?? {}).find(([, each]) => interfaceWords(each).address === 'dhcp');
      const nic = asking === undefined ? [...host.nics.values()][0] : host.nics.get(asking[0]);
      return nic?.mac ?? null;
    }
    return null;
  }
}

export function interfaceWords(written: InterfaceDescription | string | null): InterfaceDescription {
  return typeof written === 'string' ? { address: written } : (written ?? {});
}

function usesDhcp({ interfaces = {} }: HostWords): boolean {
  return Object.values(interfaces).some((each) => interfaceWords(each).address === 'dhcp');
}

/** Of each host the address in one of these networks, or else its first; and so for each family that it has. */
function nearestAddresses(hosts: readonly Host[], networks: readonly Prefix[]): IpAddress[] {
  return hosts.flatMap((host) => {
    const all = addressesOf(host);
    return [4, 6].flatMap((family) => {
      const usable = all.filter((address) => address.family === family);
      const near = usable.find((address) => networks.some((network) => network.contains(address)));
      return near ?? usable[0] ?? [];
    });
  });
}

function familiesOf(on: IpInterface): (4 | 6)[] {
  return [...(on.addresses.length > 0 ? [4 as const] : []), ...(on.v6 === null ? [] : [6 as const])];
}

function readAddress(text: string): IpAddress {
  const address = IpAddress.parse(text);
  if (address === null) throw new BuildError(`nameServers: "${text}" is not an address, like 10.0.1.53`);
  return address;
}
