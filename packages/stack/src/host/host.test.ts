import { describe, expect, it } from 'vitest';
import { errnoName } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import { utf8Decode } from '../base/utf8.ts';
import { Network } from '../network/network.ts';
import { FakePlatform } from '../network/testing/fake-platform.ts';
import { Host } from './host.ts';

function host(): { network: Network; host: Host } {
  const network = new Network({ platform: new FakePlatform() });
  return { network, host: network.host('alice', { interfaces: { eth0: '10.0.0.1/24', eth1: '10.1.0.1/16' } }) };
}

/** Exit code and stderr of a command. */
async function run(start: (host: Host, stderr: { write(bytes: Uint8Array): void }) => { exited: Promise<number> }) {
  const { network, host: machine } = host();
  let text = '';
  const process = start(machine, { write: (bytes) => void (text += utf8Decode(bytes)) });
  return [await network.run(() => process.exited), text];
}

describe('a host', () => {
  it('knows its addresses, its names, and its parts know it', () => {
    const { network, host: alice } = host();
    expect(alice.addresses().map(String)).toEqual(['10.0.0.1/24', '10.1.0.1/16']);
    expect(String(alice.lookup('ALICE'))).toBe('10.0.0.1,10.1.0.1');
    expect(alice.lookup('nobody')).toBeLessThan(0);
    expect(alice.reverse(IpAddress.parse('10.1.0.1')!)).toBe('alice');
    expect(Host.of(alice.node)).toBe(alice);
    expect(Host.of(network.switch('sw').node)).toBe(null);
  });

  it('asks anew for its neighbours after a cable was out: another station may have the address', async () => {
    const network = new Network({ platform: new FakePlatform() });
    const alice = network.host('alice', { interfaces: { eth0: '10.0.0.1/24' } });
    network.host('bob', { interfaces: { eth0: '10.0.0.2/24' } });
    const cable = network.link(['alice', 'bob']);
    const byHand = new MacAddress(0x0200, 9);
    alice.ip.neighbours.addPermanent(IpAddress.parse('10.0.0.9')!, alice.ip.interfaceNamed('eth0')!, byHand);
    const known = () => alice.ip.neighbours.list().map(({ address }) => String(address));
    const ping = () => network.run(() => alice.start('ping -c 1 10.0.0.2').exited);
    expect(await ping()).toBe(0);
    expect(known()).toEqual(['10.0.0.2', '10.0.0.9']);
    cable.setUp(false);
    expect(known()).toEqual(['10.0.0.9']);
    cable.setUp(true);
    expect(await ping()).toBe(0);
    expect(known()).toEqual(['10.0.0.2', '10.0.0.9']);
  });

  it('takes routes in the words of a scenario, and refuses them in those of POSIX', () => {
    const { network, host: alice } = host();
    network.switch('sw');
    network.link(['alice:eth0', 'sw']);
    network.link(['alice:eth1', 'sw']);
    alice.addRoute({ to: 'default', via: '10.0.0.254' });
    alice.addRoute({ to: 'default', via: '10.1.0.254', metric: 10 });
    alice.addRoute({ to: '192.168.0.0/16', interface: 'eth1' });
    const source = (to: string) => String(alice.network.sourceFor(IpAddress.parse(to)!));
    expect([source('8.8.8.8'), source('192.168.1.1'), source('10.1.9.9')]).toEqual([
      '10.0.0.1',
      '10.1.0.1',
      '10.1.0.1',
    ]);
    const refused = (route: Parameters<Host['addRoute']>[0]) => {
      try {
        alice.addRoute(route);
        return 'taken';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(refused({ to: 'somewhere', via: '10.0.0.254' })).toBe('EINVAL');
    expect(refused({ to: 'default', via: 'r1' })).toBe('EINVAL');
    expect(refused({ to: 'default', via: '172.16.0.1' })).toBe('ENETUNREACH');
    expect(refused({ to: 'default', interface: 'eth9' })).toBe('ENODEV');
    expect(refused({ to: '172.16.0.0/12' })).toBe('ENODEV');
    expect(refused({ to: 'default', via: '10.0.0.253' })).toBe('EEXIST');
  });

  it('has no way out of an interface that is switched off; without a cable it still tries, as Linux does', () => {
    const { network, host: alice } = host();
    const source = () => {
      const found = alice.network.sourceFor(IpAddress.parse('10.0.0.9')!);
      return typeof found === 'number' ? errnoName(found) : String(found);
    };
    expect(source()).toBe('10.0.0.1');
    network.link(['alice:eth0', network.switch('sw').name]);
    const nic = alice.nics.get('eth0')!;
    nic.setUp(false);
    expect(source()).toBe('ENETUNREACH');
    nic.setUp(true);
    expect(source()).toBe('10.0.0.1');
  });
});

describe('starting programs', () => {
  it('by a command line', async () => {
    expect(await run((alice) => alice.start('echo "a b" c'))).toEqual([0, '']);
  });

  it('one that is unknown is told, with the nearest there is: 127', async () => {
    expect(await run((alice, stderr) => alice.spawn(['ehco', 'x'], { stderr }))).toEqual([
      127,
      'ehco: command not found; did you mean echo?\n',
    ]);
    const [code, text] = await run((alice, stderr) => alice.start('', { stderr }));
    expect(code).toBe(127);
    expect(text).toMatch(/^: command not found; there are .*echo.*help/);
  });

  it('a command line that cannot be read is told: 2', async () => {
    expect(await run((alice, stderr) => alice.start("echo 'x", { stderr }))).toEqual([
      2,
      "sh: echo 'x: a quote is not closed\n",
    ]);
  });
});
