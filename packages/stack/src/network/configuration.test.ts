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
