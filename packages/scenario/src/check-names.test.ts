import { describe, expect, it } from 'vitest';
import { formatProblem, parseScenario } from './index.ts';

/** Each problem or warning, on one line; a file that is right gives none. */
function told(text: string): string[] {
  const result = parseScenario(text, { file: 'f' });
  const all = result.ok ? result.warnings : result.problems;
  const lines = all.map((problem) => formatProblem(problem).split('\n')[0]!.replace(/^f:/, ''));
  return lines.filter((line) => !line.includes('not connected'));
}

const SERVER = 'r: { kind: router, interfaces: { eth0: { address: 10.0.1.1/24, dhcp: DHCP } } }';
const dhcp = (words: string) =>
  told(`nodes:\n  alice: { kind: host, interfaces: { eth0: dhcp } }\n  ${SERVER.replace('DHCP', words)}\n`);

describe('address: dhcp and dhcp:', () => {
  it.each([
    'true',
    '{ pool: 10.0.1.100-10.0.1.199 }',
    '{ pool: [10.0.1.5, 10.0.1.10-10.0.1.20], router: 10.0.1.2, dns: [10.0.1.53, "2001:db8::1"], domain: a.test }',
    '{ lease: infinite, reservations: { alice: 10.0.1.9, "02:00:00:00:00:07": 10.0.1.7 } }',
    '{ lease: 12h, mtu: 1400, bootp: true, probe: true, search: [a.test, b.test], ntp: 10.0.1.3 }',
    '{ routes: [{ to: 10.9.0.0/16, via: 10.0.1.2 }] }',
    '{ relay: 10.0.9.1 }',
    '{ relay: [10.0.9.1, 10.0.9.2] }',
    '{ networks: [{ network: 10.0.2.0/24, pool: 10.0.2.10-10.0.2.20, router: 10.0.2.1 }] }',
  ])('%s is right', (words) => expect(dhcp(words)).toEqual([]));

  it.each([
    [
      '{ pool: 10.0.1.100-199 }',
      '3:80: "10.0.1.100-199" is no range of addresses; expected two addresses with a hyphen between them, such as 10.0.1.100-10.0.1.199. Did you mean "10.0.1.100-10.0.1.199"?',
    ],
    [
      '{ pool: 10.0.1.20-10.0.1.10 }',
      '3:80: "10.0.1.20-10.0.1.10" ends before it begins; expected two addresses with a hyphen between them, such as 10.0.1.100-10.0.1.199. Did you mean "10.0.1.10-10.0.1.20"?',
    ],
    ['{ pool: 10.0.2.10-10.0.2.20 }', '3:80: 10.0.2.10 is in another network; expected addresses in 10.0.1.0/24'],
    ['{ router: 10.0.2.1 }', '3:82: 10.0.2.1 is in another network; expected addresses in 10.0.1.0/24'],
    [
      '{ reservations: { alise: 10.0.1.9 } }',
      '3:90: "alise" is no node, and no MAC address; expected one of alice, r. Did you mean "alice"?',
    ],
    [
      '{ reservations: { alice: 10.0.1.9, r: 10.0.1.9 } }',
      '3:110: 10.0.1.9 is reserved for "alice" already; expected an address of its own',
    ],
    ['{ lease: soon }', '3:81: "soon" is not a duration; expected a duration such as 12h, or infinite'],
    [
      '{ rang: x }',
      '3:74: unknown word "rang" in dhcp; expected one of pool, router, dns, domain, search, ntp, mtu, lease, reservations, routes, bootp, relay, networks, probe',
    ],
    [
      '{ relay: 10.0.9.1, pool: 10.0.1.9 }',
      '3:91: this relays, so "pool" is for the server to say; expected relay alone, or the words of a server',
    ],
    [
      '{ networks: [{ pool: 10.0.2.9 }] }',
      '3:85: the word "network" is missing in item 1; expected a network such as 10.0.2.0/24',
    ],
    [
      '{ networks: [{ network: 10.0.2.0/24, pool: 10.0.3.9 }] }',
      '3:115: 10.0.3.9 is in another network; expected addresses in 10.0.2.0/24',
    ],
    [
      '{ dns: 10.0.1.53/24 }',
      '3:79: "10.0.1.53/24" has a prefix length, which does not belong here; expected an address such as 10.0.1.53. Did you mean "10.0.1.53"?',
    ],
    ['{ domain: a..b }', '3:82: "a..b" is no domain: a..b: a label is empty; expected a domain such as campus.test'],
  ])('%s', (words, problem) => expect(dhcp(words)[0]).toBe(problem));

  it('an interface serves with an address of its own, and asks for one alone', () => {
    expect(told('nodes: { a: { kind: host, interfaces: { eth0: { dhcp: true } } } }')[0]).toMatch(
      /^1:49: "a" has no address of its own there, by which clients could name it;/,
    );
    expect(told('nodes: { a: { kind: host, interfaces: { eth0: { address: dhcp, dhcp: true } } } }')[0]).toMatch(
      /"a" has no address of its own there/,
    );
    expect(told('nodes: { a: { kind: host, interfaces: { eth0: { address: [dhcp, 10.0.1.9/24] } } } }')).toContain(
      '1:59: dhcp gives one address, and stands in no list; expected dhcp alone, or addresses',
    );
  });

  it('a gateway comes with the lease', () => {
    const host = 'a: { kind: host, interfaces: { eth0: dhcp }, gateway: 10.0.1.1 }';
    expect(told(`nodes:\n  ${host}\n  ${SERVER.replace('DHCP', 'true')}\n`)).toEqual([
      '2:48: "a" gets its addresses by DHCP, and its gateway with them; expected no gateway here: router in the words of the dhcp server',
    ]);
  });

  it('warns when nobody gives addresses', () => {
    expect(told('nodes: { a: { kind: host, interfaces: { eth0: dhcp } } }')).toEqual([
      '1:47: nobody in this file gives addresses by DHCP; expected dhcp: on an interface of a router or host there',
    ]);
    const service = 'services: [{ node: b, run: dhcpd eth0 }]';
    expect(told(`nodes: { a: { kind: host, interfaces: { eth0: dhcp } }, b: { kind: host } }\n${service}`)).toEqual([]);
  });
});

describe('dns:, nameServers:', () => {
  const nodes = (dns: string) =>
    told(`nodes:\n  ns: { kind: host, interfaces: { eth0: 10.0.1.2/24 }, dns: ${dns} }\n  sw: { kind: switch }\n`);
  const whole = (dns: string) =>
    told(
      `dns: ${dns}\nnodes:\n  ns: { kind: host, interfaces: { eth0: 10.0.1.2/24 } }\n  a: { kind: host }\n  sw: { kind: switch }\n`,
    );

  it.each([
    'true',
    '{ zones: { a.test: /etc/a.zone, .: /etc/root.zone } }',
    '{ root: true, recursive: true, clients: [10.0.0.0/8], rate: 50 }',
  ])('dns: %s on a node is right', (words) => expect(nodes(words)).toEqual([]));

  it.each(['{ server: ns }', '{ server: [ns], domain: campus.test, resolver: ns }'])('dns: %s is right', (words) =>
    expect(whole(words)).toEqual([]),
  );

  it.each([
    [
      '{ zones: { a..b: /x } }',
      '2:72: "a..b" cannot be the origin of a zone: a..b: a label is empty; expected a domain such as example.test, or "."',
    ],
    [
      '{ zone: { a.test: /x } }',
      '2:63: unknown word "zone" in dns; expected one of zones, root, recursive, clients, rate. Did you mean "zones"?',
    ],
    [
      'yes',
      '2:61: dns cannot be "yes"; expected true, or words such as { zones: { example.test: /etc/example.zone } } or { recursive: true }. Did you mean "true"?',
    ],
    ['{ rate: 0 }', '2:69: rate cannot be 0; expected a whole number from 1 to 1000000'],
    [
      '{ clients: [10.0.0.1/8] }',
      '2:73: "10.0.0.1/8" has bits set behind its prefix; expected a network such as 10.0.2.0/24. Did you mean "10.0.0.0/8"?',
    ],
  ])('on a node, %s', (words, problem) => expect(nodes(words)[0]).toBe(problem));

  it.each([
    ['{ server: nx }', '1:16: there is no node "nx"; expected ns or a. Did you mean "ns"?'],
    ['{ server: sw }', '1:16: "sw" is a switch; expected ns or a'],
    [
      '{ server: a }',
      '1:16: "a" has no address at which it could be asked; expected a host with an address of its own',
    ],
    ['{ domain: campus.test }', '1:1: nobody serves these names; expected server: a host, such as { server: ns1 }'],
    [
      '{ domain: "-x.test", server: ns }',
      '1:16: "-x.test" is no domain of hosts: "-x"; expected a domain such as campus.test',
    ],
  ])('of the file, %s', (words, problem) =>
    expect(whole(words).map((line) => line.replace('one of ns, a', 'ns or a'))[0]).toBe(problem),
  );

  it('a zone in the file is read, and each of its mistakes has its own place', () => {
    const zone = (text: string) =>
      told(`nodes:
  ns:
    kind: host
    interfaces: { eth0: 10.0.1.2/24 }
    dns:
      zones:
        a.test: |
${text
  .split('\n')
  .map((line) => `          ${line}`)
  .join('\n')}
`);
    expect(zone('$TTL 1h\n@ SOA ns root 1 2 3 4 5\n@ NS ns\nns A 10.0.1.2')).toEqual([]);
    expect(zone('$TTL 1h\n@ SOA ns root 1 2 3 4 5\n@ NS ns\nns A 10.0.1.2000\nx B 1')).toEqual([
      '11:16: "10.0.1.2000" is not an IPv4 address, like 10.0.0.1; expected a master file (RFC 1035 5)',
      '12:13: "B" is no type of record; there are A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT and others; expected a master file (RFC 1035 5)',
    ]);
    expect(zone('$TTL 1h\nns A 10.0.1.2\n')[0]).toMatch(/there is no SOA record, with which a zone begins/);
    expect(zone('$TTL 1h\n\n@ SOA ns root 1 2 3 4 5\n@ NS ns\n  NSS x')[0]).toMatch(/^12:13: "NSS" is no type/);
    expect(zone('b.test. 1 SOA ns root 1 2 3 4 5\nb.test. 1 NS ns')[0]).toMatch(/the zone's SOA is of b\.test\./);
  });

  it('nameServers and search of a host', () => {
    const host = (words: string) => told(`nodes: { a: { kind: host, interfaces: { eth0: 10.0.1.9/24 }, ${words} } }`);
    expect(host('nameServers: [10.0.1.53, "2001:db8::53"], search: [campus.test]')).toEqual([]);
    expect(host('nameServers: [10.0.1]')[0]).toMatch(
      /^1:76: "10\.0\.1" is not an address; expected an address such as 10\.0\.1\.53/,
    );
    expect(host('nameServers: 10.0.1.53')[0]).toMatch(
      /nameServers cannot be "10\.0\.1\.53"; expected a list of addresses, such as \[10\.0\.1\.53\]/,
    );
    expect(host('search: [a b]')[0]).toMatch(/"a b" is no domain of hosts/);
  });
});
