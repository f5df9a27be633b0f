import { Errno, NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NetworkLayer } from '../l3-network/network-layer.ts';
import { getservbyname, getservbyport } from '../l4-transport/services.ts';
import { needsScope, parseInetAton, type SocketAddress, socketAddress, splitZone } from './addresses.ts';
import * as c from './constants.ts';
import { NameError, type NameResolver } from './names.ts';

/** One answer of `getaddrinfo`, as Python gives it. */
export type AddressInfo = [
  family: number,
  type: number,
  protocol: number,
  canonicalName: string,
  address: SocketAddress,
];

/** Type and protocol of what a program may ask for; the order is glibc's. */
const KINDS: readonly (readonly [type: number, protocol: number])[] = [
  [c.SOCK_STREAM, c.IPPROTO_TCP],
  [c.SOCK_DGRAM, c.IPPROTO_UDP],
  [c.SOCK_RAW, c.IPPROTO_IP],
];

/** The flags that there are. */
const AI_KNOWN =
  c.AI_PASSIVE | c.AI_CANONNAME | c.AI_NUMERICHOST | c.AI_V4MAPPED | c.AI_ALL | c.AI_ADDRCONFIG | c.AI_NUMERICSERV;

/**
 * The address that a text says by itself, without asking anybody: a number in one of its forms, `localhost`
 * (RFC 6761 6.3), `''` for any address and `<broadcast>` as in Python. null when it is a name.
 */
export function numericHost(host: string, family: number): IpAddress | null {
  if (host === '') return family === c.AF_INET6 ? IpAddress.ANY6 : IpAddress.ANY4;
  if (host === '<broadcast>') return IpAddress.BROADCAST4;
  const address = IpAddress.parse(host);
  if (address !== null) return address;
  if (isLocalhost(host)) {
    return family === c.AF_INET6 ? IpAddress.LOOPBACK6 : IpAddress.LOOPBACK4;
  }
  const short = parseInetAton(host);
  return short < 0 ? null : IpAddress.v4(short);
}

/** RFC 6761 6.3. */
function isLocalhost(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === 'localhost.';
}

/**
 * The address of a host for a socket of `family`. A promise only when somebody has to be asked. Throws a NameError
 * (or rejects with one).
 */
export function addressOf(resolver: NameResolver | null, host: string, family: number): IpAddress | Promise<IpAddress> {
  const numeric = numericHost(host, family);
  if (numeric !== null) return ofFamily([numeric], family, host);
  if (resolver === null) throw new NameError(c.EAI_NONAME, 'getaddrinfo', host);
  const found = resolver.lookup(host);
  if (found instanceof Promise) return found.then((addresses) => ofFamily(addresses, family, host));
  return ofFamily(found, family, host);
}

function ofFamily(addresses: readonly IpAddress[] | number, family: number, host: string): IpAddress {
  if (typeof addresses === 'number') throw new NameError(addresses, 'getaddrinfo', host);
  for (const address of addresses) {
    if (address.family === (family === c.AF_INET6 ? 6 : 4)) return address;
  }
  const [first] = addresses;
  // An IPv6 socket speaks with IPv4 hosts too (RFC 3493 3.7).
  if (first !== undefined && family === c.AF_INET6) return mapped(first);
  throw new NameError(addresses.length === 0 ? c.EAI_NONAME : c.EAI_FAMILY, 'getaddrinfo', host);
}

/** RFC 4291 2.5.5.2. */
function mapped(address: IpAddress): IpAddress {
  return IpAddress.v6(0, 0, 0xffff, address.w3);
}

/** The number of the interface that a zone names (`eth0`, or `2`); 0: there is none. */
export function zoneIndex(network: NetworkLayer, zone: string): number {
  return network.interfaceIndex(zone) || (/^[1-9][0-9]{0,8}$/.test(zone) ? Number(zone) : 0);
}

/**
 * getaddrinfo(3). `host` null: this host (any address with AI_PASSIVE, else loopback). With several addresses `network`
 * says in which order to try them (RFC 6724), and which families this host has (AI_ADDRCONFIG).
 */
export async function getaddrinfo(
  resolver: NameResolver | null,
  host: string | null,
  service: string | number | null,
  family: number = c.AF_UNSPEC,
  type = 0,
  protocol = 0,
  flags = 0,
  network: NetworkLayer | null = null,
): Promise<AddressInfo[]> {
  const asked = host ?? '';
  if (family !== c.AF_UNSPEC && family !== c.AF_INET && family !== c.AF_INET6) {
    throw new NameError(c.EAI_FAMILY, 'getaddrinfo', asked);
  }
  const kinds = KINDS.filter(
    ([kind, of]) => (type === 0 || kind === type) && (protocol === 0 || of === protocol || kind === c.SOCK_RAW),
  );
  const strangeFlags = (flags & ~AI_KNOWN) !== 0 || ((flags & c.AI_CANONNAME) !== 0 && host === null);
  if (strangeFlags) throw new NameError(c.EAI_BADFLAGS, 'getaddrinfo', asked);
  if (host === null && service === null) throw new NameError(c.EAI_NONAME, 'getaddrinfo', asked);
  if (kinds.length === 0) throw new NameError(c.EAI_SOCKTYPE, 'getaddrinfo', asked);
  const answers: AddressInfo[] = [];
  const [bare, zone] = splitZone(asked);
  const scope = zone === '' || network === null ? 0 : zoneIndex(network, zone);
  if (zone !== '' && scope === 0) throw new NameError(c.EAI_NONAME, 'getaddrinfo', asked);
  const found = await addressesOf(resolver, host === null ? null : bare, family, flags, network);
  const addresses = host === null || network?.sortDestinations === undefined ? found : network.sortDestinations(found);
  for (const address of addresses) {
    for (const [kind, of] of kinds) {
      const port = portOf(service, kind, flags);
      if (port < 0) continue;
      const name = (flags & c.AI_CANONNAME) !== 0 && answers.length === 0 ? asked : '';
      const shown = socketAddress(address, port, needsScope(address) ? scope : 0);
      answers.push([address.family === 6 ? c.AF_INET6 : c.AF_INET, kind, of || protocol, name, shown]);
    }
  }
  if (answers.length === 0) throw new NameError(c.EAI_SERVICE, 'getaddrinfo', `${service}`);
  return answers;
}

async function addressesOf(
  resolver: NameResolver | null,
  host: string | null,
  family: number,
  flags: number,
  network: NetworkLayer | null,
): Promise<IpAddress[]> {
  // RFC 3493 6.1: who asks for IPv6 may be given IPv4's addresses, mapped, when there are no others, or beside them.
  const maps = family === c.AF_INET6 && (flags & c.AI_V4MAPPED) !== 0;
  const fits = (address: IpAddress): boolean =>
    family === c.AF_UNSPEC || address.family === (family === c.AF_INET6 ? 6 : 4);
  const has = (address: IpAddress): boolean =>
    (flags & c.AI_ADDRCONFIG) === 0 || (network?.hasAddresses?.(address.family) ?? true);
  if (host === null) {
    const passive = (flags & c.AI_PASSIVE) !== 0;
    const own = passive ? [IpAddress.ANY4, IpAddress.ANY6] : [IpAddress.LOOPBACK6, IpAddress.LOOPBACK4];
    return own.filter(fits);
  }
  if (host === '') throw new NameError(c.EAI_NONAME, 'getaddrinfo', host);
  if (family === c.AF_UNSPEC && isLocalhost(host)) return [IpAddress.LOOPBACK6, IpAddress.LOOPBACK4];
  const numeric = numericHost(host, family);
  if (numeric !== null) {
    if (fits(numeric)) return [numeric];
    if (maps) return [mapped(numeric)];
    throw new NameError(c.EAI_FAMILY, 'getaddrinfo', host);
  }
  if ((flags & c.AI_NUMERICHOST) !== 0 || resolver === null) throw new NameError(c.EAI_NONAME, 'getaddrinfo', host);
  const found = await resolver.lookup(host);
  if (typeof found === 'number') throw new NameError(found, 'getaddrinfo', host);
  const fitting = found.filter((address) => fits(address) && has(address));
  if (maps && (fitting.length === 0 || (flags & c.AI_ALL) !== 0)) {
    for (const address of found) if (address.family === 4 && has(address)) fitting.push(mapped(address));
  }
  if (fitting.length === 0) throw new NameError(c.EAI_NONAME, 'getaddrinfo', host);
  return fitting;
}

/** The port of a service for a type of socket; -1 when that service is not for that type. */
function portOf(service: string | number | null, type: number, flags: number): number {
  if (service === null || service === '') return 0;
  if (typeof service === 'number') return service & 0xffff;
  if (/^[0-9]{1,5}$/.test(service)) return Number(service) & 0xffff;
  if ((flags & c.AI_NUMERICSERV) !== 0 || type === c.SOCK_RAW) return -1;
  return getservbyname(service, type === c.SOCK_STREAM ? 'tcp' : 'udp')?.port ?? -1;
}

/** getnameinfo(3): host and service of an address; numbers where there is no name. */
export async function getnameinfo(
  resolver: NameResolver | null,
  [host, port]: SocketAddress,
  flags = 0,
): Promise<[host: string, service: string]> {
  const address = IpAddress.parse(splitZone(host)[0]);
  if (address === null) throw new NameError(c.EAI_NONAME, 'getnameinfo', host);
  let name: string | null = null;
  if ((flags & c.NI_NUMERICHOST) === 0 && resolver?.reverse !== undefined) name = await resolver.reverse(address);
  if (name === null && (flags & c.NI_NAMEREQD) !== 0) throw new NameError(c.EAI_NONAME, 'getnameinfo', host);
  const service = (flags & c.NI_NUMERICSERV) === 0 ? getservbyport(port, flags & c.NI_DGRAM ? 'udp' : 'tcp') : null;
  return [name ?? address.toString(), service?.name ?? String(port)];
}

/** The port of a service: Python's `getservbyname`, which throws for one that is not known. */
export function servicePort(name: string, protocol?: string): number {
  const service = getservbyname(name, protocol);
  if (service === null) throw new NetError(Errno.ENOENT, 'getservbyname', protocol ? `${name}/${protocol}` : name);
  return service.port;
}

/** The name of a port's service. */
export function serviceName(port: number, protocol?: string): string {
  const service = getservbyport(port, protocol);
  if (service === null) throw new NetError(Errno.ENOENT, 'getservbyport', protocol ? `${port}/${protocol}` : `${port}`);
  return service.name;
}
