import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { dissect, fieldsAt, findField, findFields, formatTree, standardDissectors } from './dissect.ts';
import type { Dissection, Field } from './dissection.ts';
import { LinkType } from './link-types.ts';
import { sampleFrames, withFcs } from './testing/corpus.ts';
import { ACK, ethernet, ipv4, PSH, SYN, synOptions, tcp, tcpFrame, text, udp, WEB, zeros } from './testing/frames.ts';

const samples = sampleFrames();

function frame(name: string): Uint8Array {
  return samples.find((each) => each.name === name)!.bytes;
}

/** Children lie within their parents; siblings, bits of one byte apart, one after another; layers in order. */
function checkNesting(dissection: Dissection): void {
  const visit = (fields: readonly Field[], start: number, end: number): void => {
    let at = start;
    for (const field of fields) {
      if (field.generated) continue;
      if (field.start < start || field.end > end || field.end < field.start) {
        throw new Error(`${field.name} [${field.start}, ${field.end}) is not within [${start}, ${end})`);
      }
      if (field.mask === 0) {
        if (field.start < at) throw new Error(`${field.name} begins at ${field.start}, before ${at}`);
        at = field.end;
      }
      visit(field.children, field.start, field.end);
    }
  };
  visit(dissection.layers, 0, dissection.bytes.length);
}

/** The bytes that belong to no field with a value: layers and groups alone do not count. */
function uncovered(dissection: Dissection): number[] {
  const covered = new Uint8Array(dissection.bytes.length);
  const visit = (field: Field): void => {
    if (field.value !== null && !field.generated) covered.fill(1, field.start, field.end);
    field.children.forEach(visit);
  };
  dissection.layers.forEach(visit);
  return [...covered.keys()].filter((at) => covered[at] === 0);
}

describe('dissect', () => {
  it.each(samples)('gives every byte of a well-formed frame a field: $name', ({ bytes }) => {
    for (const options of [{}, { fcsLength: 4 }]) {
      const dissection = dissect('fcsLength' in options ? withFcs(bytes) : bytes, LinkType.Ethernet, options);
      expect(dissection.problems.filter((problem) => problem.severity === 'error')).toEqual([]);
      expect(uncovered(dissection)).toEqual([]);
      checkNesting(dissection);
      expect(dissection.info).not.toBe('');
      expect(dissection.protocol).not.toBe('');
    }
  });

  it('sums packets up as packet lists do', () => {
    const lines = Object.fromEntries(
      samples.map(({ name, bytes }) => {
        const { protocol, info } = dissect(bytes, LinkType.Ethernet);
        return [name, `${protocol} ${info}`];
      }),
    );
    expect(lines).toMatchInlineSnapshot(`
      {
        "802.3": "LLC U, func=UI; DSAP 0x44 Individual, SSAP 0x44 Command",
        "ack": "TCP 52344 → 80 [ACK] Seq=1000 Ack=8 Win=65535 Len=0",
        "arp announcement": "ARP ARP Announcement for 10.0.1.10",
        "arp of other sizes": "ARP request",
        "arp probe": "ARP Who has 10.0.1.80? (ARP Probe)",
        "arp reply": "ARP 10.0.1.80 is at 02:00:00:00:00:50",
        "arp request": "ARP Who has 10.0.1.80? Tell 10.0.1.10",
        "bootp reply": "BOOTP Boot Reply",
        "bootp request": "BOOTP Boot Request from 02:00:00:00:00:0c (02:00:00:00:00:0c)",
        "dhcp ack": "DHCP DHCP ACK      - Transaction ID 0x3903f326",
        "dhcp discover": "DHCP DHCP Discover - Transaction ID 0x3903f326",
        "dhcp inform": "DHCP DHCP Inform   - Transaction ID 0x3903f326",
        "dhcp nak": "DHCP DHCP NAK      - Transaction ID 0x3903f326",
        "dhcp offer with domains": "DHCP DHCP Offer    - Transaction ID 0x3903f326",
        "dns over tcp": "DNS Standard query 0xabcd AAAA web.example.com",
        "dns query": "DNS Standard query 0xabcd A web.example.com",
        "dns response": "DNS Standard query response 0xabcd ANY web.example.com A 10.0.1.80 AAAA 2001:db8::80 CNAME www.example.com MX 10 mail.example.com TXT SRV 1 2 8080 srv.example PTR ptr.example Unknown (65280) SOA ns.example OPT",
        "duplicate address detection": "ICMPv6 Neighbor Solicitation for fe80::9",
        "echo reply": "ICMP Echo (ping) reply    id=0x0007, seq=1/256, ttl=63",
        "echo request": "ICMP Echo (ping) request  id=0x0007, seq=1/256, ttl=64",
        "fin": "TCP 52344 → 80 [FIN, ACK] Seq=1000 Ack=0 Win=65535 Len=0",
        "first fragment": "IPv4 Fragmented IP protocol (proto=UDP 17, off=0, ID=1234)",
        "fragmentation needed": "ICMP Destination unreachable (Fragmentation needed)",
        "goodbye": "ICMPv6 Router Advertisement",
        "http request": "HTTP GET /index.html HTTP/1.1",
        "http response": "HTTP HTTP/1.1 200 OK  (text/html)",
        "http response without phrase": "HTTP HTTP/1.1 404",
        "http that goes on": "HTTP GET / HTTP/1.0",
        "icmp timestamp": "ICMP Timestamp request    id=0x0007, seq=1/256, ttl=64",
        "icmpv6 echo": "ICMPv6 Echo (ping) request id=0x0003, seq=4, hop limit=64",
        "igmp 1 query": "IGMPv1 Membership Query",
        "igmp 1 report": "IGMPv1 Membership Report group 239.1.2.3",
        "igmp 2 leave": "IGMPv2 Leave Group 239.1.2.3",
        "igmp 2 query": "IGMPv2 Membership Query, general",
        "igmp 2 query for a group": "IGMPv2 Membership Query, specific for group 239.1.2.3",
        "igmp 2 report": "IGMPv2 Membership Report group 239.1.2.3",
        "igmp 3 join": "IGMPv3 Membership Report / Join group 239.1.2.3 for any sources",
        "igmp 3 leave": "IGMPv3 Membership Report / Leave group 239.1.2.3",
        "igmp 3 query": "IGMPv3 Membership Query, general",
        "igmp 3 query for a group": "IGMPv3 Membership Query, specific for group 239.1.2.3",
        "igmp 3 query for sources": "IGMPv3 Membership Query, specific for group 239.1.2.3, sources {10.0.1.10, 10.0.1.80}",
        "igmp 3 report": "IGMPv3 Membership Report / Join group 239.1.2.3 for source {10.0.1.10} / Join group 239.4.4.4, for sources not in {10.0.1.10, 10.0.1.80} / Group 239.5.5.5, new source {10.0.1.10} / Group 239.6.6.6, block sources {10.0.1.10, 10.0.1.80}",
        "ip in ip": "UDP 5000 → 6000 Len=1",
        "ip options": "UDP 5000 → 6000 Len=3",
        "ipv6 extensions": "UDP 5000 → 6000 Len=1",
        "ipv6 fragment": "IPv6 IPv6 fragment (off=8 more=y ident=0x0000004d nxt=17)",
        "ipv6 tcp": "TCP 52344 → 80 [SYN] Seq=1000 Win=65535 Len=0 MSS=1460 SACK_PERM TSval=100 TSecr=0 WS=128",
        "ipv6 udp": "UDP 5000 → 6000 Len=3",
        "last fragment": "IPv4 Fragmented IP protocol (proto=UDP 17, off=800, ID=4321)",
        "mld 1 done": "ICMPv6 Multicast Listener Done ff05::9",
        "mld 1 query": "ICMPv6 Multicast Listener Query",
        "mld 1 report": "ICMPv6 Multicast Listener Report ff05::9",
        "mld 2 query": "ICMPv6 Multicast Listener Query",
        "mld 2 query with sources": "ICMPv6 Multicast Listener Query for ff05::9",
        "mld 2 report": "ICMPv6 Multicast Listener Report Message v2 joins ff02::1:ff00:9, is in ff05::9",
        "mld 2 report from nobody": "ICMPv6 Multicast Listener Report Message v2 leaves ff05::9",
        "neighbour advertisement": "ICMPv6 Neighbor Advertisement 2001:db8::10 (sol, ovr) is at 02:00:00:00:00:50",
        "neighbour solicitation": "ICMPv6 Neighbor Solicitation for 2001:db8::80 from 02:00:00:00:00:0a",
        "no such name": "DNS Standard query response 0x0001 No such name A nobody",
        "ospf acknowledgement": "OSPF LS Acknowledge",
        "ospf description": "OSPF DB Description",
        "ospf description, the first": "OSPF DB Description",
        "ospf hello": "OSPF Hello Packet",
        "ospf hello of nobody": "OSPF Hello Packet",
        "ospf hello with a digest": "OSPF Hello Packet",
        "ospf hello with a password": "OSPF Hello Packet",
        "ospf request": "OSPF LS Request",
        "ospf update 1": "OSPF LS Update",
        "ospf update 2": "OSPF LS Update",
        "ospf update 3": "OSPF LS Update",
        "ospf update 4": "OSPF LS Update",
        "ospf update 5": "OSPF LS Update",
        "ospf update 6": "OSPF LS Update",
        "ospf update of all": "OSPF LS Update",
        "other tcp options": "TCP 52344 → 80 [ACK] Seq=1000 Ack=0 Win=65535 Len=0",
        "packet too big": "ICMPv6 Packet Too Big",
        "parameter problem": "ICMP Parameter problem    (Pointer indicates the error)",
        "port unreachable": "ICMP Destination unreachable (Port unreachable)",
        "record route": "IPv4 Unknown (253)",
        "record route, empty": "IPv4 Unknown (253)",
        "redirect": "ICMP Redirect             (Redirect for host)",
        "redirect of ipv6": "ICMPv6 Redirect: 2001:db8::80 by fe80::2 is at 02:00:00:00:00:0a",
        "router advertisement": "ICMPv6 Router Advertisement from 02:00:00:00:00:0a",
        "router solicitation": "ICMPv6 Router Solicitation from 02:00:00:00:00:0a",
        "router solicitation from nobody": "ICMPv6 Router Solicitation",
        "rst": "TCP 52344 → 80 [RST] Seq=1000 Win=0 Len=0",
        "sack": "TCP 52344 → 80 [ACK] Seq=1000 Ack=1 Win=65535 Len=0 SLE=3000 SRE=4000 SLE=5000 SRE=6000",
        "stream id": "IPv4 Unknown (253)",
        "syn": "TCP 52344 → 80 [SYN] Seq=4294967280 Win=65535 Len=0 MSS=1460 SACK_PERM TSval=100 TSecr=0 WS=128",
        "syn ack": "TCP 80 → 52344 [SYN, ACK] Seq=7 Ack=4294967281 Win=65535 Len=0 MSS=1460 SACK_PERM TSval=900 TSecr=100 WS=128",
        "time exceeded": "ICMP Time-to-live exceeded (Time to live exceeded in transit)",
        "timestamps alone": "IPv4 Unknown (253)",
        "timestamps prespecified": "IPv4 Unknown (253)",
        "timestamps with addresses": "IPv4 Unknown (253)",
        "udp": "UDP 5000 → 6000 Len=5",
        "udp empty": "UDP 5000 → 6000 Len=0",
        "udp without checksum": "UDP 5000 → 6000 Len=34",
        "unknown protocol": "IPv4 Unknown (253)",
        "unknown type": "0x88b5 Local Experimental Ethertype 1",
        "urgent": "TCP 52344 → 80 [PSH, ACK, URG] Seq=1000 Ack=0 Win=65535 Urg=1 Len=1",
        "vlan": "UDP 5000 → 6000 Len=2",
      }
    `);
  });

  it('prints the tree with the bits of flags', () => {
    expect(formatTree(dissect(frame('ack'), LinkType.Ethernet))).toMatchInlineSnapshot(`
      [
        "Ethernet II, Src: 02:00:00:00:00:0a, Dst: 02:00:00:00:00:50",
        "  Destination: 02:00:00:00:00:50",
        "    .... ..1. .... .... .... .... = LG bit: locally administered",
        "    .... ...0 .... .... .... .... = IG bit: individual address",
        "  Source: 02:00:00:00:00:0a",
        "    .... ..1. .... .... .... .... = LG bit: locally administered",
        "    .... ...0 .... .... .... .... = IG bit: individual address",
        "  Type: IPv4 (0x0800)",
        "Internet Protocol Version 4, Src: 10.0.1.10, Dst: 10.0.1.80",
        "  0100 .... = Version: 4",
        "  .... 0101 = Header Length: 20 bytes",
        "  Differentiated Services Field: 0x00",
        "    0000 00.. = Differentiated Services Codepoint: 0",
        "    .... ..00 = Explicit Congestion Notification: Not ECN-Capable Transport (0)",
        "  Total Length: 40",
        "  Identification: 0x1234 (4660)",
        "  010. .... = Flags: 0x2, Don't fragment",
        "    0... .... = Reserved bit: Not set",
        "    .1.. .... = Don't fragment: Set",
        "    ..0. .... = More fragments: Not set",
        "  ...0 0000 0000 0000 = Fragment Offset: 0 bytes",
        "  Time to Live: 64",
        "  Protocol: TCP (6)",
        "  Header Checksum: 0x1243 (correct)",
        "    [Header checksum status: Good]",
        "  Source Address: 10.0.1.10",
        "  Destination Address: 10.0.1.80",
        "Transmission Control Protocol, Src Port: 52344, Dst Port: 80, Seq: 1000, Len: 0",
        "  Source Port: 52344",
        "  Destination Port: 80",
        "  Sequence Number (raw): 1000",
        "  Acknowledgment number (raw): 8",
        "  0101 .... = Header Length: 20 bytes",
        "  .... 0000 0001 0000 = Flags: 0x010 (ACK)",
        "    .... 000. .... .... = Reserved: Not set",
        "    .... ...0 .... .... = Accurate ECN: Not set",
        "    .... .... 0... .... = Congestion Window Reduced: Not set",
        "    .... .... .0.. .... = ECN-Echo: Not set",
        "    .... .... ..0. .... = Urgent: Not set",
        "    .... .... ...1 .... = Acknowledgment: Set",
        "    .... .... .... 0... = Push: Not set",
        "    .... .... .... .0.. = Reset: Not set",
        "    .... .... .... ..0. = Syn: Not set",
        "    .... .... .... ...0 = Fin: Not set",
        "  Window: 65535",
        "  Checksum: 0xc8c2 [correct]",
        "    [Checksum Status: Good]",
        "  Urgent Pointer: 0",
        "  [TCP Segment Len: 0]",
        "Ethernet trailer, 6 bytes",
        "  Padding: 000000000000",
      ]
    `);
  });

  it('keeps facts as numbers and addresses', () => {
    const { facts } = dissect(frame('syn'), LinkType.Ethernet);
    expect(facts.network).toMatchObject({ version: 4, protocol: 6, ttl: 64, dontFragment: true, headerLength: 20 });
    expect(facts.network?.destination.toString()).toBe(WEB.ip);
    expect(facts.transport).toMatchObject({
      kind: 'tcp',
      sequence: 0xfffffff0,
      flags: SYN,
      mss: 1460,
      windowScale: 7,
      sackPermitted: true,
      timestampValue: 100,
      payloadLength: 0,
    });
    const error = dissect(frame('port unreachable'), LinkType.Ethernet);
    expect(error.facts.transport).toMatchObject({
      kind: 'icmp',
      type: 3,
      quoted: { transport: { kind: 'udp', sourcePort: 5000, destinationPort: 6000 } },
    });
    expect(error.layers.map((layer) => layer.name)).toEqual(['eth', 'ip', 'icmp']);
    expect(findFields(error, 'ip.ttl')).toHaveLength(2);
  });

  it('finds the fields of a byte', () => {
    const path = fieldsAt(dissect(frame('syn'), LinkType.Ethernet), 14 + 20 + 13);
    expect(path.map((field) => field.name)).toEqual(['tcp', 'tcp.flags', 'tcp.flags.res']);
    expect(fieldsAt(dissect(frame('syn'), LinkType.Ethernet), 9999)).toEqual([]);
  });

  it('lets a protocol plug itself in', () => {
    const registry = standardDissectors();
    registry.tcpPorts.register(7, 'echo', (dissection, start, end) => {
      const layer = dissection.layer(7, 'echo', 'Echo Protocol', start, end);
      dissection.raw(layer, 'echo.data', 'Data', start, end);
      dissection.protocol = 'ECHO';
      return true;
    });
    const bytes = tcpFrame(text('hi'), { dport: 7, flags: PSH | ACK });
    expect(dissect(bytes, LinkType.Ethernet, { registry }).protocol).toBe('ECHO');
    expect(dissect(bytes, LinkType.Ethernet).protocol).toBe('TCP');
    expect(registry.tcpPorts.name(80)).toBe('http');
    expect(registry.tcpPorts.number('http')).toBe(80);
  });

  it('shows what a refusing dissector leaves as data', () => {
    const dissection = dissect(tcpFrame(text('neither request nor response'), { flags: PSH | ACK }), LinkType.Ethernet);
    expect(dissection.layers.map((layer) => layer.name)).toEqual(['eth', 'ip', 'tcp', 'data']);
    expect(dissection.info).toContain('Len=28');
  });

  it('opens raw IP and says what it cannot open', () => {
    const packet = new Uint8Array(ipv4(udp([1]), { protocol: 17 }));
    expect(dissect(packet, LinkType.RawIp).layers.map((layer) => layer.name)).toEqual(['ip', 'udp', 'data']);
    expect(dissect(packet, 147)).toMatchObject({ protocol: 'link type 147', layers: [{ name: 'data' }] });
    expect(dissect(new Uint8Array(0), LinkType.RawIp).problems).toHaveLength(1);
  });
});

describe('what is wrong with a packet', () => {
  function problems(bytes: Uint8Array, options = {}): string[] {
    return dissect(bytes, LinkType.Ethernet, options).problems.map(({ severity, text }) => `${severity}: ${text}`);
  }
  function changed(name: string, at: number, value: number): Uint8Array {
    const bytes = frame(name).slice();
    bytes[at] = value;
    return bytes;
  }

  it('is told for each checksum', () => {
    expect(problems(changed('udp', 14 + 10, 0))).toEqual(['error: IPv4: the header checksum is wrong']);
    expect(problems(changed('udp', 14 + 20 + 8, 0))[0]).toMatch(/^error: User Datagram Protocol: the checksum/);
    expect(problems(changed('ack', 14 + 20 + 15, 0))[0]).toMatch(/^error: Transmission Control Protocol: the checksum/);
    expect(problems(changed('echo request', 50, 0))[0]).toMatch(/^error: Internet Control Message Protocol: the/);
    expect(problems(changed('icmpv6 echo', 60, 77))[0]).toMatch(/^error: Internet Control Message Protocol v6: the/);
    const bad = withFcs(frame('udp'));
    bad[63]! ^= 1;
    expect(problems(bad, { fcsLength: 4 })[0]).toMatch(
      /^error: The frame check sequence is 0x\w+ \(wrong, should be 0x/,
    );
    expect(findField(dissect(bad, LinkType.Ethernet, { fcsLength: 4 }), 'eth.fcs.status')?.value).toBe(0);
  });

  it('is told for lengths that contradict each other', () => {
    expect(problems(changed('ack', 14 + 2, 9))).toContain('error: The total length says 2344 bytes, 46 are here');
    expect(problems(changed('ack', 14 + 3, 19))).toContain(
      'error: The total length of 19 bytes is shorter than the header',
    );
    expect(problems(changed('ack', 14, 0x4f))[0]).toMatch(/a header of 60 bytes is impossible here/);
    expect(problems(changed('ack', 14 + 20 + 12, 0x40)).some((text) => /a header of 16 bytes/.test(text))).toBe(true);
    expect(problems(changed('udp', 14 + 20 + 5, 200))[0]).toMatch(/a length of 200 bytes is impossible/);
    expect(problems(changed('syn', 14 + 20 + 21, 0))).toContain('error: TCP: an option is longer than the options');
  });

  it('is not blamed on a packet that was captured in part', () => {
    const bytes = frame('http response');
    for (let length = 0; length < bytes.length; length++) {
      const dissection = dissect(bytes.slice(0, length), LinkType.Ethernet, { originalLength: bytes.length });
      expect(dissection.problems.filter((problem) => problem.severity === 'error')).toEqual([]);
      if (dissection.facts.transport?.kind === 'tcp') {
        expect(dissection.facts.transport.payloadLength).toBe(bytes.length - 54);
      }
    }
  });

  it('is told for flags that make no sense', () => {
    expect(problems(tcpFrame([], { flags: SYN | 1, options: synOptions() }))).toEqual([
      'warning: TCP: FIN, SYN makes no sense',
    ]);
  });
});

describe('any bytes', () => {
  it('end in a tree: every prefix of every kind of frame', () => {
    for (const { bytes } of samples) {
      for (let length = 0; length < bytes.length; length++) {
        const dissection = dissect(bytes.slice(0, length), LinkType.Ethernet);
        checkNesting(dissection);
        if (uncovered(dissection).length > 0) throw new Error(`bytes without a field in ${length} of ${bytes.length}`);
      }
    }
  });

  it('end in a tree: 100,000 mutations', () => {
    const random = Random.from(3);
    for (let i = 0; i < 100_000; i++) {
      const sample = samples[i % samples.length]!.bytes;
      const bytes = sample.slice();
      const count = 1 + random.below(4);
      for (let k = 0; k < count; k++) bytes[random.below(bytes.length)] = random.u32();
      const cut = random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
      const dissection = dissect(cut, LinkType.Ethernet, { fcsLength: i & 1 ? 4 : 0 });
      if (i % 10 === 0) {
        checkNesting(dissection);
        if (uncovered(dissection).length > 0) throw new Error(`bytes without a field: ${[...cut]}`);
      }
    }
  });

  it('end in a tree: noise behind each header', () => {
    const random = Random.from(4);
    const heads = [
      [],
      [...frame('udp').subarray(0, 34)],
      [...frame('syn').subarray(0, 34)],
      [...frame('ipv6 udp').subarray(0, 54)],
    ];
    for (let i = 0; i < 20_000; i++) {
      const noise = new Uint8Array(random.below(200));
      random.fill(noise);
      const dissection = dissect(new Uint8Array([...heads[i & 3]!, ...noise]), LinkType.Ethernet);
      checkNesting(dissection);
    }
  });

  it('end in a tree, however deep they are nested', () => {
    let quoted = ipv4(udp([]), { protocol: 17 });
    for (let i = 0; i < 60; i++) quoted = ipv4(quoted, { protocol: 4 });
    checkNesting(dissect(ethernet(quoted), LinkType.Ethernet));
    const tags = new Uint8Array([...zeros(12), ...Array.from({ length: 8000 }, () => [0x81, 0, 0, 1]).flat()]);
    checkNesting(dissect(tags, LinkType.Ethernet));
    const many = tcpFrame(Array.from({ length: 4000 }, () => [0, 14, ...zeros(14)]).flat(), { dport: 53, flags: ACK });
    checkNesting(dissect(many, LinkType.Ethernet));
    checkNesting(dissect(ethernet(ipv4(tcp(zeros(3)), { protocol: 6 })), LinkType.Ethernet));
  });
});
