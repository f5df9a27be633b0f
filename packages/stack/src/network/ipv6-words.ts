import { IpAddress } from '../base/ip-address.ts';
import { Prefix } from '../base/prefix.ts';
import { parseDuration } from '../base/units.ts';
import type { Host } from '../host/host.ts';
import type { Nic } from '../l2-link/nic.ts';
import { IPV6_MIN_MTU } from '../l3-network/ipv6/ipv6-interface.ts';
import { isDomainName } from '../l3-network/ipv6/nd-dns-options.ts';
import type { AdvertisedPrefix, AdvertisedRoute } from '../l3-network/ipv6/nd-options.ts';
import {
  type AdvertiseOptions,
  advertisedPrefix,
  MAX_INTERVAL_SECONDS,
  MAX_LIFETIME_SECONDS,
  MIN_INTERVAL_SECONDS,
} from '../l3-network/ipv6/router-advertiser.ts';
import { BuildError, quantity, wholeNumber } from './build-error.ts';
import type { Duration, InterfaceDescription } from './description.ts';
import type { AdvertiseDescription, AdvertisedPrefixDescription } from './ipv6-description.ts';
import { listOf } from './one-or-more.ts';

/** Speaks IPv6 on an interface, and advertises there, where the description says so. `byDefault`: the node says so. */
export function useIpv6(host: Host, nic: Nic, description: InterfaceDescription, byDefault: boolean): void {
  const where = `${host.name}:${nic.name}`;
  const addressed = host.ip.interfaceOf(nic)?.v6 != null;
  const { ipv6, advertise } = description;
  if (ipv6 === false && addressed) throw new BuildError(`${where}: "ipv6: false", and it has an IPv6 address`);
  if (ipv6 === false && advertise !== undefined) throw new BuildError(`${where}: "ipv6: false", and it advertises`);
  if (nic.mtu < IPV6_MIN_MTU && (addressed || ipv6 === true || advertise !== undefined)) {
    throw new BuildError(
      `${where}: an MTU of ${nic.mtu} is too small for IPv6, which needs ${IPV6_MIN_MTU} (RFC 8200 5)`,
    );
  }
  if (ipv6 === true || (byDefault && ipv6 !== false && nic.mtu >= IPV6_MIN_MTU)) host.enableIpv6(nic);
  if (advertise === undefined) return;
  if (!host.forwarding) throw new BuildError(`${where}: a host does not advertise; make it a router`);
  const options = advertiseOptions(advertise === true ? {} : advertise, `${where}: advertise`);
  host.ip6.links.advertise(host.enableIpv6(nic), options);
}

/** Reads the words. Throws a BuildError that says which of them cannot be. */
export function advertiseOptions(words: AdvertiseDescription, where: string): AdvertiseOptions {
  const options: AdvertiseOptions = {};
  if (words.prefixes !== undefined) options.prefixes = words.prefixes.map((each) => readPrefix(each, where));
  if (words.interval !== undefined) {
    const range = [MIN_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS] as const;
    options.intervalSeconds = seconds(words.interval, ...range, `${where}: interval`);
  }
  if (words.lifetime !== undefined) {
    options.lifetimeSeconds = Math.ceil(seconds(words.lifetime, 0, MAX_LIFETIME_SECONDS, `${where}: lifetime`));
  }
  if (words.dns !== undefined) options.servers = listOf(words.dns).map((text) => readServer(text, where));
  if (words.search !== undefined) {
    const wrong = words.search.find((domain) => !isDomainName(domain));
    if (wrong !== undefined) throw new BuildError(`${where}: "${wrong}" is no domain such as campus.test`);
    options.domains = words.search;
  }
  if (words.mtu !== undefined) options.mtu = wholeNumber(words.mtu, 1280, 65_535, `${where}: mtu`);
  if (words.managed !== undefined) options.managed = words.managed;
  if (words.other !== undefined) options.other = words.other;
  if (words.preference !== undefined) options.preference = words.preference;
  if (words.hopLimit !== undefined) options.hopLimit = wholeNumber(words.hopLimit, 1, 255, `${where}: hopLimit`);
  if (words.reachable !== undefined) options.reachableMs = milliseconds(words.reachable, `${where}: reachable`);
  if (words.retransmit !== undefined) options.retransmitMs = milliseconds(words.retransmit, `${where}: retransmit`);
  if (words.routes !== undefined) options.routes = words.routes.map((each) => readRoute(each, where));
  return options;
}

function readPrefix(written: string | AdvertisedPrefixDescription, where: string): AdvertisedPrefix {
  const words = typeof written === 'string' ? { prefix: written } : written;
  const made = advertisedPrefix(readNetwork(words.prefix, where));
  const valid = words.valid === undefined ? made.validSeconds : lifetime(words.valid, `${where}: valid`);
  const asked =
    words.preferred === undefined ? made.preferredSeconds : lifetime(words.preferred, `${where}: preferred`);
  if (words.preferred !== undefined && asked > valid) {
    throw new BuildError(`${where}: ${words.prefix} is preferred for longer than it is valid`);
  }
  return {
    prefix: made.prefix,
    onLink: words.onLink ?? true,
    autonomous: words.autonomous ?? true,
    validSeconds: valid,
    preferredSeconds: Math.min(asked, valid),
  };
}

function readRoute(words: NonNullable<AdvertiseDescription['routes']>[number], where: string): AdvertisedRoute {
  return {
    prefix: words.to === 'default' ? new Prefix(IpAddress.ANY6, 0) : readNetwork(words.to, where),
    preference: words.preference ?? 'medium',
    lifetimeSeconds: words.lifetime === undefined ? 1800 : lifetime(words.lifetime, `${where}: lifetime`),
  };
}

function readNetwork(text: string, where: string): Prefix {
  const prefix = Prefix.parse(text);
  const { network } = prefix ?? { network: IpAddress.ANY4 };
  if (prefix === null || network.family !== 6 || network.isMulticast || network.isLinkLocal) {
    throw new BuildError(`${where}: "${text}" is no IPv6 network such as 2001:db8:1::/64`);
  }
  if (!prefix.address.equals(network)) {
    throw new BuildError(
      `${where}: "${text}" has bits set behind its prefix; the network is ${network}/${prefix.length}`,
    );
  }
  return prefix;
}

function readServer(text: string, where: string): IpAddress {
  const address = IpAddress.parse(text);
  if (address === null || address.family !== 6 || address.isMulticast || address.isUnspecified) {
    throw new BuildError(`${where}: "${text}" is no IPv6 address of a server`);
  }
  return address;
}

/** A duration in seconds within a range. */
function seconds(value: Duration, least: number, most: number, what: string): number {
  const result = quantity(parseDuration(value), what) / 1e9;
  if (result < least || result > most) throw new BuildError(`${what}: ${value} is not from ${least}s to ${most}s`);
  return result;
}

function lifetime(value: Duration, what: string): number {
  return Math.ceil(seconds(value, 0, 0xffff_fffe, what));
}

function milliseconds(value: Duration, what: string): number {
  return Math.round(seconds(value, 0, 3600, what) * 1000);
}
