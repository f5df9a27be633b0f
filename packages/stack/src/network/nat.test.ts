import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { Prefix } from '../base/prefix.ts';
import { formatJourney } from '../inspect/journey-format.ts';
import { JourneyRecorder } from '../inspect/journey-recorder.ts';
import { BuildError, Network } from './network.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { described, NatLab, saying } from './testing/nat-lab.ts';

const MASQUERADE = ['masquerade from eth0,eth2 out eth1'];

describe('through a translation', () => {
  it('errors come back: a closed port, a path that carries less, a host that does not answer', async () => {
    const lab = new NatLab({ forward: 'deny', rules: ['allow established', 'allow from eth0'] }, MASQUERADE);
    const r2 = lab.network.hostNamed('r2');
    r2.nics.get('eth1')!.mtu = 1400;
    expect((await lab.says('alice', 'nc -z 198.51.100.7 81')).text).toContain('refused');
    const large = await lab.says('alice', 'ping -c 2 -i 0.2 -M do -s 1450 198.51.100.7');
    expect(large.text).toMatch(/From 203\.0\.113\.2 .*Frag needed and DF set \(mtu = 1400\)/);
    // Cut by the sender, put together to be translated, cut again, and put together by the receiver.
    expect(await lab.says('bob', 'ping -c 2 -i 0.2 -s 5000 198.51.100.7')).toMatchObject({ code: 0 });
    const nobody = await lab.says('alice', 'ping -c 1 203.0.113.77');
    expect(nobody.text).toMatch(/From 10\.0\.1\.1 .*Destination Host Unreachable/);
    await lab.network.run({ for: '5m' });
    expect(lab.network.pool.outstanding).toBe(0);
  });

  it('a new address outside is used at once', async () => {
    const lab = new NatLab(undefined, MASQUERADE);
    expect((await lab.says('alice', 'ping -c 1 203.0.113.9')).code).toBe(0);
    const r1 = lab.network.hostNamed('r1');
    const nic = r1.nics.get('eth1')!;
    r1.ip.removeAddress(nic, IpAddress.parse('203.0.113.1')!);
    r1.ip.addAddress(nic, Prefix.parse('203.0.113.50/24')!);
    expect((await lab.says('alice', 'ping -c 2 -i 0.2 203.0.113.9')).code).toBe(0);
    expect((await lab.says('r1', 'conntrack')).text).toContain('dst=203.0.113.50 ');
    expect((await lab.says('r1', 'conntrack')).text).not.toContain('dst=203.0.113.1 ');
  });

  it('the router speaks for itself, too, and both find their answers', async () => {
    const lab = new NatLab(undefined, ['masquerade out eth1']);
    lab.start('far', 'nc -l -k 80');
    const both = ['r1', 'alice'].map((name) => lab.network.hostNamed(name).start('nc -z -p 4000 198.51.100.7 80'));
    expect(await lab.network.run(() => Promise.all(both.map(({ exited }) => exited)))).toEqual([0, 0]);
  });

  it("addresses of the outside that are nobody else's are answered for", async () => {
    const lab = new NatLab(undefined, [
      'map 10.0.2.80 to 203.0.113.80',
      'source 10.0.1.0/24 to 203.0.113.90-203.0.113.99 out eth1',
    ]);
    lab.start('web', 'httpd /');
    expect((await lab.says('client', 'get http://203.0.113.80/')).text).toContain('Index of');
    expect((await lab.says('alice', 'ping -c 1 203.0.113.9')).code).toBe(0);
    expect((await lab.says('web', 'ping -c 1 203.0.113.9')).code).toBe(0);
    expect((await lab.says('client', 'ping -c 1 203.0.113.70')).text).toContain('Unreachable');
    expect((await lab.says('r1', 'conntrack -p icmp')).text).toMatch(/dst=203\.0\.113\.9\d .*\n.*dst=203\.0\.113\.80 /);
  });

  it('errors of a hairpin reach who is in the same network, and of what was forwarded, who is outside', async () => {
    const lab = new NatLab(undefined, [
      ...MASQUERADE,
      'forward udp port 9000 to alice',
      'forward udp port 33434-33534 to web',
    ]);
    for (const host of ['bob', 'far', 'client']) {
      const said = await lab.says(host, 'nc -u -v -z 203.0.113.1 9000');
      expect([host, said.code, said.text]).toEqual([host, 1, expect.stringContaining('refused')]);
    }
    const traced = await lab.says('far', 'traceroute -n 203.0.113.1');
    expect(traced.text).toMatch(/ 1 +198\.51\.100\.1 .*\n 2 +203\.0\.113\.1 /);
  });

  it('the same seed gives the same bytes', async () => {
    const digests = [];
    for (let round = 0; round < 2; round++) {
      const network = Network.from(
        described({ rules: ['count log'] }, [...MASQUERADE, 'forward tcp port 8080 to web:80']),
        {
          platform: new FakePlatform(),
          fingerprint: true,
        },
      );
      const says = saying(network);
      network.hostNamed('web').start('httpd /');
      await says('alice', 'ping -c 2 198.51.100.7');
      await says('bob', 'get http://203.0.113.1:8080/');
      await says('client', 'get http://203.0.113.1:8080/');
      digests.push(network.fingerprint!.toString());
    }
    expect(digests[0]).toBe(digests[1]);
  });
});

describe('words', () => {
  it('the journey of a packet tells which rule ended it', async () => {
    const network = Network.from(
      described({ forward: 'deny', rules: ['allow established', 'deny tcp to web'] }, undefined),
      {
        platform: new FakePlatform(),
      },
    );
    const recorder = new JourneyRecorder(network.queue);
    network.trace = recorder;
    await saying(network)('alice', 'nc -z -w 1 web 80');
    const told = recorder
      .packets()
      .map(({ id }) => formatJourney(recorder.journeyOf(id)))
      .join('\n');
    expect(told.replace(/\s+/g, ' ')).toContain("dropped by r1's firewall, rule 2: deny tcp to web");
  });

  it.each([
    [
      { rules: ['allow tcp', 'allow tcp to wob'] },
      [],
      'r1: firewall: rule 2, column 14: "wob" cannot stand here: expected an address, a network like 10.0.1.0/24, or a name; did you mean "bob"? (in "allow tcp to wob")',
    ],
    [
      { sets: { lan: ['10.0.1.0/24', 'nobody'] } },
      [],
      'r1: firewall: sets: lan: "nobody" is no address, no network, and nobody\'s name',
    ],
    [
      {},
      ['masquerade out eth9'],
      'r1: nat: rule 1, column 16: "eth9" cannot stand here: expected the name of an interface; did you mean "eth0"? (in "masquerade out eth9")',
    ],
    [
      {},
      ['forward tcp port 80 to 2001:db8::1'],
      'r1: nat: rule 1, column 24: "2001:db8::1" cannot stand here: expected whom to: an IPv4 address or a host, and a port, as in web:80 (in "forward tcp port 80 to 2001:db8::1")',
    ],
    [
      {},
      ['map 10.0.1.0/24 to 203.0.113.0/25'],
      'r1: nat: rule 1, column 20: both sides of map have as many addresses (in "map 10.0.1.0/24 to 203.0.113.0/25")',
    ],
    [
      {},
      ['masquerade'],
      'r1: nat: rule 1, column 1: it does not say out of which interface: out eth1 (in "masquerade")',
    ],
  ])('what is wrong is told: %j %j', (firewall, nat, expected) => {
    let told = '';
    try {
      Network.from(described(firewall, nat));
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      told = error.message;
    }
    expect(told).toBe(expected);
  });
});
