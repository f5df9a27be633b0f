import { beforeEach, describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { Random } from '../../base/random.ts';
import { EAI_AGAIN, EAI_FAIL, EAI_NONAME } from '../../l5-session/constants.ts';
import { answerTo } from './message.ts';
import { type StubConfiguration, StubResolver } from './stub-resolver.ts';
import { FakeInternet } from './testing/fake-internet.ts';
import { smallZone } from './testing/zones.ts';
import { Rcode } from './types.ts';

let net: FakeInternet;
const A = IpAddress.parse('10.0.0.1')!;
const B = IpAddress.parse('10.0.0.2')!;

beforeEach(() => {
  net = new FakeInternet();
  const lab = smallZone(
    'lab.',
    'web 60 A 10.0.1.1\nweb 60 AAAA 2001:db8::1\nwww CNAME web\nempty TXT x\nalias CNAME empty',
  );
  net.serve(
    '10.0.0.1',
    lab,
    smallZone('1.0.10.in-addr.arpa.', '1 PTR web.lab.', 'ns.lab.'),
    smallZone('.', 'com A 10.0.1.9', 'ns.lab.'),
  );
});

const stub = (configuration: Partial<StubConfiguration> = {}) =>
  new StubResolver({ nameservers: [A], ...configuration }, { clock: net.clock, random: Random.from(1), ask: net.ask });
const found = async (resolver: StubResolver, name: string) => String(await resolver.lookup(name));

describe('a stub resolver', () => {
  it('finds addresses, IPv4 first, and remembers them', async () => {
    const resolver = stub();
    expect(await found(resolver, 'web.lab')).toBe('10.0.1.1,2001:db8::1');
    expect(await found(resolver, 'WEB.lab.')).toBe('10.0.1.1,2001:db8::1');
    expect(net.asked.length).toBe(2);
    net.clock.now += 60e9;
    await found(resolver, 'web.lab');
    expect(net.asked.length).toBe(4);
  });

  it('follows aliases that the answer tells of', async () => {
    const resolver = stub();
    expect(await found(resolver, 'www.lab')).toBe('10.0.1.1,2001:db8::1');
    expect(await found(resolver, 'alias.lab')).toBe(String(EAI_NONAME));
  });

  it('asks once for those who want the same at once', async () => {
    const resolver = stub();
    await Promise.all([found(resolver, 'web.lab'), found(resolver, 'web.lab'), found(resolver, 'web.lab')]);
    expect(net.asked.length).toBe(2);
  });

  it('finds names of addresses', async () => {
    const resolver = stub();
    expect(await resolver.reverse(IpAddress.parse('10.0.1.1')!)).toBe('web.lab');
    expect(await resolver.reverse(IpAddress.parse('10.0.1.2')!)).toBe(null);
  });

  it('says whether there is no such name, or nobody to tell', async () => {
    expect(await found(stub(), 'x.lab')).toBe(String(EAI_NONAME));
    expect(await found(stub(), 'empty.lab')).toBe(String(EAI_NONAME));
    expect(await found(stub(), 'no name')).toBe(String(EAI_NONAME));
    expect(await found(stub({ nameservers: [B] }), 'web.lab')).toBe(String(EAI_AGAIN));
    expect(await found(stub({ nameservers: [] }), 'web.lab')).toBe(String(EAI_AGAIN));
    net.behave('10.0.0.2', (asked) => answerTo(asked, { rcode: Rcode.Refused }, 0));
    expect(await found(stub({ nameservers: [B] }), 'web.lab')).toBe(String(EAI_FAIL));
    net.behave('10.0.0.2', (asked) => answerTo(asked, { rcode: Rcode.ServFail }, 0));
    expect(await found(stub({ nameservers: [B] }), 'web.lab')).toBe(String(EAI_AGAIN));
  });

  it('waits five seconds for each server, twice, and takes the next one', async () => {
    net.behave('10.0.0.2', () => 'silence');
    await stub({ nameservers: [B] }).find(stub().candidates('web.lab')[0]!, 1);
    expect([net.asked.length, net.clock.now / 1e9]).toEqual([2, 10]);
    net.asked.length = 0;
    expect(await found(stub({ nameservers: [B, A] }), 'web.lab')).toBe('10.0.1.1,2001:db8::1');
    expect(net.asked.map((line) => line.split(' ')[0])).toEqual(['10.0.0.2', '10.0.0.2', '10.0.0.1', '10.0.0.1']);
    net.behave('10.0.0.2', () => 'refused');
    expect(await found(stub({ nameservers: [B, A] }), 'web.lab')).toBe('10.0.1.1,2001:db8::1');
  });

  it.each<[string, Partial<StubConfiguration>, string[]]>([
    ['web', { search: ['lab', 'example.'] }, ['web.lab.', 'web.example.', 'web.']],
    ['web.', { search: ['lab'] }, ['web.']],
    ['a.b', { search: ['lab'] }, ['a.b.', 'a.b.lab.']],
    ['a.b', { search: ['lab'], ndots: 2 }, ['a.b.lab.', 'a.b.']],
    ['web', {}, ['web.']],
    ['a..b', { search: ['lab'] }, []],
    ['web', { search: ['a..b', 'lab'] }, ['web.lab.', 'web.']],
  ])('tries for %s with %j', (name, configuration, expected) => {
    expect(stub(configuration).candidates(name).map(String)).toEqual(expected);
  });

  it('looks for a short name in its domains, the first that has it', async () => {
    expect(await found(stub({ search: ['example', 'lab'] }), 'web')).toBe('10.0.1.1,2001:db8::1');
    expect(await found(stub({ search: ['lab'] }), 'com')).toBe('10.0.1.9');
  });

  it('forgets what other servers said when it is told of new ones', async () => {
    const configuration = { nameservers: [A] };
    const resolver = new StubResolver(configuration, { clock: net.clock, random: Random.from(1), ask: net.ask });
    await found(resolver, 'web.lab');
    net.serve('10.0.0.2', smallZone('lab.', 'web A 10.0.9.9'));
    configuration.nameservers = [B];
    expect(await found(resolver, 'web.lab')).toBe('10.0.9.9');
  });
});
