import { describe, expect, it } from 'vitest';
import { Prefix } from '../../base/prefix.ts';
import { Random } from '../../base/random.ts';
import { LeaseState } from './leases.ts';
import { DHCP_LIMITS } from './limits.ts';
import { DhcpMessage, readMessage, writeMessage } from './message.ts';
import { MessageType, Option } from './option-codes.ts';
import { DhcpOptions } from './options.ts';
import { ip, mac, ServerTalk, subnet } from './testing/server-talk.ts';

describe('DISCOVER', () => {
  it('is offered an address, with all that a host needs, to the address that it gives', () => {
    const options = new DhcpOptions().setAddresses(Option.Routers, [ip('10.0.1.1')]);
    const talk = new ServerTalk({ subnets: [subnet({ options })] });
    expect(talk.discover()).toBe('OFFER 10.0.1.100 to 10.0.1.100:68 at 02:00:00:00:00:01');
    const { reply } = talk;
    expect([reply.xid, reply.op, reply.ciaddr, reply.giaddr]).toEqual([77, 2, 0, 0]);
    expect(reply.options.codes()).toEqual([53, 54, 51, 58, 59, 1, 28, 3]);
    expect(reply.options.address(Option.ServerIdentifier)).toBe(ip('10.0.1.1'));
    expect(reply.options.address(Option.SubnetMask)).toBe(0xffffff00);
    const times = [Option.LeaseTime, Option.RenewalTime, Option.RebindingTime];
    expect(times.map((code) => reply.options.number(code, 4))).toEqual([3600, 1800, 3150]);
  });

  it('is answered by broadcast if the client cannot hear otherwise, and by its relay if it has one', () => {
    const talk = new ServerTalk();
    expect(talk.discover(1, { broadcast: true })).toBe('OFFER 10.0.1.100 to everybody:68');
    expect(talk.discover(2, { giaddr: '10.0.1.77', broadcast: true })).toBe('OFFER 10.0.1.101 to 10.0.1.77:67');
    expect(talk.reply.giaddr).toBe(ip('10.0.1.77'));
    expect(talk.reply.flags).toBe(0x8000);
  });

  it('gets what it asks for, in its order, and no more', () => {
    const options = new DhcpOptions()
      .setAddresses(Option.Routers, [1])
      .setText(Option.DomainName, 'lab')
      .setAddresses(Option.DomainNameServers, [2]);
    const talk = new ServerTalk({ subnets: [subnet({ options })] });
    talk.discover(1, { options: { [Option.ParameterRequestList]: [6, 99, 6, 3, 54] } });
    expect(talk.reply.options.codes()).toEqual([53, 54, 51, 58, 59, 1, 6, 3]);
  });

  it('has its client identifier and the relay agent information given back as they were (RFC 6842, 3046)', () => {
    const talk = new ServerTalk();
    talk.discover(1, {
      options: { [Option.ClientIdentifier]: [0, 1, 2], [Option.RelayAgentInformation]: [1, 2, 9, 9] },
    });
    const copy = readMessage(writeMessage(talk.reply));
    if (typeof copy === 'string') throw new Error(copy);
    expect([...copy.options.bytes(Option.ClientIdentifier)!]).toEqual([0, 1, 2]);
    expect([...copy.options.bytes(Option.RelayAgentInformation)!]).toEqual([1, 2, 9, 9]);
    expect(copy.options.codes().at(-1)).toBe(Option.RelayAgentInformation);
  });

  it('is offered the same again; who comes later gets another; the pool is exhausted one past its end', () => {
    const talk = new ServerTalk();
    expect([1, 2, 1, 3].map((from) => talk.discover(from).split(' ')[1])).toEqual([
      '10.0.1.100',
      '10.0.1.101',
      '10.0.1.100',
      '10.0.1.102',
    ]);
    expect(talk.discover(4)).toBe('silence: no address left in pool 10.0.1.100-10.0.1.102 for 02:00:00:00:00:04');
    // Offers that nobody took up are free after two minutes.
    talk.pass(121);
    expect(talk.discover(4)).toMatch(/^OFFER 10\.0\.1\.100 /);
  });

  it('is given the address that it asks for, if that is free and in the pool', () => {
    const talk = new ServerTalk();
    expect(talk.discover(1, { wants: '10.0.1.102' })).toMatch(/^OFFER 10\.0\.1\.102 /);
    expect(talk.discover(2, { wants: '10.0.1.102' })).toMatch(/^OFFER 10\.0\.1\.100 /);
    expect(talk.discover(3, { wants: '10.0.1.5' })).toMatch(/^OFFER 10\.0\.1\.101 /);
  });

  it('of a client whose lease ran out is given the same, unless somebody has it by now', () => {
    const talk = new ServerTalk();
    expect([talk.lease(1), talk.lease(2)]).toEqual(['10.0.1.100', '10.0.1.101']);
    talk.pass(3600);
    expect(talk.discover(2)).toMatch(/^OFFER 10\.0\.1\.101 /);
    expect(talk.lease(3)).toBe('10.0.1.102');
    expect(talk.lease(4)).toBe('10.0.1.100'); // nobody never had one: the oldest
    expect(talk.discover(1)).toBe('silence: no address left in pool 10.0.1.100-10.0.1.102 for 02:00:00:00:00:01');
  });

  it('is not answered where no subnet is served', () => {
    const talk = new ServerTalk();
    expect(talk.discover(1, { giaddr: '10.0.9.1' })).toBe('silence: no subnet here is served');
    expect(talk.hears(MessageType.Discover, {}, '192.168.0.1')).toBe('silence: no subnet here is served');
    expect(talk.hears(MessageType.Offer)).toMatch(/^silence/);
  });

  it('is offered no network, broadcast, excluded or router address', () => {
    const options = new DhcpOptions().setAddresses(Option.Routers, [ip('10.0.1.2')]);
    const small = { network: Prefix.parse('10.0.1.0/29')!, options, excluded: [ip('10.0.1.1')] };
    const talk = new ServerTalk({
      subnets: [subnet({ ...small, ranges: [{ first: ip('10.0.1.0'), last: ip('10.0.1.9') }] })],
    });
    const given = Array.from({ length: 5 }, (_, i) => talk.lease(i + 1));
    expect(given.slice(0, 4)).toEqual(['10.0.1.3', '10.0.1.4', '10.0.1.5', '10.0.1.6']);
    expect(given[4]).toMatch(/^silence: no address left in pool/);
  });
});

describe('REQUEST', () => {
  it('of the address that was offered is acknowledged', () => {
    const talk = new ServerTalk();
    talk.discover();
    expect(talk.request(1, '10.0.1.100')).toBe('ACK 10.0.1.100 to 10.0.1.100:68 at 02:00:00:00:00:01');
    const [lease] = talk.server.leases();
    expect([lease!.stateAt(talk.queue.now), lease!.endsNs]).toEqual([LeaseState.Bound, 3600e9]);
  });

  it('of another server lets our offer go; of an address that was not offered is refused', () => {
    const talk = new ServerTalk();
    talk.discover();
    expect(talk.request(1, '10.0.1.50', { server: '10.0.1.2' })).toBe('silence: it chose 10.0.1.2');
    expect(talk.request(1, '10.0.1.100')).toBe('NAK 0.0.0.0 to everybody:68');
    talk.discover();
    expect(talk.request(1, '10.0.1.101')).toBe('NAK 0.0.0.0 to everybody:68');
    expect(talk.request(9, '10.0.1.100')).toBe('NAK 0.0.0.0 to everybody:68');
    expect(talk.reply.options.text(Option.Message)).toBe('not offered');
  });

  it('of INIT-REBOOT: its own is acknowledged, another refused, of a stranger not answered', () => {
    const talk = new ServerTalk();
    talk.lease(1);
    const reboot = (from: number, wants: string) => talk.hears(MessageType.Request, { from, wants });
    expect(reboot(1, '10.0.1.100')).toMatch(/^ACK 10\.0\.1\.100 /);
    expect(reboot(1, '10.0.1.101')).toMatch(/^NAK/);
    expect(reboot(2, '10.0.1.101')).toBe('silence: unknown lease');
    expect(new ServerTalk({ authoritative: true }).hears(MessageType.Request, { wants: '10.0.1.101' })).toMatch(/^NAK/);
  });

  it('from a client of another network is refused, by its relay and for everybody if there is one', () => {
    const talk = new ServerTalk();
    expect(talk.hears(MessageType.Request, { wants: '192.168.0.5' })).toBe('NAK 0.0.0.0 to everybody:68');
    expect(talk.hears(MessageType.Request, { wants: '192.168.0.5', giaddr: '10.0.1.7' })).toBe(
      'NAK 0.0.0.0 to 10.0.1.7:67',
    );
    expect(talk.reply.flags).toBe(0x8000);
  });

  it('of RENEWING and REBINDING makes the lease longer, and the answer goes to its address', () => {
    const talk = new ServerTalk();
    talk.lease(1);
    talk.pass(1800);
    const renew = (from: number, ciaddr: string) => talk.hears(MessageType.Request, { from, ciaddr });
    expect(renew(1, '10.0.1.100')).toBe('ACK 10.0.1.100 to 10.0.1.100:68');
    expect(talk.reply.ciaddr).toBe(ip('10.0.1.100'));
    expect(talk.server.leases()[0]!.endsNs).toBe(5400e9);
    expect(renew(1, '10.0.1.101')).toMatch(/^NAK/);
    expect(renew(2, '10.0.1.101')).toBe('silence: unknown lease');
    expect(renew(1, '192.168.0.1')).toMatch(/^NAK/);
    expect(talk.hears(MessageType.Request)).toBe('silence: asks for no address');
  });

  it('may be for a shorter time than usual, not for a longer or for none', () => {
    const talk = new ServerTalk();
    const seconds = (leaseSeconds: number) => {
      talk.discover(1, { leaseSeconds });
      return talk.reply.options.number(Option.LeaseTime, 4);
    };
    expect([600, 7200, 0, 0xffffffff].map(seconds)).toEqual([600, 3600, 120, 3600]);
    const forEver = new ServerTalk({ subnets: [subnet({ leaseSeconds: 0xffffffff })] });
    forEver.lease(1);
    expect(forEver.server.leases()[0]!.endsNs).toBe(Infinity);
    expect(forEver.reply.options.has(Option.RenewalTime)).toBe(false);
  });
});

describe('reservations', () => {
  const reservations = [{ mac: mac(9), address: ip('10.0.1.101'), hostName: 'web' }];

  it('go to whom they are for, by MAC address or client identifier, with the name, and to nobody else', () => {
    const talk = new ServerTalk({ subnets: [subnet({ reservations })] });
    expect([1, 2, 3].map((from) => talk.lease(from))).toEqual([
      '10.0.1.100',
      '10.0.1.102',
      'silence: no address left in pool 10.0.1.100-10.0.1.102 for 02:00:00:00:00:03',
    ]);
    expect(talk.lease(9)).toBe('10.0.1.101');
    expect(talk.reply.options.text(Option.HostName)).toBe('web');
    expect(talk.lease(9, { options: { [Option.ClientIdentifier]: [1, 2, 0, 0, 0, 0, 9] } })).toMatch(
      /no address left in pool/,
    );
    talk.pass(3600);
    expect(talk.lease(9, { options: { [Option.ClientIdentifier]: [1, 2, 0, 0, 0, 0, 9] } })).toBe('10.0.1.101');
  });

  it('count as a record of a client that was never seen: another server may extend its lease', () => {
    const talk = new ServerTalk({ subnets: [subnet({ reservations })] });
    expect(talk.hears(MessageType.Request, { from: 9, ciaddr: '10.0.1.101' })).toMatch(/^ACK 10\.0\.1\.101 /);
  });
});

describe('DECLINE, RELEASE, INFORM', () => {
  it('a declined address is given to nobody for a day, and only who has it may decline it', () => {
    const talk = new ServerTalk();
    talk.lease(1);
    const decline = (from: number, wants: string, server = '10.0.1.1') =>
      talk.hears(MessageType.Decline, { from, wants, server });
    expect(decline(2, '10.0.1.100')).toBe('silence: not found');
    expect(decline(1, '10.0.1.101')).toBe('silence: not found');
    expect(decline(1, '10.0.1.100', '10.0.1.2')).toBe('silence: not for us');
    expect(decline(1, '10.0.1.100')).toBe('silence: 10.0.1.100 is in use by somebody else: abandoned');
    expect([1, 2].map((from) => talk.lease(from))).toEqual(['10.0.1.101', '10.0.1.102']);
    expect(talk.discover(3)).toMatch(/no address left in pool/);
    talk.pass(86_399);
    expect(talk.lease(3, { wants: '10.0.1.100' })).toBe('10.0.1.101');
    talk.pass(1);
    expect(talk.lease(4, { wants: '10.0.1.100' })).toBe('10.0.1.100');
  });

  it('a released address is free, and goes to the same client first', () => {
    const talk = new ServerTalk();
    expect([1, 2, 3].map((from) => talk.lease(from))).toHaveLength(3);
    const release = (from: number, ciaddr: string) =>
      talk.hears(MessageType.Release, { from, ciaddr, server: '10.0.1.1' });
    expect(release(2, '10.0.1.100')).toBe('silence: not found');
    expect(release(2, '10.0.1.101')).toBe('silence: ');
    expect(talk.discover(2)).toMatch(/^OFFER 10\.0\.1\.101 /);
    release(2, '10.0.1.101');
    expect(talk.lease(4)).toBe('10.0.1.101');
    expect(talk.hears(MessageType.Release, { from: 4, ciaddr: '10.0.1.101' })).toBe('silence: not for us');
  });

  it('INFORM is told all but an address and a lease', () => {
    const talk = new ServerTalk();
    expect(talk.hears(MessageType.Inform, { ciaddr: '10.0.1.7' })).toBe('ACK 0.0.0.0 to 10.0.1.7:68');
    expect(talk.reply.options.codes()).toEqual([53, 54, 1, 28]);
    expect(talk.hears(MessageType.Inform, { ciaddr: '8.8.8.8' })).toMatch(/^silence: asks from no address/);
    expect(talk.server.leases()).toEqual([]);
  });
});

describe('BOOTP', () => {
  it('is answered if an address is reserved, in 300 bytes, for ever', () => {
    const talk = new ServerTalk({ subnets: [subnet({ reservations: [{ mac: mac(9), address: ip('10.0.1.9') }] })] });
    expect(talk.hears(MessageType.Bootp, { from: 9 })).toBe('BOOTP 10.0.1.9 to 10.0.1.9:68 at 02:00:00:00:00:09');
    expect(talk.reply.options.codes()).toEqual([1, 28]);
    expect(talk.last.kind === 'reply' && writeMessage(talk.reply, talk.last.reply.most).length).toBe(300);
    expect(talk.server.leases()[0]!.endsNs).toBe(Infinity);
    expect(talk.hears(MessageType.Bootp, { from: 8 })).toBe('silence: no address is reserved for it');
  });

  it('gets any address if that is wanted, and keeps it', () => {
    const talk = new ServerTalk({ subnets: [subnet({ bootp: true })] });
    expect(talk.hears(MessageType.Bootp, { from: 9 })).toMatch(/^BOOTP 10\.0\.1\.100 /);
    talk.pass(1e6);
    expect([1, 2].map((from) => talk.lease(from))).toEqual(['10.0.1.101', '10.0.1.102']);
    expect(talk.discover(3)).toMatch(/no address left in pool/);
  });
});

describe('probing before offering', () => {
  it('offers what nobody has, and goes on to the next if somebody has it', () => {
    const talk = new ServerTalk({ probe: true });
    expect(talk.discover()).toBe('probe 10.0.1.100');
    expect(talk.discover()).toBe('silence: '); // asked again meanwhile
    expect(talk.probed('10.0.1.100', true)).toBe('probe 10.0.1.101');
    expect(talk.probed('10.0.1.101', false)).toMatch(/^OFFER 10\.0\.1\.101 /);
    expect(talk.request(1, '10.0.1.101')).toMatch(/^ACK/);
    expect(talk.discover()).toMatch(/^OFFER 10\.0\.1\.101 /); // it is its own: it answers itself
    expect(talk.probed('10.0.1.55', true)).toBe('silence: ');
  });

  it('ends when all are in use, and is limited', () => {
    const talk = new ServerTalk({ probe: true }, { probes: 2 });
    expect(talk.discover(1)).toBe('probe 10.0.1.100');
    expect(talk.discover(2)).toBe('probe 10.0.1.101');
    expect(talk.discover(3)).toBe('silence: too many addresses are being probed');
    expect(talk.probed('10.0.1.100', true)).toBe(
      'silence: no address left in pool 10.0.1.100-10.0.1.102 for 02:00:00:00:00:01',
    );
  });
});

describe('limits', () => {
  it('leases are kept up to the limit; past it the one that ran out first is forgotten', () => {
    const ranges = [{ first: ip('10.0.1.10'), last: ip('10.0.1.200') }];
    const talk = new ServerTalk({ subnets: [subnet({ ranges })] }, { leases: 2 });
    expect([1, 2].map((from) => talk.lease(from))).toEqual(['10.0.1.10', '10.0.1.11']);
    expect(talk.discover(3)).toMatch(/no address left in pool/);
    talk.pass(3600);
    expect(talk.lease(3)).toBe('10.0.1.10');
    expect(talk.lease(4, { wants: '10.0.1.150' })).toBe('10.0.1.150'); // .11 is forgotten
    expect(talk.server.leases()).toHaveLength(2);
    expect(talk.discover(2)).toMatch(/no address left in pool/);
    talk.pass(3600);
    expect(talk.lease(5)).toBe('10.0.1.10');
    expect(DHCP_LIMITS.leases).toBe(65_536);
  });

  it('10,000 clients get 10,000 addresses', () => {
    const wide = {
      network: Prefix.parse('10.0.0.0/16')!,
      ranges: [{ first: ip('10.0.0.0'), last: ip('10.0.255.255') }],
    };
    const talk = new ServerTalk({ subnets: [subnet(wide)] });
    const given = new Set<string>();
    for (let from = 1; from <= 10_000; from++) given.add(talk.lease(from));
    expect(given.size).toBe(10_000);
    expect([...given].every((address) => address.startsWith('10.0.'))).toBe(true);
  });
});

it('a server that hears 50,000 damaged messages answers or is silent, and keeps to its limits', () => {
  const talk = new ServerTalk(
    { subnets: [subnet({ bootp: true })], probe: true, authoritative: true },
    { leases: 2, probes: 2 },
  );
  const random = Random.from('damaged');
  const message = new DhcpMessage();
  message.mac = mac(1);
  message.options.messageType = MessageType.Request;
  message.options.setAddress(Option.RequestedAddress, ip('10.0.1.100'));
  message.options.setAddress(Option.ServerIdentifier, ip('10.0.1.1'));
  const good = writeMessage(message);
  const bytes = good.slice();
  const kinds = new Set<string>();
  for (let i = 0; i < 50_000; i++) {
    bytes.set(good);
    bytes[33] = random.below(4);
    bytes[242] = random.below(10);
    for (let n = random.below(6); n > 0; n--) bytes[random.below(260)] = random.below(256);
    const damaged = readMessage(bytes);
    if (typeof damaged === 'string') continue;
    const decision = talk.server.receive(damaged, ip('10.0.1.1'));
    kinds.add(decision.kind);
    if (decision.kind === 'reply') writeMessage(decision.reply.message, decision.reply.most);
    if (decision.kind === 'probe' && random.chance(0.9)) talk.server.probed(decision.address, random.chance(0.01));
    if (i % 100 === 0) talk.pass(random.below(1000));
  }
  expect([...kinds].sort()).toEqual(['probe', 'reply', 'silence']);
  expect(talk.server.leases().length).toBeLessThanOrEqual(2);
});
