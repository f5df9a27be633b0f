import { SECOND } from '../../base/clock.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';
import { type ClasslessRoute, readClasslessRoutes } from './classless-routes.ts';
import { readDomainSearch } from './domain-search.ts';
import type { DhcpMessage } from './message.ts';
import { INFINITE_SECONDS, Option } from './option-codes.ts';
import { hostNameOf } from './options.ts';

/** What a client was offered or given, as far as it makes sense; addresses are 32 bits. Times are ns of the network. */
export interface ClientLease {
  readonly address: number;
  readonly prefix: Prefix;
  readonly server: number;
  /** The way to the rest of the world, as routes: option 121, or else option 3. */
  readonly routes: readonly ClasslessRoute[];
  readonly nameServers: readonly number[];
  readonly domain: string | null;
  /** Domains in which short names are looked for: option 119; without it, `domain`. */
  readonly search: readonly string[];
  readonly hostName: string | null;
  /** Bytes; 0: not said. */
  readonly mtu: number;
  /** When to ask the server again (T1), when to ask anybody (T2), and when it is over; Infinity: never. */
  readonly renewNs: number;
  readonly rebindNs: number;
  readonly expiryNs: number;
}

/** The smallest MTU that is believed, as by Linux's scripts: every host takes 576 bytes (RFC 791 3.1). */
const LEAST_MTU = 576;
const NOTHING = new Uint8Array(0);

/**
 * The lease in an OFFER or ACK, counted from when the request for it was sent (RFC 2131 4.4.1: so the client never
 * thinks that it has longer than the server does); or why it cannot be used.
 */
export function leaseIn(message: DhcpMessage, sentNs: number): ClientLease | string {
  const { options, yiaddr: address } = message;
  const server = options.address(Option.ServerIdentifier);
  if (server === null || !isHost(server)) return 'no server identifier';
  if (!isHost(address)) return `${IpAddress.v4(address)} cannot be the address of a host`;
  const seconds = options.number(Option.LeaseTime, 4);
  if (seconds === null || seconds === 0) return 'no lease time';
  const length = prefixLength(options.address(Option.SubnetMask) ?? classfulMask(address));
  if (length < 0) return 'a subnet mask with holes';
  const prefix = new Prefix(IpAddress.v4(address), length);
  if (length < 31 && (address === prefix.network.v4 || address === prefix.broadcast4)) {
    return `${prefix} is the address of a network`;
  }
  const domain = hostNameOf(options.text(Option.DomainName));
  const search = readDomainSearch(options.bytes(Option.DomainSearch) ?? NOTHING);
  const mtu = options.number(Option.InterfaceMtu, 2) ?? 0;
  return {
    address,
    prefix,
    server,
    routes: routesIn(message),
    nameServers: options.addresses(Option.DomainNameServers).filter(isHost),
    domain,
    search: search.length > 0 || domain === null ? search : [domain],
    hostName: hostNameOf(options.text(Option.HostName)),
    mtu: mtu >= LEAST_MTU ? mtu : 0,
    ...timesIn(message, seconds, sentNs),
  };
}

/** T1 and T2 must come one after the other within the lease; else they are what RFC 2131 4.4.5 says: 0.5 and 0.875 of it. */
function timesIn(
  { options }: DhcpMessage,
  seconds: number,
  sentNs: number,
): Pick<ClientLease, 'renewNs' | 'rebindNs' | 'expiryNs'> {
  if (seconds === INFINITE_SECONDS) return { renewNs: Infinity, rebindNs: Infinity, expiryNs: Infinity };
  let renew = options.number(Option.RenewalTime, 4) ?? 0;
  let rebind = options.number(Option.RebindingTime, 4) ?? 0;
  if (!(renew > 0 && renew < rebind && rebind < seconds)) {
    renew = seconds * 0.5;
    rebind = seconds * 0.875;
  }
  const after = (time: number): number => sentNs + Math.round(time * SECOND);
  return { renewNs: after(renew), rebindNs: after(rebind), expiryNs: after(seconds) };
}

/** RFC 3442: where option 121 is, option 3 does not count. */
function routesIn({ options }: DhcpMessage): ClasslessRoute[] {
  const bytes = options.bytes(Option.ClasslessRoutes);
  const classless = bytes === null ? null : readClasslessRoutes(bytes);
  if (classless !== null) return classless.filter(({ router }) => router === 0 || isHost(router));
  // The first router is the one to use; the others are for when it is dead (RFC 1122 3.3.1.2), which nobody watches.
  const [router] = options.addresses(Option.Routers).filter(isHost);
  return router === undefined ? [] : [{ network: 0, length: 0, router }];
}

function isHost(address: number): boolean {
  return address >>> 24 !== 0 && address >>> 24 !== 127 && address < 0xe0000000;
}

/** Of a server that tells no mask: RFC 791's classes. */
function classfulMask(address: number): number {
  if (address < 0x80000000) return 0xff000000;
  return address < 0xc0000000 ? 0xffff0000 : 0xffffff00;
}

/** How many ones a mask begins with; -1 when there is a one behind a zero, or there are none at all. */
function prefixLength(mask: number): number {
  const length = Math.clz32(~mask);
  return length > 0 && (length === 32 || mask << length === 0) ? length : -1;
}
