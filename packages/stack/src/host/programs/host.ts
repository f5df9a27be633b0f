import { IpAddress } from '../../base/ip-address.ts';
import type { Random } from '../../base/random.ts';
import type { Reply } from '../../l7-application/dns/client.ts';
import { query } from '../../l7-application/dns/message.ts';
import { DomainName } from '../../l7-application/dns/name.ts';
import { dataText, type ResourceRecord } from '../../l7-application/dns/record.ts';
import { StubResolver } from '../../l7-application/dns/stub-resolver.ts';
import { Rcode, rcodeName, Type, typeName, typeNumber } from '../../l7-application/dns/types.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { askServers, serversFor } from './name-query.ts';
import { parseOptions } from './options.ts';

const PORT = 53;
/** BIND's `host` offers as much. */
const UDP_BYTES = 1232;

/** How `host` says what a record says. */
const PHRASES: Readonly<Record<number, string>> = {
  [Type.A]: 'has address',
  [Type.NS]: 'name server',
  [Type.CNAME]: 'is an alias for',
  [Type.PTR]: 'domain name pointer',
  [Type.HINFO]: 'host information',
  [Type.MX]: 'mail is handled by',
  [Type.TXT]: 'descriptive text',
  [Type.AAAA]: 'has IPv6 address',
};

export const host: Program = {
  name: 'host',
  summary: 'look up a name, or the name of an address, in the DNS',
  usage: `usage: host [-rT] [-t TYPE] [-W SECONDS] [-R TRIES] NAME [SERVER]
  -r  ask the server for what it knows itself, without recursion
  -T  over TCP
  -t  records of this type; without: addresses and mail exchangers
  -W  how long a server has (5)
  -R  how often it is asked (2)
exit: 0 found, 1 not`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'rT', values: 'tWR' });
    const [text, server, ...rest] = options.words;
    if (text === undefined) throw new UsageError('no name specified');
    if (rest.length > 0) throw new UsageError(`one name and one server, not ${options.words.length} words`);
    const typeText = options.text('t');
    const type = typeText === null ? -1 : typeNumber(typeText);
    if (typeText !== null && type < 0) throw new UsageError(`'${typeText}' is no type`);
    const servers = await serversFor(process, server ?? null);
    if (typeof servers === 'string') {
      process.complain(`host: ${servers}\n`);
      return 1;
    }
    if (server !== undefined) {
      const [first] = servers;
      process.print(`Using domain server:\nName: ${server}\nAddress: ${first}#${PORT}\nAliases: \n\n`);
    }
    const lookup = new Lookup(process, servers, {
      recursionDesired: !options.has('r'),
      tcp: options.has('T'),
      timeoutSeconds: options.integer('W', 5, 1, 3600),
      tries: options.integer('R', 2, 1, 100),
    });
    const address = IpAddress.parse(text);
    if (address !== null) return lookup.one(text, [DomainName.reverseOf(address)], type < 0 ? Type.PTR : type);
    const names = lookup.candidates(text);
    if (names.length === 0) throw new UsageError(`'${text}' is not a legal name`);
    return type < 0 ? lookup.usual(text, names) : lookup.one(text, names, type);
  },
};

class Lookup {
  private readonly process: Process;
  private readonly servers: readonly IpAddress[];
  private readonly how: { recursionDesired: boolean; tcp: boolean; timeoutSeconds: number; tries: number };
  private readonly stub: StubResolver;
  private readonly random: Random;

  constructor(process: Process, servers: readonly IpAddress[], how: Lookup['how']) {
    this.process = process;
    this.servers = servers;
    this.how = how;
    const { node, nameServers } = process.host;
    const random = node.random.fork(`host ${process.pid}`);
    this.random = random;
    // Of the stub resolver, only in what order it tries names; what it remembers is not for a tool that shows answers.
    this.stub = new StubResolver(
      { nameservers: servers, search: nameServers.domains },
      { clock: node.clock, random, ask: () => Promise.reject(new Error('netarium bug: host asks by itself')) },
    );
  }

  candidates(text: string): DomainName[] {
    return this.stub.candidates(text);
  }

  /** Addresses of both families and mail exchangers, as for a name without a type. */
  async usual(text: string, names: readonly DomainName[]): Promise<number> {
    const first = await this.ask(text, names, Type.A);
    if (first === null) return 1;
    this.print(first.reply.message.answers);
    // The other questions are about the name that the aliases led to.
    const last = first.reply.message.answers.filter((record) => record.type === Type.CNAME).at(-1);
    const name = last?.target ?? first.name;
    for (const type of [Type.AAAA, Type.MX]) {
      const more = await this.ask(text, [name], type);
      if (more === null) return 1;
      this.print(more.reply.message.answers);
    }
    return 0;
  }

  async one(text: string, names: readonly DomainName[], type: number): Promise<number> {
    const found = await this.ask(text, names, type);
    if (found === null) return 1;
    const { answers } = found.reply.message;
    this.print(answers);
    const wanted = answers.some((record) => record.type === type || type === Type.ANY);
    if (!wanted) this.process.print(`${plain(found.name)} has no ${typeName(type)} record\n`);
    return wanted ? 0 : 1;
  }

  /** The answer for the first of the names that there is; null when it was told that there is none. */
  private async ask(
    text: string,
    names: readonly DomainName[],
    type: number,
  ): Promise<{ name: DomainName; reply: Reply } | null> {
    const { process, servers, how } = this;
    let rcode: number = Rcode.NxDomain;
    for (const name of names) {
      const asked = query(this.random.below(0x10000), name, type, { ...how, udpBytes: UDP_BYTES });
      const timeoutNs = how.timeoutSeconds * 1e9;
      const answered = await askServers(process, servers, asked, how.tries, { port: PORT, tcp: how.tcp, timeoutNs });
      if (answered === null) {
        if (process.signalled === null) process.print(';; no servers could be reached\n');
        return null;
      }
      ({ rcode } = answered.reply.message);
      if (rcode === Rcode.NoError) return { name, reply: answered.reply };
      if (rcode !== Rcode.NxDomain) break;
    }
    const shown = IpAddress.parse(text) === null ? text : names[0]!.toString();
    process.print(`Host ${shown} not found: ${rcode}(${rcodeName(rcode)})\n`);
    return null;
  }

  private print(records: readonly ResourceRecord[]): void {
    for (const record of records) {
      const phrase = PHRASES[record.type] ?? `has ${typeName(record.type)} record`;
      this.process.print(`${plain(record.name)} ${phrase} ${dataText(record)}\n`);
    }
  }
}

/** Without the dot at its end. */
function plain(name: DomainName): string {
  return name.isRoot ? '.' : name.toString().slice(0, -1);
}
