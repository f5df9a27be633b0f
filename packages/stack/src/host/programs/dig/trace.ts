import { IpAddress } from '../../../base/ip-address.ts';
import { SOCK_DGRAM } from '../../../l5-session/constants.ts';
import { NameError } from '../../../l5-session/names.ts';
import { query } from '../../../l7-application/dns/message.ts';
import { DomainName } from '../../../l7-application/dns/name.ts';
import type { ResourceRecord } from '../../../l7-application/dns/record.ts';
import { isServerAddress } from '../../../l7-application/dns/reply-meaning.ts';
import { Rcode, Type } from '../../../l7-application/dns/types.ts';
import type { Process } from '../../process.ts';
import { askServers, serversFor } from '../name-query.ts';
import type { DigQuery } from './command-line.ts';
import { recordLine } from './message-text.ts';

/** Steps down from the root: names have 127 labels at most, and hostile servers may lead anywhere. */
const MOST_STEPS = 30;

/** A server of the next step, and what it is called. */
interface Server {
  readonly address: IpAddress;
  readonly name: string;
}

/**
 * `dig +trace`: asks the way from the root down as a resolver does, and shows what each server says. The servers of the
 * root are those that the host's own server tells of. The exit code.
 */
export async function trace(process: Process, wanted: DigQuery): Promise<number> {
  const first = await serversFor(process, wanted.server);
  if (typeof first === 'string') {
    process.complain(`dig: ${first}\n`);
    return 10;
  }
  let servers: readonly Server[] = first.map((address) => ({ address, name: `${address}` }));
  let zone: DomainName | null = null;
  const random = process.host.node.random.fork(`dig ${process.pid}`);
  for (let step = 0; step < MOST_STEPS; step++) {
    const start: boolean = zone === null;
    const asked = query(random.below(0x10000), start ? DomainName.ROOT : wanted.name, start ? Type.NS : wanted.type, {
      ...wanted,
      recursionDesired: start,
    });
    const answered = await askServers(
      process,
      servers.map(({ address }) => address),
      asked,
      wanted.tries,
      { port: wanted.port, tcp: wanted.tcp, timeoutNs: wanted.timeoutSeconds * 1e9 },
    );
    if (process.signalled !== null) return 0;
    if (answered === null) {
      process.print(';; no servers could be reached\n');
      return 9;
    }
    const { message, length } = answered.reply;
    const known = servers.find(({ address }) => address.equals(answered.server));
    const records = message.answers.length > 0 ? message.answers : message.authority;
    process.print(records.map((record) => `${recordLine(record)}\n`).join(''));
    process.print(
      `;; Received ${length} bytes from ${answered.server}#${wanted.port}(${known?.name ?? answered.server}) in ` +
        `${Math.floor(answered.tookNs / 1e6)} ms\n\n`,
    );
    const next: readonly ResourceRecord[] = start
      ? message.answers
      : message.answers.length > 0
        ? []
        : message.authority;
    const down = next.filter((record) => record.type === Type.NS && wanted.name.isWithin(record.name));
    const cut: DomainName | null = down[0]?.name ?? null;
    if (cut === null || message.rcode !== Rcode.NoError) return 0;
    // Upwards or to where we are: such a server does not serve what it should.
    if (zone !== null && (cut.equals(zone) || !cut.isWithin(zone))) {
      process.print(`;; BAD REFERRAL: ${cut} from a server of ${zone}\n`);
      return 0;
    }
    zone = cut;
    servers = await serversOf(process, down, message.additional);
    if (servers.length === 0) {
      process.print(`;; the servers of ${cut} have no addresses\n`);
      return 9;
    }
  }
  process.print(`;; TOO MANY STEPS: ${MOST_STEPS}\n`);
  return 9;
}

/** The addresses of servers: glue, else what the host's own server finds. */
async function serversOf(
  process: Process,
  records: readonly ResourceRecord[],
  additional: readonly ResourceRecord[],
): Promise<Server[]> {
  const servers: Server[] = [];
  for (const record of records) {
    const name = record.target!;
    const glue = additional.filter(
      (other) => other.name.equals(name) && (other.type === Type.A || other.type === Type.AAAA),
    );
    const addresses = glue.length > 0 ? glue.map(({ address }) => address) : await lookUp(process, name);
    for (const address of addresses) {
      if (isServerAddress(address) && usable(process, address)) servers.push({ address, name: plain(name) });
    }
  }
  return servers;
}

async function lookUp(process: Process, name: DomainName): Promise<IpAddress[]> {
  try {
    const found = await process.sockets.getaddrinfo(name.toString(), 53, 0, SOCK_DGRAM);
    return found.map(([, , , , [address]]) => IpAddress.parse(address)).filter((address) => address !== null);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    return [];
  }
}

/** A host without an address of a family has no use for servers of it. */
function usable(process: Process, address: IpAddress): boolean {
  return process.host.addresses().some((own) => own.address.family === address.family);
}

function plain(name: DomainName): string {
  return name.isRoot ? '.' : name.toString().slice(0, -1);
}
