import type { IpAddress } from '../base/ip-address.ts';
import type { NameResolver } from '../l5-session/names.ts';
import { ask } from '../l7-application/dns/client.ts';
import { StubResolver } from '../l7-application/dns/stub-resolver.ts';
import type { Machine } from './machine.ts';

/** How a host finds names: `hosts: files dns` in `nsswitch.conf`. */
export class HostResolver implements NameResolver {
  readonly stub: StubResolver;
  private readonly host: Machine;

  constructor(host: Machine) {
    this.host = host;
    const { node, nameServers } = host;
    const sockets = host.newSockets();
    this.stub = new StubResolver(
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
  }

  lookup(name: string): IpAddress[] | Promise<IpAddress[] | number> {
    const found = this.host.names.lookup(name);
    return found.length > 0 ? found : this.stub.lookup(name);
  }

  reverse(address: IpAddress): string | Promise<string | null> {
    return this.host.names.reverse(address) ?? this.stub.reverse(address);
  }
}
