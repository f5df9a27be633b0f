import type { Vocabulary } from '../l3-network/firewall/vocabulary.ts';
import { getservbyname } from '../l4-transport/services.ts';
import type { HostsFile } from './hosts-file.ts';

/** The names that a machine's firewall knows: hosts by the hosts file, services, and the machine's own interfaces. */
export function firewallNames(hosts: HostsFile, interfaces: () => readonly string[]): Vocabulary {
  return {
    addresses(name) {
      const found = hosts.lookup(name);
      return found.length === 0 ? null : found.map((address) => ({ first: address, last: address }));
    },
    service: (name, protocol) => getservbyname(name, protocol)?.port ?? -1,
    names: () => hosts.entries().flatMap(([, names]) => names),
    interfaces,
  };
}
