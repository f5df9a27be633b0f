import { NetError } from '../../base/errors.ts';
import { DhcpServerSocket } from '../../l7-application/dhcp/server-socket.ts';
import { DhcpHostInterface } from '../dhcp-interface.ts';
import { type Program, UsageError } from '../program.ts';
import { subnetsFrom } from './dhcpd/config-words.ts';
import { servedInterfaces } from './dhcpd/interfaces.ts';
import { LeaseStore } from './dhcpd/lease-store.ts';
import { parseOptions } from './options.ts';

export const dhcpd: Program = {
  name: 'dhcpd',
  summary: 'give addresses to hosts (DHCP and BOOTP server)',
  usage: `usage: dhcpd [-apv] [-f FILE] [-i DEV]... [WORD=VALUE]...
  -a  authoritative: refuse who asks for an address that is unknown here
  -f  keep the leases in this file, and begin with those that are there
  -i  serve this interface only
  -p  ping an address before it is offered
  -v  log each message and what was done
words, for the interface's own network until there is a subnet=:
  subnet=10.0.2.0/24               what follows is for hosts there, behind a relay
  range=10.0.1.100-10.0.1.199      addresses to give (all)
  exclude=10.0.1.150               addresses of the range that somebody else has
  router=10.0.1.1                  (this host, if it is a router)
  dns=10.0.1.53,10.0.2.53 domain=lab.example search=lab.example,example ntp=10.0.1.7 mtu=1400
  lease=12h                        how long (1 day); or infinite
  host=02:00:00:00:00:09/10.0.1.9,web   this address (and name) for that station
  route=10.9.0.0/16,10.0.1.2       a route of its own
  option=66,74667470               any option, its bytes in hexadecimal
  bootp=yes                        BOOTP clients get addresses, too, for ever`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'apv', values: 'fi' });
    const served = servedInterfaces(process.host, options.all('i'));
    const own = served.flatMap(({ addresses }) =>
      addresses
        .filter(({ address }) => address.family === 4)
        .map((prefix) => ({ prefix, forwards: process.host.forwarding })),
    );
    if (own.length === 0) throw new UsageError('no interface here has an address');
    const subnets = subnetsFrom(options.words, own);
    const links = served.map((each) => new DhcpHostInterface(process.host, each));
    const config = { subnets, authoritative: options.has('a'), probe: options.has('p') };
    const store = new LeaseStore(process, options.text('f'));
    const leases = await store.read();
    try {
      new DhcpServerSocket(process.sockets, links, config, {
        leases,
        changed: (all) => store.write(all),
        alarm: (line) => process.complain(`dhcpd: ${line}\n`),
        ...(options.has('v') ? { log: (line: string) => process.print(`${line}\n`) } : {}),
      });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`dhcpd: ${error.syscall}: ${error.text}\n`);
      return 1;
    }
    await process.untilSignal();
    return 0;
  },
};
