import { describe, expect, it } from 'vitest';
import { DNS_LIMITS } from './limits.ts';
import { EDU_ZONE, ROOT_ZONE } from './testing/rfc1034.ts';
import { name, smallZone, zone } from './testing/zones.ts';
import { rcodeName, typeNumber } from './types.ts';
import { Zones } from './zones.ts';

/** What a server of these zones says, as lines: the code with AA, then each section's records. */
function says(zones: Zones, question: string, all = false): string[] {
  const [asked, type] = question.split(' ');
  const answer = zones.answer(name(asked!), typeNumber(type!), all, DNS_LIMITS);
  return [
    `${rcodeName(answer.rcode)}${answer.authoritative ? ' aa' : ''}`,
    ...answer.answers.map((record) => `answer ${record}`),
    ...answer.authority.map((record) => `authority ${record}`),
    ...answer.additional.map((record) => `additional ${record}`),
  ];
}

describe('the examples of RFC 1034 6.2, a server of the root and EDU', () => {
  const zones = new Zones([zone(ROOT_ZONE), zone(EDU_ZONE, 'EDU.')]);
  const ROOT_SOA = 'authority . 86400 IN SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400';

  it('6.2.1: addresses', () => {
    expect(says(zones, 'SRI-NIC.ARPA. A')).toEqual([
      'NOERROR aa',
      'answer SRI-NIC.ARPA. 86400 IN A 26.0.0.73',
      'answer SRI-NIC.ARPA. 86400 IN A 10.0.0.51',
    ]);
  });

  it('6.2.2: everything, over TCP; one set over UDP (RFC 8482)', () => {
    expect(says(zones, 'SRI-NIC.ARPA. ANY', true)).toEqual([
      'NOERROR aa',
      'answer SRI-NIC.ARPA. 86400 IN A 26.0.0.73',
      'answer SRI-NIC.ARPA. 86400 IN A 10.0.0.51',
      'answer SRI-NIC.ARPA. 86400 IN MX 0 SRI-NIC.ARPA.',
      'answer SRI-NIC.ARPA. 86400 IN HINFO "DEC-2060" "TOPS20"',
    ]);
    expect(says(zones, 'SRI-NIC.ARPA. ANY').length).toBe(3);
  });

  it('6.2.3: mail exchangers bring their addresses', () => {
    expect(says(zones, 'SRI-NIC.ARPA. MX')).toEqual([
      'NOERROR aa',
      'answer SRI-NIC.ARPA. 86400 IN MX 0 SRI-NIC.ARPA.',
      'additional SRI-NIC.ARPA. 86400 IN A 26.0.0.73',
      'additional SRI-NIC.ARPA. 86400 IN A 10.0.0.51',
    ]);
  });

  it('6.2.4: a name without the type: nothing, and how long that holds (RFC 2308)', () => {
    expect(says(zones, 'SRI-NIC.ARPA. NS')).toEqual(['NOERROR aa', ROOT_SOA]);
  });

  it('6.2.5: no such name', () => {
    expect(says(zones, 'SIR-NIC.ARPA. A')).toEqual(['NXDOMAIN aa', ROOT_SOA]);
  });

  it('6.2.6: a referral, with the servers that it knows the addresses of', () => {
    expect(says(zones, 'BRL.MIL. A')).toEqual([
      'NOERROR',
      'authority MIL. 86400 IN NS SRI-NIC.ARPA.',
      'authority MIL. 86400 IN NS A.ISI.EDU.',
      'additional SRI-NIC.ARPA. 86400 IN A 26.0.0.73',
      'additional SRI-NIC.ARPA. 86400 IN A 10.0.0.51',
      'additional A.ISI.EDU. 172800 IN A 26.3.0.103',
    ]);
  });

  it('6.2.7: an alias into a zone of others, to whom it refers: glue is no answer (RFC 2181 6.1)', () => {
    expect(says(zones, 'USC-ISIC.ARPA. A').slice(0, 4)).toEqual([
      'NOERROR aa',
      'answer USC-ISIC.ARPA. 86400 IN CNAME C.ISI.EDU.',
      'authority ISI.EDU. 172800 IN NS VAXA.ISI.EDU.',
      'authority ISI.EDU. 172800 IN NS A.ISI.EDU.',
    ]);
  });

  it('6.2.8: the alias itself', () => {
    expect(says(zones, 'usc-isic.arpa. CNAME')).toEqual([
      'NOERROR aa',
      'answer usc-isic.arpa. 86400 IN CNAME C.ISI.EDU.',
    ]);
  });

  it('6.3.2: from address to name', () => {
    expect(says(zones, '65.0.6.26.IN-ADDR.ARPA. PTR')).toEqual([
      'NOERROR aa',
      'answer 65.0.6.26.IN-ADDR.ARPA. 86400 IN PTR ACC.ARPA.',
    ]);
  });
});

describe('the wildcards of RFC 4592 2.2.1', () => {
  const zones = new Zones([
    zone(
      `example. 3600 SOA ns.example. host.example. 1 2 3 4 5
       example. 3600 NS ns.example.com.
       example. 3600 NS ns.example.net.
       *.example. 3600 TXT "this is a wildcard"
       *.example. 3600 MX 10 host1.example.
       sub.*.example. 3600 TXT "this is not a wildcard"
       host1.example. 3600 A 192.0.2.1
       _ssh._tcp.host1.example. 3600 SRV 0 0 22 host1.example.
       _ssh._tcp.host2.example. 3600 SRV 0 0 22 host2.example.
       subdel.example. 3600 NS ns.example.com.
       subdel.example. 3600 NS ns.example.net.`.replace(/^ +/gm, ''),
    ),
  ]);

  it.each([
    ['host3.example. MX', 'answer host3.example. 3600 IN MX 10 host1.example.'],
    ['host3.example. A', 'no data'],
    ['foo.bar.example. TXT', 'answer foo.bar.example. 3600 IN TXT "this is a wildcard"'],
    ['host1.example. MX', 'no data'],
    ['sub.*.example. MX', 'no data'],
    ['_telnet._tcp.host1.example. SRV', 'no name'],
    ['host.subdel.example. A', 'referral'],
    ['ghost.*.example. MX', 'no name'],
    ['*.example. MX', 'answer *.example. 3600 IN MX 10 host1.example.'],
    ['_tcp.host2.example. TXT', 'no data'],
    ['host2.example. MX', 'no data'],
  ])('%s: %s', (question, expected) => {
    const [code, first = ''] = says(zones, question);
    if (expected === 'no data') expect([code, first.slice(0, 22)]).toEqual(['NOERROR aa', 'authority example. 5 I']);
    else if (expected === 'no name')
      expect([code, first.slice(0, 22)]).toEqual(['NXDOMAIN aa', 'authority example. 5 I']);
    else if (expected === 'referral')
      expect([code, first.slice(0, 25)]).toEqual(['NOERROR', 'authority subdel.example.']);
    else expect([code, first]).toEqual(['NOERROR aa', expected]);
  });
});

describe('a server of several zones', () => {
  const zones = new Zones([
    smallZone(
      'lab.',
      'www CNAME web\nweb A 10.0.0.1\nring CNAME gnir\ngnir CNAME ring\nself CNAME self\nout CNAME www.other.\nsub NS ns.sub\nns.sub A 10.0.0.9\nbare NS ns.other.\nchild NS ns.child\ndeep CNAME a.sub\n* CNAME web',
    ),
    smallZone('child.lab.', 'x A 10.0.0.2'),
    smallZone('0.0.10.in-addr.arpa.', '1 PTR web.lab.', 'ns.lab.'),
  ]);

  it('answers from the nearest zone, and refuses what is not its own', () => {
    expect(says(zones, 'x.child.lab. A')[1]).toBe('answer x.child.lab. 3600 IN A 10.0.0.2');
    expect(says(zones, 'www.other. A')).toEqual(['REFUSED']);
    expect(says(zones, '. NS')).toEqual(['REFUSED']);
    // `xlab` ends in the bytes of `lab`, and is another name.
    expect(says(zones, 'xlab. A')).toEqual(['REFUSED']);
  });

  it('follows aliases in its zones, as far as they lead, and round no ring', () => {
    expect(says(zones, 'www.lab. A')).toEqual([
      'NOERROR aa',
      'answer www.lab. 3600 IN CNAME web.lab.',
      'answer web.lab. 3600 IN A 10.0.0.1',
    ]);
    expect(says(zones, 'out.lab. A')).toEqual(['NOERROR aa', 'answer out.lab. 3600 IN CNAME www.other.']);
    expect(zones.answer(name('out.lab.'), 1, false, DNS_LIMITS).leadsTo?.toString()).toBe('www.other.');
    expect(says(zones, 'ring.lab. A')).toEqual([
      'NOERROR aa',
      'answer ring.lab. 3600 IN CNAME gnir.lab.',
      'answer gnir.lab. 3600 IN CNAME ring.lab.',
    ]);
    expect(says(zones, 'self.lab. A').length).toBe(2);
    expect(says(zones, 'nothing.lab. A')).toEqual([
      'NOERROR aa',
      'answer nothing.lab. 3600 IN CNAME web.lab.',
      'answer web.lab. 3600 IN A 10.0.0.1',
    ]);
    expect(says(zones, 'deep.lab. A')).toEqual([
      'NOERROR aa',
      'answer deep.lab. 3600 IN CNAME a.sub.lab.',
      'authority sub.lab. 3600 IN NS ns.sub.lab.',
      'additional ns.sub.lab. 3600 IN A 10.0.0.9',
    ]);
  });

  it('a chain as long as is followed, and one longer', () => {
    const chain = Array.from({ length: 5 }, (_, i) => `a${i} CNAME a${i + 1}`).join('\n');
    const long = new Zones([smallZone('lab.', `${chain}\na5 A 10.0.0.1`)]);
    const answers = (aliases: number) =>
      long.answer(name('a0.lab.'), 1, false, { ...DNS_LIMITS, aliases }).answers.length;
    expect([answers(5), answers(4)]).toEqual([6, 5]);
  });

  it('refers to the servers of a zone that was cut out, with what addresses there are', () => {
    expect(says(zones, 'a.b.sub.lab. A')).toEqual([
      'NOERROR',
      'authority sub.lab. 3600 IN NS ns.sub.lab.',
      'additional ns.sub.lab. 3600 IN A 10.0.0.9',
    ]);
    expect(says(zones, 'ns.sub.lab. A')[0]).toBe('NOERROR');
    expect(says(zones, 'bare.lab. NS')).toEqual(['NOERROR', 'authority bare.lab. 3600 IN NS ns.other.']);
    // DS stands above the cut (RFC 4035 3.1.4.1), also where both zones are here.
    expect(says(zones, 'sub.lab. DS')[0]).toBe('NOERROR aa');
    expect(says(zones, 'child.lab. DS')[1]).toMatch(/^authority lab\. 300 IN SOA /);
  });
});
