import { getServers } from 'node:dns';
import { IpAddress } from '@netarium/stack/base/ip-address';
import { BuildError } from '@netarium/stack/network/build-error';

/** A real DNS server. */
export interface ResolverAddress {
  readonly address: IpAddress;
  readonly port: number;
}

const DNS_PORT = 53;

/** What `dns` in a gateway's options means: `system`, one address or several (`127.0.0.1:5353`), or null for none. */
export function readResolvers(written: string | readonly string[] | null): ResolverAddress[] {
  if (written === null) return [];
  if (written === 'system') return getServers().flatMap((text) => readResolver(text) ?? []);
  return (typeof written === 'string' ? [written] : written).map((text) => {
    const resolver = readResolver(text);
    if (resolver !== null) return resolver;
    throw new BuildError(
      `dns: "${text}" is no resolver; write an address like 192.0.2.53 or 127.0.0.1:5353, or system`,
    );
  });
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`; null for anything else. */
function readResolver(text: string): ResolverAddress | null {
  const plain = IpAddress.parse(text);
  if (plain !== null) return { address: plain, port: DNS_PORT };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const address = IpAddress.parse(match[1] ?? match[2]!);
  const port = Number(match[3]);
  return address === null || port < 1 || port > 65_535 ? null : { address, port };
}
