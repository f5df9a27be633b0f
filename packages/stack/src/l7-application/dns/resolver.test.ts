import { beforeEach, describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { type Behaviour, type FakeInternet, resolved } from './testing/fake-internet.ts';
import { lying, record, smallInternet } from './testing/small-internet.ts';
import { name, smallZone } from './testing/zones.ts';
import { Rcode, Type } from './types.ts';

let net: FakeInternet;
beforeEach(() => {
  net = smallInternet();
});

const parse = (text: string): IpAddress => IpAddress.parse(text)!;
const seconds = (count: number) => (net.clock.now += count * 1e9);

describe('the way down from the root', () => {
  it('is asked once, and remembered', async () => {
    const resolver = net.resolver();
    expect(await resolved(resolver, 'www.shop.example. A')).toEqual([
      'NOERROR',
      'www.shop.example. 60 IN A 10.0.1.1',
      'www.shop.example. 60 IN A 10.0.1.2',
    ]);
    expect(net.asked.length).toBe(3);
    expect(net.asked.slice(0, 2)).toEqual(['10.0.0.1 www.shop.example. A', '10.0.0.2 www.shop.example. A']);
    expect(net.asked[2]).toMatch(/^10\.0\.0\.[34] www/);
    seconds(20.5);
    expect((await resolved(resolver, 'WWW.shop.example. A'))[1]).toBe('WWW.shop.example. 40 IN A 10.0.1.1');
    expect(net.asked.length).toBe(3);
    // The zone's servers are known still: one question more.
    expect((await resolved(resolver, 'mx.shop.example. MX'))[1]).toBe(
      'mx.shop.example. 3600 IN MX 5 www.shop.example.',
    );
    seconds(40);
    await resolved(resolver, 'www.shop.example. A');
    expect(net.asked.length).toBe(5);
    // Delegations run out too.
    seconds(3600);
    await resolved(resolver, 'www.shop.example. A');
    expect(net.asked.length).toBe(8);
  });

  it('goes by a server whose address has to be found first', async () => {
    expect((await resolved(net.resolver(), 'www.away.example. A'))[1]).toBe('www.away.example. 3600 IN A 10.0.3.1');
    expect(net.asked).toEqual([
      '10.0.0.1 www.away.example. A',
      '10.0.0.2 www.away.example. A',
      '10.0.0.1 ns.shop.other. A',
      '10.0.0.5 ns.shop.other. A',
      '10.0.0.6 www.away.example. A',
    ]);
  });

  it('follows aliases, also into other zones', async () => {
    expect(await resolved(net.resolver(), 'alias.shop.example. A')).toEqual([
      'NOERROR',
      'alias.shop.example. 3600 IN CNAME www.shop.example.',
      'www.shop.example. 60 IN A 10.0.1.1',
      'www.shop.example. 60 IN A 10.0.1.2',
    ]);
    expect(net.asked.length).toBe(3); // the server told of both, and both are its own
    expect(await resolved(net.resolver(), 'out.shop.example. A')).toEqual([
      'NOERROR',
      'out.shop.example. 3600 IN CNAME www.other.',
      'www.other. 3600 IN A 10.0.2.1',
    ]);
    expect((await resolved(net.resolver(), 'in.example. A')).length).toBe(4);
    expect(await resolved(net.resolver(), 'alias.shop.example. CNAME')).toHaveLength(2);
  });

  it('what may not be kept serves once', async () => {
    const resolver = net.resolver();
    for (let i = 0; i < 2; i++) {
      expect(await resolved(resolver, 'now.shop.example. A')).toEqual(['NOERROR', 'now.shop.example. 0 IN A 10.0.1.3']);
    }
    expect(net.asked.length).toBe(4);
  });

  it('who asks the same at the same time gets the same answer', async () => {
    const resolver = net.resolver();
    const all = await Promise.all(Array.from({ length: 50 }, () => resolved(resolver, 'www.shop.example. A')));
    expect(new Set(all.map(String)).size).toBe(1);
    expect([net.asked.length, resolver.asked]).toEqual([3, 3]);
  });

  it('questions that need the same server at once ask it once', async () => {
    const resolver = net.resolver();
    const all = await Promise.all([resolved(resolver, 'www.away.example. A'), resolved(resolver, 'x.away.example. A')]);
    expect(all.map(([code]) => code)).toEqual(['NOERROR', 'NXDOMAIN']);
    expect(net.asked.filter((line) => line === '10.0.0.5 ns.shop.other. A').length).toBe(1);
  });

  it('plays with the letters of questions, and answers in those that were asked for', async () => {
    expect((await resolved(net.resolver({}, true), 'www.shop.example. A'))[1]).toBe(
      'www.shop.example. 60 IN A 10.0.1.1',
    );
    expect(net.asked.some((line) => / .*[A-Z].* A$/.test(line))).toBe(true);
    expect(new Set(net.asked.map((line) => line.split(' ')[1]!.toLowerCase())).size).toBe(1);
  });
});

describe('what is not there', () => {
  const SOA = 'authority shop.example. 300 IN SOA ns1.shop.example. hostmaster.shop.example. 1 3600 900 604800 300';

  it('is remembered as long as its zone says (RFC 2308)', async () => {
    const resolver = net.resolver();
    expect(await resolved(resolver, 'x.shop.example. A')).toEqual(['NXDOMAIN', SOA]);
    seconds(100);
    // Of every type, and below it (RFC 8020).
    for (const question of ['x.shop.example. A', 'x.shop.example. MX', 'y.x.shop.example. A']) {
      expect(await resolved(resolver, question)).toEqual(['NXDOMAIN', SOA.replace(' 300 IN', ' 200 IN')]);
    }
    expect(net.asked.length).toBe(3);
    seconds(201);
    await resolved(resolver, 'x.shop.example. A');
    expect(net.asked.length).toBe(4);
    expect(await resolved(resolver, 'www.shop.example. MX')).toEqual(['NOERROR', SOA]);
    expect((await resolved(resolver, 'www.shop.example. A')).length).toBe(3);
  });

  it('is told of the name that an alias led to', async () => {
    expect(await resolved(net.resolver(), 'back.other. A')).toEqual([
      'NXDOMAIN',
      'back.other. 3600 IN CNAME nosuch.shop.example.',
      SOA,
    ]);
  });

  it('is believed for so long at most', async () => {
    const resolver = net.resolver({ absenceSeconds: 10 });
    await resolved(resolver, 'x.shop.example. A');
    seconds(11);
    await resolved(resolver, 'x.shop.example. A');
    expect(net.asked.length).toBe(4);
  });
});

describe('servers that do not help', () => {
  it('silent: the other one is asked; then it is asked less', async () => {
    net.behave('10.0.0.3', () => 'silence');
    const resolver = net.resolver();
    for (let i = 0; i < 10; i++) {
      expect((await resolved(resolver, 'www.shop.example. A'))[0]).toBe('NOERROR');
      seconds(61);
    }
    expect(net.asked.filter((line) => line.startsWith('10.0.0.3')).length).toBeLessThan(3);
  });

  it('all of them silent: asked again after longer and longer, then told', async () => {
    net.behave('10.0.0.3', () => 'silence').behave('10.0.0.4', () => 'silence');
    const resolver = net.resolver();
    const [code, why] = await resolved(resolver, 'www.shop.example. A');
    expect(code).toBe('SERVFAIL');
    expect(why).toMatch(
      /^no server of shop\.example\. was of help: 10\.0\.0\.[34]: no answer; 10\.0\.0\.[34]: no answer$/,
    );
    expect(net.asked.length).toBe(2 + 2 * 3);
    // 0.8, 1.6 and 3.2 s for each of both is more than the 10 s that there are, so the last wait is shorter.
    expect(net.clock.now / 1e9).toBeCloseTo(10, 6);
    // The failure is remembered for a while (RFC 9520), and no longer.
    expect((await resolved(resolver, 'www.shop.example. A'))[0]).toBe('SERVFAIL');
    expect(net.asked.length).toBe(8);
    seconds(6);
    net.serve('10.0.0.4', smallZone('shop.example.', 'www A 10.0.1.9', 'ns1.shop.example.'));
    expect((await resolved(resolver, 'www.shop.example. A'))[1]).toBe('www.shop.example. 3600 IN A 10.0.1.9');
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'lame: it refers to the root',
      lying(() => ({ authority: [record('.', Type.NS, name('root.'))] })),
      /refers to \. \(lame\)/,
    ],
    [
      'lame: it refers to itself',
      lying(() => ({ authority: [record('shop.example.', Type.NS, name('x.'))] })),
      /refers to shop/,
    ],
    [
      'it refers sidewards',
      lying(() => ({ authority: [record('y.shop.example.', Type.NS, name('x.'))] })),
      /does not lie/,
    ],
    ['it refuses', lying(() => ({ rcode: Rcode.Refused })), /says REFUSED/],
    ['it fails', lying(() => ({ rcode: Rcode.ServFail })), /says SERVFAIL/],
    ['it says nothing', lying(() => ({})), /knows nothing of the zone/],
    [
      'it answers another question',
      lying(() => ({ answers: [record('bank.', Type.A, parse('6.6.6.6'))] })),
      /knows nothing/,
    ],
    ['nobody listens', () => 'refused', /connection refused/],
  ])('%s', async (_what, behaviour, why) => {
    net.behave('10.0.0.3', behaviour).behave('10.0.0.4', behaviour);
    const [code, text] = await resolved(net.resolver(), 'www.shop.example. A');
    expect([code, text]).toEqual(['SERVFAIL', expect.stringMatching(why)]);
    // Each was asked once: to ask again would not change it.
    expect(net.asked.length).toBe(4);
  });

  it('one of two is lame: the other is asked, and from then on first', async () => {
    net.behave(
      '10.0.0.3',
      lying(() => ({ rcode: Rcode.Refused })),
    );
    const resolver = net.resolver();
    for (let i = 0; i < 8; i++) {
      expect((await resolved(resolver, 'www.shop.example. A'))[0]).toBe('NOERROR');
      seconds(61);
    }
    expect(net.asked.filter((line) => line.startsWith('10.0.0.3')).length).toBeLessThan(2);
  });

  it('servers that need each other are never found', async () => {
    const [code, why] = await resolved(net.resolver(), 'www.loopa.example. A');
    expect(code).toBe('SERVFAIL');
    expect(why).toMatch(/circle/);
    expect(net.asked.length).toBeLessThan(20);
  });

  it('a server within its zone whose address was not told is not looked for there', async () => {
    net.behave(
      '10.0.0.2',
      lying(() => ({ authority: [record('shop.example.', Type.NS, name('ns1.shop.example.'))] })),
    );
    expect(await resolved(net.resolver(), 'www.shop.example. A')).toEqual([
      'SERVFAIL',
      'no server of shop.example. was of help: ns1.shop.example.: its address was not told, and nobody else knows it',
    ]);
    expect(net.asked.length).toBe(2);
  });
});
