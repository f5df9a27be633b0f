import { NetError } from '../base/errors.ts';
import { MacAddress } from '../base/mac-address.ts';
import { Prefix } from '../base/prefix.ts';
import type { Host } from '../host/host.ts';
import type { HostsFile } from '../host/hosts-file.ts';
import { MacAssignment } from '../l2-link/mac-assignment.ts';
import { AF_UNSPEC } from '../l5-session/constants.ts';
import { numericHost } from '../l5-session/name-lookup.ts';
import { BuildError, listed, wholeNumber } from './build-error.ts';
import type { HostDescription, InterfaceDescription, RouteDescription, RuleDescription } from './description.ts';
import { protect } from './firewall-words.ts';
import { claimAddresses, useIpv4, writtenAddresses } from './ipv4-words.ts';
import { useIpv6 } from './ipv6-words.ts';
import { routeMulticast } from './multicast-words.ts';
import { startRouting } from './routing-words.ts';

/** RFC 1123 2.1: letters, digits and hyphens, in labels between dots. */
const NODE_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
/** As Linux's interfaces are called: no more than 15 characters, no blank, no `/` or `:`. */
const INTERFACE_NAME = /^[A-Za-z0-9._-]{1,15}$/;

const WHY_NO_ROUTE: Readonly<Record<string, string>> = {
  ENETUNREACH: 'the next hop is in no network of an interface here',
  EEXIST: 'a route there of the same metric',
  EINVAL: 'routes have addresses, such as { to: 10.0.2.0/24, via: 10.0.1.1 }',
};

/** Gives hosts what their descriptions say, and sees to it that names and addresses of a network are given once. */
export class Machines {
  private readonly macs = new MacAssignment();
  /** Names of nodes and aliases, in lower case (RFC 4343), and whose they are. */
  private readonly names = new Map<string, string>();
  /** `alice:eth0` by IP address. */
  private readonly owners = new Map<string, string>();
  /** Hosts whose description names their interfaces: they have no others. */
  private readonly fixed = new Set<Host>();
  /** Whether interfaces speak IPv6 that say nothing about it: of the network, and of those hosts that say so. */
  ipv6 = false;
  private readonly ipv6Of = new Map<Host, boolean>();
  private readonly hostsFile: HostsFile;
  /** Hosts whose firewalls are still to be made. */
  private readonly unprotected: [Host, Pick<HostDescription, 'firewall' | 'nat'>][] = [];

  constructor(hostsFile: HostsFile) {
    this.hostsFile = hostsFile;
  }

  /** Keeps a name for a node. Throws a BuildError: it is no name, or is taken. */
  claimName(name: string, node: string): void {
    if (!NODE_NAME.test(name)) {
      throw new BuildError(`"${name}" cannot be a node's name: letters, digits and hyphens, as in "web-1"`);
    }
    if (name.toLowerCase() === 'localhost') {
      throw new BuildError(`"${name}" cannot be a node's name: every host calls itself so`);
    }
    const owner = this.names.get(name.toLowerCase());
    if (owner !== undefined) {
      const what = name === node ? `two nodes are called ${name}` : `${node} has the alias ${name}`;
      throw new BuildError(`${what}: ${owner} has that name, and upper and lower case are the same`);
    }
    this.names.set(name.toLowerCase(), node);
  }

  /** Interfaces, addresses, routes and names of a new host. */
  furnish(host: Host, description: Omit<HostDescription, 'kind'>): void {
    const { interfaces = {}, gateway, routes = [], aliases = [] } = description;
    for (const alias of aliases) this.claimName(alias, host.name);
    const number = [host.name, ...aliases].find((name) => numericHost(name, AF_UNSPEC) !== null);
    if (number !== undefined)
      throw new BuildError(`"${number}" cannot be a host's name: it is read as an address (inet_aton)`);
    if (description.ipv6 !== undefined) this.ipv6Of.set(host, description.ipv6);
    for (const [name, written] of Object.entries(interfaces)) {
      this.addInterface(host, name, typeof written === 'string' ? { address: written } : (written ?? {}));
    }
    if (host.nics.size > 0) this.fixed.add(host);
    for (const via of typeof gateway === 'string' ? [gateway] : (gateway ?? [])) {
      this.addRoute(host, `gateway ${via}`, { to: 'default', via });
    }
    for (const route of routes) this.addRoute(host, `route to ${route.to}`, route);
    for (const [index, rule] of (description.rules ?? []).entries()) this.addRule(host, `rule ${index + 1}`, rule);
    this.claim(host, description);
    if (description.redirects === false) host.ip.ignoreRedirects();
    if (description.multicast !== undefined) routeMulticast(host, description.multicast);
    if (description.routing !== undefined) startRouting(host, description.routing);
    if (description.firewall !== undefined || description.nat !== undefined) this.unprotected.push([host, description]);
    for (const prefix of host.addresses()) this.hostsFile.add(prefix.address, host.name, ...aliases);
  }

  /** Firewalls of the hosts that are there by now: their rules name others. */
  protect(): void {
    for (const [host, { firewall, nat }] of this.unprotected.splice(0)) protect(host, firewall, nat ?? []);
  }

  isFixed(host: Host): boolean {
    return this.fixed.has(host);
  }

  addInterface(host: Host, name: string, description: InterfaceDescription): void {
    const where = `${host.name}:${name}`;
    if (!INTERFACE_NAME.test(name) || name === 'lo') {
      const why = name === 'lo' ? 'every host has one already' : 'up to 15 letters and digits, as in "eth0"';
      throw new BuildError(`${host.name}: "${name}" cannot be an interface's name: ${why}`);
    }
    const mtu = wholeNumber(description.mtu ?? 1500, 68, 65_535, `${where}: mtu`);
    const claims = description.conflictDetection === true;
    const prefixes = writtenAddresses(description).map((text) => this.readAddress(text, where, claims));
    const mac = this.macs.assign(host.name, name, description.mac);
    if (mac === null) {
      const taken = MacAddress.parse(description.mac!) !== null;
      const why = taken
        ? 'is taken, or is not the address of one station'
        : 'is not a MAC address like 02:00:00:00:00:01';
      throw new BuildError(`${where}: "${description.mac}" ${why}`);
    }
    for (const prefix of prefixes) this.owners.set(prefix.address.toString(), where);
    const nic = host.addInterface(name, mac, mtu, prefixes);
    useIpv4(host, nic, description);
    useIpv6(host, nic, description, this.ipv6Of.get(host) ?? this.ipv6);
  }

  /** Addresses that are looked for on the wire before they are used (RFC 5227), and the routes that need them. */
  private claim(host: Host, { interfaces = {}, gateway = [], routes = [] }: Omit<HostDescription, 'kind'>): void {
    const ways = typeof gateway === 'string' ? [gateway] : gateway;
    const all = [...ways.map((via) => ({ to: 'default', via })), ...routes];
    const names = Object.entries(interfaces).filter(
      ([, on]) => typeof on === 'object' && on?.conflictDetection === true,
    );
    for (const [name] of names) {
      claimAddresses(host, host.nics.get(name)!, () => {
        for (const route of all) {
          try {
            host.addRoute(route);
          } catch (error) {
            if (!(error instanceof NetError)) throw error; // it is there, or waits for another interface's address
          }
        }
      });
    }
  }

  /** `claims`: somebody else may have it; that is found out on the wire. */
  private readAddress(text: string, where: string, claims: boolean): Prefix {
    const prefix = Prefix.parse(text);
    if (prefix === null) {
      throw new BuildError(`${where}: "${text}" is not an address with its prefix length, like 10.0.0.1/24`);
    }
    const { address } = prefix;
    const reserved = address.family === 4 ? address.v4 >= 0xf0000000 : address.isMapped;
    if (address.isMulticast || address.isUnspecified || address.isLoopback || reserved) {
      throw new BuildError(`${where}: ${address} cannot be an interface's address`);
    }
    // fe80::1 on one link is not fe80::1 on another.
    const owner = address.family === 6 && address.isLinkLocal ? undefined : this.owners.get(address.toString());
    if (owner !== undefined && !claims) throw new BuildError(`${where}: ${address} is the address of ${owner} already`);
    return prefix;
  }

  private addRule(host: Host, what: string, rule: RuleDescription): void {
    try {
      host.addRule(rule);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      throw new BuildError(`${host.name}: ${what}: ${error.text}: as in { from: 10.0.1.0/24, table: 100 }`);
    }
  }

  private addRoute(host: Host, what: string, route: RouteDescription): void {
    const where = `${host.name}: ${what}`;
    if (route.interface !== undefined && !host.nics.has(route.interface)) {
      const known = listed(host.nics.keys());
      throw new BuildError(`${where}: there is no interface ${route.interface}; there are ${known}`);
    }
    const leads = (route.type ?? 'unicast') === 'unicast';
    if (leads && route.via === undefined && route.interface === undefined) {
      throw new BuildError(`${where}: it says neither via which next hop nor by which interface`);
    }
    try {
      host.addRoute(route);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      const why = WHY_NO_ROUTE[error.code];
      throw new BuildError(`${where}: ${error.text}${why === undefined ? '' : `: ${why}`}`);
    }
  }
}
