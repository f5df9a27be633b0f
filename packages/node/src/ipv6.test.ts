import { MemoryFiles } from '@netarium/stack/host/memory-files';
import type { NetworkDescription } from '@netarium/stack/network/description';
import { expect, it } from 'vitest';
import { Network } from './network.ts';
import { Conversations } from './testing/conversation.ts';

const conversations = new Conversations();

/** Two networks, two routers, a narrow link in the middle that may be bad. */
function description(loss: string): NetworkDescription {
  return {
    nodes: {
      alice: {
        kind: 'host',
        interfaces: { eth0: { address: ['10.0.1.10/24', '2001:db8:1::10/64'] } },
        gateway: ['10.0.1.1', '2001:db8:1::1'],
      },
      r1: {
        kind: 'router',
        interfaces: {
          eth0: { address: ['10.0.1.1/24', '2001:db8:1::1/64'] },
          eth1: { address: ['10.0.12.1/30', '2001:db8:12::1/64'], mtu: 1400 },
        },
        gateway: ['10.0.12.2', '2001:db8:12::2'],
      },
      r2: {
        kind: 'router',
        interfaces: {
          eth0: { address: ['10.0.12.2/30', '2001:db8:12::2/64'], mtu: 1400 },
          eth1: { address: ['10.0.2.1/24', '2001:db8:2::1/64'] },
        },
        gateway: ['10.0.12.1', '2001:db8:12::1'],
      },
      web: {
        kind: 'host',
        interfaces: { eth0: { address: ['10.0.2.80/24', '2001:db8:2::80/64'] } },
        gateway: ['10.0.2.1', '2001:db8:2::1'],
      },
    },
    links: [
      { endpoints: ['alice', 'r1:eth0'] },
      { endpoints: ['r1:eth1', 'r2:eth0'], delay: '5ms', rate: '50Mbit', loss },
      { endpoints: ['r2:eth1', 'web'] },
    ],
    services: [{ node: 'web', run: 'httpd /srv' }],
  };
}

function lab(network: Network, loss = '0%'): (line: string, host?: string) => Promise<string> {
  network.build(description(loss));
  network.hostNamed('web').files.mount('/srv', new MemoryFiles({ '/big': 'x'.repeat(200_000), '/small': 'hello' }));
  return async (line, host = 'alice') => {
    let text = '';
    const write = (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes));
    await network.run(() => network.hostNamed(host).start(line, { stdout: { write }, stderr: { write } }).exited);
    return text;
  };
}

/** Sends a file to web's port 9 and counts what arrives there; lets TCP, not HTTP, be what tshark reads. */
async function transfer(network: Network, bytes: number): Promise<number> {
  const web = network.hostNamed('web').sockets;
  const alice = network.hostNamed('alice').sockets;
  const server = web.create_server(['', 9], { family: web.AF_INET6 });
  return network.run(async () => {
    const client = await alice.create_connection(['web', 9]);
    const [taken] = await server.accept();
    void client.sendall(new Uint8Array(bytes)).then(() => client.close());
    let received = 0;
    for (let n = 1; n > 0; received += n) n = (await taken.recv(65_536)).length;
    taken.close();
    server.close();
    return received;
  });
}

conversations.it('IPv6: TCP through a path that is narrow in the middle', { lossy: true }, async (network, start) => {
  lab(network);
  start();
  expect(await transfer(network, 300_000)).toBe(300_000);
  expect(network.hostNamed('alice').ip6.mtus.size).toBe(1);
});

conversations.it('IPv6: TCP while one frame in twenty is lost', { lossy: true }, async (network, start) => {
  lab(network, '5%');
  start();
  expect(await transfer(network, 300_000)).toBe(300_000);
});

conversations.it('IPv6: HTTP', { lossy: true }, async (network, start) => {
  const says = lab(network);
  start();
  expect(await says('get http://web/small')).toBe('hello');
  expect(await says('get http://[2001:db8:2::80]/small')).toBe('hello');
});

conversations.it('IPv6: fragments both ways', {}, async (network, start) => {
  const says = lab(network);
  start();
  await says('ping -c 2 -s 3000 web'); // first alice learns what the path carries, then web
  expect(await says('ping -c 2 -s 3000 web')).toContain('2 received');
  expect(await says('ping -c 1 -s 60000 web')).toContain('60008 bytes from web');
});

conversations.it('IPv6: errors of every kind', { lossy: true }, async (network, start) => {
  const says = lab(network);
  start();
  expect(await says('traceroute web')).toContain(' 3  web (2001:db8:2::80)');
  expect(await says('tracepath web')).toContain('Resume: pmtu 1400 hops 3');
  expect(await says('ping -c 1 2001:db8:2::99')).toContain('Address unreachable');
  expect(await says('ping -c 1 2001:db8:1::99')).toContain('Address unreachable');
  await says('ip route add unreachable 2001:db8:66::/64', 'r2');
  expect(await says('ping -c 1 2001:db8:66::1')).toContain('No route');
  expect(await says('nc -zv web 81')).toContain('Connection refused');
  expect(await says('nc -uzv web 81')).toContain('Connection refused');
  expect(await says('ping -c 2 ff02::1%eth0')).toContain('2 received');
});

conversations.judge();

it('IPv6 is the same in every run with the same seed, and different with another', async () => {
  const run = async (seed: number) => {
    const network = new Network({ seed, fingerprint: true });
    const says = lab(network, '3%');
    await says('get http://web/big');
    await says('ping -c 3 -s 3000 web');
    await network.run({ for: '1m' });
    return network.fingerprint!.value;
  };
  const first = await run(1);
  expect(await run(1)).toBe(first);
  expect(await run(2)).not.toBe(first);
});
