import type { IpAddress } from '../base/ip-address.ts';
import { EAI_NONAME } from '../l5-session/constants.ts';
import type { NameResolver } from '../l5-session/names.ts';
import { ask } from '../l7-application/dns/client.ts';
import { StubResolver } from '../l7-application/dns/stub-resolver.ts';
import type { Machine } from './machine.ts';

/**
 * How a host finds names: `hosts: files dns` in `nsswitch.conf`. What its hosts file does not have it asks of the name
 * servers that it was told of (`Machine.nameServers`); without any, there is no more to know.
 */
export class HostResolver implements NameResolver {
  /**
   * The network's names are in the DNS, so the hosts file has this host's own only: otherwise one list for all of the
   * network's hosts stands in for it.
   */
  onlyOwnNames: () => boolean = () => false;
  private readonly host: Machine;
  private made: StubResolver | null = null;

  constructor(host: Machine) {
    this.host = host;
  }

  /** Made when the first question is asked: most hosts never ask one. */
  get stub(): StubResolver {
    if (this.made !== null) return this.made;
    const { node, nameServers } = this.host;
    const sockets = this.host.newSockets();
    this.made = new StubResolver(
      {
        get nameservers() {
          return nameServers.servers;
        },
        get search() {
          return nameServers.domains;
        },
      },
      {
        clock: node.clock,
        random: node.random.fork('dns'),
        ask: (server, asked, how) => ask(sockets, server, asked, how),
      },
    );
    return this.made;
  }

  lookup(name: string): IpAddress[] | number | Promise<IpAddress[] | number> {
    const found = this.ownOnly(this.host.names.lookup(name));
    if (found.length > 0) return found;
    return this.asksNobody ? EAI_NONAME : this.stub.lookup(name);
  }

  reverse(address: IpAddress): string | null | Promise<string | null> {
    const found = this.ownOnly([address]).length > 0 ? this.host.names.reverse(address) : null;
    return found !== null || this.asksNobody ? found : this.stub.reverse(address);
  }

  /** Does the hosts file have this address, if the network's list has it? */
  isKnown(address: IpAddress): boolean {
    return !this.onlyOwnNames() || this.host.network.isLocal(address);
  }

  private get asksNobody(): boolean {
    return this.host.nameServers.servers.length === 0;
  }

  private ownOnly(addresses: IpAddress[]): IpAddress[] {
    return addresses.filter((address) => this.isKnown(address));
  }
}
