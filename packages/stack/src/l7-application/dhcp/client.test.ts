import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { leaseIn } from './client-lease.ts';
import { ClientState } from './client-states.ts';
import { DhcpMessage, readMessage } from './message.ts';
import { MessageType, Option } from './option-codes.ts';
import { ClientTalk } from './testing/client-talk.ts';
import { ip, mac } from './testing/server-talk.ts';

const { Offer, Ack, Nak } = MessageType;

/** When messages were sent, seconds. */
const times = (did: readonly string[]): number[] => did.filter((line) => /^[0-9]/.test(line)).map(Number.parseFloat);

describe('from INIT to BOUND', () => {
  it('asks, chooses, asks whether anybody has the address, and is set up', () => {
    const talk = new ClientTalk().start();
    expect(talk.pass(0)).toEqual(['STOPPED -> INIT', 'INIT -> SELECTING', '0.0 DISCOVER to everybody']);
    expect(talk.sent).toMatchObject({ ciaddr: 0, yiaddr: 0, giaddr: 0, secs: 0, broadcast: true });
    expect(talk.sent.mac!.equals(mac(1))).toBe(true);
    expect(talk.sent.options.text(Option.HostName)).toBe('alice');
    const { xid } = talk.sent;
    talk.pass(1);
    expect(talk.hears(Offer)).toEqual(['SELECTING -> REQUESTING', '1.0 REQUEST to everybody']);
    expect(talk.sent.xid).toBe(xid);
    expect(talk.sent.options.address(Option.RequestedAddress)).toBe(ip('10.0.1.100'));
    expect(talk.sent.options.address(Option.ServerIdentifier)).toBe(ip('10.0.1.1'));
    expect(talk.hears(Ack)).toEqual(['REQUESTING -> CHECKING', 'ask 10.0.1.100']);
    expect(talk.pass(2)).toEqual(['ask 10.0.1.100', 'bind 10.0.1.100/24', 'CHECKING -> BOUND']);
    expect(talk.lines).toEqual([
      expect.stringMatching(/^DHCPDISCOVER on %s to 255\.255\.255\.255 port 67 interval [345]$/),
      'DHCPOFFER of 10.0.1.100 from 10.0.1.1',
      'DHCPREQUEST for 10.0.1.100 on %s to 255.255.255.255 port 67',
      'DHCPACK of 10.0.1.100 from 10.0.1.1',
      'bound to 10.0.1.100 -- renewal in 1798 seconds.',
    ]);
    // Counted from the REQUEST that was acknowledged.
    expect(talk.client.lease).toMatchObject({ renewNs: 1801e9, rebindNs: 3151e9, expiryNs: 3601e9 });
  });

  it('asks again after 4, 8, 16, 32, 64, 64 ... seconds, each give or take one', () => {
    const talk = new ClientTalk().start();
    const sent = times(talk.pass(600));
    const gaps = sent.slice(1).map((time, i) => time - sent[i]!);
    for (const [i, base] of [4, 8, 16, 32, 64, 64, 64, 64, 64].entries()) {
      expect(Math.abs(gaps[i]! - base)).toBeLessThanOrEqual(1.1);
    }
    expect(gaps.some((gap, i) => gap !== [4, 8, 16, 32][i])).toBe(true);
    expect(talk.sent.secs).toBe(Math.floor(sent.at(-1)!));
    expect(times(new ClientTalk({}, 2).start().pass(600))).not.toEqual(sent);
  });

  it('may wait before it begins, and may collect offers before it chooses', () => {
    const talk = new ClientTalk({ desynchronizeNs: 10e9, selectNs: 2e9 }).start();
    const [first] = times(talk.pass(10));
    expect(first).toBeGreaterThan(0);
    const slow = new ClientTalk({ selectNs: 2e9 }).start();
    slow.pass(0);
    expect(slow.hears(Offer)).toEqual([]);
    expect(slow.hears(Offer, { server: '10.0.1.2', yiaddr: '10.0.1.50' })).toEqual([]);
    expect(slow.pass(2)).toEqual(['SELECTING -> REQUESTING', '2.0 REQUEST to everybody']);
    expect(slow.sent.options.address(Option.ServerIdentifier)).toBe(ip('10.0.1.1'));
  });

  it('asks a server that does not answer its request five times, and then begins again', () => {
    const talk = new ClientTalk().start();
    talk.pass(0);
    talk.hears(Offer);
    const { xid } = talk.sent;
    const did = talk.pass(130);
    expect(did.filter((line) => line.includes('REQUEST to')).length).toBe(4);
    expect(did).toContain('REQUESTING -> INIT');
    expect(did.at(-1)).toMatch(/DISCOVER/);
    expect(talk.sent.xid).not.toBe(xid);
  });

  it('takes no notice of what is for others, for another question, or cannot be used', () => {
    const talk = new ClientTalk().start();
    talk.pass(0);
    expect(talk.hears(Offer, { xid: 1 })).toEqual([]);
    expect(talk.hears(Offer, { to: 2 })).toEqual([]);
    expect(talk.hears(Ack)).toEqual([]);
    expect(talk.hears(Nak)).toEqual([]);
    for (const yiaddr of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', '10.0.1.0', '10.0.1.255']) {
      expect(talk.hears(Offer, { yiaddr })).toEqual([]);
    }
    expect(talk.hears(Offer, { mask: '255.0.255.0' })).toEqual([]);
    expect(talk.hears(Offer, { seconds: 0 })).toEqual([]);
    expect(talk.hears(Offer, { server: '0.0.0.0' })).toEqual([]);
    talk.hears(Offer);
    expect(talk.hears(Ack, { server: '10.0.1.2' })).toEqual([]);
    expect(talk.hears(Ack, { yiaddr: '10.0.1.99' })).toEqual([]);
    expect(talk.hears(Nak, { server: '10.0.1.2' })).toEqual([]);
    expect(talk.client.state).toBe(ClientState.Requesting);
  });

  it('declines an address that somebody has, waits ten seconds, and begins again', () => {
    const talk = new ClientTalk().start();
    talk.pass(0);
    talk.hears(Offer);
    talk.hears(Ack);
    expect(talk.taken(7)).toEqual(['0.0 DECLINE to everybody', 'CHECKING -> INIT']);
    expect(talk.sent).toMatchObject({ ciaddr: 0 });
    expect(talk.sent.options.address(Option.RequestedAddress)).toBe(ip('10.0.1.100'));
    expect(talk.sent.options.address(Option.ServerIdentifier)).toBe(ip('10.0.1.1'));
    expect(talk.taken(7)).toEqual([]);
    expect(talk.pass(9.9)).toEqual([]);
    expect(talk.pass(0.1)).toEqual(['INIT -> SELECTING', '10.0 DISCOVER to everybody']);
  });

  it('begins again when it is refused, at once the first time, and ever slower', () => {
    const talk = new ClientTalk().start();
    talk.pass(0);
    const refusedAt: number[] = [];
    for (let i = 0; i < 4; i++) {
      talk.hears(Offer);
      expect(talk.hears(Nak)).toEqual(['REQUESTING -> INIT']);
      refusedAt.push(talk.queue.now / 1e9);
      while (talk.client.state === ClientState.Init) talk.pass(1);
    }
    expect(refusedAt[1]).toBeLessThan(2);
    expect(refusedAt[2]! - refusedAt[1]!).toBeGreaterThan(2);
    expect(refusedAt[3]! - refusedAt[2]!).toBeGreaterThan(6);
  });
});

describe('a lease', () => {
  it('is renewed at T1 by the server that gave it', () => {
    const talk = new ClientTalk().bound();
    expect(talk.pass(1797)).toEqual([]);
    expect(talk.pass(1)).toEqual(['BOUND -> RENEWING', '1800.0 REQUEST to 10.0.1.1']);
    expect(talk.sent).toMatchObject({ ciaddr: ip('10.0.1.100'), broadcast: false });
    expect([Option.RequestedAddress, Option.ServerIdentifier].some((code) => talk.sent.options.has(code))).toBe(false);
    expect(talk.hears(Ack)).toEqual(['bind 10.0.1.100/24 after 10.0.1.100/24', 'RENEWING -> BOUND']);
    expect(talk.client.lease!.expiryNs).toBe(5400e9);
  });

  it('that is not renewed asks everybody from T2 on, and is over at its end', () => {
    const talk = new ClientTalk().bound();
    const did = talk.pass(3598);
    // Half of what is left each time, a minute at least (RFC 2131 4.4.5).
    expect(did).toEqual([
      'BOUND -> RENEWING',
      '1800.0 REQUEST to 10.0.1.1',
      '2475.0 REQUEST to 10.0.1.1',
      '2812.5 REQUEST to 10.0.1.1',
      '2981.3 REQUEST to 10.0.1.1',
      '3065.6 REQUEST to 10.0.1.1',
      '3125.6 REQUEST to 10.0.1.1',
      'RENEWING -> REBINDING',
      '3150.0 REQUEST to everybody',
      '3375.0 REQUEST to everybody',
      '3487.5 REQUEST to everybody',
      '3547.5 REQUEST to everybody',
      'unbind 10.0.1.100/24',
      'REBINDING -> INIT',
      'INIT -> SELECTING',
      '3600.0 DISCOVER to everybody',
    ]);
    expect(talk.client.lease).toBe(null);
  });

  it('is bound again by another server while rebinding', () => {
    const talk = new ClientTalk().bound();
    talk.pass(3200);
    expect(talk.client.state).toBe(ClientState.Rebinding);
    talk.hears(Ack, { server: '10.0.1.2' });
    expect(talk.client.state).toBe(ClientState.Bound);
    talk.pass(1800);
    expect(talk.look()).toEqual([]);
    expect(talk.client.lease!.server).toBe(ip('10.0.1.2'));
  });

  it('is given up at once when the server refuses to renew it', () => {
    const talk = new ClientTalk().bound();
    talk.pass(1798);
    expect(talk.hears(Nak, { server: '10.0.1.9' })).toEqual([]);
    expect(talk.hears(Nak)).toEqual(['unbind 10.0.1.100/24', 'RENEWING -> INIT']);
    expect(talk.lines.at(-1)).toBe('DHCPNAK from 10.0.1.1: no');
  });

  it('goes by the times of the server if they come one after the other, and else by the usual ones', () => {
    expect(new ClientTalk().bound({ renew: 100, rebind: 200 }).client.lease).toMatchObject({
      renewNs: 100e9,
      rebindNs: 200e9,
    });
    for (const wrong of [
      { renew: 200, rebind: 100 },
      { renew: 0, rebind: 0 },
      { renew: 100, rebind: 4000 },
    ]) {
      expect(new ClientTalk().bound(wrong).client.lease).toMatchObject({ renewNs: 1800e9, rebindNs: 3150e9 });
    }
    const forEver = new ClientTalk().bound({ seconds: 0xffffffff });
    expect(forEver.client.deadlineNs).toBe(Infinity);
    expect(forEver.lines.at(-1)).toBe('bound to 10.0.1.100 -- for ever.');
  });

  it('of one second keeps nobody busy', () => {
    const talk = new ClientTalk().bound({ seconds: 1 });
    expect(talk.pass(60).length).toBeLessThan(30);
  });

  it('is given back with a word to its server, and the address a second later', () => {
    const talk = new ClientTalk().bound();
    expect(talk.release()).toEqual(['2.0 RELEASE to 10.0.1.1', 'BOUND -> RELEASING']);
    expect(talk.sent).toMatchObject({ ciaddr: ip('10.0.1.100') });
    expect(talk.reattached()).toEqual([]);
    expect(talk.pass(1)).toEqual(['unbind 10.0.1.100/24', 'RELEASING -> STOPPED']);
    expect(talk.pass(1e5)).toEqual([]);
    expect(new ClientTalk().start().release()).toEqual(['STOPPED -> INIT', 'INIT -> STOPPED']);
  });
});

describe('INIT-REBOOT', () => {
  it('asks for the address that it had, of nobody in particular', () => {
    const talk = new ClientTalk().start('10.0.1.100');
    expect(talk.pass(0)).toEqual(['STOPPED -> INIT-REBOOT', 'INIT-REBOOT -> REBOOTING', '0.0 REQUEST to everybody']);
    expect(talk.sent).toMatchObject({ ciaddr: 0 });
    expect(talk.sent.options.address(Option.RequestedAddress)).toBe(ip('10.0.1.100'));
    expect(talk.sent.options.has(Option.ServerIdentifier)).toBe(false);
    expect(talk.hears(Ack, { yiaddr: '10.0.1.101' })).toEqual([]);
    expect(talk.hears(Ack)).toEqual(['REBOOTING -> CHECKING', 'ask 10.0.1.100']);
  });

  it('begins from the beginning when it is refused, or when nobody answers', () => {
    const refused = new ClientTalk().start('10.0.1.100');
    refused.pass(0);
    expect(refused.hears(Nak, { server: '10.0.2.1' })).toEqual(['REBOOTING -> INIT']);
    expect(refused.pass(0)[1]).toMatch(/DISCOVER/);
    const alone = new ClientTalk().start('10.0.1.100').pass(20);
    expect(alone.filter((line) => line.includes('REQUEST')).length).toBe(2);
    expect(alone.at(-1)).toMatch(/DISCOVER/);
  });

  it('follows a link that came back; a lease that is still good is kept if nobody answers', () => {
    const talk = new ClientTalk().bound();
    expect(talk.reattached()).toEqual(['BOUND -> INIT-REBOOT']);
    expect(talk.pass(20).at(-1)).toBe('REBOOTING -> BOUND');
    expect(talk.client.lease!.address).toBe(ip('10.0.1.100'));
    talk.reattached();
    talk.pass(0);
    expect(talk.hears(Ack)).toEqual(['bind 10.0.1.100/24 after 10.0.1.100/24', 'REBOOTING -> BOUND']);
    talk.reattached();
    talk.pass(0);
    expect(talk.hears(Nak, { server: '10.0.2.1' })).toEqual(['unbind 10.0.1.100/24', 'REBOOTING -> INIT']);
  });
});

describe('what a lease says', () => {
  function ack(options: Record<number, readonly number[]>): DhcpMessage {
    const message = new DhcpMessage();
    message.yiaddr = ip('10.0.1.100');
    message.options.setAddress(Option.ServerIdentifier, ip('10.0.1.1')).setNumber(Option.LeaseTime, 4, 60);
    for (const [code, bytes] of Object.entries(options)) message.options.set(Number(code), Uint8Array.from(bytes));
    return message;
  }

  it('routers, name servers, names and MTU, as far as they make sense', () => {
    const lease = leaseIn(
      ack({
        1: [255, 255, 255, 128],
        3: [0, 0, 0, 0, 10, 0, 1, 1],
        6: [10, 0, 1, 53, 224, 0, 0, 1],
        12: [97],
        15: [32],
        26: [5, 120],
      }),
      0,
    );
    expect(lease).toMatchObject({ routes: [{ network: 0, length: 0, router: ip('10.0.1.1') }], mtu: 1400 });
    expect(lease).toMatchObject({ nameServers: [ip('10.0.1.53')], hostName: 'a', domain: null });
    expect(leaseIn(ack({ 26: [0, 68] }), 0)).toMatchObject({ mtu: 0 });
    expect(`${(leaseIn(ack({}), 0) as { prefix: unknown }).prefix}`).toBe('10.0.1.100/8');
  });

  it('option 121 goes before routers', () => {
    const routes = [{ network: ip('10.9.0.0'), length: 16, router: ip('10.0.1.2') }];
    expect(leaseIn(ack({ 3: [10, 0, 1, 1], 121: [16, 10, 9, 10, 0, 1, 2] }), 0)).toMatchObject({ routes });
    expect(leaseIn(ack({ 3: [10, 0, 1, 1], 121: [16, 10] }), 0)).toMatchObject({
      routes: [{ router: ip('10.0.1.1') }],
    });
  });
});

it('a client that hears 20,000 random replies goes on', () => {
  const talk = new ClientTalk();
  talk.start().pass(0);
  const random = Random.from('replies');
  const bytes = new Uint8Array(320);
  for (let i = 0; i < 20_000; i++) {
    for (let n = 0; n < 60; n++) bytes[236 + random.below(84)] = random.below(64);
    bytes.set([2, 1, 6, 0], 0);
    bytes.set([2, 0, 0, 0, 0, 1], 28);
    bytes.set([10, 0, 1, random.below(256)], 16);
    new DataView(bytes.buffer).setUint32(4, talk.sent.xid);
    bytes.set(
      [99, 130, 83, 99, 53, 1, 2 + 3 * random.below(2) + random.below(2), 54, 4, 10, 0, 1, 1, 51, 4, 0, 0, 1, 0],
      236,
    );
    const message = readMessage(bytes);
    if (typeof message === 'string') continue;
    talk.client.receive(message);
    if (i % 10 === 0) talk.pass(random.below(100));
  }
  talk.pass(1000);
  expect(talk.client.deadlineNs).toBeGreaterThan(talk.queue.now);
});
