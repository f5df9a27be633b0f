import { type DomainName, readName } from '../dns/name.ts';
import { DHCP_LIMITS } from './limits.ts';
import { hostNameOf } from './options.ts';

/**
 * The domains of option 119 (RFC 3397): names one after the other as the DNS writes them, a pointer leading to where in
 * the option a name goes on.
 *
 *     3 e n g 5 a p p l e 3 c o m 0   9 m a r k e t i n g 192 4
 *             ^ 4                                         '-> apple.com
 */
export function readDomainSearch(bytes: Uint8Array): string[] {
  const domains: string[] = [];
  for (let at = 0; at < bytes.length && domains.length < DHCP_LIMITS.addresses; ) {
    const read = readName(bytes, at, bytes.length);
    if (read === null) return [];
    at = read.end;
    // What is no name of hosts is searched in vain.
    const domain = hostNameOf(read.name.toString().slice(0, -1));
    if (domain !== null) domains.push(domain);
  }
  return domains;
}

export function writeDomainSearch(domains: readonly DomainName[]): Uint8Array {
  const bytes: number[] = [];
  const places = new Map<string, number>();
  for (const { wire } of domains) {
    let at = 0;
    for (;;) {
      const rest = wire.slice(at);
      const place = rest.length > 1 ? places.get(rest) : undefined;
      if (place !== undefined) {
        bytes.push(0xc0 | (place >>> 8), place & 0xff);
        break;
      }
      if (bytes.length < 0x4000) places.set(rest, bytes.length);
      const label = wire.slice(at, at + 1 + wire.charCodeAt(at));
      for (let i = 0; i < label.length; i++) bytes.push(label.charCodeAt(i));
      if (label.length === 1) break;
      at += label.length;
    }
  }
  return Uint8Array.from(bytes);
}
