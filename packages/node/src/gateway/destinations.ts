import { IpAddress } from '@netarium/stack/base/ip-address';
import type { Host } from '@netarium/stack/host/host';
import type { ResolverAddress } from './resolver.ts';
import type { RuleProtocol, Rules } from './rules.ts';

const DNS_PORT = 53;

/** Where in the real world something goes. */
export interface Target {
  readonly address: IpAddress;
  /** 0 for ICMP. */
  readonly port: number;
}

/**
 * What inside addresses mean outside:
 *
 *     gateway's own address, port 53  ->  a real resolver, if there is one to forward to
 *     the loopback address            ->  127.0.0.1
 *     another address of the gateway  ->  nothing: the gateway itself is meant
 *     any other                       ->  itself
 */
export class Destinations {
  private readonly host: Host;
  private readonly rules: Rules;
  /** The inside address that stands for the real machine's loopback; null: none; 'own': each of the gateway's own. */
  private readonly loopback: IpAddress | 'own' | null;
  private readonly resolvers: readonly ResolverAddress[];

  constructor(host: Host, rules: Rules, loopback: IpAddress | 'own' | null, resolvers: readonly ResolverAddress[]) {
    this.host = host;
    this.rules = rules;
    this.loopback = loopback;
    this.resolvers = resolvers;
  }

  /** Null: the gateway itself is meant, and has nobody for it. */
  of(protocol: RuleProtocol, address: IpAddress, port: number): Target | null {
    if (!this.host.ip.isLocal(address)) return { address, port };
    if (address.isLoopback) return null;
    if (port === DNS_PORT && this.resolvers.length > 0) return this.resolver(protocol);
    const isLoopback = this.loopback === 'own' || this.loopback?.equals(address) === true;
    return isLoopback ? { address: IpAddress.LOOPBACK4, port } : null;
  }

  /** The first that the rules permit; none permitted, the first, for it to be denied. */
  private resolver(protocol: RuleProtocol): Target {
    const [first] = this.resolvers;
    return this.resolvers.find(({ address, port }) => this.rules.allows(protocol, address, port)) ?? first!;
  }
}
