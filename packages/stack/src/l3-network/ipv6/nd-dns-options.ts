import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { NdOption } from './nd-options.ts';

/** DNS servers that a router tells of (RFC 8106 5.1), and the domains in which names are looked for (5.2). */
export interface AdvertisedServers {
  readonly lifetimeSeconds: number;
  readonly servers: readonly IpAddress[];
}
export interface AdvertisedDomains {
  readonly lifetimeSeconds: number;
  readonly domains: readonly string[];
}

/** RFC 1035 2.3.4. */
const MAX_LABEL = 63;
const MAX_NAME = 253;

/** The DNS servers at `at`; null when the length is not right: at least one address, none of them half. */
export function readServersOption(view: DataView, at: number): AdvertisedServers | null {
  const units = view.getUint8(at + 1);
  if (units < 3 || (units & 1) === 0) return null;
  const servers: IpAddress[] = [];
  for (let i = 8; i < units * 8; i += 16) {
    const server = IpAddress.read6(view, at + i);
    if (!server.isMulticast && !server.isUnspecified) servers.push(server);
  }
  return { lifetimeSeconds: view.getUint32(at + 4), servers };
}

export function putServersOption(packet: PacketBuffer, option: AdvertisedServers): void {
  const at = packet.put(8 + option.servers.length * 16);
  packet.view.setUint32(at, (NdOption.DnsServers << 24) | ((1 + option.servers.length * 2) << 16));
  packet.view.setUint32(at + 4, option.lifetimeSeconds);
  for (let i = 0; i < option.servers.length; i++) option.servers[i].write(packet.view, at + 8 + i * 16);
}

/** The search list at `at`; null when it is malformed: a name that does not end, or is no host name. */
export function readDomainsOption(view: DataView, at: number): AdvertisedDomains | null {
  const units = view.getUint8(at + 1);
  if (units < 2) return null;
  const end = at + units * 8;
  const domains: string[] = [];
  let next = at + 8;
  while (next < end && view.getUint8(next) !== 0) {
    let name = '';
    for (;;) {
      if (next >= end) return null;
      const length = view.getUint8(next++);
      if (length === 0) break;
      if (length > MAX_LABEL || length > end - next) return null;
      name += name === '' ? '' : '.';
      for (let i = 0; i < length; i++) {
        const code = view.getUint8(next++);
        if (!isNameCode(code)) return null;
        name += String.fromCharCode(code);
      }
      if (name.length > MAX_NAME) return null;
    }
    domains.push(name.toLowerCase());
  }
  return domains.length === 0 ? null : { lifetimeSeconds: view.getUint32(at + 4), domains };
}

/** `domains`: names that hold letters, digits, hyphens and dots. */
export function putDomainsOption(packet: PacketBuffer, option: AdvertisedDomains): void {
  const bytes: number[] = [];
  for (const domain of option.domains) {
    for (const label of domain.split('.')) {
      bytes.push(label.length);
      for (let i = 0; i < label.length; i++) bytes.push(label.charCodeAt(i));
    }
    bytes.push(0);
  }
  while (bytes.length % 8 !== 0) bytes.push(0);
  const at = packet.put(8 + bytes.length);
  packet.view.setUint32(at, (NdOption.DnsSearchList << 24) | ((1 + bytes.length / 8) << 16));
  packet.view.setUint32(at + 4, option.lifetimeSeconds);
  packet.bytes.set(bytes, at + 8);
}

/** Whether a name can stand in a search list: labels of 1 to 63 letters, digits, hyphens and underscores. */
export function isDomainName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME) return false;
  return name.split('.').every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
}

function isNameCode(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x2d || code === 0x5f;
}
