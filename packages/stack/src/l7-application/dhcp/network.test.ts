import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { withTap } from '../../base/tap-list.ts';
import { dhcpClientOf } from '../../host/dhcp-clients.ts';
import { DhcpHostInterface } from '../../host/dhcp-interface.ts';
import type { Host } from '../../host/host.ts';
import { Network } from '../../network/network.ts';
import type { DhcpClientSocket } from './client-socket.ts';
import { ClientState } from './client-states.ts';
import { readMessage, writeMessage } from './message.ts';
import { MessageType, Option } from './option-codes.ts';
import { DhcpOptions } from './options.ts';
import { circuitOf } from './relay-information.ts';
import { DhcpRelaySocket } from './relay-socket.ts';
import type { ServerConfig, SubnetConfig } from './server-config.ts';
import { DhcpServerSocket } from './server-socket.ts';
import { ip } from './testing/server-talk.ts';

/** Whole hosts on real wires, driven by callbacks alone. */
class Lab {
  readonly network: Network;
  readonly log: string[] = [];

  constructor(seed = 1) {
    this.network = new Network({ seed });
    this.network.pool.track();
  }

  serve(host: Host, subnets: SubnetConfig[], config: Partial<ServerConfig> = {}, on = ['eth0']): DhcpServerSocket {
    const links = on.map((name) => new DhcpHostInterface(host, host.ip.interfaceNamed(name)!));
    return new DhcpServerSocket(
      host.newSockets(),
      links,
      { subnets, ...config },
      { log: (line) => this.log.push(line) },
    );
  }

  client(host: Host): DhcpClientSocket {
    return dhcpClientOf(host, host.ip.interfaceNamed('eth0')!);
  }

  start(host: Host): DhcpClientSocket {
    const client = this.client(host);
    client.start();
    return client;
  }

  pass(seconds: number): this {
    this.network.runSync({ for: seconds });
    return this;
  }

  /** `server` and clients on one switch. */
  lan(clients: number, addresses = ['10.0.1.1/24']): { servers: Host[]; hosts: Host[] } {
    const { network } = this;
    network.switch('sw');
    const servers = addresses.map((address, i) => network.host(`server${i + 1}`, { interfaces: { eth0: address } }));
    const hosts = Array.from({ length: clients }, (_, i) => network.host(`c${i + 1}`, { interfaces: { eth0: {} } }));
    for (const host of [...servers, ...hosts]) network.link([`${host.name}:eth0`, 'sw']);
    return { servers, hosts };
  }
}

const LAN = Prefix.parse('10.0.1.0/24')!;

function pool(first: number, last: number, more: Partial<SubnetConfig> = {}): SubnetConfig {
  const ranges = [{ first: ip(`10.0.1.${first}`), last: ip(`10.0.1.${last}`) }];
  return { network: LAN, ranges, leaseSeconds: 3600, ...more };
}

const addressesOf = (host: Host): string[] => host.addresses().map(String);
const routesOf = (host: Host): string[] =>
  host.ip.routes
    .list()
    .map(String)
    .filter((line) => !line.startsWith('local') && !line.startsWith('broadcast') && !line.includes('127.'));

describe('a lease on a real wire', () => {
  const options = new DhcpOptions()
    .setAddresses(Option.Routers, [ip('10.0.1.1')])
    .setAddresses(Option.DomainNameServers, [ip('10.0.1.53')])
    .setText(Option.DomainName, 'lab.example')
    .setText(Option.HostName, 'given')
    .setNumber(Option.InterfaceMtu, 2, 1400);

  it('sets the host up: address, routes, name servers, names, MTU; and all of it goes with the lease', () => {
    const lab = new Lab();
    const { servers, hosts } = lab.lan(1);
    const server = lab.serve(servers[0]!, [pool(100, 100, { options })]);
    const [host] = hosts as [Host];
    lab.start(host);
    lab.pass(5);
    expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
    expect(routesOf(host)).toEqual(['default via 10.0.1.1 dev eth0', '10.0.1.0/24 dev eth0']);
    expect(String(host.nameServers)).toBe('search lab.example\nnameserver 10.0.1.53\n');
    expect(host.nics.get('eth0')!.mtu).toBe(1400);
    expect([host.hostName, host.sockets.gethostname()]).toEqual(['given', 'given']);
    expect(servers[0]!.lookup('c1')).toEqual([IpAddress.parse('10.0.1.100')]);
    // The server is gone: the lease is asked for till its end, and then nothing of it is left.
    server.close();
    lab.pass(3590);
    expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
    lab.pass(10);
    expect(addressesOf(host)).toEqual([]);
    expect(routesOf(host)).toEqual([]);
    expect(String(host.nameServers)).toBe('');
    expect(host.nics.get('eth0')!.mtu).toBe(1500);
    expect(host.sockets.gethostname()).toBe('c1');
    expect(servers[0]!.lookup('c1')).toBeLessThan(0);
    expect(lab.client(host).client.state).toBe(ClientState.Selecting);
    lab.client(host).stop();
    lab.pass(60);
    expect(lab.network.pool.outstanding).toBe(0);
  });

  it('is renewed for as long as its server is there, without a moment without an address', () => {
    const lab = new Lab();
    const { servers, hosts } = lab.lan(1);
    lab.serve(servers[0]!, [pool(100, 100, { options })]);
    const [host] = hosts as [Host];
    lab.start(host);
    lab.pass(10);
    const { generation } = host.ip;
    for (let hour = 0; hour < 24; hour++) {
      lab.pass(3600);
      expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
    }
    expect(host.ip.generation).toBeGreaterThan(generation);
    expect(lab.log.filter((line) => line.startsWith('DHCPACK')).length).toBe(1 + 48);
    expect(lab.log.filter((line) => line.startsWith('DHCPDISCOVER')).length).toBe(1);
  });

  it('is extended by another server when its own has gone', () => {
    const lab = new Lab();
    const { servers, hosts } = lab.lan(1, ['10.0.1.1/24', '10.0.1.2/24']);
    const [host] = hosts as [Host];
    const mac = host.nics.get('eth0')!.mac;
    const subnet = pool(100, 110, { reservations: [{ mac, address: ip('10.0.1.50') }] });
    const first = lab.serve(servers[0]!, [subnet]);
    lab.start(host);
    lab.pass(5);
    first.close();
    lab.serve(servers[1]!, [subnet]);
    lab.pass(3600);
    const { lease } = lab.client(host).client;
    expect([lease!.address, lease!.server]).toEqual([ip('10.0.1.50'), ip('10.0.1.2')]);
    expect(addressesOf(host)).toEqual(['10.0.1.50/24']);
  });

  it('is not renewed, but another taken, by who comes back on another network', () => {
    const lab = new Lab();
    const { network } = lab;
    const home = network.router('home', { interfaces: { eth0: '10.0.1.1/24' } });
    const work = network.router('work', { interfaces: { eth0: '10.0.2.1/24' } });
    const host = network.host('c1', { interfaces: { eth0: {} } });
    network.switch('sw');
    network.link(['c1:eth0', 'sw']);
    network.link(['home:eth0', 'sw'], { name: 'home' });
    network.link(['work:eth0', 'sw'], { name: 'work' });
    lab.serve(home, [pool(100, 110)]);
    const ranges = [{ first: ip('10.0.2.100'), last: ip('10.0.2.110') }];
    lab.serve(work, [{ network: Prefix.parse('10.0.2.0/24')!, ranges }]);
    network.cableNamed('work').setUp(false);
    lab.start(host);
    lab.pass(5);
    expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
    network.cableNamed('c1:eth0').setUp(false);
    network.cableNamed('home').setUp(false);
    network.cableNamed('work').setUp(true);
    lab.pass(1);
    network.cableNamed('c1:eth0').setUp(true);
    lab.pass(10);
    expect(lab.log.filter((line) => line.startsWith('DHCPNAK'))).toHaveLength(1);
    expect(addressesOf(host)).toEqual(['10.0.2.100/24']);
  });
});

describe('an address that somebody has taken for himself', () => {
  it('is found by ARP and declined, and the next one taken', () => {
    const lab = new Lab();
    const { servers, hosts } = lab.lan(2);
    const [host, thief] = hosts as [Host, Host];
    thief.ip.addAddress(thief.nics.get('eth0')!, Prefix.parse('10.0.1.100/24')!);
    const server = lab.serve(servers[0]!, [pool(100, 110)]);
    lab.start(host);
    lab.pass(20);
    expect(lab.log.find((line) => line.includes('abandoned'))).toMatch(
      /^DHCPDECLINE of 10\.0\.1\.100 from .*: 10\.0\.1\.100 is in use by somebody else: abandoned$/,
    );
    expect(addressesOf(host)).toEqual(['10.0.1.101/24']);
    expect(server.server.leases().map(({ address, state }) => [address & 255, state])).toEqual([
      [100, 'abandoned'],
      [101, 'bound'],
    ]);
    // Whom it asked for is no neighbour of its.
    expect(host.ip.neighbours.find(0, 0, 0xffff, ip('10.0.1.100'), host.ip.interfaceNamed('eth0')!)).toBe(null);
  });

  it('later is defended once, and then declined (RFC 5227 2.4)', () => {
    const lab = new Lab();
    const { servers, hosts } = lab.lan(2);
    const [host, thief] = hosts as [Host, Host];
    const server = lab.serve(servers[0]!, [pool(100, 110)]);
    lab.start(host);
    lab.pass(10);
    expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
    const taken = Prefix.parse('10.0.1.100/24')!;
    const announce = (): void => thief.ip.arp.announce(thief.ip.interfaceNamed('eth0')!, taken.address);
    announce();
    lab.pass(1);
    expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
    announce();
    lab.pass(20);
    expect(addressesOf(host)).toEqual(['10.0.1.101/24']);
    expect(server.server.leases().map(({ state }) => state)).toEqual(['abandoned', 'bound']);
  });

  it('is found by a ping of the server before it is offered', () => {
    const lab = new Lab();
    const { servers, hosts } = lab.lan(2);
    const [host, thief] = hosts as [Host, Host];
    thief.ip.addAddress(thief.nics.get('eth0')!, Prefix.parse('10.0.1.100/24')!);
    const server = lab.serve(servers[0]!, [pool(100, 110)], { probe: true });
    lab.start(host);
    lab.pass(20);
    expect(lab.log[1]).toBe('10.0.1.100 answers a ping: abandoned via eth0');
    expect(lab.log.some((line) => line.startsWith('DHCPDECLINE'))).toBe(false);
    expect(addressesOf(host)).toEqual(['10.0.1.101/24']);
    lab.client(host).release();
    lab.pass(5);
    server.close();
    lab.pass(100);
    expect(lab.network.pool.outstanding).toBe(0);
  });
});

it('of two servers one is chosen, and the other keeps its address', () => {
  const lab = new Lab();
  const { servers, hosts } = lab.lan(1, ['10.0.1.1/24', '10.0.1.2/24']);
  const one = lab.serve(servers[0]!, [pool(100, 110)]);
  const two = lab.serve(servers[1]!, [pool(200, 210)]);
  lab.start(hosts[0]!);
  lab.pass(10);
  const states = [one, two].map(({ server }) => server.leases()[0]!.stateAt(lab.network.now));
  expect([...states].sort()).toEqual(['bound', 'ended']);
  expect(addressesOf(hosts[0]!)).toEqual([states[0] === 'bound' ? '10.0.1.100/24' : '10.0.1.200/24']);
});

it('a released address is given to the next at once', () => {
  const lab = new Lab();
  const { servers, hosts } = lab.lan(2);
  lab.serve(servers[0]!, [pool(100, 100)]);
  const [a, b] = hosts as [Host, Host];
  lab.start(a);
  lab.pass(5);
  lab.start(b);
  lab.pass(5);
  expect(lab.log.at(-1)).toMatch(/: no address left in pool 10.0.1.100-10.0.1.100 for /);
  lab.client(a).release();
  lab.pass(30);
  expect([addressesOf(a), addressesOf(b)]).toEqual([[], ['10.0.1.100/24']]);
  expect(lab.log.some((line) => line.startsWith('DHCPRELEASE of 10.0.1.100 from '))).toBe(true);
});

describe('through a relay', () => {
  //  c1 --- sw --- r (relay) --- core --- far: server
  function relayed(informs = false) {
    const lab = new Lab();
    const { network } = lab;
    const host = network.host('c1', { interfaces: { eth0: {} } });
    const other = network.host('c2', { interfaces: { eth0: {} } });
    const r = network.router('r', { interfaces: { eth0: '10.0.2.1/24', eth1: '10.0.9.1/24', eth2: '10.0.3.1/24' } });
    const far = network.host('far', { interfaces: { eth0: '10.0.9.10/24' }, gateway: '10.0.9.1' });
    network.link(['c1:eth0', 'r:eth0']);
    network.link(['far:eth0', 'r:eth1'], { delay: '5ms' });
    network.link(['c2:eth0', 'r:eth2']);
    const on = ['eth0', 'eth2'].map((name) => new DhcpHostInterface(r, r.ip.interfaceNamed(name)!));
    const relay = new DhcpRelaySocket(r.newSockets(), on, [ip('10.0.9.10')], (line) => lab.log.push(line), informs);
    const subnet = (third: number): SubnetConfig => ({
      network: Prefix.parse(`10.0.${third}.0/24`)!,
      ranges: [{ first: ip(`10.0.${third}.100`), last: ip(`10.0.${third}.110`) }],
      leaseSeconds: 600,
      options: new DhcpOptions().setAddresses(Option.Routers, [ip(`10.0.${third}.1`)]),
    });
    const server = lab.serve(far, [subnet(2), subnet(3)]);
    return { lab, host, other, relay, server };
  }

  it('each gets an address of its own network, renews it without the relay, and gives it back', () => {
    const { lab, host, other, server, relay } = relayed();
    lab.start(host);
    lab.start(other);
    lab.pass(10);
    expect([host, other].map(addressesOf)).toEqual([['10.0.2.100/24'], ['10.0.3.100/24']]);
    const forwarded = () => lab.log.filter((line) => line.startsWith('Forwarded')).length;
    expect(forwarded()).toBe(8);
    lab.pass(3600);
    expect([host, other].map(addressesOf)).toEqual([['10.0.2.100/24'], ['10.0.3.100/24']]);
    expect(forwarded()).toBe(8);
    lab.client(host).release();
    lab.client(other).release();
    lab.pass(5);
    expect(server.server.leases().map((lease) => lease.stateAt(lab.network.now))).toEqual(['ended', 'ended']);
    relay.close();
    server.close();
    lab.pass(100);
    expect(lab.network.pool.outstanding).toBe(0);
  });

  it('the server is told by which link a client is reached, and the client is not (option 82)', () => {
    const { lab, host, other } = relayed(true);
    const told: (string | null)[] = [];
    const information = (bytes: Uint8Array): string | null => {
      const message = readMessage(bytes);
      const value = typeof message === 'string' ? null : message.options.bytes(Option.RelayAgentInformation);
      return value === null ? null : circuitOf(value);
    };
    for (const [name, { forward, backward }] of lab.network.cables) {
      const frame = ({ bytes, view, start, end }: PacketBuffer): void => {
        if (end - start < 42 || view.getUint8(start + 14 + 9) !== 17) return;
        told.push(`${name}: ${information(bytes.slice(start + 42, end))}`);
      };
      forward.tap = withTap(forward.tap, { frame });
      backward.tap = withTap(backward.tap, { frame });
    }
    lab.start(host);
    lab.start(other);
    lab.pass(10);
    expect([host, other].map(addressesOf)).toEqual([['10.0.2.100/24'], ['10.0.3.100/24']]);
    expect([...new Set(told)].sort()).toEqual([
      'c1:eth0-r:eth0: null',
      'c2:eth0-r:eth2: null',
      'far:eth0-r:eth1: eth0',
      'far:eth0-r:eth1: eth2',
    ]);
  });

  it('a message that passed too many relays goes no further', () => {
    const { lab, host } = relayed();
    const s = host.newSockets().socket(2, 2);
    s.setsockopt(1, 6, 1);
    s.setsockopt(1, 25, 'eth0');
    s.bind(['', 68]);
    const send = (hops: number) => {
      const bytes = writeMessage(discoverOf(host));
      bytes[3] = hops;
      s.descriptor.send(bytes, 0, bytes.length, 0, IpAddress.BROADCAST4, 67);
      lab.pass(1);
    };
    send(4);
    expect(lab.log).toEqual([expect.stringMatching(/via eth0: it has passed 4 relays$/)]);
    send(3);
    expect(lab.log.at(-1)).toMatch(/^Forwarded DHCPOFFER/);
  });
});

function discoverOf(host: Host) {
  const message = readMessage(new Uint8Array(300).fill(1, 0, 1));
  if (typeof message === 'string') throw new Error(message);
  message.mac = host.nics.get('eth0')!.mac;
  message.options.messageType = MessageType.Discover;
  return message;
}

it('a BOOTP client is served on the same port, at the address that it does not know yet', () => {
  const lab = new Lab();
  const { servers, hosts } = lab.lan(1);
  lab.serve(servers[0]!, [pool(100, 110, { bootp: true })]);
  const [host] = hosts as [Host];
  const s = host.newSockets().socket(2, 2);
  s.setsockopt(1, 6, 1);
  s.setsockopt(1, 25, 'eth0');
  s.bind(['', 68]);
  const message = discoverOf(host);
  message.options.delete(Option.MessageType);
  const ask = () => {
    const bytes = writeMessage(message);
    s.descriptor.send(bytes, 0, bytes.length, 0, IpAddress.BROADCAST4, 67);
    lab.pass(1);
    const into = new Uint8Array(600);
    const n = s.descriptor.receive(into, 0, 600);
    return n < 0 ? null : readMessage(into.subarray(0, n));
  };
  // Not asked for a broadcast: the answer goes to 10.0.1.100, for which nobody could have answered ARP.
  expect(ask()).toBe(null);
  expect(lab.log.at(-1)).toMatch(/^BOOTREPLY on 10\.0\.1\.100 to /);
  expect(host.node.drops.some((count) => count > 0)).toBe(true);
  message.flags = 0x8000;
  const answer = ask();
  expect(answer).toMatchObject({ op: 2, type: MessageType.Bootp, yiaddr: ip('10.0.1.100') });
});

it('100 hosts that are switched on at once get 100 addresses', () => {
  const lab = new Lab();
  const { servers, hosts } = lab.lan(100);
  lab.serve(servers[0]!, [pool(2, 254)]);
  for (const host of hosts) lab.start(host);
  lab.pass(60);
  const given = hosts.flatMap(addressesOf);
  expect(given).toHaveLength(100);
  expect(new Set(given).size).toBe(100);
  expect(hosts.every((host) => lab.client(host).client.state === ClientState.Bound)).toBe(true);
  for (const host of hosts) lab.client(host).stop();
  lab.pass(100);
  expect(lab.network.pool.outstanding).toBe(0);
});

it('gets through a line that loses three of ten', () => {
  const lab = new Lab(5);
  const server = lab.network.host('server', { interfaces: { eth0: '10.0.1.1/24' } });
  const host = lab.network.host('c1', { interfaces: { eth0: {} } });
  lab.network.link(['server', 'c1'], { loss: 0.3 });
  lab.serve(server, [pool(100, 110, { leaseSeconds: 300 })]);
  lab.start(host);
  lab.pass(600);
  expect(addressesOf(host)).toEqual(['10.0.1.100/24']);
});

it('tells who watches what is said and what state it is in', () => {
  const lab = new Lab();
  const { servers, hosts } = lab.lan(1);
  const told: string[] = [];
  lab.network.trace = {
    event: (node, layer, what, _packet, _reason, detail) => {
      if (layer === 7) told.push(`${node} ${what}: ${detail.replace(/ [0-9a-f:]{17}/, '')}`);
    },
  };
  lab.serve(servers[0]!, [pool(100, 100)]);
  lab.start(hosts[0]!);
  lab.pass(5);
  expect(told).toEqual([
    'c1 state: eth0: STOPPED -> INIT: started',
    'c1 state: eth0: INIT -> SELECTING: looking for servers',
    'c1 send: DHCPDISCOVER from',
    'server1 receive: DHCPDISCOVER from',
    'server1 send: DHCPOFFER to for 10.0.1.100',
    'c1 receive: DHCPOFFER to for 10.0.1.100',
    'c1 state: eth0: SELECTING -> REQUESTING: chose the offer of 10.0.1.1',
    'c1 send: DHCPREQUEST from for 10.0.1.100',
    'server1 receive: DHCPREQUEST from for 10.0.1.100',
    'server1 send: DHCPACK to for 10.0.1.100',
    'c1 receive: DHCPACK to for 10.0.1.100',
    'c1 state: eth0: REQUESTING -> CHECKING: acknowledged by 10.0.1.1',
    'c1 state: eth0: CHECKING -> BOUND: 10.0.1.100/24',
  ]);
});
