import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { AF_INET } from '../../l5-session/constants.ts';
import { DhcpRelaySocket } from '../../l7-application/dhcp/relay-socket.ts';
import { DhcpHostInterface } from '../dhcp-interface.ts';
import { type Program, UsageError } from '../program.ts';
import { servedInterfaces } from './dhcpd/interfaces.ts';
import { parseOptions } from './options.ts';

export const dhcrelay: Program = {
  name: 'dhcrelay',
  summary: 'carry DHCP from a link without a server to servers elsewhere',
  usage: `usage: dhcrelay [-av] -i DEV... SERVER...
  -a  tell the servers on which interface a client is (option 82)
  -i  clients are there
  -v  log what is carried`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'av', values: 'i' });
    if (options.all('i').length === 0) throw new UsageError('on which interface are the clients? -i eth0');
    if (options.words.length === 0) throw new UsageError('to which server?');
    const links = servedInterfaces(process.host, options.all('i'));
    const servers: number[] = [];
    for (const name of options.words) {
      const [answer] = await process.sockets.getaddrinfo(name, null, AF_INET);
      servers.push(IpAddress.parse(answer![4][0])!.v4);
    }
    const log = options.has('v') ? (line: string) => process.print(`${line}\n`) : () => {};
    const on = links.map((each) => new DhcpHostInterface(process.host, each));
    try {
      new DhcpRelaySocket(process.sockets, on, servers, log, options.has('a'));
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`dhcrelay: ${error.syscall}: ${error.text}\n`);
      return 1;
    }
    await process.untilSignal();
    return 0;
  },
};
