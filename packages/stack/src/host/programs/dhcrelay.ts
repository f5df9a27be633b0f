import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { AF_INET } from '../../l5-session/constants.ts';
import { DhcpRelaySocket } from '../../l7-application/dhcp/relay-socket.ts';
import { DhcpHostInterface } from '../dhcp-interface.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { servedInterfaces } from './dhcpd/interfaces.ts';
import { parseOptions } from './options.ts';

export const dhcrelay: Program = {
  name: 'dhcrelay',
  summary: 'carry DHCP from a link without a server to servers elsewhere',
  usage: `usage: dhcrelay [-av] -i DEV[=SERVER,...]... [SERVER...]
  -a  tell the servers on which interface a client is (option 82)
  -i  clients are there; their servers, if they have others than those at the end
  -v  log what is carried`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'av', values: 'i' });
    const named = options.all('i').map((text) => text.split('='));
    if (named.length === 0) throw new UsageError('on which interface are the clients? -i eth0');
    const without = named.filter(([, servers]) => servers === undefined);
    if (options.words.length === 0 && without.length > 0) throw new UsageError('to which server?');
    const links = servedInterfaces(
      process.host,
      named.map(([name]) => name!),
    );
    const servers = await addressesOf(process, options.words);
    const serversOf = new Map<string, readonly number[]>();
    for (const [name, own] of named) {
      if (own !== undefined) serversOf.set(name!, await addressesOf(process, own.split(',')));
    }
    const log = options.has('v') ? (line: string) => process.print(`${line}\n`) : () => {};
    const on = links.map((each) => new DhcpHostInterface(process.host, each));
    try {
      new DhcpRelaySocket(process.sockets, on, servers, log, options.has('a'), serversOf);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`dhcrelay: ${error.syscall}: ${error.text}\n`);
      return 1;
    }
    await process.untilSignal();
    return 0;
  },
};

/** The first IPv4 address of each, 32 bits. */
async function addressesOf(process: Process, names: readonly string[]): Promise<number[]> {
  const addresses: number[] = [];
  for (const name of names) {
    const [answer] = await process.sockets.getaddrinfo(name, null, AF_INET);
    addresses.push(IpAddress.parse(answer![4][0])!.v4);
  }
  return addresses;
}
