import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { Random } from '../base/random.ts';
import { compileFilter, formatFilterError, isMistaken } from './filter.ts';
import { LinkType } from './link-types.ts';
import { nearestWord } from './nearest-word.ts';
import { sampleFrames } from './testing/corpus.ts';
import { ethernet, ipv4, SYN, tcp, tcpFrame, u16, udp } from './testing/frames.ts';

const samples = sampleFrames();
const names = {
  host: (name: string) => (name === 'web' ? [IpAddress.parse('10.0.1.80')!, IpAddress.parse('2001:db8::80')!] : []),
  port: (name: string) => (name === 'gopher' ? 70 : -1),
};

/** The names of the sample frames that a filter lets through. */
function matching(text: string): string[] {
  const filter = compileFilter(text, { names });
  if (isMistaken(filter)) throw new Error(formatFilterError(text, filter));
  return samples.filter(({ bytes }) => filter.matches(bytes, bytes.length)).map(({ name }) => name);
}

function matches(text: string, bytes: Uint8Array): boolean {
  const filter = compileFilter(text, { names });
  if (isMistaken(filter)) throw new Error(formatFilterError(text, filter));
  return filter.matches(bytes, bytes.length);
}

function mistake(text: string): string {
  const filter = compileFilter(text, { names });
  if (!isMistaken(filter)) throw new Error(`"${text}" is no mistake`);
  return formatFilterError(text, filter);
}

describe('capture filters', () => {
  it('test protocols', () => {
    expect(matching('arp')).toEqual([
      'arp request',
      'arp reply',
      'arp announcement',
      'arp probe',
      'arp of other sizes',
    ]);
    expect(matching('icmp')).toEqual([
      ...['echo request', 'echo reply', 'icmp timestamp', 'port unreachable', 'fragmentation needed', 'time exceeded'],
      ...['redirect', 'parameter problem'],
    ]);
    expect(matching('ip6 and tcp')).toEqual(['ipv6 tcp']);
    expect(matching('icmp6')).toEqual([
      'icmpv6 echo',
      'neighbour solicitation',
      'neighbour advertisement',
      'packet too big',
      'router solicitation',
      'router solicitation from nobody',
      'router advertisement',
      'goodbye',
      'duplicate address detection',
      'redirect of ipv6',
    ]);
    expect(matching('ether proto 0x88b5')).toEqual(['unknown type']);
    expect(matching('ip proto 4')).toEqual(['ip in ip']);
    expect(matching('ip6 proto \\udp')).toEqual(['ipv6 udp', 'ipv6 fragment']);
    expect(matching('')).toHaveLength(samples.length);
  });

  it('test addresses, in IP and in ARP', () => {
    expect(matching('src host 10.0.1.80')).toEqual([
      'arp reply',
      'syn ack',
      'http response',
      'http response without phrase',
    ]);
    expect(matching('arp host 10.0.1.80')).toEqual(['arp request', 'arp reply', 'arp probe']);
    expect(matching('host web and tcp port 80 and ip6')).toEqual(['ipv6 tcp']);
    expect(matching('dst 10.0.1.10')).toEqual(matching('dst host 10.0.1.10'));
    expect(matching('src and dst net 10.0.1 and icmp')).toHaveLength(8);
    expect(matching('net 10.0.1.0/24')).toEqual(matching('net 10.0.1.0 mask 255.255.255.0'));
    expect(matching('ip6 net 2001:db8::/33')).toEqual(matching('ip6 host 2001:db8::10'));
    expect(matching('net 2001:db8:8000::/33')).toEqual([]);
    expect(matching('src net 0.0.0.0/0 and arp')).toHaveLength(5);
    expect(matching('ether src 02:00:00:00:00:50')).toEqual(matching('src 10.0.1.80'));
    expect(matching('ether host 01:80:c2:00:00:00')).toEqual(['802.3']);
    expect(matching('broadcast and arp')).toEqual(['arp request', 'arp announcement', 'arp probe']);
    expect(matching('broadcast and port bootps')).toEqual(['dhcp discover', 'dhcp inform', 'bootp request']);
    expect(matching('multicast and not broadcast and not ip')).toEqual(['802.3']);
    expect(matching('multicast and ip proto 2')).toEqual(matching('ip proto 2'));
  });

  it('test ports, not in later fragments', () => {
    expect(matching('udp port domain')).toEqual(['dns query', 'dns response', 'no such name']);
    expect(matching('src port 53')).toEqual(['dns response', 'no such name']);
    expect(matching('tcp dst port 80 or 53')).toEqual(matching('tcp dst port 80 or tcp dst port 53'));
    expect(matching('portrange 4999-5001 and ip6')).toEqual(['ipv6 udp']);
    expect(matching('udp port gopher')).toEqual([]);
    expect(matches('udp port 0', ethernet(ipv4(udp([]).fill(0), { protocol: 17 })))).toBe(true);
    expect(matches('udp port 0', ethernet(ipv4(udp([]).fill(0), { protocol: 17, fragment: 1 })))).toBe(false);
    expect(matches('src and dst port 7', tcpFrame([], { sport: 7, dport: 7 }))).toBe(true);
    expect(matches('src and dst port 7', tcpFrame([], { sport: 7, dport: 8 }))).toBe(false);
  });

  it('test bytes and lengths', () => {
    expect(matching('tcp[tcpflags] & tcp-syn != 0')).toEqual(['syn', 'syn ack']);
    expect(matching('tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)')).toEqual(['syn ack']);
    expect(matching('icmp[icmptype] == icmp-echo')).toEqual(['echo request']);
    expect(matching('ip[2:2] > 500')).toEqual(['first fragment', 'last fragment']);
    expect(matching('(ip[0] & 0x0f) * 4 > 20 and udp')).toEqual(['ip options']);
    expect(matching('ip[6:2] & 0x1fff != 0')).toEqual(['last fragment']);
    expect(matching('tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420')).toEqual(['http request', 'http that goes on']);
    expect(matching('greater 700')).toEqual(matching('len >= 700'));
    expect(matching('less 41')).toEqual([]);
    expect(matching('len / 0 = 1 or len % 0 = 1')).toEqual([]);
    expect(matching('ether[0] & 1 = 1 and arp')).toEqual(matching('arp and broadcast'));
  });

  it('look behind a VLAN tag', () => {
    expect(matching('vlan')).toEqual(['vlan']);
    expect(matching('vlan 100 and udp port 6000')).toEqual(['vlan']);
    expect(matching('vlan 101')).toEqual([]);
    const twice = ethernet([...u16(1), ...u16(0x8100), ...u16(2), ...u16(0x0800), ...ipv4(tcp([]), { protocol: 6 })], {
      type: 0x8100,
    });
    expect(matches('vlan 1 and vlan 2 and tcp', twice)).toBe(true);
    expect(matches('vlan 2 and vlan 1', twice)).toBe(false);
  });

  it('take "and" and "or" as equals, from left to right, as tcpdump does', () => {
    expect(matches('arp or tcp and udp', tcpFrame([]))).toBe(false);
    expect(matches('tcp or arp and arp', tcpFrame([]))).toBe(false);
    expect(matches('tcp or (arp and arp)', tcpFrame([]))).toBe(true);
    expect(matches('not arp and tcp', tcpFrame([]))).toBe(true);
    expect(matches('! ( arp || udp ) && tcp', tcpFrame([]))).toBe(true);
    expect(matches('not host 10.0.1.99 and 10.0.1.10', tcpFrame([]))).toBe(true);
  });

  it('work on raw IP', () => {
    const filter = compileFilter('tcp port 80 and src 10.0.1.10 and not arp and not ether broadcast', {
      linkType: LinkType.RawIp,
    });
    if (isMistaken(filter)) throw new Error(filter.message);
    const packet = new Uint8Array(ipv4(tcp([], { flags: SYN }), { protocol: 6 }));
    expect(filter.matches(packet, packet.length)).toBe(true);
    expect(filter.matches(packet, 20)).toBe(false);
  });

  it('tell where a mistake is, and the nearest word', () => {
    expect([
      mistake('tpc port 80'),
      mistake('tcp prot 80'),
      mistake('tcp port htpt'),
      mistake('tcp port 70000'),
      mistake('host 10.0.1.300'),
      mistake('net 10.0.1.1/24'),
      mistake('net 10.0.0.0 mask 255.0.255.0'),
      mistake('(tcp or udp'),
      mistake('tcp) or udp'),
      mistake('tcp and'),
      mistake('tcp udp'),
      mistake('icmp port 7'),
      mistake('tcp host 10.0.1.1'),
      mistake('tcp[13:3] = 1'),
      mistake('tcp[13] &'),
      mistake('tcp[13] = '),
      mistake('tcp-syn'),
      mistake('ether host 10.0.1.1'),
      mistake('ether net 10'),
      mistake('arp host 2001:db8::1'),
      mistake('ip proto frobnicate'),
      mistake('tcp @ udp'),
      mistake('vlan 5000'),
      mistake('ether'),
      mistake('tcp broadcast'),
    ]).toMatchInlineSnapshot(`
      [
        "tpc port 80
      ^^^ "tpc" is no word of the filter language, no address and no known host; did you mean "tcp"?",
        "tcp prot 80
          ^^^^ expected "and" or "or" before "prot"; did you mean "port"?",
        "tcp port htpt
               ^^^^ "htpt" is not a port number or service; did you mean "http"?",
        "tcp port 70000
               ^^^^^ "70000" is not a port number or service",
        "host 10.0.1.300
           ^^^^^^^^^^ "10.0.1.300" is no address and no known host",
        "net 10.0.1.1/24
          ^^^^^^^^ 10.0.1.1/24 has host bits: the network is 10.0.1.0/24",
        "net 10.0.0.0 mask 255.0.255.0
                        ^^^^^^^^^^^ "255.0.255.0" is no mask of leading ones",
        "(tcp or udp
                 ^ expected ")"",
        "tcp) or udp
         ^ this parenthesis was never opened",
        "tcp and
             ^ the filter ends where something is expected",
        "tcp udp
          ^^^ expected "and" or "or" before "udp"",
        "icmp port 7
      ^^^^ "icmp" has no ports",
        "tcp host 10.0.1.1
      ^^^ "tcp" has no hosts; say "tcp and host 10.0.1.1"",
        "tcp[13:3] = 1
              ^ a size is 1, 2 or 4 bytes",
        "tcp[13] &
               ^ expected a number, len, or bytes of a header such as tcp[13]",
        "tcp[13] = 
                ^ expected a number, len, or bytes of a header such as tcp[13]",
        "tcp-syn
      ^^^^^^^ "tcp-syn" is a number: compare something with it",
        "ether host 10.0.1.1
                 ^^^^^^^^ "10.0.1.1" is no MAC address",
        "ether net 10
      ^^^^^ Ethernet has no networks",
        "arp host 2001:db8::1
               ^^^^^^^^^^^ 2001:db8::1 is not an address that "arp" carries",
        "ip proto frobnicate
               ^^^^^^^^^^ "frobnicate" is no IP protocol",
        "tcp @ udp
          ^ "@" has no place in a filter",
        "vlan 5000
           ^^^^ expected a VLAN identifier from 0 to 4095",
        "ether
           ^ expected host, src, dst, proto, broadcast or multicast after "ether"",
        "tcp broadcast
      ^^^ "tcp broadcast" is not known; ether, ip and ip6 have it",
      ]
    `);
  });

  it('survive any text, and any packet', () => {
    const random = Random.from(11);
    const words = [
      'tcp',
      'udp',
      'port',
      '80',
      'and',
      'or',
      'not',
      '(',
      ')',
      'host',
      '10.0.1.10',
      '[',
      ']',
      '&',
      '!=',
      '-',
      ':',
    ];
    words.push(
      'ip6',
      'net',
      '/',
      '8',
      'vlan',
      'src',
      'dst',
      'len',
      'ether',
      '\\',
      'proto',
      '2001:db8::1',
      'less',
      'zz',
      '*',
      '>>',
    );
    let compiled = 0;
    for (let i = 0; i < 100_000; i++) {
      let text = '';
      for (let k = random.below(9); k >= 0; k--) text += `${words[random.below(words.length)]} `;
      const filter = compileFilter(text, { names });
      if (isMistaken(filter)) {
        if (filter.position > text.length || filter.length < 1)
          throw new Error(`position ${filter.position} of "${text}"`);
        continue;
      }
      compiled++;
      const { bytes } = samples[i % samples.length]!;
      filter.matches(bytes, random.below(bytes.length + 1), bytes.length);
    }
    expect(compiled).toBeGreaterThan(1000);
    expect(mistake('('.repeat(5000))).toContain('nested too deeply');
    expect(mistake('not '.repeat(5000))).toContain('nested too deeply');
    expect(mistake(`len = ${'-'.repeat(5000)}1`)).toContain('nested too deeply');
  });
});

describe('nearestWord', () => {
  it('forgives a slip or two', () => {
    expect(nearestWord('hots', ['host', 'port'])).toBe('host');
    expect(nearestWord('protrange', ['port', 'portrange'])).toBe('portrange');
    expect(nearestWord('xyz', ['host', 'port'])).toBeUndefined();
    expect(nearestWord('', ['host'])).toBeUndefined();
  });
});
