import type { IpAddress } from '../base/ip-address.ts';
import { dissectors } from './dissect.ts';
import type { DissectorRegistry } from './dissection.ts';
import { printable } from './text-layout.ts';

/** What people call addresses and ports. */
export class Names {
  private readonly byAddress = new Map<string, string>();
  private readonly registry: DissectorRegistry;

  /** `names`: from an address as text to its names, as capture files carry them. */
  constructor(names: Iterable<readonly [string, readonly string[]]> = [], registry: DissectorRegistry = dissectors) {
    for (const [address, [first]] of names) if (first !== undefined) this.byAddress.set(address, printable(first));
    this.registry = registry;
  }

  /** The host's name, or the address itself. */
  host(address: IpAddress): string {
    const text = address.toString();
    return this.byAddress.get(text) ?? text;
  }

  /** The name alone; undefined when there is none. */
  known(address: IpAddress): string | undefined {
    return this.byAddress.get(address.toString());
  }

  /** `alice:49152`; an IPv6 address in brackets. */
  endpoint(address: IpAddress, port: number): string {
    const host = this.host(address);
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** `80 (http)`. */
  port(kind: 'tcp' | 'udp', port: number): string {
    const table = kind === 'tcp' ? this.registry.tcpPorts : this.registry.udpPorts;
    const name = table.name(port);
    return name === undefined ? String(port) : `${port} (${name})`;
  }
}
