import type { Host } from '../host/host.ts';
import type { Nic } from '../l2-link/nic.ts';
import { RouteOrigin } from '../l3-network/routes.ts';
import type { InterfaceDescription } from './description.ts';

/** An address of the interface's own choice (RFC 3927). */
export const LINK_LOCAL = 'link-local';

/** The addresses that are written there, in order; those that come by themselves are none. */
export function writtenAddresses({ address = [] }: InterfaceDescription): string[] {
  const all = typeof address === 'string' ? [address] : address;
  return all.filter((text) => text !== 'dhcp' && text !== LINK_LOCAL);
}

/** What an interface's description says of IPv4 besides its addresses. */
export function useIpv4(host: Host, nic: Nic, description: InterfaceDescription): void {
  const { address = [], directedBroadcast = false } = description;
  const on = host.ip.addInterface(nic);
  on.directedBroadcast = directedBroadcast;
  if (address === LINK_LOCAL || (typeof address !== 'string' && address.includes(LINK_LOCAL)))
    host.ip.useLinkLocal(nic);
}

/**
 * Takes the IPv4 addresses of an interface away, and claims them (RFC 5227): each comes back when nobody else has it, and
 * with it the host's routes, which `addRoutes` adds as far as they lead anywhere.
 */
export function claimAddresses(host: Host, nic: Nic, addRoutes: () => void): void {
  const on = host.ip.interfaceOf(nic)!;
  const prefixes = on.addresses.filter(({ address }) => address.family === 4);
  for (const { address } of prefixes) host.ip.removeAddress(nic, address);
  host.ip.routes.removeWhere((route) => route.interface === on && route.origin === RouteOrigin.Static);
  for (const prefix of prefixes) host.ip.claimAddress(nic, prefix, { addressUsed: addRoutes });
}
