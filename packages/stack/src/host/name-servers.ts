import type { IpAddress } from '../base/ip-address.ts';

/** Servers, the best first, and domains to search. */
export interface NameAdvice {
  readonly servers: readonly IpAddress[];
  readonly domains: readonly string[];
}

/**
 * Whom a host asks for names, by who said so: the scenario, a DHCP lease, a router's advertisement. What was said first
 * counts first; when its source has no more to say (a lease that ran out), it is gone.
 */
export class NameServers {
  /** What holds while nobody has said anything: the network's own servers, found when they are asked for. */
  otherwise: (() => NameAdvice) | null = null;
  private readonly bySource = new Map<string, NameAdvice>();

  /**
   * What `source` (`'by hand'`, `'dhcp eth0'`, `'ra eth0'`) says from now on, instead of what it said before: servers, the
   * best first, and the domain or domains to search.
   */
  set(source: string, servers: readonly IpAddress[], domain: string | readonly string[] | null = null): void {
    const domains = domain === null ? [] : typeof domain === 'string' ? [domain] : domain;
    if (servers.length === 0 && domains.length === 0) this.bySource.delete(source);
    else this.bySource.set(source, { servers, domains });
  }

  remove(source: string): void {
    this.bySource.delete(source);
  }

  /** All servers, the best first, each once. */
  get servers(): IpAddress[] {
    const all: IpAddress[] = [];
    for (const { servers } of this.advice()) {
      for (const server of servers) if (!all.some((other) => other.equals(server))) all.push(server);
    }
    return all;
  }

  /** The domains in which a name without dots is looked for. */
  get domains(): string[] {
    return [...new Set(this.advice().flatMap(({ domains }) => domains))];
  }

  private advice(): NameAdvice[] {
    const said = [...this.bySource.values()];
    return said.length > 0 || this.otherwise === null ? said : [this.otherwise()];
  }

  /** As `/etc/resolv.conf` reads. */
  toString(): string {
    const { domains } = this;
    const search = domains.length === 0 ? '' : `search ${domains.join(' ')}\n`;
    return search + this.servers.map((server) => `nameserver ${server}\n`).join('');
  }
}
