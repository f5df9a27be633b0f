import { describe, expect, it } from 'vitest';
import type { NetworkDescription } from './description.ts';
import { DescribedLab } from './testing/described-lab.ts';

/** Two hosts, two routers between them, and a narrow link in the middle. */
const NARROW: NetworkDescription = {
  nodes: {
    alice: { kind: 'host', interfaces: { eth0: '2001:db8:1::10/64' }, gateway: '2001:db8:1::1' },
    r1: {
      kind: 'router',
      interfaces: { eth0: '2001:db8:1::1/64', eth1: { address: '2001:db8:12::1/64', mtu: 1400 } },
      gateway: '2001:db8:12::2',
    },
    r2: {
      kind: 'router',
      interfaces: { eth0: { address: '2001:db8:12::2/64', mtu: 1400 }, eth1: '2001:db8:2::1/64' },
      routes: [{ to: '2001:db8:1::/64', via: '2001:db8:12::1' }],
    },
    bob: { kind: 'host', interfaces: { eth0: '2001:db8:2::20/64' }, gateway: ['2001:db8:2::1'] },
  },
  links: [
    { endpoints: ['alice', 'r1:eth0'] },
    { endpoints: ['r1:eth1', 'r2:eth0'] },
    { endpoints: ['r2:eth1', 'bob'] },
  ],
};

describe('IPv6 through two routers', () => {
  it('TCP: both directions, and the path MTU is found', async () => {
    const lab = new DescribedLab(NARROW);
    const alice = lab.network.hostNamed('alice');
    const bob = lab.network.hostNamed('bob');
    const { AF_INET6, SOCK_STREAM } = bob.sockets;
    const data = new Uint8Array(100_000).map((_, i) => i * 7);
    let received = 0;
    let wrong = 0;
    let peer: unknown;
    await lab.network.run(async () => {
      const server = bob.sockets.create_server(['::', 7], { family: AF_INET6 });
      const serve = (async () => {
        const [socket, from] = await server.accept();
        peer = from[0];
        for (;;) {
          const bytes = await socket.recv(65_536);
          if (bytes.length === 0) break;
          for (const byte of bytes) if (byte !== ((received++ * 7) & 255)) wrong++;
        }
        await socket.sendall('thanks');
        socket.close();
      })();
      const client = alice.sockets.socket(AF_INET6, SOCK_STREAM);
      await client.connect(['2001:db8:2::20', 7]);
      await client.sendall(data);
      client.shutdown(1);
      expect(new TextDecoder().decode(await client.recv(100))).toBe('thanks');
      await serve;
      client.close();
      server.close();
    });
    expect([received, wrong, peer]).toEqual([100_000, 0, '2001:db8:1::10']);
    expect(alice.ip6.mtus.size).toBe(1);
  });
});
