import { beforeEach, describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { answerTo, type DnsMessage } from './message.ts';
import { ResourceRecord } from './record.ts';
import { type FakeInternet, resolved } from './testing/fake-internet.ts';
import { lying, record, smallInternet } from './testing/small-internet.ts';
import { name, smallZone } from './testing/zones.ts';
import { Rcode, Type } from './types.ts';

let net: FakeInternet;
beforeEach(() => {
  net = smallInternet();
});

const parse = (text: string): IpAddress => IpAddress.parse(text)!;

describe('chains that strangers wrote', () => {
  it('aliases in a circle', async () => {
    const [code, ...rest] = await resolved(net.resolver(), 'ring.example. A');
    expect([code, rest.at(-1)]).toEqual(['SERVFAIL', 'the aliases of ring.example. go round in a circle']);
  });

  it('aliases as many as are followed, and one more', async () => {
    const chain = (length: number) => Array.from({ length }, (_, i) => `a${i} CNAME a${i + 1}.other.`).join('\n');
    net.serve('10.0.0.5', smallZone('other.', `${chain(3)}\na3 A 10.0.0.9`));
    expect((await resolved(net.resolver({ aliases: 3 }), 'a0.other. A'))[0]).toBe('NOERROR');
    net.behave('10.0.0.5', (asked) => {
      const [{ name: owner }] = asked.questions as [DnsMessage['questions'][0]];
      const next = Number(owner.labels[0]!.slice(1)) + 1;
      return answerTo(asked, { answers: [ResourceRecord.of(owner, Type.CNAME, 1, name(`a${next}.other.`))] }, 0);
    });
    const failed = await resolved(net.resolver(), 'a0.other. A');
    expect([failed[0], failed.at(-1)]).toEqual(['SERVFAIL', 'the chain of aliases of a0.other. is too long']);
  });

  it('servers that need servers that need servers', async () => {
    net.behave('10.0.0.5', (asked) => {
      const [{ name: owner }] = asked.questions as [DnsMessage['questions'][0]];
      // Each name lies in a zone of its own, served by ten servers of which only names are told.
      const zone = owner.labels.slice(-2).join('.');
      const servers = Array.from({ length: 10 }, (_, i) => record(`${zone}.`, Type.NS, name(`ns.${i}${zone}.`)));
      return answerTo(asked, { authority: servers }, 0);
    });
    const [code] = await resolved(net.resolver(), 'www.x.other. A');
    expect(code).toBe('SERVFAIL');
    expect(net.asked.length).toBeLessThanOrEqual(64);
  });

  it('no more questions for one than it is worth', async () => {
    const [code, why] = await resolved(net.resolver({ queriesPerQuestion: 2 }), 'www.shop.example. A');
    expect([code, why]).toEqual(['SERVFAIL', 'www.shop.example. needs more questions than one question is worth']);
    expect((await resolved(net.resolver({ queriesPerQuestion: 3 }), 'www.shop.example. A'))[0]).toBe('NOERROR');
  });

  it('no more questions at once than there may be', async () => {
    const resolver = net.resolver({ questionsAtOnce: 2 });
    const all = await Promise.all(['a', 'b', 'c'].map((label) => resolved(resolver, `${label}.other. A`)));
    expect(all.map(([code, why]) => [code, code === 'SERVFAIL' ? why : ''])).toEqual([
      ['NXDOMAIN', ''],
      ['NXDOMAIN', ''],
      ['SERVFAIL', 'too many questions at once'],
    ]);
  });
});

describe('poison', () => {
  const POISON = '6.6.6.6';

  it('in what a server says besides: of names that are not its own nothing is believed', async () => {
    const resolver = net.resolver();
    net.behave(
      '10.0.0.5',
      lying((asked) => ({
        authoritative: true,
        answers: [
          ResourceRecord.of(asked.questions[0]!.name, Type.A, 3600, parse('10.0.2.1')),
          record('www.shop.example.', Type.A, parse(POISON)),
        ],
        authority: [record('example.', Type.NS, name('ns.evil.')), record('.', Type.NS, name('ns.evil.'))],
        additional: [record('ns.evil.', Type.A, parse(POISON)), record('root.', Type.A, parse(POISON))],
      })),
    );
    expect(await resolved(resolver, 'www.other. A')).toEqual(['NOERROR', 'www.other. 3600 IN A 10.0.2.1']);
    expect((await resolved(resolver, 'www.shop.example. A'))[1]).toBe('www.shop.example. 60 IN A 10.0.1.1');
    expect(net.asked.some((line) => line.startsWith(POISON))).toBe(false);
  });

  it('in an alias: where it leads, its own servers are asked', async () => {
    net.behave(
      '10.0.0.5',
      lying(() => ({
        authoritative: true,
        answers: [
          record('evil.other.', Type.CNAME, name('www.shop.example.')),
          record('www.shop.example.', Type.A, parse(POISON)),
        ],
      })),
    );
    const lines = await resolved(net.resolver(), 'evil.other. A');
    expect(lines.slice(1)).toEqual([
      'evil.other. 3600 IN CNAME www.shop.example.',
      'www.shop.example. 60 IN A 10.0.1.1',
      'www.shop.example. 60 IN A 10.0.1.2',
    ]);
  });

  it('in glue: addresses of servers of other zones, our own, or everybody', async () => {
    net.behave(
      '10.0.0.5',
      lying(() => ({
        authority: [
          record('sub.other.', Type.NS, name('ns1.shop.example.')),
          record('sub.other.', Type.NS, name('ns.sub.other.')),
        ],
        additional: [
          record('ns1.shop.example.', Type.A, parse(POISON)),
          ...['127.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1'].map((text) =>
            record('ns.sub.other.', Type.A, parse(text)),
          ),
        ],
      })),
    );
    await resolved(net.resolver(), 'www.sub.other. A');
    const servers = new Set(net.asked.map((line) => line.split(' ')[0]));
    // The address of ns1.shop.example was found by asking for it.
    expect([...servers].every((server) => /^10\.0\.0\.[1-5]$/.test(server!))).toBe(true);
    expect(net.asked).toContain('10.0.0.2 ns1.shop.example. A');
  });

  it('in a denial: an SOA of another zone denies nothing for longer', async () => {
    net.behave(
      '10.0.0.5',
      lying(() => ({
        rcode: Rcode.NxDomain,
        authority: [record('.', Type.SOA, name('a.'), name('b.'), 1, 2, 3, 4, 86_400)],
      })),
    );
    const resolver = net.resolver();
    expect(await resolved(resolver, 'www.other. A')).toEqual(['NXDOMAIN']);
    await resolved(resolver, 'www.other. A');
    expect(net.asked.length).toBe(3); // it is not kept
  });
});

describe('memory', () => {
  it('of a cache, of servers, and of zones has its limit', async () => {
    const resolver = net.resolver({ cacheEntries: 10, serverEntries: 2 });
    for (let i = 0; i < 30; i++) await resolved(resolver, `n${i}.shop.example. A`);
    expect([resolver.cache.size, resolver.servers.size]).toEqual([10, 2]);
    expect(resolver.delegations.size).toBe(2);
    // The one that was used last is there; the first went.
    const before = net.asked.length;
    await resolved(resolver, 'n29.shop.example. A');
    expect(net.asked.length).toBe(before);
    await resolved(resolver, 'n0.shop.example. A');
    expect(net.asked.length).toBe(before + 1);
  });
});
