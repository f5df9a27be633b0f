import { describe, expect, it } from 'vitest';
import type { NetworkDescription } from './description.ts';
import { DescribedLab } from './testing/described-lab.ts';

/** Two networks, a router that serves DHCP on one and relays for the other, a name server, three clients. */
function office(more: Partial<NetworkDescription> = {}): NetworkDescription {
  return {
    dns: { server: 'ns', domain: 'campus.test' },
    nodes: {
      sw1: { kind: 'switch' },
      sw2: { kind: 'switch' },
      r: {
        kind: 'router',
        interfaces: {
          eth0: {
            address: '10.0.1.1/24',
            dhcp: { pool: '10.0.1.100-10.0.1.101', lease: '1h', reservations: { printer: '10.0.1.9' } },
          },
          eth1: { address: '10.0.2.1/24', dhcp: { relay: '10.0.1.2' } },
        },
      },
      ns: {
        kind: 'host',
        interfaces: { eth0: { address: '10.0.1.2/24' } },
        gateway: '10.0.1.1',
      },
      alice: { kind: 'host', interfaces: { eth0: 'dhcp' } },
      bob: { kind: 'host', interfaces: { eth0: { address: 'dhcp' } } },
      printer: { kind: 'host', interfaces: { eth0: { address: 'dhcp' } } },
    },
    links: [
      { endpoints: ['r:eth0', 'sw1'] },
      { endpoints: ['ns:eth0', 'sw1'] },
      { endpoints: ['alice:eth0', 'sw1'] },
      { endpoints: ['bob:eth0', 'sw1'] },
      { endpoints: ['printer:eth0', 'sw1'] },
      { endpoints: ['r:eth1', 'sw2'] },
    ],
    ...more,
  };
}

describe('address: dhcp, dhcp:, dns:', () => {
  it('hosts get addresses, name servers and names, and the DNS knows them', async () => {
    const lab = new DescribedLab(office());
    await lab.pass(10);
    expect(await lab.says('alice', 'ip -br a show eth0')).toContain('10.0.1.100/24');
    expect(await lab.says('printer', 'ip -br a show eth0')).toContain('10.0.1.9/24');
    expect(String(lab.network.hostNamed('alice').nameServers)).toBe('search campus.test\nnameserver 10.0.1.2\n');
    expect(await lab.says('alice', 'dig +short printer.campus.test')).toBe('10.0.1.9\n');
    expect(await lab.says('alice', 'dig +short -x 10.0.1.1')).toBe('r.campus.test.\n');
    expect(await lab.says('alice', 'ping -c 1 printer')).toContain('1 received');
    expect(await lab.says('ns', 'ping -c 1 bob.campus.test')).toContain('1 received');
    expect(lab.services).toContain('alice: dhclient eth0: 0\n');
    expect(await lab.says('r', 'cat /var/lib/dhcp/dhcpd.leases')).toContain('10.0.1.100 bound');
    expect(lab.network.pool.outstanding).toBe(0);
  });
});

describe('IPv6', () => {
  it('servers listen to both families, the resolver and hosts ask by either, and addresses that come later count', async () => {
    const lab = new DescribedLab({
      ipv6: true,
      dns: { domain: 'six.test', server: 'ns', resolver: 'res' },
      nodes: {
        sw: { kind: 'switch' },
        r: { kind: 'router', interfaces: { eth0: { address: ['10.0.0.1/24', '2001:db8::1/64'], advertise: true } } },
        ns: { kind: 'host', interfaces: { eth0: '2001:db8::53/64' } },
        res: { kind: 'host', interfaces: { eth0: { address: ['10.0.0.54/24', '2001:db8::54/64'] } } },
        // Only IPv6, and that by itself.
        auto: { kind: 'host', interfaces: { eth0: {} } },
        old: { kind: 'host', interfaces: { eth0: { address: '10.0.0.9/24', ipv6: false } } },
      },
      links: ['r', 'ns', 'res', 'auto', 'old'].map((name) => ({ endpoints: [`${name}:eth0`, 'sw'] })),
    });
    await lab.pass(10);
    expect(await lab.says('old', 'dig +short ns.six.test aaaa')).toBe('2001:db8::53\n');
    expect(await lab.says('auto', 'dig +short @2001:db8::53 res.six.test aaaa')).toBe('2001:db8::54\n');
    expect(await lab.says('auto', 'dig +short +tcp @2001:db8::54 res.six.test a')).toBe('10.0.0.54\n');
    expect(await lab.says('auto', 'dig +short -x 2001:db8::1')).toBe('r.six.test.\n');
    expect(await lab.says('auto', 'ping -c 1 ns')).toContain('1 received');
    expect(lab.services).toBe('');
  });
});
