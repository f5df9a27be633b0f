import { type MailRoute, mailRoute } from '../../../l7-application/smtp/routes.ts';
import { HostResolver } from '../../host-resolver.ts';
import type { Process } from '../../process.ts';

/**
 * How a process finds the servers of a domain: by the MX records that the host's name servers tell of, where it has any.
 * `own`: names under which MX records may speak of this very host.
 */
export function findMailRoute(process: Process, own: readonly string[]): (domain: string) => Promise<MailRoute> {
  const { host } = process;
  const random = host.node.random.fork('mail');
  return (domain) => {
    const { resolver, nameServers } = host;
    const stub = resolver instanceof HostResolver && nameServers.servers.length > 0 ? resolver.stub : null;
    const isSelf = (name: string): boolean => {
      if (own.includes(name)) return true;
      const found = host.names.lookup(name);
      return found.some((address) => host.addresses().some((each) => each.address.equals(address)));
    };
    return mailRoute(domain, stub === null ? null : (name, type) => stub.find(name, type), isSelf, random);
  };
}
