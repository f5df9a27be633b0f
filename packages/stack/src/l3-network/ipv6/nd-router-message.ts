import type { MacAddress } from '../../base/mac-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import {
  type AdvertisedDomains,
  type AdvertisedServers,
  putDomainsOption,
  putServersOption,
  readDomainsOption,
  readServersOption,
} from './nd-dns-options.ts';
import { NdType, RA_LENGTH } from './nd-messages.ts';
import {
  type AdvertisedPrefix,
  type AdvertisedRoute,
  linkAddressOption,
  NdOption,
  type Preference,
  preferenceBits,
  preferenceOf,
  putLinkAddressOption,
  putMtuOption,
  putPrefixOption,
  putRouteOption,
  readPrefixOption,
  readRouteOption,
} from './nd-options.ts';

/**
 * A router's advertisement (RFC 4861 4.2) as a whole: it comes seldom, so it may be an object. The picture of its
 * header is in `nd-messages.ts`, those of its options in `nd-options.ts`.
 */
export interface RouterAdvertisement {
  /** 0: it says nothing about it. */
  hopLimit: number;
  /** Addresses (M), or other things (O), are to be had by DHCPv6. */
  managed: boolean;
  other: boolean;
  preference: Preference;
  /** How long the router is one to send by default; 0: it is none. */
  lifetimeSeconds: number;
  /** 0: it says nothing about them. */
  reachableMs: number;
  retransmitMs: number;
  linkAddress: MacAddress | null;
  /** Bytes; 0: it says nothing about it. */
  mtu: number;
  prefixes: readonly AdvertisedPrefix[];
  routes: readonly AdvertisedRoute[];
  servers: readonly AdvertisedServers[];
  domains: readonly AdvertisedDomains[];
}

const HOP_LIMIT = 4;
const FLAGS = 5;
const LIFETIME = 6;
const REACHABLE = 8;
const RETRANSMIT = 12;

const MANAGED = 0x80;
const OTHER = 0x40;

/** Reads the advertisement of `[at, end)`, which `ndProblem` found nothing wrong with. Malformed options are skipped. */
export function readRouterAdvertisement(view: DataView, at: number, end: number): RouterAdvertisement {
  const prefixes: AdvertisedPrefix[] = [];
  const routes: AdvertisedRoute[] = [];
  const servers: AdvertisedServers[] = [];
  const domains: AdvertisedDomains[] = [];
  let mtu = 0;
  for (let option = at + RA_LENGTH; option < end; option += view.getUint8(option + 1) * 8) {
    switch (view.getUint8(option)) {
      case NdOption.PrefixInformation:
        keep(prefixes, readPrefixOption(view, option));
        break;
      case NdOption.RouteInformation:
        keep(routes, readRouteOption(view, option));
        break;
      case NdOption.DnsServers:
        keep(servers, readServersOption(view, option));
        break;
      case NdOption.DnsSearchList:
        keep(domains, readDomainsOption(view, option));
        break;
      case NdOption.Mtu:
        if (view.getUint8(option + 1) === 1) mtu = view.getUint32(option + 4);
        break;
      default: // RFC 4861 4.6: what is unknown is skipped
    }
  }
  const flags = view.getUint8(at + FLAGS);
  return {
    hopLimit: view.getUint8(at + HOP_LIMIT),
    managed: (flags & MANAGED) !== 0,
    other: (flags & OTHER) !== 0,
    preference: preferenceOf((flags >> 3) & 3),
    lifetimeSeconds: view.getUint16(at + LIFETIME),
    reachableMs: view.getUint32(at + REACHABLE),
    retransmitMs: view.getUint32(at + RETRANSMIT),
    linkAddress: linkAddressOption(view, at + RA_LENGTH, end, NdOption.SourceLinkAddress),
    mtu,
    prefixes,
    routes,
    servers,
    domains,
  };
}

/** Appends the message, header and options, to an empty packet; the checksum as 0. */
export function putRouterAdvertisement(packet: PacketBuffer, message: RouterAdvertisement): void {
  const at = packet.put(RA_LENGTH);
  const { view } = packet;
  const flags =
    (message.managed ? MANAGED : 0) | (message.other ? OTHER : 0) | (preferenceBits(message.preference) << 3);
  view.setUint32(at, NdType.RouterAdvertisement << 24);
  view.setUint8(at + HOP_LIMIT, message.hopLimit);
  view.setUint8(at + FLAGS, flags);
  view.setUint16(at + LIFETIME, message.lifetimeSeconds);
  view.setUint32(at + REACHABLE, message.reachableMs);
  view.setUint32(at + RETRANSMIT, message.retransmitMs);
  if (message.linkAddress !== null) putLinkAddressOption(packet, NdOption.SourceLinkAddress, message.linkAddress);
  if (message.mtu !== 0) putMtuOption(packet, message.mtu);
  for (const prefix of message.prefixes) putPrefixOption(packet, prefix);
  for (const route of message.routes) putRouteOption(packet, route);
  for (const each of message.servers) putServersOption(packet, each);
  for (const each of message.domains) putDomainsOption(packet, each);
}

function keep<T>(list: T[], item: T | null): void {
  if (item !== null) list.push(item);
}
