import { Errno, NetError } from '../../../base/errors.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import { Random } from '../../../base/random.ts';
import type { Reply } from '../client.ts';
import { DNS_LIMITS, type DnsLimits } from '../limits.ts';
import type { DnsMessage } from '../message.ts';
import { isProblem, readMessage } from '../message-reader.ts';
import { writeMessage } from '../message-writer.ts';
import { DomainName } from '../name.ts';
import { type Ask, Resolver } from '../resolver.ts';
import { DnsResponder } from '../responder.ts';
import { rcodeName, typeName, typeNumber } from '../types.ts';
import type { Zone } from '../zone.ts';
import { Zones } from '../zones.ts';
import { name } from './zones.ts';

/** What a server does with a question: an answer, silence, or the reason why there is none. */
export type Behaviour = (asked: DnsMessage) => DnsMessage | 'silence' | 'refused';

/**
 * Servers by address, and a clock that each question moves on: 10 ms for an answer, all of the time-out for silence.
 * Questions and answers are written and read as on a wire.
 */
export class FakeInternet {
  readonly clock = { now: 0, at: () => 0, cancel: () => {} };
  /** `10.0.0.1 www.example. A`, in the order in which they were asked. */
  readonly asked: string[] = [];
  private readonly servers = new Map<string, Behaviour>();

  /** A server of zones, as RFC 1034 has it. */
  serve(address: string, ...zones: Zone[]): this {
    const responder = new DnsResponder(new Zones(zones), { clock: this.clock });
    const client = IpAddress.parse('192.0.2.1')!;
    return this.behave(address, (asked) => {
      const bytes = responder.respond(writeMessage(asked), client, true) as Uint8Array;
      return readMessage(bytes) as DnsMessage;
    });
  }

  behave(address: string, behaviour: Behaviour): this {
    this.servers.set(address, behaviour);
    return this;
  }

  readonly ask: Ask = async (server, asked, { timeoutNs }): Promise<Reply | NetError> => {
    const [{ name: owner, type }] = asked.questions as [DnsMessage['questions'][0]];
    this.asked.push(`${server} ${owner} ${typeName(type)}`);
    await null;
    const done = this.servers.get(server.toString())?.(asked) ?? 'silence';
    if (done === 'silence') {
      this.clock.now += timeoutNs;
      return new NetError(Errno.ETIMEDOUT, 'recv');
    }
    this.clock.now += 10e6;
    if (done === 'refused') return new NetError(Errno.ECONNREFUSED, 'recv');
    const bytes = writeMessage(done);
    const message = readMessage(bytes);
    if (isProblem(message)) throw new Error(message.problem);
    return { message, length: bytes.length, tcp: false };
  };

  /** A resolver whose root is 10.0.0.1. */
  resolver(limits: Partial<DnsLimits> = {}, mixedCase = false): Resolver {
    return new Resolver({
      clock: this.clock,
      random: Random.from(5),
      ask: this.ask,
      roots: [{ name: name('root.'), addresses: [IpAddress.parse('10.0.0.1')!] }],
      limits: { ...DNS_LIMITS, ...limits },
      mixedCase,
    });
  }
}

/** What a resolver finds out, as lines: the code, the records, and why there are none. */
export async function resolved(resolver: Resolver, question: string): Promise<string[]> {
  const [owner, type] = question.split(' ') as [string, string];
  const { rcode, answers, authority, failure } = await resolver.resolve(DomainName.parse(owner)!, typeNumber(type));
  return [
    rcodeName(rcode),
    ...answers.map(String),
    ...authority.map((record) => `authority ${record}`),
    ...(failure === null ? [] : [failure.text]),
  ];
}
