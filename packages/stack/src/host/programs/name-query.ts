import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { SOCK_DGRAM } from '../../l5-session/constants.ts';
import { NameError } from '../../l5-session/names.ts';
import { type AskOptions, ask, type Reply } from '../../l7-application/dns/client.ts';
import type { DnsMessage } from '../../l7-application/dns/message.ts';
import type { Process } from '../process.ts';

/** Where glibc asks when nobody said where. */
const NOBODY_SAID = IpAddress.LOOPBACK4;

/** The servers that a tool asks: the one that was named, or the host's. A string says why there is none. */
export async function serversFor(process: Process, named: string | null): Promise<IpAddress[] | string> {
  if (named === null) {
    const { servers } = process.host.nameServers;
    return servers.length > 0 ? servers : [NOBODY_SAID];
  }
  try {
    const found = await process.sockets.getaddrinfo(named, 53, 0, SOCK_DGRAM);
    return found.map(([, , , , [address]]) => IpAddress.parse(address)).filter((address) => address !== null);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    return `couldn't get address for '${named}': ${error.code === 'EAI_NONAME' ? 'not found' : 'failure'}`;
  }
}

/** Asks each server in turn, `tries` times; each failure is told. Null when none answered. */
export async function askServers(
  process: Process,
  servers: readonly IpAddress[],
  asked: DnsMessage,
  tries: number,
  options: AskOptions & { port: number },
): Promise<{ reply: Reply; server: IpAddress; tookNs: number } | null> {
  const { clock } = process.host.node;
  for (let attempt = 0; attempt < tries; attempt++) {
    for (const server of servers) {
      const startNs = clock.now;
      const reply = await ask(process.sockets, server, asked, options);
      if (process.signalled !== null) return null;
      if (!(reply instanceof NetError)) return { reply, server, tookNs: clock.now - startNs };
      process.print(`;; communications error to ${server}#${options.port}: ${wordsFor(reply)}\n`);
    }
  }
  return null;
}

/** BIND's words. */
function wordsFor(error: NetError): string {
  switch (error.code) {
    case 'ETIMEDOUT':
    case 'EAGAIN':
      return 'timed out';
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
      return 'end of file';
    case 'EHOSTUNREACH':
      return 'host unreachable';
    case 'ENETUNREACH':
      return 'network unreachable';
    default:
      return error.text.toLowerCase();
  }
}
