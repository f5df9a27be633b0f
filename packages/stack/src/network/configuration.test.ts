import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../host/memory-files.ts';
import type { HostDescription, InterfaceDescription, NetworkDescription } from './description.ts';
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

  it('an exhausted pool is told in words; a server that is started again knows its leases', async () => {
    const lab = new DescribedLab(office());
    const { network } = lab;
    network.host('late', { interfaces: { eth0: 'dhcp' } });
    network.link(['late:eth0', 'sw1']);
    await lab.pass(70);
    const late = network.hostNamed('late').nics.get('eth0')!.mac;
    expect(lab.services).toContain(`r: dhcpd: no address left in pool 10.0.1.100-10.0.1.101 for ${late} via eth0\n`);
    expect(lab.services).toContain('late: dhclient eth0: 2\n');
    // The server ends; what it knew is in its file.
    const server = [...network.hostNamed('r').processes.values()].find(({ name }) => name === 'dhcpd')!;
    server.kill('SIGKILL');
    await lab.pass(1);
    lab.services = '';
    network.hostNamed('r').spawn(server.name === 'dhcpd' ? ['dhcpd', ...server.args] : []);
    await lab.pass(60);
    expect(await lab.says('r', 'cat /var/lib/dhcp/dhcpd.leases')).toMatch(
      /10\.0\.1\.100 bound [0-9]+ hw:1:[0-9a-f]{12} \S+ (alice|bob)\n/,
    );
    await lab.pass(3600);
    expect(await lab.says('alice', 'ip -br a show eth0')).toContain('10.0.1.10');
    expect(await lab.says('late', 'ip -br a show eth0')).not.toContain('10.0.1.');
  });

  it('a relay in the words of a scenario: a server elsewhere, who is told by which link', async () => {
    const description = office();
    const ns = description.nodes['ns'] as HostDescription;
    ns.interfaces = {
      eth0: {
        address: '10.0.1.2/24',
        dhcp: {
          reservations: { bob: '10.0.1.77' },
          router: '10.0.1.1',
          networks: [{ network: '10.0.2.0/24', router: '10.0.2.1', search: ['a.test', 'b.test'] }],
        },
      },
    };
    const r = description.nodes['r'] as HostDescription;
    (r.interfaces!['eth0'] as InterfaceDescription).dhcp = { relay: '10.0.1.2' };
    description.nodes['far'] = { kind: 'host', interfaces: { eth0: 'dhcp' } };
    description.links!.push({ endpoints: ['far:eth0', 'sw2'] });
    const lab = new DescribedLab(description);
    await lab.pass(10);
    expect(await lab.says('far', 'ip -br a show eth0')).toContain('10.0.2.2/24');
    expect(String(lab.network.hostNamed('far').nameServers)).toBe('search a.test b.test\nnameserver 10.0.1.2\n');
    expect(await lab.says('bob', 'ping -c 1 far')).toContain('1 received');
    expect(await lab.says('bob', 'ip -br a show eth0')).toContain('10.0.1.77');
  });

  it('says of what it cannot do what it is', async () => {
    const lab = new DescribedLab({ nodes: { a: { kind: 'host', interfaces: { eth0: { dhcp: true } } } } });
    await expect(lab.pass(1)).rejects.toThrow('a:eth0: a DHCP server has an IPv4 address of its own there');
    const nobody = new DescribedLab({ nodes: {}, dns: { server: 'ns' } });
    await expect(nobody.pass(1)).rejects.toThrow('dns: there is no host "ns"');
    expect(() => new DescribedLab({ nodes: { a: { kind: 'host', nameServers: ['x'] } } })).toThrow(
      'nameServers: "x" is not an address',
    );
  });
});

describe('dns: on nodes', () => {
  const ZONE = '$TTL 1h\n@ SOA ns root 1 1h 15m 2w 5m\n@ NS ns\n$INCLUDE hosts.inc\n';

  it('zones from files and as text, a root that is made, a resolver that begins there', async () => {
    const lab = new DescribedLab({
      dns: { resolver: 'res' },
      nodes: {
        sw: { kind: 'switch' },
        root: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' }, dns: { root: true } },
        a: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, dns: { zones: { 'a.test': '/etc/a.zone' } } },
        b: {
          kind: 'host',
          interfaces: { eth0: '10.0.0.3/24' },
          dns: {
            zones: {
              'b.test': `${ZONE.replace('$INCLUDE hosts.inc', 'ns A 10.0.0.3\nsub NS ns.sub\nns.sub A 10.0.0.4\nwww CNAME www.sub')}`,
            },
          },
        },
        c: {
          kind: 'host',
          interfaces: { eth0: '10.0.0.4/24' },
          dns: { zones: { 'sub.b.test': `${ZONE.replace('$INCLUDE hosts.inc', 'ns A 10.0.0.4\nwww A 10.0.0.80')}` } },
        },
        res: { kind: 'host', interfaces: { eth0: '10.0.0.5/24' }, dns: { clients: ['10.0.0.0/25'] } },
        alice: { kind: 'host', interfaces: { eth0: '10.0.0.9/24' } },
        mallory: { kind: 'host', interfaces: { eth0: '10.0.0.200/24' }, nameServers: ['10.0.0.5'] },
      },
      links: ['root', 'a', 'b', 'c', 'res', 'alice', 'mallory'].map((name) => ({ endpoints: [`${name}:eth0`, 'sw'] })),
    });
    const files = { '/a.zone': ZONE, '/hosts.inc': 'ns A 10.0.0.2\n$GENERATE 1-3 h$ A 10.1.0.$\n' };
    lab.network.hostNamed('a').files.mount('/etc', new MemoryFiles(files));
    await lab.pass(1);
    expect(await lab.says('alice', 'dig +short h3.a.test')).toBe('10.1.0.3\n');
    expect(await lab.says('alice', 'dig +short www.b.test')).toBe('www.sub.b.test.\n10.0.0.80\n');
    expect(await lab.says('root', 'cat /run/dns/root.zone')).toBe(`$TTL 1d
. SOA root. hostmaster. 1 1h 15m 2w 5m
. NS root.
root. A 10.0.0.1
a.test. NS ns.a.test.
ns.a.test. A 10.0.0.2
b.test. NS ns.b.test.
ns.b.test. A 10.0.0.3
`);
    const trace = await lab.says('alice', 'dig +trace www.sub.b.test');
    expect(trace.match(/from \S+/g)).toEqual([
      'from 10.0.0.5#53(10.0.0.5)',
      'from 10.0.0.1#53(root)',
      'from 10.0.0.3#53(ns.b.test)',
      'from 10.0.0.4#53(ns.sub.b.test)',
    ]);
    expect(await lab.says('mallory', 'dig h3.a.test')).toContain('status: REFUSED');
    expect(lab.services).toBe('');
    expect(lab.network.pool.outstanding).toBe(0);
  });

  it('a zone that cannot be read is told with file, line and word, and so is one that is not there', async () => {
    const dns = { zones: { 'a.test': '/etc/a.zone', 'b.test': '/etc/none' } };
    const lab = new DescribedLab({ nodes: { a: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, dns } } });
    lab.network
      .hostNamed('a')
      .files.mount('/etc', new MemoryFiles({ '/a.zone': ZONE, '/hosts.inc': 'ns A 10.0.0.2\nx AA 1\n' }));
    await lab.pass(1);
    expect(lab.services).toBe(
      'a: dnsd: hosts.inc:2:3: "AA" is no type of record; there is AAAA\na: dnsd: /etc/none: No such file or directory\na: dnsd a.test=/etc/a.zone b.test=/etc/none: 1\n',
    );
  });

  it('dns: true makes a host the one that all others ask, but for those that have other servers', async () => {
    const lab = new DescribedLab({
      nodes: {
        sw: { kind: 'switch' },
        ns: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' }, dns: true, aliases: ['www'] },
        alice: { kind: 'host', interfaces: { eth0: '10.0.0.9/24' } },
        bob: { kind: 'host', interfaces: { eth0: '10.0.0.10/24' }, nameServers: ['10.0.0.99'], search: ['else.test'] },
      },
      links: ['ns', 'alice', 'bob'].map((name) => ({ endpoints: [`${name}:eth0`, 'sw'] })),
    });
    await lab.pass(1);
    expect(await lab.says('alice', 'cat /etc/resolv.conf')).toBe('search lab.test\nnameserver 10.0.0.1\n');
    expect(await lab.says('alice', 'cat /etc/hosts')).toBe('127.0.0.1\tlocalhost\n::1\tlocalhost\n10.0.0.9\talice\n');
    expect(await lab.says('alice', 'host www')).toBe('www.lab.test has address 10.0.0.1\n');
    expect(await lab.says('alice', 'host 10.0.0.10')).toBe(
      '10.0.0.10.in-addr.arpa domain name pointer bob.lab.test.\n',
    );
    expect(String(lab.network.hostNamed('bob').nameServers)).toBe('search else.test\nnameserver 10.0.0.99\n');
    expect(await lab.says('bob', 'dig +tries=1 +time=1 x')).toContain('no servers could be reached');
    expect(await lab.says('alice', 'dig nosuch.lab.test')).toContain('status: NXDOMAIN');
    // Hosts know themselves without asking anybody.
    expect(await lab.says('bob', 'ping -c 1 bob')).toContain('1 received');
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
