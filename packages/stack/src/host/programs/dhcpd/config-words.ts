import { formatIpv4, parseIpv4 } from '../../../base/ip-address.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import { parseDuration } from '../../../base/units.ts';
import { type ClasslessRoute, writeClasslessRoutes } from '../../../l7-application/dhcp/classless-routes.ts';
import { writeDomainSearch } from '../../../l7-application/dhcp/domain-search.ts';
import { Option } from '../../../l7-application/dhcp/option-codes.ts';
import { DhcpOptions, hostNameOf } from '../../../l7-application/dhcp/options.ts';
import type { AddressRange, Reservation, SubnetConfig } from '../../../l7-application/dhcp/server-config.ts';
import { DomainName } from '../../../l7-application/dns/name.ts';
import { UsageError } from '../../program.ts';
import { nearest } from '../options.ts';

/** A network that an interface of the server is in, with the server's own address there. */
export interface OwnNetwork {
  readonly prefix: Prefix;
  /** Sends on what is for others, and so is the router if nobody else is named. */
  readonly forwards: boolean;
}

interface Draft {
  network: Prefix;
  readonly ranges: AddressRange[];
  readonly reservations: Reservation[];
  readonly excluded: number[];
  readonly options: DhcpOptions;
  readonly routes: ClasslessRoute[];
  leaseSeconds?: number;
  bootp?: boolean;
}

type Reader = (draft: Draft, value: string, word: string) => void;

const WORDS: Readonly<Record<string, Reader>> = {
  range: (draft, value, word) => {
    const [first, last, ...more] = value.split('-').map(parseIpv4);
    if (more.length > 0 || !(first! >= 0) || !((last ?? first)! >= first!)) {
      throw new UsageError(`"${word}" is not like range=10.0.1.100-10.0.1.199`);
    }
    for (const address of [first!, last ?? first!]) inside(draft, address, word);
    draft.ranges.push({ first: first!, last: last ?? first! });
  },
  exclude: (draft, value, word) => void draft.excluded.push(...addresses(value, word)),
  router: (draft, value, word) => draft.options.setAddresses(Option.Routers, addresses(value, word)),
  dns: (draft, value, word) => draft.options.setAddresses(Option.DomainNameServers, addresses(value, word)),
  ntp: (draft, value, word) => draft.options.setAddresses(Option.NtpServers, addresses(value, word)),
  domain: (draft, value, word) => {
    if (hostNameOf(value) === null) throw new UsageError(`"${word}": a domain is like lab.example`);
    draft.options.setText(Option.DomainName, value);
  },
  search: (draft, value, word) => {
    const domains = value.split(',').map((text) => DomainName.parse(text));
    const names = domains.filter((name) => name !== null && !name.isRoot) as DomainName[];
    if (names.length < domains.length) throw new UsageError(`"${word}": domains are like lab.example,example`);
    draft.options.set(Option.DomainSearch, writeDomainSearch(names));
  },
  mtu: (draft, value, word) => {
    if (!/^[0-9]{1,5}$/.test(value) || Number(value) < 68 || Number(value) > 65_535) {
      throw new UsageError(`"${word}": an MTU is from 68 to 65535`);
    }
    draft.options.setNumber(Option.InterfaceMtu, 2, Number(value));
  },
  lease: (draft, value, word) => {
    if (value === 'infinite') {
      draft.leaseSeconds = 0xffffffff;
      return;
    }
    const ns = parseDuration(/^[0-9]+$/.test(value) ? Number(value) : value);
    if (typeof ns !== 'number') throw new UsageError(`"${word}": ${ns.problem}; write it like lease=12h`);
    if (ns < 1e9) throw new UsageError(`"${word}": a lease lasts a second at least`);
    draft.leaseSeconds = Math.floor(ns / 1e9);
  },
  host: (draft, value, word) => {
    const [macText = '', rest = ''] = value.split('/');
    const [addressText = '', hostName] = rest.split(',');
    const mac = MacAddress.parse(macText);
    const address = parseIpv4(addressText);
    if (mac === null || address < 0 || (hostName !== undefined && hostNameOf(hostName) === null)) {
      throw new UsageError(
        `"${word}" is not like host=02:00:00:00:00:01/10.0.1.9 or host=02:00:00:00:00:01/10.0.1.9,web`,
      );
    }
    inside(draft, address, word);
    draft.reservations.push({ mac, address, ...(hostName === undefined ? {} : { hostName }) });
  },
  route: (draft, value, word) => {
    const [to = '', via = ''] = value.split(',');
    const prefix = Prefix.parse(to);
    const router = parseIpv4(via);
    if (prefix === null || prefix.address.family !== 4 || router < 0) {
      throw new UsageError(`"${word}" is not like route=10.9.0.0/16,10.0.1.2`);
    }
    draft.routes.push({ network: prefix.network.v4, length: prefix.length, router });
  },
  option: (draft, value, word) => {
    const [code = '', hex = ''] = value.split(',');
    if (!/^[0-9]{1,3}$/.test(code) || Number(code) < 1 || Number(code) > 254 || !/^([0-9a-f]{2})*$/i.test(hex)) {
      throw new UsageError(`"${word}" is not like option=66,74667470: a code, and bytes in hexadecimal`);
    }
    draft.options.set(
      Number(code),
      Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
    );
  },
  bootp: (draft, value, word) => {
    if (value !== 'yes' && value !== 'no') throw new UsageError(`"${word}": bootp is yes or no`);
    draft.bootp = value === 'yes';
  },
};

/**
 * Subnets from the words of a command line. What stands before the first `subnet=` is about the network of the server's
 * own interface. A subnet for which no range and no host is named gives all of its addresses. Throws a UsageError.
 */
export function subnetsFrom(words: readonly string[], own: readonly OwnNetwork[]): SubnetConfig[] {
  const drafts: Draft[] = [];
  let current: Draft | null = null;
  for (const word of words) {
    const at = word.indexOf('=');
    const key = at < 0 ? word : word.slice(0, at);
    const value = at < 0 ? '' : word.slice(at + 1);
    if (key === 'subnet') {
      const network = Prefix.parse(value);
      if (network === null || network.address.family !== 4)
        throw new UsageError(`"${word}" is not like subnet=10.0.2.0/24`);
      current = draftOf(network);
      drafts.push(current);
      continue;
    }
    const read = Object.hasOwn(WORDS, key) ? WORDS[key]! : null;
    if (read === null || at < 0) {
      const known = ['subnet', ...Object.keys(WORDS)];
      const near = nearest(key, known);
      const hint = near === null ? `there are ${known.join('=, ')}=` : `did you mean ${near}=?`;
      throw new UsageError(`"${word}": ${hint}`);
    }
    if (current === null) {
      if (own.length !== 1) throw new UsageError(`"${word}": say of which network: subnet=10.0.1.0/24`);
      current = draftOf(own[0]!.prefix);
      drafts.push(current);
    }
    read(current, value, word);
  }
  if (words.length === 0) for (const { prefix } of own) drafts.push(draftOf(prefix));
  return drafts.map((draft) => finished(draft, own));
}

function draftOf(network: Prefix): Draft {
  return { network, ranges: [], reservations: [], excluded: [], options: new DhcpOptions(), routes: [] };
}

/** What follows by itself: the whole network as range, and the server as the router if it is one. */
function finished(draft: Draft, own: readonly OwnNetwork[]): SubnetConfig {
  const { network, options, routes, reservations } = draft;
  const here = own.filter(({ prefix }) => network.contains(prefix.address));
  const ranges = [...draft.ranges];
  if (ranges.length === 0 && reservations.length === 0) {
    ranges.push({ first: network.network.v4, last: (network.network.v4 | ~network.mask4) >>> 0 });
  }
  const [router] = here.filter(({ forwards }) => forwards);
  if (!options.has(Option.Routers) && router !== undefined) {
    options.setAddresses(Option.Routers, [router.prefix.address.v4]);
  }
  if (routes.length > 0) {
    // RFC 3442: who reads option 121 looks at no other for its default route.
    const [gateway] = options.addresses(Option.Routers);
    const all = gateway === undefined ? routes : [...routes, { network: 0, length: 0, router: gateway }];
    options.set(Option.ClasslessRoutes, writeClasslessRoutes(all));
  }
  return {
    network,
    ranges,
    reservations,
    options,
    excluded: [...draft.excluded, ...here.map(({ prefix }) => prefix.address.v4)],
    ...(draft.leaseSeconds === undefined ? {} : { leaseSeconds: draft.leaseSeconds }),
    ...(draft.bootp === undefined ? {} : { bootp: draft.bootp }),
  };
}

function addresses(value: string, word: string): number[] {
  const all = value.split(',').map(parseIpv4);
  if (all.some((address) => address < 0)) throw new UsageError(`"${word}": addresses are like 10.0.1.1,10.0.1.2`);
  return all;
}

function inside({ network }: Draft, address: number, word: string): void {
  if (((address ^ network.network.v4) & network.mask4) === 0) return;
  throw new UsageError(`"${word}": ${formatIpv4(address)} is not in ${network.network}/${network.length}`);
}
