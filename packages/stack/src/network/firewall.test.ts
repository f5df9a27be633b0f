import { describe, expect, it } from 'vitest';
import { Drop } from '../base/drop-reasons.ts';
import { Network } from './network.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { NatLab, saying } from './testing/nat-lab.ts';

const MASQUERADE = ['masquerade from eth0,eth2 out eth1'];
const FORWARD = [...MASQUERADE, 'forward tcp port 8080 to web:80'];

/** What a lab still holds when nothing happens any more. */
async function outstanding(lab: NatLab): Promise<number> {
  await lab.network.run({ for: '5m' });
  return lab.network.pool.outstanding;
}

describe('a router that translates', () => {
  it('lets the inside speak to the outside, which never sees its addresses', async () => {
    const lab = new NatLab(undefined, MASQUERADE);
    lab.start('far', 'httpd /');
    expect(await lab.says('alice', 'ping -c 3 198.51.100.7')).toMatchObject({ code: 0 });
    expect(await lab.says('bob', 'nc -z 198.51.100.7 80')).toMatchObject({ code: 0 });
    const traced = await lab.says('alice', 'traceroute -n 198.51.100.7');
    expect(traced.text).toMatch(/ 1 +10\.0\.1\.1 .*\n 2 +203\.0\.113\.2 .*\n 3 +198\.51\.100\.7 /);
    expect(lab.drops).toEqual(Array(3).fill('IP_TTL_EXPIRED'));
    expect(await outstanding(lab)).toBe(0);
  });

  it('forwards a port, and hairpins it', async () => {
    const lab = new NatLab(undefined, [...FORWARD, 'forward tcp port 8081 to alice:80']);
    lab.start('web', 'httpd /');
    lab.start('alice', 'httpd /');
    for (const port of [8080, 8081]) {
      for (const host of ['client', 'far', 'alice', 'bob']) {
        const said = await lab.says(host, `get http://203.0.113.1:${port}/`);
        expect([host, port, said.text]).toEqual([host, port, expect.stringContaining('Index of')]);
      }
    }
    expect(lab.drops).toEqual([]);
    expect(await outstanding(lab)).toBe(0);
  });
});

describe('a firewall', () => {
  it('denies, refuses and resets, and says which rule it was', async () => {
    const lab = new NatLab(
      {
        forward: 'deny',
        input: 'allow',
        sets: { lan: '10.0.1.0/24' },
        rules: [
          'allow tcp established',
          'allow icmp echo-reply,unreachable established',
          'allow tcp from lan to web port 80',
          'deny tcp from any to web port 81 log',
          'reject tcp to web port 82 with reset',
          'reject tcp to web port 83',
          'allow icmp echo-request rate 1/s burst 2',
        ],
      },
      undefined,
    );
    lab.start('web', 'httpd /');
    expect((await lab.says('alice', 'get http://web/')).code).toBe(0);
    expect((await lab.says('alice', 'nc -z -w 3 web 81')).text).toContain('timed out');
    expect((await lab.says('alice', 'nc -z web 82')).text).toContain('refused');
    expect((await lab.says('alice', 'nc -z web 83')).text).toContain('No route to host');
    expect((await lab.says('alice', 'ping -c 4 -i 0.2 web')).text).toContain('2 received');
    expect(lab.drops[0]).toBe("r1's firewall, rule 4: deny tcp to web port 81 log");
    expect(lab.drops).toContain("r1's firewall, rule 5: reject tcp to web port 82 with reset");
    expect(lab.drops).toContain("r1's firewall, no rule: policy of forward is deny");
    expect(lab.firewall.log[0]!.text).toMatch(/rule 4: deny tcp.*10\.0\.1\.10 > 10\.0\.2\.80 TCP/);
    expect(lab.network.hostNamed('r1').node.drops[Drop.FIREWALL_DENIED]).toBeGreaterThan(0);
    expect(await outstanding(lab)).toBe(0);
  });
});

describe('the programs', () => {
  it('list, change and count', async () => {
    const lab = new NatLab(
      { forward: 'deny', rules: ['allow established', 'allow from eth0 comment "the LAN"'] },
      FORWARD,
    );
    expect((await lab.says('alice', 'conntrack')).text).toContain('nothing is tracked');
    expect((await lab.says('alice', 'firewall')).text).toContain('everything passes');
    await lab.says('alice', 'ping -c 2 198.51.100.7');
    expect((await lab.says('r1', 'firewall')).text).toBe(`input    allow   0 packets, 0 bytes decided by it
forward  deny    0 packets, 0 bytes decided by it
output   allow   0 packets, 0 bytes decided by it

    #    packets       bytes  rule
    1          3         252  allow established
    2          1          84  allow from eth0 comment "the LAN"

    #  translation
    1  masquerade from eth0,eth2 out eth1
    2  forward tcp port 8080 to web:80

1 conversations tracked, 1 addresses and ports mapped
`);
    expect((await lab.says('r1', 'conntrack -L')).text).toMatch(
      /^icmp {5}1 60 src=10\.0\.1\.10 dst=198\.51\.100\.7 id=(\d+) type=8 packets=2 bytes=168 src=198\.51\.100\.7 dst=203\.0\.113\.1 id=\1 type=0 packets=2 bytes=168 mark=0\n$/,
    );
    expect((await lab.says('r1', 'conntrack -C')).text).toBe('1\n');
    expect(await lab.says('r1', 'firewall add allow tcp to wbe')).toEqual({
      code: 1,
      text: 'firewall: rule 3, column 14: "wbe" cannot stand here: expected an address, a network like 10.0.1.0/24, or a name; did you mean "web"?\n',
    });
    expect((await lab.says('r1', 'firewall insert 1 reject icmp from alice')).code).toBe(0);
    expect((await lab.says('alice', 'ping -c 1 198.51.100.7')).text).toContain('Packet filtered');
    expect((await lab.says('r1', 'firewall delete 1')).code).toBe(0);
    expect((await lab.says('r1', 'firewall policy forward alow')).text).toContain('no policy');
    expect((await lab.says('r1', 'firewall nat delete 1')).code).toBe(0);
    expect((await lab.says('r1', 'conntrack -F')).text).toContain('1 conversations are forgotten');
    expect((await lab.says('alice', 'ping -c 1 -W 1 198.51.100.7')).code).toBe(1);
    expect((await lab.says('r1', 'firewall flush')).code).toBe(0);
    expect((await lab.says('r1', 'firewall lst')).text).toContain('did you mean "list"');
  });
});

describe('IPv6', () => {
  it('goes by the same rules, and neighbour discovery by none', async () => {
    const network = Network.from(
      {
        nodes: {
          a: { kind: 'host', interfaces: { eth0: '2001:db8:1::a/64' }, gateway: '2001:db8:1::1' },
          r: {
            kind: 'router',
            interfaces: { eth0: '2001:db8:1::1/64', eth1: '2001:db8:2::1/64' },
            firewall: {
              input: 'deny',
              forward: 'reject',
              rules: ['allow established', 'allow tcp from eth0 to b port http', 'reject tcp to b port 81 with reset'],
            },
          },
          b: { kind: 'host', interfaces: { eth0: '2001:db8:2::b/64' }, gateway: '2001:db8:2::1' },
        },
        links: [{ endpoints: ['a', 'r:eth0'] }, { endpoints: ['b', 'r:eth1'] }],
        services: [{ node: 'b', run: 'httpd /' }],
      },
      { platform: new FakePlatform() },
    );
    const says = saying(network);
    expect((await says('a', 'get http://b/')).text).toContain('Index of');
    expect((await says('a', 'nc -z b 81')).text).toContain('refused');
    expect((await says('a', 'ping -c 1 b')).text).toMatch(/prohibited|filtered/i);
    expect((await says('a', 'ping -c 1 -W 1 2001:db8:1::1')).code).toBe(1);
    // Too long for one frame: fragments, put together before the rules at the host, let through one by one at a router.
    expect((await says('r', 'firewall insert 1 allow icmpv6 echo-request')).code).toBe(0);
    expect((await says('a', 'ping -c 1 -s 4000 b')).code).toBe(0);
    const { drops } = network.hostNamed('r').node;
    expect([drops[Drop.FIREWALL_REJECTED], drops[Drop.FIREWALL_DENIED]]).toEqual([2, 1]);
    await network.run({ for: '3m' });
    expect(network.pool.outstanding).toBe(0);
  });
});
