import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../host/memory-files.ts';
import { JourneyRecorder } from '../inspect/journey-recorder.ts';
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

describe('programs over IPv6', () => {
  it('ping: answers, errors, groups', async () => {
    const lab = new DescribedLab(NARROW);
    const says = (line: string) => lab.says('alice', line);
    expect(await says('ping -c 2 bob')).toMatch(
      /^PING bob \(2001:db8:2::20\) 56 data bytes\n64 bytes from bob \(2001:db8:2::20\): icmp_seq=1 ttl=62 .*\n64 bytes/,
    );
    expect(await says('ping -6 -c 1 -s 1400 -M do bob')).toContain(
      'From r1 (2001:db8:1::1) icmp_seq=1 Packet too big: mtu=1400',
    );
    // The first answer is too long for the middle: bob has yet to learn it.
    expect(await says('ping -c 2 -s 3000 bob')).toContain('3008 bytes from bob (2001:db8:2::20): icmp_seq=2');
    expect(await says('ping -c 1 2001:db8:3::1')).toContain(
      'From 2001:db8:12::2 icmp_seq=1 Destination unreachable: No route',
    );
    expect(await says('ping -c 1 -t 1 bob')).toContain('From r1 (2001:db8:1::1) icmp_seq=1 Time exceeded: Hop limit');
    expect(await says('ping -c 1 2001:db8:1::77')).toContain('Destination unreachable: Address unreachable');
    expect(await says('ping -c 1 ::1')).toContain('64 bytes from ::1: icmp_seq=1 ttl=64');
    expect(await says('ping -c 1 -4 bob')).toBe('ping: bob: Name or service not known\n');
    expect(await says('ping -c 1 fe80::1%eth7')).toContain('Name or service not known');
    const group = await says('ping -c 2 ff02::1%eth0');
    expect(new Set(group.match(/from fe80::[^:]\S+/g)).size).toBe(2); // both ends of the link
    // Two answer each request; the statistics count requests, as iputils does.
    expect(group).toMatch(/2 packets transmitted, 2 received, \+1 duplicates, 0% packet loss/);
    expect(await says('ping -c 1 ff05::2%eth0')).toContain('from r1 (2001:db8:1::1)'); // all routers of the site
    await lab.pass(5);
    const [linkLocal] = /fe80::[0-9a-f:]+/.exec(await lab.says('r1', 'ip -6 addr show eth0'))!;
    expect(await says(`ping -c 1 -I eth0 ${linkLocal}`)).toContain(
      `64 bytes from ${linkLocal}%eth0: icmp_seq=1 ttl=64`,
    );
    expect(await says(`ping -c 1 ${linkLocal}%eth0`)).toContain(`64 bytes from ${linkLocal}%eth0: icmp_seq=1 ttl=64`);
  });

  it('traceroute and tracepath', async () => {
    const lab = new DescribedLab(NARROW);
    const hops = (text: string): string[] => text.split('\n').map((line) => line.replace(/ +[\d.]+ ?ms/g, ' ms'));
    expect(hops(await lab.says('alice', 'traceroute bob'))).toEqual([
      'traceroute to bob (2001:db8:2::20), 30 hops max, 80 byte packets',
      ' 1  r1 (2001:db8:1::1) ms ms ms',
      ' 2  r2 (2001:db8:12::2) ms ms ms',
      ' 3  bob (2001:db8:2::20) ms ms ms',
      '',
    ]);
    expect(hops(await lab.says('alice', 'traceroute -nI 2001:db8:9::1'))).toEqual([
      'traceroute to 2001:db8:9::1 (2001:db8:9::1), 30 hops max, 80 byte packets',
      ' 1  2001:db8:1::1 ms ms ms',
      ' 2  2001:db8:12::2 ms !N ms !N ms !N',
      '',
    ]);
    expect(hops(await lab.says('alice', 'tracepath -n bob'))).toEqual([
      ' 1?: [LOCALHOST]                          pmtu 1500',
      ' 1:  2001:db8:1::1 ms ',
      ' 2:  2001:db8:1::1 ms pmtu 1400',
      ' 2:  2001:db8:12::2 ms ',
      ' 3:  2001:db8:2::20 ms reached',
      '     Resume: pmtu 1400 hops 3 back 3 ',
      '',
    ]);
  });

  it('ip, route and netstat show and change', async () => {
    const lab = new DescribedLab(NARROW);
    const says = (line: string) => lab.says('alice', line);
    expect(await says('ip -6 route')).toBe(
      'default via 2001:db8:1::1 dev eth0 pref medium \n' +
        '2001:db8:1::/64 dev eth0 proto kernel pref medium \n' +
        'fe80::/64 dev eth0 proto kernel pref medium \n',
    );
    expect(await says('ip route get 2001:db8:2::20')).toBe(
      '2001:db8:2::20 from :: via 2001:db8:1::1 dev eth0 src 2001:db8:1::10 metric 0 pref medium \n',
    );
    expect(await says('ip addr show eth0')).toContain(
      '    inet6 2001:db8:1::10/64 scope global \n       valid_lft forever',
    );
    expect(await says('ip addr show eth0')).toMatch(/inet6 fe80::[0-9a-f:]+\/64 scope link tentative/);
    expect(await says('ip addr add 2001:db8:1::11/64 dev eth0')).toBe('');
    expect(await says('ip -6 addr show eth0')).toContain('inet6 2001:db8:1::11/64 scope global tentative');
    await lab.pass(3);
    expect(await says('ip -6 -br addr show eth0')).toContain('2001:db8:1::11/64');
    expect(await says('ip route add 2001:db8:5::/64 via 2001:db8:1::1 metric 7')).toBe('');
    expect(await says('ip -6 route')).toContain('2001:db8:5::/64 via 2001:db8:1::1 dev eth0 metric 7 pref medium');
    await says('ip link set eth0 down');
    expect(await says('ip -6 route')).toContain('2001:db8:1::/64 dev eth0 proto kernel dead pref medium');
    await says('ip link set eth0 up');
    await lab.pass(3);
    expect(await says('ip route add 2001:db8:6::/64 via fe80::1')).toBe('RTNETLINK answers: Invalid argument\n');
    expect(await says('ip route del 2001:db8:5::/64')).toBe('');
    expect(await says('ip route add unreachable 2001:db8:7::/64')).toBe('');
    expect(await says('ping -c 1 2001:db8:7::1')).toContain('ping: connect: No route to host');
    expect(await says('route -6')).toContain('::1/128                        [::]                       Un');
    await says('ping -c 1 bob');
    expect(await says('ip -6 neigh')).toMatch(/^2001:db8:1::1 dev eth0 lladdr [0-9a-f:]+ router REACHABLE \n$/);
    expect(await says('ip neigh add 2001:db8:1::5 lladdr 02:00:00:00:00:05 dev eth0')).toBe('');
    expect(await says('ip -6 neigh')).toContain('2001:db8:1::5 dev eth0 lladdr 02:00:00:00:00:05 PERMANENT');
  });

  it('nc, httpd and get, of which one end has IPv4 too', async () => {
    const lab = new DescribedLab({
      nodes: {
        web: { kind: 'host', interfaces: { eth0: { address: ['10.0.0.1/24', '2001:db8::1/64'] } } },
        both: { kind: 'host', interfaces: { eth0: { address: ['10.0.0.2/24', '2001:db8::2/64'] } } },
        old: { kind: 'host', interfaces: { eth0: '10.0.0.3/24' } },
        sw: { kind: 'switch' },
      },
      links: [{ endpoints: ['web', 'sw'] }, { endpoints: ['both', 'sw'] }, { endpoints: ['old', 'sw'] }],
      services: [{ node: 'web', run: 'httpd -v /srv' }],
    });
    lab.network.hostNamed('web').files.mount('/srv', new MemoryFiles({ '/x': 'hello' }));
    await lab.pass(0.1);
    expect(await lab.says('both', 'get http://web/x')).toBe('hello');
    expect(await lab.says('old', 'get http://web/x')).toBe('hello');
    expect(await lab.says('both', 'get http://[2001:db8::1]/x')).toBe('hello');
    expect(lab.services.match(/web: \S+/g)).toEqual(['web: 2001:db8::2', 'web: 10.0.0.3', 'web: 2001:db8::2']);
    expect(await lab.says('both', 'nc -zv web 80')).toBe(
      'Connection to web (2001:db8::1) 80 port [tcp/http] succeeded!\n',
    );
    expect(await lab.says('both', 'nc -4zv web 80')).toBe(
      'Connection to web (10.0.0.1) 80 port [tcp/http] succeeded!\n',
    );
    expect(await lab.says('web', 'netstat -lnt')).toContain('tcp6       0      0 :::80                   :::*');
  });
});

describe('both families at once', () => {
  const DUAL: NetworkDescription = {
    nodes: {
      a: { kind: 'host', interfaces: { eth0: '10.0.0.1/24', eth1: '2001:db8::1/64' } },
      b: { kind: 'host', interfaces: { eth0: '10.0.0.2/24', eth1: '2001:db8::2/64' } },
    },
    links: [{ endpoints: ['a:eth0', 'b:eth0'] }, { endpoints: ['a:eth1', 'b:eth1'], name: 'six' }],
  };

  /** How long a connection takes, ms, and whom it is with. */
  async function connect(broken: boolean, delay?: number): Promise<[number, string]> {
    const lab = new DescribedLab({ ...DUAL, faults: broken ? [{ at: 0, link: 'six', set: { loss: 1 } }] : [] });
    const { network } = lab;
    const server = network.hostNamed('b').sockets.create_server(['', 80], { family: 10 });
    const started = network.hostNamed('a').node.clock;
    return network.run(async () => {
      await network.hostNamed('a').sockets.sleep(10);
      const from = started.now;
      const options = delay === undefined ? {} : { happy_eyeballs_delay: delay };
      const socket = await network.hostNamed('a').sockets.create_connection(['b', 80], null, null, options);
      const result: [number, string] = [Math.round((started.now - from) / 1e6), socket.getpeername()[0]];
      socket.close();
      server.close();
      return result;
    });
  }

  it('IPv6 first; a broken path of it costs a quarter of a second (RFC 8305), or very long without', async () => {
    expect(await connect(false)).toEqual([0, '2001:db8::2']);
    expect(await connect(false, 0.25)).toEqual([0, '2001:db8::2']);
    expect(await connect(true, 0.25)).toEqual([250, '10.0.0.2']);
    const [ms, peer] = await connect(true);
    expect(peer).toBe('10.0.0.2');
    expect(ms).toBeGreaterThan(2000);
  });
});

it('the journey of an echo request, in words', async () => {
  const lab = new DescribedLab({
    nodes: {
      web: { kind: 'host', interfaces: { eth0: '2001:db8::1/64' } },
      alice: { kind: 'host', interfaces: { eth0: '2001:db8::2/64' } },
    },
    links: [{ endpoints: ['web', 'alice'] }],
  });
  await lab.pass(5);
  const recorder = new JourneyRecorder(lab.network.hostNamed('web').node.clock);
  const packets = new Set<number>();
  lab.network.trace = {
    event(node, layer, what, packet, reason, detail, source) {
      recorder.event(node, layer, what, packet, reason, detail, source);
      if (packet !== null) packets.add(packet.id);
    },
  };
  await lab.says('alice', 'ping -c 1 web');
  const [request, solicitation] = [...packets].map((id) => recorder.journeyOf(id));
  const words = (steps: typeof request) =>
    steps!.filter(({ layer }) => layer >= 3).map(({ node, text }) => `${node}: ${text}`);
  expect(words(request)).toEqual([
    'alice: send echo request 1 to 2001:db8::1',
    'alice: 2001:db8::2 > 2001:db8::1 ICMPv6, hop limit 64, 104 bytes, dev eth0 by route 2001:db8::/64 dev eth0',
    'alice: waits for neighbour discovery of 2001:db8::1, 11.76us',
    'alice: 2001:db8::1 dev eth0: NONE -> INCOMPLETE: a packet is to be sent',
    'web: 2001:db8::2 > 2001:db8::1 ICMPv6, hop limit 64, 104 bytes',
    'web: hands it up: to ICMPv6',
    expect.stringMatching(/^web: ICMPv6 echo request, id \d+, seq 1$/),
    'web: the ICMP message did its work here',
  ]);
  expect(words(solicitation)[0]).toBe('alice: neighbour solicitation for 2001:db8::1');
});
