// Whole networks, from a program's call to the wire and back: what is said, what is heard, and by whom.

import { Drop } from '@netarium/stack/base/drop-reasons';
import { withTap } from '@netarium/stack/base/tap-list';
import type { Host } from '@netarium/stack/host/host';
import { AF_INET, SO_LINGER, SOCK_DGRAM, SOL_SOCKET } from '@netarium/stack/l5-session/constants';
import type { LinkDescription } from '@netarium/stack/network/description';
import { describe, expect } from 'vitest';
import type { Network } from './network.ts';
import { Conversations } from './testing/conversation.ts';
import { pseudoRandomBytes } from './testing/transfer.ts';

type Link = Omit<LinkDescription, 'endpoints'>;

const say = new Conversations();

/** alice and bob on one cable. */
function neighbours(network: Network, link: Link = {}): [alice: Host, bob: Host] {
  const alice = network.host('alice', { interfaces: { eth0: '10.0.0.1/24' } });
  const bob = network.host('bob', { interfaces: { eth0: '10.0.0.2/24' } });
  network.link(['alice', 'bob'], { delay: '1ms', ...link });
  return [alice, bob];
}

/** alice - r1 - r2 - bob, in the networks 10.0.1.0/24, 10.0.2.0/24 and 10.0.3.0/24; `middle` is between the routers. */
function chain(network: Network, middle: Link & { mtu?: number } = {}): [alice: Host, bob: Host] {
  const { mtu = 1500, ...link } = middle;
  const alice = network.host('alice', { interfaces: { eth0: '10.0.1.2/24' }, gateway: '10.0.1.1' });
  network.router('r1', {
    interfaces: { eth0: '10.0.1.1/24', eth1: { address: '10.0.2.1/24', mtu } },
    routes: [{ to: '10.0.3.0/24', via: '10.0.2.2' }],
  });
  network.router('r2', {
    interfaces: { eth0: { address: '10.0.2.2/24', mtu }, eth1: '10.0.3.1/24' },
    routes: [{ to: '10.0.1.0/24', via: '10.0.2.1' }],
  });
  const bob = network.host('bob', { interfaces: { eth0: '10.0.3.2/24' }, gateway: '10.0.3.1' });
  network.link(['alice', 'r1:eth0'], { delay: '1ms' });
  network.link(['r1:eth1', 'r2:eth0'], { name: 'middle', delay: '1ms', ...link });
  network.link(['r2:eth1', 'bob'], { delay: '1ms' });
  return [alice, bob];
}

/** How a connection attempt fails, and when, in ms: `ECONNREFUSED after 4`. */
async function failure(network: Network, host: Host, address: string, port = 80): Promise<string> {
  const from = network.now;
  const s = host.sockets.socket();
  const code = await network.run(() =>
    s.connect([address, port]).then(
      () => 'connected',
      (error) => error.code,
    ),
  );
  s.close();
  return `${code} after ${Math.round((network.now - from) / 1e6)}`;
}

/** Sends bytes from one host to the other over TCP; resolves when all have arrived. `during` runs meanwhile. */
async function transfer(from: Host, to: Host, address: string, bytes: Uint8Array): Promise<void> {
  const listener = to.sockets.create_server(['', 5001]);
  const client = from.sockets.socket();
  await client.connect([address, 5001]);
  const [server] = await listener.accept();
  const sending = client.sendall(bytes).then(() => client.close());
  let received = 0;
  for (let chunk = await server.recv(65_536); chunk.length > 0; chunk = await server.recv(65_536)) {
    if (Buffer.compare(chunk, bytes.subarray(received, received + chunk.length)) !== 0) {
      throw new Error(`other bytes arrived behind ${received}`);
    }
    received += chunk.length;
  }
  await sending;
  server.close();
  listener.close();
  expect(received).toBe(bytes.length);
}

const datagramServer = (host: Host, port: number) => {
  const s = host.sockets.socket(AF_INET, SOCK_DGRAM);
  s.bind(['', port]);
  return s;
};

describe('a connection that cannot be', () => {
  say.it('nobody listens: refused at once', {}, async (network, start) => {
    const [alice] = neighbours(network);
    start();
    expect(await failure(network, alice, 'bob')).toBe('ECONNREFUSED after 4'); // ARP, and SYN and RST
  });

  say.it('no route leads there: unreachable without a packet', {}, async (network, start) => {
    const [alice] = neighbours(network);
    start();
    expect(await failure(network, alice, '192.168.0.1')).toBe('ENETUNREACH after 0');
  });

  say.it('a router knows no route', {}, async (network, start) => {
    const [alice] = chain(network);
    start();
    expect(await failure(network, alice, '192.168.0.1')).toBe('ENETUNREACH after 4');
    expect(network.hostNamed('r1').node.drops[Drop.IP_NO_ROUTE]).toBe(1);
  });

  say.it('nobody answers ARP here', { lossy: true }, async (network, start) => {
    const [alice] = neighbours(network);
    start();
    expect(await failure(network, alice, '10.0.0.77')).toMatch(/^EHOSTUNREACH after \d{4,5}$/);
  });

  say.it('nobody answers ARP there: the last router says so', { lossy: true }, async (network, start) => {
    const [alice] = chain(network);
    start();
    expect(await failure(network, alice, '10.0.3.77')).toMatch(/^EHOSTUNREACH after \d{4,5}$/);
  });

  say.it('the packet goes round in a circle until its time is over', {}, async (network, start) => {
    const alice = network.host('alice', { interfaces: { eth0: '10.0.1.2/24' }, gateway: '10.0.1.1' });
    network.router('r1', { interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' }, gateway: '10.0.2.2' });
    network.router('r2', { interfaces: { eth0: '10.0.2.2/24' }, gateway: '10.0.2.1' });
    network.link(['alice', 'r1:eth0']);
    const loop = network.link(['r1:eth1', 'r2']);
    start();
    expect(await failure(network, alice, '99.9.9.9')).toMatch(/^EHOSTUNREACH/); // time exceeded
    const expired = ['r1', 'r2'].map((name) => network.hostNamed(name).node.drops[Drop.IP_TTL_EXPIRED]);
    expect(expired[0]! + expired[1]!).toBe(1);
    // TTL 64 at alice: 63 hops on the circle, the last of which nobody sends on, and two frames of ARP.
    expect(loop.forward.deliveredFrames + loop.backward.deliveredFrames).toBe(63 + 2 + (expired[1] === 1 ? 1 : 0));
  });

  say.it('a datagram to a port that nobody has: the next call hears of it', {}, async (network, start) => {
    const [alice] = chain(network);
    start();
    await network.run(async () => {
      const s = alice.sockets.socket(AF_INET, SOCK_DGRAM);
      await s.connect(['bob', 9]);
      await s.send('anybody there?');
      await expect(s.recv(100)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      s.close();
    });
  });
});

describe('two routers in a row', () => {
  say.it('TCP', {}, async (network, start) => {
    const [alice, bob] = chain(network);
    start();
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(300_000, 1)));
    await network.run(() => transfer(bob, alice, 'alice', pseudoRandomBytes(300_000, 2)));
  });

  say.it('ping, whose answers have passed two routers', {}, async (network, start) => {
    const [alice] = chain(network);
    start();
    let output = '';
    const stdout = { write: (bytes: Uint8Array) => void (output += Buffer.from(bytes).toString()) };
    const process = alice.start('ping -c 2 bob', { stdout });
    expect(await network.run(() => process.exited)).toBe(0);
    expect(output).toMatch(/^64 bytes from bob \(10\.0\.3\.2\): icmp_seq=1 ttl=62 time=/m);
    expect(output).toContain('2 packets transmitted, 2 received, 0% packet loss');
  });

  say.it('with losses in the middle', { lossy: true }, async (network, start) => {
    const [alice, bob] = chain(network, { loss: '3%', rate: '20Mbit' });
    start();
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(1 << 20, 3)));
    expect(network.cableNamed('middle').forward.drops[Drop.LINK_LOSS]).toBeGreaterThan(5);
  });
});

describe('a link that breaks', () => {
  say.it('in the middle of a transfer, and comes back: everything arrives', { lossy: true }, async (network, start) => {
    const [alice, bob] = chain(network, { rate: '10Mbit' });
    network.fault({ at: '200ms', for: '8s', link: 'middle', down: true });
    start();
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(1 << 20, 4)));
    expect(network.now).toBeGreaterThan(8.2e9);
    expect(network.now).toBeLessThan(30e9);
  });

  say.it('for good: the sender gives up', { lossy: true }, async (network, start) => {
    const [alice, bob] = chain(network, { rate: '10Mbit' });
    network.fault({ at: '200ms', link: 'middle', down: true });
    start();
    await network.run(async () => {
      const listener = bob.sockets.create_server(['', 7]);
      const client = alice.sockets.socket();
      await client.connect(['bob', 7]);
      const [server] = await listener.accept();
      const sent = client.sendall(new Uint8Array(4 << 20));
      await expect(sent).rejects.toMatchObject({ code: expect.stringMatching(/^(ETIMEDOUT|EHOSTUNREACH)$/) });
      client.close();
      server.close();
      listener.close();
    });
    expect(network.now).toBeGreaterThan(100e9); // RFC 1122 4.2.3.5: at least 100 seconds
  });

  say.it(
    'while one side forgets: the other hears of it as soon as it speaks',
    { lossy: true },
    async (network, start) => {
      const [alice, bob] = neighbours(network);
      start();
      await network.run(async () => {
        const listener = bob.sockets.create_server(['', 7]);
        const client = alice.sockets.socket();
        await client.connect(['bob', 7]);
        const [server] = await listener.accept();
        const cable = network.cableNamed('alice:eth0');
        cable.setUp(false);
        server.setsockopt(SOL_SOCKET, SO_LINGER, [1, 0]); // its RST is lost
        server.close();
        await alice.sockets.sleep(5000);
        cable.setUp(true);
        // Half-open: alice believes in a connection that bob has forgotten (RFC 9293 3.5.1).
        await client.send('still there?');
        await expect(client.recv(100)).rejects.toMatchObject({ code: 'ECONNRESET' });
        client.close();
        listener.close();
      });
    },
  );
});

describe('a link with a small MTU in the middle', () => {
  /** Largest IP packet, and fragments, that have crossed each link since the last question. */
  function sizes(network: Network): () => Map<string, { largest: number; fragments: number }> {
    const found = new Map<string, { largest: number; fragments: number }>();
    for (const cable of network.cables.values()) {
      for (const [line, way] of [
        [cable.forward, '>'],
        [cable.backward, '<'],
      ] as const) {
        line.tap = withTap(line.tap, {
          frame({ view, start }) {
            if (view.getUint16(start + 12) !== 0x0800) return;
            const seen = found.get(`${cable.name} ${way}`) ?? { largest: 0, fragments: 0 };
            const isFragment = (view.getUint16(start + 20) & 0x3fff) !== 0;
            found.set(`${cable.name} ${way}`, {
              largest: Math.max(seen.largest, view.getUint16(start + 16)),
              fragments: seen.fragments + Number(isFragment),
            });
          },
        });
      }
    }
    return () => {
      const answer = new Map(found);
      found.clear();
      return answer;
    };
  }

  say.it('TCP finds out by itself, and nothing is fragmented', { lossy: true }, async (network, start) => {
    const [alice, bob] = chain(network, { mtu: 576 });
    start();
    const measure = sizes(network);
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(200_000, 5)));
    const r1 = network.hostNamed('r1').node;
    expect(r1.drops[Drop.IP_FRAGMENTATION_NEEDED]).toBeGreaterThan(0);
    const found = measure();
    expect(found.get('middle >')).toEqual({ largest: 576, fragments: 0 });
    expect(found.get('alice:eth0-r1:eth0 >')!.fragments).toBe(0);
    // The next connection knows already.
    const before = r1.drops[Drop.IP_FRAGMENTATION_NEEDED];
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(100_000, 6)));
    expect(r1.drops[Drop.IP_FRAGMENTATION_NEEDED]).toBe(before);
    expect(measure().get('alice:eth0-r1:eth0 >')!.largest).toBe(576);
  });

  say.it(
    'a large datagram is cut by its sender, cut again by the router, and arrives whole',
    {},
    async (network, start) => {
      const [alice, bob] = chain(network, { mtu: 576 });
      start();
      const measure = sizes(network);
      const server = datagramServer(bob, 9);
      const client = datagramServer(alice, 9);
      await network.run(async () => {
        for (const size of [1400, 8000, 65_507]) {
          const data = pseudoRandomBytes(size, size);
          await client.sendto(data, ['bob', 9]);
          const [received, address] = await server.recvfrom(65_536);
          expect(Buffer.compare(received, data)).toBe(0);
          expect(address).toEqual(['10.0.1.2', 9]);
        }
      });
      const found = measure();
      expect(found.get('alice:eth0-r1:eth0 >')!.largest).toBe(1500);
      expect(found.get('middle >')!.largest).toBe(572); // a multiple of 8, and the header
      expect(found.get('middle >')!.fragments).toBeGreaterThan(found.get('alice:eth0-r1:eth0 >')!.fragments);
      client.close();
      server.close();
    },
  );
});

describe('a line that swaps', () => {
  say.it('fragments: every datagram arrives, whole', {}, async (network, start) => {
    const [alice, bob] = neighbours(network, { reordering: '40%', reorderingDelay: '2ms' });
    start();
    const server = datagramServer(bob, 9);
    const client = datagramServer(alice, 9);
    const sent = Array.from({ length: 50 }, (_, i) => pseudoRandomBytes(4000, i));
    const received = await network.run(async () => {
      const all: string[] = [];
      for (const data of sent) {
        await client.sendto(data, ['bob', 9]);
        await alice.sockets.sleep(1);
      }
      while (all.length < sent.length) all.push(Buffer.from(await server.recv(65_536)).toString('hex'));
      return all;
    });
    // Datagrams overtake each other, too: all are there, in whatever order.
    expect(received.sort()).toEqual(sent.map((data) => Buffer.from(data).toString('hex')).sort());
    client.close();
    server.close();
  });

  say.it('segments: the application gets its bytes in order', { lossy: true }, async (network, start) => {
    const [alice, bob] = neighbours(network, { reordering: '10%', reorderingDelay: '3ms', rate: '50Mbit' });
    start();
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(500_000, 7)));
  });
});

describe('who sees what', () => {
  /** carol listens to everything that comes to her interface while alice and bob talk. */
  async function overheard(network: Network, kind: 'switch' | 'hub', start: () => void): Promise<string[]> {
    network[kind]('box');
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name, i) => {
      const host = network.host(name, { interfaces: { eth0: `10.0.0.${i + 1}/24` } });
      network.link([name, 'box'], { rate: '100Mbit' });
      return host;
    }) as [Host, Host, Host];
    start();
    const nic = carol.nics.get('eth0')!;
    nic.promiscuous = true;
    const seen: string[] = [];
    nic.addTap({
      frame({ view, start: at }) {
        const group = (view.getUint8(at) & 1) === 1;
        seen.push(`${group ? 'broadcast' : 'unicast'} ${view.getUint16(at + 12) === 0x0806 ? 'ARP' : 'IP'}`);
      },
    });
    await network.run(() => transfer(alice, bob, 'bob', pseudoRandomBytes(20_000, 8)));
    return seen;
  }

  say.it('a hub tells everybody everything', {}, async (network, start) => {
    const seen = await overheard(network, 'hub', start);
    expect(seen.filter((what) => what === 'broadcast ARP')).toHaveLength(1);
    expect(seen.filter((what) => what === 'unicast ARP').length).toBeGreaterThanOrEqual(1);
    expect(seen.filter((what) => what === 'unicast IP').length).toBeGreaterThanOrEqual(3 + 14); // the handshake, and 20,000 bytes
  });

  say.it('a switch tells only those whom it concerns', {}, async (network, start) => {
    expect(await overheard(network, 'switch', start)).toEqual(['broadcast ARP']);
  });
});

describe('many at once', () => {
  say.it('a hundred connections between two hosts', {}, async (network, start) => {
    const [alice, bob] = neighbours(network);
    start();
    const listener = bob.sockets.create_server(['', 7]);
    const serve = async () => {
      for (let i = 0; i < 100; i++) {
        const [connection] = await listener.accept();
        void (async () => {
          await connection.sendall(await connection.recv(1000));
          connection.close();
        })();
      }
    };
    const ask = async (i: number) => {
      const s = await alice.sockets.create_connection(['bob', 7]);
      await s.sendall(`number ${i}`);
      const answer = Buffer.from(await s.recv(1000)).toString();
      expect(await s.recv(1000)).toHaveLength(0);
      s.close();
      return answer;
    };
    const answers = await network.run(async () => {
      const [all] = await Promise.all([Promise.all(Array.from({ length: 100 }, (_, i) => ask(i))), serve()]);
      return all;
    });
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => `number ${i}`));
    listener.close();
  });
});

say.judge();
