import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';
import { ask } from '../../l7-application/dns/client.ts';
import { DNS_LIMITS, type DnsLimits } from '../../l7-application/dns/limits.ts';
import { problemText } from '../../l7-application/dns/master-file.ts';
import { type DnsMessage, questionText } from '../../l7-application/dns/message.ts';
import { DomainName } from '../../l7-application/dns/name.ts';
import type { NameServer } from '../../l7-application/dns/reply-meaning.ts';
import { Resolver } from '../../l7-application/dns/resolver.ts';
import { DnsResponder, type Recursion } from '../../l7-application/dns/responder.ts';
import { readRootHints } from '../../l7-application/dns/root-hints.ts';
import { zonesOf } from '../../l7-application/dns/scenario-zones.ts';
import { DNS_PORT, DnsServer } from '../../l7-application/dns/server.ts';
import { rcodeName } from '../../l7-application/dns/types.ts';
import { Zone } from '../../l7-application/dns/zone.ts';
import { Zones } from '../../l7-application/dns/zones.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { type Options, parseOptions } from './options.ts';
import { readText, readZoneFiles } from './zone-files.ts';

export const dnsd: Program = {
  name: 'dnsd',
  summary: 'serve zones of the DNS, and find names for others',
  usage: `usage: dnsd [-mrv] [-a ADDRESS] [-p PORT] [-n DOMAIN [-s NAME]] [-H HINTS] [-c NETWORK] [-l RATE] [ORIGIN=]ZONEFILE...
  -a  listen at this address of the host; without: at all
  -n  serve the names of the network's hosts in DOMAIN, and their reverse zones, as they are at present
  -s  a host that serves these zones; several may be given; without: this one
  -r  find what the zones do not have: recursion, which begins at the servers that the master file HINTS names
  -H  the file with the servers of the root and their addresses
  -c  only for clients of NETWORK (10.0.0.0/8); several may be given; without: for everybody
  -l  answers of one kind to one network in a second, against floods in forged names (no limit)
  -m  mix upper and lower case in what is asked of others, which a forger has to guess too
  -p  the port (53)
  -v  log each question
A zone's origin is what its file is called: lab.example.zone, db.lab.example; root.zone is the root.`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'mrv', values: 'aclnpsH' });
    const limits = { ...DNS_LIMITS, responsesPerSecond: options.integer('l', 0, 1, 1e6) };
    const port = options.integer('p', DNS_PORT, 1, 65_535);
    const zones = await readZones(process, options, limits);
    if (zones === null) return 1;
    const recursion = options.has('r') ? await recursionFor(process, options, limits) : null;
    if (options.has('r') && recursion === null) return 1;
    if (zones.size === 0 && recursion === null) throw new UsageError('no zone to serve, and no -r');
    const responder = new DnsResponder(zones, {
      clock: process.host.node.clock,
      node: process.host.node,
      recursion,
      limits,
      identity: { name: process.host.name, version: 'netarium' },
      ...(options.has('v') ? { log: (client, asked, answer) => process.print(logLine(client, asked, answer)) } : {}),
    });
    const own = process.host.addresses().map(({ address }) => address.toString());
    const addresses = options.has('a') ? options.all('a') : ['127.0.0.1', ...own];
    try {
      const everywhere = !options.has('a');
      await new DnsServer(process.sockets, responder, addresses, { port, limits, everywhere }).serve();
    } catch (error) {
      if (!(error instanceof NetError) || process.signalled !== null) throw error;
      process.complain(`dnsd: ${error.message}\n`);
      return 1;
    }
    return 0;
  },
};

/** The zones of the command line; null when one cannot be read, which was told. */
async function readZones(process: Process, options: Options, limits: DnsLimits): Promise<Zones | null> {
  const zones = new Zones();
  for (const domain of options.all('n')) {
    const origin = DomainName.parse(domain);
    if (origin === null) throw new UsageError(`-n: '${domain}' is not a legal name`);
    const nameServers = options.has('s') ? options.all('s') : [process.host.name];
    const { names } = process.host;
    // Names come and go with leases.
    zones.follow(
      () => names.generation,
      () => zonesOf(names.entries(), origin, { nameServers, serial: Math.max(1, names.generation) }),
    );
  }
  let failed = false;
  for (const word of options.words) {
    const equals = word.indexOf('=');
    const file = word.slice(equals + 1);
    const origin = originFor(equals < 0 ? file : word.slice(0, equals), equals < 0);
    const read = await readZoneFiles(process, file, limits);
    if (read === null) return null;
    const zone = Zone.parse(read.text, origin, limits, read.include);
    if (zone instanceof Zone) {
      zones.add(zone);
      continue;
    }
    failed = true;
    for (const problem of zone.problems) process.complain(`dnsd: ${problemText(file, problem)}\n`);
  }
  return failed ? null : zones;
}

/** `lab.example` of `/etc/db.lab.example` or `lab.example.zone`. */
function originFor(text: string, isFile: boolean): DomainName {
  let name = text;
  if (isFile) {
    name = text.slice(text.lastIndexOf('/') + 1).replace(/^db\.|\.(zone|db)$/g, '');
    if (name === 'root') name = '.';
  }
  const origin = DomainName.parse(name);
  if (origin === null) throw new UsageError(`'${name}' is no origin of a zone; write ORIGIN=${text}`);
  return origin;
}

async function recursionFor(process: Process, options: Options, limits: DnsLimits): Promise<Recursion | null> {
  const file = options.text('H');
  if (file === null) throw new UsageError('-r needs -H: a file with the servers of the root');
  const clients = options.all('c').map((text) => {
    const prefix = Prefix.parse(text);
    if (prefix === null) throw new UsageError(`-c: '${text}' is not a network, like 10.0.0.0/8`);
    return prefix;
  });
  const text = await readText(process, file);
  if (text === null) return null;
  const roots = readRootHints(text);
  if ('problems' in roots) {
    for (const problem of roots.problems) process.complain(`dnsd: ${problemText(file, problem)}\n`);
    return null;
  }
  return recursive(process, roots, limits, options.has('m'), (client) => {
    return clients.length === 0 || client.isLoopback || clients.some((network) => network.contains(client));
  });
}

function recursive(
  process: Process,
  roots: readonly NameServer[],
  limits: DnsLimits,
  mixedCase: boolean,
  mayAsk: (client: IpAddress) => boolean,
): Recursion {
  const { sockets, host } = process;
  const { clock, random } = host.node;
  const resolver = new Resolver({
    clock,
    random: random.fork('dnsd'),
    roots,
    limits,
    mixedCase,
    ipv6: () => host.addresses().some(({ address }) => address.family === 6),
    ask: (server, asked, how) => ask(sockets, server, asked, { ...how, limits }),
  });
  return { resolve: (name, type) => resolver.resolve(name, type), mayAsk };
}

function logLine(client: IpAddress, asked: DnsMessage, answer: DnsMessage): string {
  const question = asked.questions.map(questionText).join(', ');
  const flags = `${answer.authoritative ? ' aa' : ''}${answer.truncated ? ' tc' : ''}`;
  return `${client} ${question} -> ${rcodeName(answer.rcode)}${flags}, ${answer.answers.length} records\n`;
}
