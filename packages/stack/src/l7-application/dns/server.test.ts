import { describe, expect, it } from 'vitest';
import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { Host } from '../../host/host.ts';
import { SOCK_DGRAM } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ask } from './client.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { answerTo, type DnsMessage, query } from './message.ts';
import { readMessage } from './message-reader.ts';
import { writeMessage } from './message-writer.ts';
import { DnsResponder } from './responder.ts';
import { DnsServer } from './server.ts';
import { framed, StreamMessages } from './stream-messages.ts';
import { DnsLab, FILES } from './testing/dns-lab.ts';
import { name, zone } from './testing/zones.ts';
import { Type } from './types.ts';
import { Zones } from './zones.ts';

const SHOP = IpAddress.parse('10.0.0.4')!;
const WWW = query(1, name('www.shop.example.'), Type.A);

/** A server on `shop` with limits of its own, in place of the lab's. */
function labWith(limits: Partial<DnsLimits> = {}): { lab: DnsLab; server: DnsServer } {
  const lab = new DnsLab(false);
  const shop = lab.network.hostNamed('shop');
  const all = { ...DNS_LIMITS, ...limits };
  const zones = new Zones([zone(FILES['/shop.example.zone']!, 'shop.example.')]);
  const responder = new DnsResponder(zones, { clock: shop.node.clock, limits: all });
  const server = new DnsServer(shop.sockets, responder, ['10.0.0.4'], { limits: all });
  server.serve().catch((error: unknown) => {
    if (!(error instanceof NetError)) throw error;
  });
  return { lab, server };
}

const connect = (host: Host): Promise<Socket> => host.sockets.create_connection(['10.0.0.4', 53], 60);

/** Messages until the connection ends or `count` have come. */
async function answers(socket: Socket, count: number): Promise<DnsMessage[]> {
  const stream = new StreamMessages();
  const all: DnsMessage[] = [];
  while (all.length < count) {
    const bytes = await socket.recv(65_536);
    if (bytes.length === 0) break;
    stream.push(bytes);
    for (let next = stream.next(); next !== null; next = stream.next()) all.push(readMessage(next) as DnsMessage);
  }
  return all;
}

/** The end of the peer's bytes, and when it came, in seconds. */
async function endOf(socket: Socket): Promise<number> {
  try {
    while ((await socket.recv(65_536)).length > 0);
  } catch (error) {
    if (!(error instanceof NetError) || error.code !== 'ECONNRESET') throw error;
  }
  return Math.round(socket.descriptor.node.clock.now / 1e9);
}

describe('a server, over TCP', () => {
  it('takes questions without waiting, in pieces of any size, and answers each', async () => {
    const { lab } = labWith();
    const bytes = await lab.network.run(async () => {
      const socket = await connect(lab.alice);
      const all = Array.from({ length: 50 }, (_, id) => framed(writeMessage({ ...WWW, id })));
      const stream = new Uint8Array(all.reduce((sum, each) => sum + each.length, 0));
      let at = 0;
      for (const each of all) {
        stream.set(each, at);
        at += each.length;
      }
      for (let i = 0; i < stream.length; i += 37) await socket.sendall(stream.subarray(i, i + 37));
      socket.shutdown(1);
      const got = await answers(socket, 51);
      socket.close();
      return got;
    });
    expect(bytes.map(({ id }) => id).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(bytes.every((message) => message.answers.length === 2)).toBe(true);
  });

  it('closes a connection that rests, and one that drips', async () => {
    const { lab } = labWith({ idleSeconds: 10 });
    const [rested, dripped] = await lab.network.run(async () => {
      const idle = await connect(lab.alice);
      const slow = await connect(lab.alice);
      const drip = async () => {
        for (const byte of framed(writeMessage(WWW))) {
          await slow.sendall(Uint8Array.of(byte));
          await lab.alice.sockets.sleep(3000);
        }
      };
      drip().catch(() => {});
      return Promise.all([endOf(idle), endOf(slow)]);
    });
    expect([rested, dripped]).toEqual([10, 10]);
  });

  it('has so many connections, of one client and of all, and closes those beyond', async () => {
    const { lab } = labWith({ connections: 3, connectionsPerClient: 2 });
    const tld = lab.network.hostNamed('tld');
    const outcome = await lab.network.run(async () => {
      const works = async (socket: Socket) => {
        await socket.sendall(framed(writeMessage(WWW)));
        return (await answers(socket, 1).catch(() => [])).length === 1;
      };
      const sockets: Socket[] = [];
      const all: boolean[] = [];
      for (const host of [lab.alice, lab.alice, lab.alice, tld, tld]) {
        sockets.push(await connect(host));
        all.push(await works(sockets.at(-1)!).catch(() => false));
      }
      sockets[0]!.close();
      await lab.alice.sockets.sleep(1000);
      all.push(await works(await connect(lab.alice)));
      return all;
    });
    expect(outcome).toEqual([true, true, false, true, false, true]);
  });

  it('that is closed stops', async () => {
    const { lab, server } = labWith();
    await lab.network.run(async () => {
      const socket = await connect(lab.alice);
      server.close();
      await endOf(socket);
      socket.close();
    });
    const reply = await lab.network.run(() => ask(lab.alice.sockets, SHOP, WWW, { timeoutNs: 1e9 }));
    expect(reply).toMatchObject({ code: 'ECONNREFUSED' });
    await lab.network.run({ for: '10m' });
    expectNoLeaks(lab.network.pool);
  });
});

describe('who asks', () => {
  /** A server that sends what `reply` makes of a question, from the port that was asked, or from another. */
  function answering(lab: DnsLab, reply: (asked: DnsMessage) => (DnsMessage | Uint8Array)[], port = 53): void {
    const { sockets } = lab.network.hostNamed('shop');
    const socket = sockets.socket(2, SOCK_DGRAM);
    socket.bind(['', 53]);
    const other = sockets.socket(2, SOCK_DGRAM);
    other.bind(['', 5353]);
    const serve = async () => {
      for (;;) {
        const [bytes, from] = await socket.recvfrom(65_535);
        for (const answer of reply(readMessage(bytes) as DnsMessage)) {
          const sent = answer instanceof Uint8Array ? answer : writeMessage(answer);
          await (port === 53 ? socket : other).sendto(sent, from!);
        }
      }
    };
    serve().catch(() => {});
  }
  const right = (asked: DnsMessage) => answerTo(asked, { authoritative: true }, 0);
  const outcome = async (
    reply: (asked: DnsMessage) => (DnsMessage | Uint8Array)[],
    port?: number,
    limits = DNS_LIMITS,
  ) => {
    const lab = new DnsLab(false);
    answering(lab, reply, port);
    const asking = () => ask(lab.alice.sockets, SHOP, WWW, { timeoutNs: 2e9, limits });
    const got = await lab.network.run(asking);
    return got instanceof NetError ? got.code : `${got.message.rcode} ${got.message.authoritative}`;
  };

  it('takes the answer to what was asked, and goes on waiting after anything else', async () => {
    const wrong = (asked: DnsMessage): (DnsMessage | Uint8Array)[] => [
      Uint8Array.of(1, 2, 3),
      { ...right(asked), id: asked.id ^ 1 },
      { ...right(asked), response: false },
      { ...right(asked), questions: query(1, name('www.bank.'), Type.A).questions },
      { ...right(asked), questions: query(1, name('www.shop.example.'), Type.MX).questions },
      { ...right(asked), questions: [] },
    ];
    expect(await outcome((asked) => [...wrong(asked), right(asked)])).toBe('0 true');
    expect(await outcome(wrong)).toBe('ETIMEDOUT');
    // Somebody guesses: after so many it is given up.
    const limits = { ...DNS_LIMITS, strayReplies: 6 };
    expect(await outcome((asked) => [...wrong(asked), right(asked)], 53, limits)).toBe('EPROTO');
  });

  it('hears nothing from another port', async () => {
    expect(await outcome((asked) => [right(asked)], 5353)).toBe('ETIMEDOUT');
  });

  it('uses another port and number each time', async () => {
    const lab = new DnsLab();
    const seen = new Set<number>();
    const shop = lab.network.hostNamed('tld');
    const socket = shop.sockets.socket(2, SOCK_DGRAM);
    socket.bind(['10.0.0.3', 5300]);
    const listen = async () => {
      for (;;) seen.add((await socket.recvfrom(512))[1]![1]);
    };
    listen().catch(() => {});
    await lab.network.run(async () => {
      for (let i = 0; i < 20; i++) {
        await ask(lab.alice.sockets, IpAddress.parse('10.0.0.3')!, WWW, { port: 5300, timeoutNs: 20e6 });
      }
    });
    expect(seen.size).toBeGreaterThan(18);
  });

  it('asks without EDNS whom EDNS puzzles (RFC 6891 7)', async () => {
    const lab = new DnsLab(false);
    const seen: boolean[] = [];
    answering(lab, (asked) => {
      seen.push(asked.edns !== null);
      return [{ ...right(asked), rcode: asked.edns === null ? 0 : 1, edns: null }];
    });
    const asked = { ...WWW, edns: { udpBytes: 1232, version: 0, dnssecOk: false, options: [] } };
    const got = await lab.network.run(() => ask(lab.alice.sockets, SHOP, asked, { timeoutNs: 2e9 }));
    expect(got instanceof NetError ? got.code : got.message.rcode).toBe(0);
    expect(seen).toEqual([true, false]);
  });
});

describe('a network with a root, domains, a resolver and a host', () => {
  it('finds names and addresses by the sockets of the host', async () => {
    const lab = new DnsLab();
    const { alice, network } = lab;
    const resolve = (text: string) => network.run(() => alice.sockets.gethostbyname(text).catch((error) => error.code));
    const { servers, domains } = alice.nameServers;
    alice.nameServers.remove('test');
    expect(await resolve('www.shop.example')).toBe('EAI_NONAME'); // whom should it ask?
    alice.nameServers.set('test', servers, domains);
    expect(await resolve('www.shop.example')).toBe('10.0.0.80');
    expect(await resolve('www.shop')).toBe('10.0.0.80'); // as written it is not there: below `example` it is
    expect(await resolve('shop')).toBe('10.0.0.4'); // the hosts file comes first
    expect(await resolve('nosuch')).toBe('EAI_NONAME');
    expect(await network.run(() => alice.sockets.getnameinfo(['10.0.0.53', 80]))).toEqual(['resolver', 'http']);
    expect(await network.run(() => alice.sockets.getnameinfo(['10.0.9.9', 80]))).toEqual(['10.0.9.9', 'http']);
    alice.useNameServers([IpAddress.parse('10.0.0.10')!]);
    alice.nameServers.remove('test');
    expect(await resolve('www.shop.example')).toBe('EAI_AGAIN');
    await network.run({ for: '10m' });
    expectNoLeaks(network.pool);
  });

  it('heals: a server that was away is asked again', async () => {
    const lab = new DnsLab();
    const cable = lab.network.cableNamed('shop:eth0');
    cable.setUp(false);
    expect(await lab.says('host www.shop.example')).toBe(
      // The resolver needs longer to give up than the host waits; when it is asked again, it has.
      ';; communications error to 10.0.0.53#53: timed out\nHost www.shop.example not found: 2(SERVFAIL)\n',
    );
    cable.setUp(true);
    await lab.network.run({ for: '10s' });
    expect(await lab.says('host -t a www.shop.example')).toBe(
      'www.shop.example has address 10.0.0.80\nwww.shop.example has address 10.0.0.81\n',
    );
  });

  it('tells who watches what is asked and answered', async () => {
    const lab = new DnsLab();
    const seen: string[] = [];
    lab.network.trace = {
      event: (node, layer, _what, _packet, _reason, detail) => {
        if (layer === 7) seen.push(`${node}: ${detail}`);
      },
    };
    await lab.says('dig +short www.shop.example');
    expect(seen.length).toBe(16); // four questions and answers, each told at both ends
    expect(seen[0]).toBe('alice: DNS to 10.0.0.53: asks for www.shop.example. IN A, recursion desired');
    expect(seen.at(-1)).toBe('alice: DNS from 10.0.0.53: NOERROR for www.shop.example. IN A: 2 answers');
  });
});
