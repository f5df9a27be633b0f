import { describe, expect, it } from 'vitest';
import { DnsLab } from '../../l7-application/dns/testing/dns-lab.ts';

describe('dig', () => {
  it('shows an answer as the real one does', async () => {
    const lab = new DnsLab();
    const said = await lab.says('dig @10.0.0.4 www.shop.example');
    expect(said.replace(/id: [0-9]+/, 'id: N')).toBe(`
; <<>> DiG netarium <<>> @10.0.0.4 www.shop.example
; (1 server found)
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N
;; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1
;; WARNING: recursion requested but not available

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 1232
;; QUESTION SECTION:
;www.shop.example.		IN	A

;; ANSWER SECTION:
www.shop.example.	3600	IN	A	10.0.0.80
www.shop.example.	3600	IN	A	10.0.0.81

;; Query time: 8 msec
;; SERVER: 10.0.0.4#53(10.0.0.4) (UDP)
;; WHEN: Thu Jan 01 00:00:00 UTC 1970
;; MSG SIZE  rcvd: 77

`);
  });

  it('shows only what is asked for', async () => {
    const lab = new DnsLab();
    expect(await lab.says('dig +short alias.shop.example')).toBe('www.shop.example.\n10.0.0.80\n10.0.0.81\n');
    expect(await lab.says('dig +noall +answer moved.example')).toBe(
      `moved.example.		3600	IN	CNAME	www.shop.example.
www.shop.example.	3600	IN	A	10.0.0.80
www.shop.example.	3600	IN	A	10.0.0.81
`,
    );
    expect(await lab.says('dig +noall +authority @10.0.0.3 x.shop.example +norecurse')).toBe(
      'shop.example.\t\t3600\tIN\tNS\tns.shop.example.\n',
    );
    expect(await lab.says('dig +noall +question -x 10.0.0.80')).toBe(';80.0.0.10.in-addr.arpa.\t\tIN\tPTR\n\n');
    expect(await lab.says('dig @10.0.0.4 +noall +answer _http._tcp.shop.example srv')).toBe(
      '_http._tcp.shop.example. 3600\tIN\tSRV\t0 5 80 www.shop.example.\n',
    );
  });

  it('asks its way down from the root, and shows it: +trace', async () => {
    const lab = new DnsLab();
    const said = await lab.says('dig +trace +noedns www.shop.example');
    expect(said.split('\n').filter((line) => line.includes('\tNS\t') || line.startsWith(';; Received'))).toEqual([
      '.\t\t\t3600\tIN\tNS\troot.',
      ';; Received 34 bytes from 10.0.0.53#53(10.0.0.53) in 16 ms',
      'example.\t\t3600\tIN\tNS\tns.example.',
      ';; Received 67 bytes from 10.0.0.2#53(root) in 8 ms',
      'shop.example.\t\t3600\tIN\tNS\tns.shop.example.',
      ';; Received 67 bytes from 10.0.0.3#53(ns.example) in 8 ms',
      ';; Received 66 bytes from 10.0.0.4#53(ns.shop.example) in 8 ms',
    ]);
    expect(await lab.says('dig +trace @10.0.0.99 +tries=1 +time=1 x')).toContain(';; no servers could be reached\n');
    // Who serves nothing above the name leads nowhere.
    expect(await lab.says('dig +trace @10.0.0.4 www.shop.example')).toMatch(
      /;; Received [0-9]+ bytes from 10\.0\.0\.4#53/,
    );
  });

  it('asks a server what it is: NSID, version.bind, hostname.bind', async () => {
    const lab = new DnsLab();
    expect(await lab.says('dig +nsid @10.0.0.3 example soa')).toContain('; NSID: 74 6c 64 ("tld")\n');
    expect(await lab.says('dig +short @10.0.0.3 ch txt version.bind')).toBe('"netarium"\n');
    expect(await lab.says('dig +short @10.0.0.3 ch txt hostname.bind')).toBe('"tld"\n');
    expect(await lab.says('dig @10.0.0.3 ch txt example')).toContain('status: REFUSED');
    expect(await lab.says('dig @10.0.0.3 ch a id.server')).toContain('ANSWER: 0');
  });

  it('takes TCP when it is told to, and when the answer does not fit', async () => {
    const lab = new DnsLab();
    expect(await lab.says('dig @10.0.0.4 +tcp www.shop.example')).toContain('(10.0.0.4) (TCP)\n');
    const long = await lab.says('dig @10.0.0.4 long.shop.example txt');
    expect(long).toMatch(/^;; Truncated, retrying in TCP mode\.\n\n; <<>> DiG/);
    expect(long).toContain(';; MSG SIZE  rcvd: 2068\n');
    expect(await lab.says('dig @10.0.0.4 +ignore long.shop.example txt')).toMatch(
      /;; flags: qr aa tc rd; QUERY: 1, ANSWER: 0,/,
    );
    expect(await lab.says('dig @10.0.0.4 +ignore +noedns +bufsize=2100 long.shop.example txt')).toContain(' tc ');
    expect(await lab.says('dig @10.0.0.4 shop.example axfr')).toMatch(/\+cmd\n; Transfer failed\.\n$/);
  });

  it('says why there is no answer, and ends with 9', async () => {
    const lab = new DnsLab();
    expect(await lab.run('alice', 'dig @10.0.0.10 x +tries=2')).toEqual({
      out: `;; communications error to 10.0.0.10#53: connection refused
;; communications error to 10.0.0.10#53: connection refused

; <<>> DiG netarium <<>> @10.0.0.10 x +tries=2
; (1 server found)
;; global options: +cmd
;; no servers could be reached
`,
      err: '',
      code: 9,
    });
    const silent = await lab.run('alice', 'dig @10.0.0.99 x +time=2 +short');
    expect(silent.out).toBe(
      `${';; communications error to 10.0.0.99#53: timed out\n'.repeat(3)};; no servers could be reached\n`,
    );
    expect(await lab.run('alice', 'dig @nosuch x')).toEqual({
      out: '',
      err: "dig: couldn't get address for 'nosuch': not found\n",
      code: 10,
    });
    expect((await lab.says('dig @tld example soa')).includes('SERVER: 10.0.0.3#53(10.0.0.3)')).toBe(true);
  });

  it('shows the reason that a resolver tells (RFC 8914)', async () => {
    const lab = new DnsLab();
    lab.network.cableNamed('shop:eth0').setUp(false);
    expect(await lab.says('dig +tries=1 +time=15 www.shop.example')).toContain(
      '; EDE: 22 (No Reachable Authority): (no server of shop.example. was of help: 10.0.0.4: no answer)\n',
    );
  });

  it.each([
    ['dig +tcpp x', 'invalid option: +tcpp; did you mean +tcp?'],
    ['dig +time=x y', "invalid argument: 'x'"],
    ['dig a..b', "'a..b' is not a legal name"],
    ['dig x y', 'one name, and not y besides'],
    ['dig -x web', "'web' is not an address"],
    ['dig -t what x', "'what' is no type"],
    ['dig -z', "invalid option -- 'z'"],
    ['dig -p', "option requires an argument -- 'p'"],
  ])('%s: %s', async (line, problem) => {
    expect(await new DnsLab(false).run('alice', line)).toMatchObject({
      err: `dig: ${problem}\nTry 'dig --help'.\n`,
      code: 2,
    });
  });
});

describe('host', () => {
  it.each([
    ['host www.shop.example', 'www.shop.example has address 10.0.0.80\nwww.shop.example has address 10.0.0.81\n', 0],
    ['host www.shop', 'www.shop.example has address 10.0.0.80\nwww.shop.example has address 10.0.0.81\n', 0],
    ['host shop.example', 'shop.example mail is handled by 10 mail.shop.example.\n', 0],
    ['host -t txt shop.example', 'shop.example descriptive text "v=spf1 -all" "two"\n', 0],
    ['host -t ns shop.example', 'shop.example name server ns.shop.example.\n', 0],
    ['host -t srv _http._tcp.shop.example', '_http._tcp.shop.example has SRV record 0 5 80 www.shop.example.\n', 0],
    ['host -t mx www.shop.example', 'www.shop.example has no MX record\n', 1],
    ['host nosuch', 'Host nosuch not found: 3(NXDOMAIN)\n', 1],
    ['host 10.0.0.80', 'Host 80.0.0.10.in-addr.arpa. not found: 3(NXDOMAIN)\n', 1],
    [
      'host alias.shop.example 10.0.0.4',
      'Using domain server:\nName: 10.0.0.4\nAddress: 10.0.0.4#53\nAliases: \n\n' +
        'alias.shop.example is an alias for www.shop.example.\n' +
        'www.shop.example has address 10.0.0.80\nwww.shop.example has address 10.0.0.81\n',
      0,
    ],
    ['host -r www.shop.example', 'Host www.shop.example not found: 5(REFUSED)\n', 1],
  ])('%s', async (line, out, code) => {
    expect(await new DnsLab().run('alice', line)).toEqual({ out, err: '', code });
  });
});

describe('dnsd', () => {
  it('mixes upper and lower case in what it asks others, and tells nobody', async () => {
    const lab = new DnsLab(false);
    lab.start('root', 'dnsd root.zone');
    lab.start('tld', 'dnsd example.zone');
    lab.start('shop', 'dnsd shop.example.zone');
    lab.start('resolver', 'dnsd -r -m -H root.hints');
    expect(await lab.says('dig +short alias.shop.example')).toBe('www.shop.example.\n10.0.0.80\n10.0.0.81\n');
    expect(await lab.says('dig +noall +answer www.shop.example')).toMatch(/^www\.shop\.example\.\t/);
  });

  it("serves the names of the network's hosts, and their addresses' names", async () => {
    const lab = new DnsLab(false);
    lab.start('resolver', 'dnsd -n lab');
    expect(await lab.says('host tld.lab')).toBe('tld.lab has address 10.0.0.3\n');
    expect(await lab.says('host 10.0.0.3')).toBe('3.0.0.10.in-addr.arpa domain name pointer tld.lab.\n');
    expect(await lab.says('dig +short lab ns')).toBe('resolver.lab.\n');
  });

  it('tells what is wrong with a zone, with place and word, and does not start', async () => {
    const lab = new DnsLab(false, {
      '/etc/db.bad': '$TTL 1h\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nwww AAA 10.0.0.1\nftp A 10.0.0\n',
    });
    expect(await lab.run('shop', 'dnsd /etc/db.bad')).toEqual({
      out: '',
      err:
        'dnsd: /etc/db.bad:4:5: "AAA" is no type of record; there is AAAA\n' +
        'dnsd: /etc/db.bad:5:7: "10.0.0" is not an IPv4 address, like 10.0.0.1\n',
      code: 1,
    });
    expect((await lab.run('shop', 'dnsd nothing.zone')).err).toBe('dnsd: nothing.zone: No such file or directory\n');
    expect((await lab.run('shop', 'dnsd')).err).toMatch(/^dnsd: no zone to serve, and no -r\n/);
    expect((await lab.run('shop', 'dnsd -r')).err).toMatch(/^dnsd: -r needs -H/);
    expect((await lab.run('shop', 'dnsd -r -H shop.example.zone')).err).toBe(
      'dnsd: shop.example.zone:1:1: it names no server of the root with its address\n',
    );
    lab.start('shop', 'dnsd -n lab');
    expect((await lab.run('shop', 'dnsd -n lab')).err).toMatch(/^dnsd: .*EADDRINUSE/);
  });

  it('logs each question with -v, recurses only for those who may, and answers at the address that was asked', async () => {
    const lab = new DnsLab();
    let log = '';
    const tld = lab.network.hostNamed('tld');
    await lab.network.run({ for: '1s' });
    tld.processes.forEach((process) => void process.kill());
    await lab.network.run({ for: '1s' });
    const dnsd = tld.start('dnsd -v -r -H root.hints -c 10.0.0.53/32 example=example.zone', {
      stdout: { write: (bytes) => void (log += String.fromCharCode(...bytes)) },
    });
    expect(await lab.says('dig @10.0.0.3 www.elsewhere +short')).toBe('');
    expect(log).toBe('10.0.0.10 www.elsewhere. IN A -> REFUSED, 0 records\n');
    expect((await lab.run('resolver', 'dig @10.0.0.3 +short www.shop.example')).out).toBe('10.0.0.80\n10.0.0.81\n');
    dnsd.kill();
    expect(await lab.network.run(() => dnsd.exited)).toBe(143);
  });
});
