import { describe, expect, it } from 'vitest';
import { NetError } from '../base/errors.ts';
import { Host } from '../host/host.ts';
import { parseEndpoint } from './cabling.ts';
import type { FaultDescription, LinkDescription, NetworkDescription } from './description.ts';
import { BuildError, Network } from './network.ts';
import { FakePlatform } from './testing/fake-platform.ts';

const HOST = { kind: 'host' } as const;

/** What the builder says of a description. */
function told(description: NetworkDescription): string {
  try {
    Network.from(description);
  } catch (error) {
    if (error instanceof BuildError) return error.message;
    throw error;
  }
  return 'nothing wrong';
}

function pair(link: Omit<LinkDescription, 'endpoints'> = {}, faults: FaultDescription[] = []): NetworkDescription {
  return {
    nodes: {
      alice: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
      bob: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' } },
    },
    links: [{ endpoints: ['alice:eth0', 'bob:eth0'], ...link }],
    faults,
  };
}

describe('endpoints', () => {
  it.each([
    ['alice:eth0', { node: 'alice', port: 'eth0' }],
    ['sw1:3', { node: 'sw1', port: '3' }],
    ['alice', { node: 'alice', port: null }],
    ['www.example.com:eth0.5', { node: 'www.example.com', port: 'eth0.5' }],
  ])('%s', (text, endpoint) => expect(parseEndpoint(text)).toEqual(endpoint));

  it.each(['', ':', 'alice:', ':eth0', 'a b', 'alice:eth0:1', '-a', 'alice: eth0'])('not "%s"', (text) => {
    expect(parseEndpoint(text)).toBe(null);
  });

  it('bare names take the next free interface or port, in order', () => {
    const network = new Network();
    network.host('one', { interfaces: { eth0: '10.0.0.1/24', eth1: '10.0.1.1/24' } });
    network.host('none');
    network.switch('sw', { ports: 3 });
    network.hub('hub');
    const names = [
      network.link(['one', 'sw']),
      network.link(['sw:2', 'one']),
      network.link(['hub', 'sw']),
      network.link(['none', 'hub']),
      network.link(['hub:7', 'none']),
      network.link(['hub', 'none:wan']),
    ].map((cable) => cable.name);
    expect(names).toEqual([
      'one:eth0-sw:1',
      'sw:2-one:eth1',
      'hub:1-sw:3',
      'none:eth0-hub:2',
      'hub:7-none:eth1',
      'hub:3-none:wan',
    ]);
    expect([...network.cables.keys()]).toEqual(names);
    expect(network.cableNamed('sw:3').name).toBe('hub:1-sw:3');
    expect(network.cableNamed('hub:1')).toBe(network.cableNamed('hub:1-sw:3'));
    expect([...network.cables.values()].every((cable) => cable.up)).toBe(true);
  });
});

describe('what is built', () => {
  it('a whole description', () => {
    const network = Network.from({
      seed: 'x',
      nodes: {
        web: {
          kind: 'host',
          interfaces: { eth0: { address: ['10.0.2.80/24', '10.0.3.80/24'], mac: '02:00:00:00:00:80', mtu: 9000 } },
          gateway: '10.0.2.1',
          routes: [
            { to: '10.9.0.0/16', via: '10.0.3.1', metric: 5 },
            { to: '10.8.0.0/16', interface: 'eth0' },
          ],
          aliases: ['www'],
        },
        r1: { kind: 'router', interfaces: { eth0: '10.0.2.1/24', eth1: {} } },
        sw1: { kind: 'switch', ports: 8, ageing: '10s' },
      },
      links: [
        {
          endpoints: ['web', 'sw1'],
          name: 'cable',
          rate: '10Mbit',
          delay: '1ms',
          backward: { rate: '1Mbit', loss: '5%' },
        },
        { endpoints: ['sw1:8', 'r1:eth0'] },
      ],
    });
    const web = network.hostNamed('web');
    expect(web.addresses().map(String)).toEqual(['10.0.2.80/24', '10.0.3.80/24']);
    const nic = web.nics.get('eth0')!;
    expect([nic.mac.toString(), nic.mtu]).toEqual(['02:00:00:00:00:80', 9000]);
    expect(web.forwarding).toBe(false);
    expect(network.hostNamed('r1').forwarding).toBe(true);
    expect(Host.of(web.node)).toBe(web);
    expect(String(web.names.lookup('WWW'))).toBe('10.0.2.80,10.0.3.80');
    expect(web.reverse(web.addresses()[1]!.address)).toBe('web');
    const { forward, backward } = network.cableNamed('cable').options();
    expect([forward.rateBps, forward.delayNs, forward.loss]).toEqual([10e6, 1e6, 0]);
    expect([backward.rateBps, backward.delayNs, backward.loss]).toEqual([1e6, 1e6, 0.05]);
  });

  it('MAC addresses come from names: another host, and another order, change none', () => {
    const macs = (...names: string[]) => {
      const network = new Network();
      return Object.fromEntries(
        names.map((name) => [name, String(network.host(name, { interfaces: { eth0: {} } }).nics.get('eth0')!.mac)]),
      );
    };
    const all = macs('c', 'b', 'a');
    expect(macs('a', 'b')).toEqual({ a: all.a, b: all.b });
    expect(new Set(Object.values(all)).size).toBe(3);
  });

  it('options win over the description', () => {
    const seeded = (seed: number | undefined) =>
      Network.from({ seed: 5, nodes: {} }, seed === undefined ? {} : { seed });
    expect(seeded(undefined).random.u32()).toBe(new Network({ seed: 5 }).random.u32());
    expect(seeded(6).random.u32()).toBe(new Network({ seed: 6 }).random.u32());
  });

  it('who traces sees what was built before and after', () => {
    const network = Network.from(pair());
    const sink = { event() {} };
    network.trace = sink;
    const carol = network.host('carol', { interfaces: { eth0: {} } });
    const cable = network.link(['carol', network.switch('sw').name]);
    expect([carol.node.trace, cable.trace, network.hostNamed('alice').node.trace, network.trace]).toEqual(
      Array(4).fill(sink),
    );
    network.trace = null;
    expect([carol.node.trace, cable.trace]).toEqual([null, null]);
  });
});

describe('what cannot be built, in words', () => {
  const one = (interfaces: Record<string, unknown>, more: object = {}) =>
    told({ nodes: { alice: { ...HOST, interfaces, ...more } as never } });

  it.each<[string, string]>([
    [
      told({ nodes: { a: { kind: 'swich' } as never } }),
      'a: there is no kind "swich"; there are host, router, gateway, switch, hub',
    ],
    [told({ nodes: { 123: HOST } }), '"123" cannot be a host\'s name: it is read as an address (inet_aton)'],
    [told({ nodes: { 'a b': HOST } }), '"a b" cannot be a node\'s name: letters, digits and hyphens, as in "web-1"'],
    [
      told({ nodes: { web: HOST, Web: HOST } }),
      'two nodes are called Web: web has that name, and upper and lower case are the same',
    ],
    [
      told({ nodes: { web: HOST, x: { ...HOST, aliases: ['WEB'] } } }),
      'x has the alias WEB: web has that name, and upper and lower case are the same',
    ],
    [one({ eth0: '10.0.0.1' }), 'alice:eth0: "10.0.0.1" is not an address with its prefix length, like 10.0.0.1/24'],
    [
      one({ eth0: '10.0.0.999/24' }),
      'alice:eth0: "10.0.0.999/24" is not an address with its prefix length, like 10.0.0.1/24',
    ],
    [one({ eth0: '224.0.0.1/24' }), "alice:eth0: 224.0.0.1 cannot be an interface's address"],
    [one({ eth0: '127.0.0.2/8' }), "alice:eth0: 127.0.0.2 cannot be an interface's address"],
    [one({ eth0: '::ffff:10.0.0.1/96' }), "alice:eth0: ::ffff:10.0.0.1 cannot be an interface's address"],
    [one({ eth0: '10.0.0.1/24', eth1: '10.0.0.1/16' }), 'alice:eth1: 10.0.0.1 is the address of alice:eth0 already'],
    [one({ eth0: { mac: 'nonsense' } }), 'alice:eth0: "nonsense" is not a MAC address like 02:00:00:00:00:01'],
    [
      one({ eth0: { mac: '02:00:00:00:00:01' }, eth1: { mac: '02-00-00-00-00-01' } }),
      'alice:eth1: "02-00-00-00-00-01" is taken, or is not the address of one station',
    ],
    [
      one({ eth0: { mac: 'ff:ff:ff:ff:ff:ff' } }),
      'alice:eth0: "ff:ff:ff:ff:ff:ff" is taken, or is not the address of one station',
    ],
    [one({ eth0: { mtu: 67 } }), 'alice:eth0: mtu: 67 is not a whole number from 68 to 65535'],
    [one({ eth0: { mtu: 65_536 } }), 'alice:eth0: mtu: 65536 is not a whole number from 68 to 65535'],
    [one({ lo: {} }), 'alice: "lo" cannot be an interface\'s name: every host has one already'],
    [one({ 'eth 0': {} }), 'alice: "eth 0" cannot be an interface\'s name: up to 15 letters and digits, as in "eth0"'],
    [
      one({ eth0: '10.0.0.1/24' }, { gateway: '10.9.9.9' }),
      'alice: gateway 10.9.9.9: Network is unreachable: the next hop is in no network of an interface here',
    ],
    [
      one({ eth0: '10.0.0.1/24' }, { gateway: 'r1' }),
      'alice: gateway r1: Invalid argument: routes have addresses, such as { to: 10.0.2.0/24, via: 10.0.1.1 }',
    ],
    [
      one({ eth0: {} }, { routes: [{ to: '10.0.0.0/8' }] }),
      'alice: route to 10.0.0.0/8: it says neither via which next hop nor by which interface',
    ],
    [
      one({ eth0: {} }, { routes: [{ to: '10.0.0.0/8', interface: 'eth1' }] }),
      'alice: route to 10.0.0.0/8: there is no interface eth1; there are eth0',
    ],
    [
      one({ eth0: '10.0.0.1/24' }, { gateway: '10.0.0.2', routes: [{ to: 'default', via: '10.0.0.3' }] }),
      'alice: route to default: File exists: a route there of the same metric',
    ],
    [told({ nodes: { sw: { kind: 'switch', ports: 0 } } }), 'sw: ports: 0 is not a whole number from 1 to 4095'],
    [told({ nodes: { hub: { kind: 'hub', ports: 4096 } } }), 'hub: ports: 4096 is not a whole number from 1 to 4095'],
    [
      told({ nodes: { sw: { kind: 'switch', ageing: '5 apples' } } }),
      'sw: ageing: "5 apples" has no unit of time that is known (ns, us, ms, s, m, h); write it like 5ms',
    ],
  ])('%s', (message, expected) => expect(message).toBe(expected));

  const linked = (endpoints: [string, string], more: object = {}) =>
    told({
      nodes: {
        alice: { ...HOST, interfaces: { eth0: '10.0.0.1/24' } },
        bob: HOST,
        sw: { kind: 'switch', ports: 2 },
        hub: { kind: 'hub' },
      },
      links: [{ endpoints: ['alice', 'sw:1'] }, { endpoints, ...more }],
    });

  it.each<[string, string]>([
    [linked(['bob:', 'sw']), '"bob:" is not an endpoint: write it like alice:eth0, sw1:3 or alice'],
    [linked(['bob', 'carol']), 'link to carol: there is no node carol; there are alice, bob, sw, hub'],
    [linked(['alice', 'sw']), 'alice has no interface without a cable'],
    [linked(['alice:eth0', 'sw']), 'alice:eth0 is plugged in already'],
    [linked(['alice:eth1', 'sw']), 'alice has no interface eth1; it has eth0'],
    [linked(['sw:1', 'bob']), 'sw:1 is plugged in already'],
    [linked(['sw:3', 'bob']), 'sw has no port 3; write 1 to 2'],
    [linked(['sw:zero', 'bob']), 'sw has no port zero; write 1 to 2'],
    [linked(['hub:0', 'bob']), 'hub has no port 0; write a number from 1'],
    [linked(['sw:2', 'sw:2']), 'both ends of a link are at sw:2'],
    [linked(['bob', 'bob']), 'both ends of a link are at bob:eth0'],
    [
      linked(['bob', 'sw'], { name: 'alice:eth0-sw:1' }),
      'two links are called alice:eth0-sw:1; give one of them another name',
    ],
    [linked(['bob', 'sw'], { name: 'x', queue: -1 }), 'link x: queue: -1 is not a whole number from 0 to 1000000'],
    [
      linked(['bob', 'sw'], { name: 'x', rate: '10 parsec' }),
      'link x: rate: "10 parsec" has no unit of rate that is known (bit, kbit, Mbit, Gbit, MB/s); write it like 10bit',
    ],
    [linked(['bob', 'sw'], { name: 'x', loss: '101%' }), 'link x: loss: "101%" is more than 100%; write it like 100%'],
    [
      linked(['bob', 'sw'], { name: 'x', backward: { jitter: '-1ms' } }),
      'link x: backward: jitter: "-1ms" is negative: time only goes on; write it like 1ms',
    ],
    [
      linked(['bob', 'sw'], { name: 'x', burst: { enter: '1%', leave: 'soon' } }),
      'link x: burst.leave: "soon" is not a share; write it like 1%',
    ],
  ])('%s', (message, expected) => expect(message).toBe(expected));

  it('a switch that is full', () => {
    const nodes = { sw: { kind: 'switch', ports: 1 }, a: HOST, b: HOST } as const;
    expect(told({ nodes, links: [{ endpoints: ['a', 'sw'] }, { endpoints: ['b', 'sw'] }] })).toBe(
      'sw has no port without a cable',
    );
  });

  it('a link that cannot be changes nothing', () => {
    const network = new Network();
    const bob = network.host('bob');
    expect(() => network.link(['bob', 'nobody'])).toThrow(BuildError);
    expect(() => network.link(['bob', 'bob'])).toThrow(BuildError);
    expect([bob.nics.size, network.cables.size]).toEqual([0, 0]);
    expect(network.link(['bob', network.hub('hub').name]).name).toBe('bob:eth0-hub:1');
  });

  it.each<[string, string]>([
    [
      told(pair({ name: 'uplink' }, [{ at: 1, link: 'uplnk', down: true }])),
      'there is no link uplnk; the links are uplink',
    ],
    [
      told(pair({}, [{ at: 1, link: 'alice:eth0' }])),
      'fault of alice:eth0 breaks nothing: say down: true, or set: { loss: 5% }',
    ],
    [
      told(pair({}, [{ at: 1, link: 'alice:eth0', down: true, set: { loss: 1 } }])),
      'fault of alice:eth0 says down and set at once: make two faults of it',
    ],
    [
      told(pair({}, [{ at: 'soon', link: 'alice:eth0', down: true }])),
      'fault of alice:eth0: at: "soon" is not a duration; write it like 10ms',
    ],
    [
      told(pair({}, [{ at: 1, for: '-1s', link: 'alice:eth0', down: true }])),
      'fault of alice:eth0: for: "-1s" is negative: time only goes on; write it like 1s',
    ],
    [
      told(pair({}, [{ at: 1, link: 'alice:eth0', set: { delay: '1 mile' } }])),
      'fault of alice:eth0: set: delay: "1 mile" has no unit of time that is known (ns, us, ms, s, m, h); write it like 1ms',
    ],
    [told({ nodes: { a: HOST }, services: [{ node: 'b', run: 'echo' }] }), 'there is no node b; the hosts are a'],
    [
      told({ nodes: { a: HOST, sw: { kind: 'switch' } }, services: [{ node: 'sw', run: 'echo' }] }),
      'there are no programs on sw; the hosts are a',
    ],
    [
      told({ nodes: { a: HOST }, services: [{ node: 'a', run: 'echo', at: 'noon' }] }),
      'service of a: at: "noon" is not a duration; write it like 10ms',
    ],
  ])('%s', (message, expected) => expect(message).toBe(expected));
});

describe('running a program', () => {
  const network = () => Network.from(pair(), { platform: new FakePlatform() });

  it('gives its value, whatever it is', async () => {
    const net = network();
    const { sleep } = net.hostNamed('alice').sockets;
    expect(await net.run(async () => sleep(1500).then(() => 'slept'))).toBe('slept');
    expect(net.now).toBe(1.5e9);
    expect(await net.run(() => 7)).toBe(7);
  });

  it('fails as the program fails, and can run again', async () => {
    const net = network();
    const { sleep } = net.hostNamed('alice').sockets;
    const fails = async () => {
      await sleep(10);
      throw new NetError(111, 'connect');
    };
    await expect(net.run(fails)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const throws = () => {
      throw new Error('at once');
    };
    await expect(net.run(throws)).rejects.toThrow('at once');
    expect(await net.run({ for: '1s' })).toBe('time');
    expect(net.now).toBe(1.01e9);
  });

  it('says that a program waits for what can never happen', async () => {
    const net = network();
    const { socket, sleep } = net.hostNamed('alice').sockets;
    const waits = async () => {
      await sleep(250);
      const s = socket();
      s.bind(['', 7]);
      s.listen();
      await s.accept();
    };
    await expect(net.run(waits)).rejects.toThrow(
      'the program waits for something that can never happen: no event is left after 0.250 s of network time',
    );
  });

  it('says that a program has not ended in time, or when the run was stopped; its late failure harms nobody', async () => {
    const net = network();
    const { sleep } = net.hostNamed('alice').sockets;
    const slow = async () => {
      await sleep(5000);
      throw new Error('late');
    };
    await expect(net.run(slow, { for: '2s' })).rejects.toThrow('had not ended after 2.000 s of network time');
    net.queue.at(3e9, { run: () => net.scheduler.stop() }, 0);
    await expect(net.run(slow)).rejects.toThrow('had not ended when the run was stopped, after 3.000 s');
    expect(await net.run()).toBe('idle');
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('runs until a condition holds', async () => {
    const net = network();
    let ticks = 0;
    const tick = {
      run() {
        ticks++;
        net.scheduler.woken();
        net.queue.at(net.now + 1, tick, 0);
      },
    };
    net.queue.at(1, tick, 0);
    expect(await net.run({ until: () => ticks === 10 })).toBe('done');
    expect(net.now).toBe(10);
    expect(net.runSync({ until: () => ticks === 20 })).toBe('done');
    expect(() => net.runSync({ for: '1 parsec' })).toThrow(BuildError);
    await expect(net.run({ for: '1 parsec' })).rejects.toThrow(BuildError);
  });

  it('keeps time still for work outside, and the order of its results', async () => {
    const net = network();
    const order: string[] = [];
    const real = (name: string, ms: number) =>
      net.external(new Promise((resolve) => setTimeout(resolve, ms))).then(() => order.push(`${name} at ${net.now}`));
    net.queue.at(1, { run() {} }, 0);
    await net.run(() => Promise.all([real('slow', 20), real('fast', 1)]));
    expect(order).toEqual(['slow at 0', 'fast at 0']);
  });
});

describe('services', () => {
  it('start at their time, write where they are told to, and their end is told', async () => {
    const lines: string[] = [];
    const network = Network.from(
      {
        ...pair(),
        services: [
          { node: 'bob', run: 'nonesuch -x', at: '2s' },
          { node: 'alice', run: "echo 'hello  world'", at: 1 },
          { node: 'alice', run: 'echo "open', at: 3 },
        ],
      },
      {
        platform: new FakePlatform(),
        serviceStreams: (node) => {
          const stream = {
            write: (bytes: Uint8Array) => void lines.push(`${node}: ${new TextDecoder().decode(bytes)}`),
          };
          return { stdout: stream, stderr: stream };
        },
        serviceEnded: (node, command, code) =>
          void lines.push(`${node}: ${command}: ${code} after ${network.now / 1e9} s`),
      },
    );
    expect(await network.run()).toBe('idle');
    expect(lines[0]).toBe('alice: hello  world\n');
    expect(lines[1]).toBe("alice: echo 'hello  world': 0 after 1 s");
    expect(lines[2]).toMatch(/^bob: nonesuch: command not found; /);
    expect(lines[3]).toBe('bob: nonesuch -x: 127 after 2 s');
    expect(lines[4]).toBe('alice: sh: echo "open: a quote is not closed\n');
    expect(lines[5]).toBe('alice: echo "open: 2 after 3 s');
    expect([network.hostNamed('alice').failures, network.hostNamed('bob').failures]).toEqual([1, 1]);
  });
});
