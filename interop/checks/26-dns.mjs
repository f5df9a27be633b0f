// The DNS: Debian's clients against our server and our resolver; our clients and our resolver against BIND, unbound and
// dnsmasq.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Lab, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const KERNEL = '10.80.0.1';
const ROOT = '10.80.0.2';
const NS = '10.80.0.53';
const RESOLVER = '10.80.0.54';

/** Programs there ask our resolver: `ip netns exec` shows them this resolv.conf as /etc/resolv.conf. */
async function open() {
  const lab = await Lab.open({
    scenario: 'dns.yaml',
    wires: [{ at: 'sw', tap: { device: 'tap0', offload: false } }],
    addresses: [`${KERNEL}/24`, '2001:db8:80::1/64'],
    ipv6: true,
    capture: true,
  });
  lab.etc = `/etc/netns/${lab.space.name}`;
  mkdirSync(lab.etc, { recursive: true });
  process.once('exit', () => rmSync(lab.etc, { recursive: true, force: true }));
  writeFileSync(`${lab.etc}/resolv.conf`, `search lab.test\nnameserver ${RESOLVER}\noptions timeout:2 attempts:2\n`);
  return lab;
}

async function close(lab) {
  rmSync(lab.etc, { recursive: true, force: true });
  await lab.close();
}

/** What dig prints; it must have got an answer. */
async function dig(lab, ...args) {
  const { code, out, err } = await lab.run('dig', ['+time=3', '+tries=2', ...args]);
  assert.equal(code, 0, out + err);
  return out;
}

/** The code, the flags and the answers' data, sorted. */
async function answer(lab, ...args) {
  const out = await dig(lab, ...args);
  const status = /status: (\w+)/.exec(out)?.[1];
  const flags = /;; flags: ([^;]*);/.exec(out)?.[1];
  const section = /;; ANSWER SECTION:\n((?:.+\n)*)/.exec(out)?.[1] ?? '';
  const lines = section.split('\n').filter((line) => line !== '');
  return { out, status, flags, data: lines.map((line) => line.split(/\s+/).slice(4).join(' ')).sort(), lines };
}

const server = (name, program, run, more = {}) => ({ name, needs: ['ip', program], quick: true, run, ...more });

const TYPES = [
  ['www.lab.test', 'A', ['10.80.0.80', '10.80.0.81']],
  ['www.lab.test', 'AAAA', ['2001:db8::80']],
  ['lab.test', 'MX', ['10 mail.lab.test.', '20 mail.bind.test.']],
  ['lab.test', 'TXT', ['"v=spf1 mx -all" "second \\"part\\""']],
  ['lab.test', 'NS', ['ns.lab.test.']],
  ['lab.test', 'SOA', ['ns.lab.test. hostmaster.lab.test. 2026 3600 900 1209600 300']],
  ['lab.test', 'CAA', ['0 issue "ca.test"']],
  ['_sip._udp.lab.test', 'SRV', ['0 5 5060 www.lab.test.']],
  ['odd.lab.test', 'TYPE65280', ['\\# 5 0102030405']],
  ['80.0.80.10.in-addr.arpa', 'PTR', ['www.lab.test.']],
  ['many60.lab.test', 'A', ['10.80.1.60']],
];

const ours = {
  name: 'dns',
  open,
  close,
  checks: [
    server('dig gets every type over UDP, over TCP, without EDNS, and one that nobody knows', 'dig', async (lab) => {
      for (const [name, type, data] of TYPES) {
        for (const how of ['+notcp', '+tcp', '+noedns', '+edns=0', '+dnssec', '+nocookie']) {
          const got = await answer(lab, `@${NS}`, name, type, how);
          assert.deepEqual(got.data, data, got.out);
          assert.match(got.flags, /aa/, got.out);
        }
      }
      return `${TYPES.length} types, 6 ways`;
    }),
    server('dig: reverse, aliases in a row, wildcards, what is not there', 'dig', async (lab) => {
      assert.deepEqual((await answer(lab, `@${NS}`, '-x', '10.80.0.80')).data, ['www.lab.test.']);
      const chain = await answer(lab, `@${NS}`, 'a.lab.test', 'A');
      assert.equal(chain.lines.length, 5, chain.out);
      assert.deepEqual((await answer(lab, `@${NS}`, 'x.y.wild.lab.test', 'A')).data, ['10.80.0.42']);
      assert.deepEqual((await answer(lab, `@${NS}`, 'under.wild.lab.test', 'A')).data, []);
      const none = await answer(lab, `@${NS}`, 'nosuch.lab.test', 'A');
      assert.equal(none.status, 'NXDOMAIN');
      assert.match(
        none.out,
        /AUTHORITY SECTION:\nlab\.test\.\s+300\s+IN\s+SOA/,
        'RFC 2308: with the SOA, and its least time',
      );
      const noData = await answer(lab, `@${NS}`, 'mail.lab.test', 'AAAA');
      assert.equal(noData.status, 'NOERROR');
      assert.match(noData.out, /AUTHORITY SECTION:\nlab\.test\..*SOA/);
      const referral = await answer(lab, `@${NS}`, '+norecurse', 'deep.sub.lab.test', 'A');
      assert.doesNotMatch(referral.flags, /aa/);
      assert.match(referral.out, /ADDITIONAL SECTION:\nns\.sub\.lab\.test\..*10\.80\.0\.99/);
    }),
    server('dig: truncated, and over TCP then; small buffers; large ones', 'dig', async (lab) => {
      const cut = await answer(lab, `@${NS}`, '+ignore', '+bufsize=512', 'long.lab.test', 'TXT');
      assert.match(cut.flags, /tc/, cut.out);
      assert.match(
        await dig(lab, `@${NS}`, '+noedns', 'long.lab.test', 'TXT'),
        /Truncated, retrying in TCP mode[\s\S]*\(TCP\)/,
      );
      const whole = await answer(lab, `@${NS}`, '+ignore', '+bufsize=1232', 'long.lab.test', 'TXT');
      assert.doesNotMatch(whole.flags, /tc/);
      // RFC 6891 6.2.5: nobody takes less than 512.
      assert.deepEqual((await answer(lab, `@${NS}`, '+bufsize=1', 'mail.lab.test')).data, ['10.80.0.25']);
    }),
    server('dig: another version of EDNS, unknown options, unknown flags, a header alone', 'dig', async (lab) => {
      const versioned = await answer(lab, `@${NS}`, '+edns=1', '+noednsnegotiation', 'www.lab.test');
      assert.equal(versioned.status, 'BADVERS', versioned.out);
      for (const how of [
        '+ednsopt=100:0102',
        '+ednsflags=0x40',
        '+subnet=10.0.0.0/8',
        '+padding=64',
        '+keepalive',
        '+expire',
      ]) {
        const got = await answer(lab, `@${NS}`, how, 'mail.lab.test');
        assert.deepEqual(got.data, ['10.80.0.25'], got.out);
      }
      assert.match(await dig(lab, `@${NS}`, '+header-only', 'lab.test'), /status: FORMERR/);
    }),
    server(
      'dig: AXFR and IXFR refused, NOTIFY and UPDATE not implemented, other opcodes neither',
      'dig',
      async (lab) => {
        assert.match(await dig(lab, `@${NS}`, 'lab.test', 'AXFR'), /Transfer failed/);
        assert.equal((await answer(lab, `@${NS}`, 'lab.test', 'IXFR=1')).status ?? 'REFUSED', 'REFUSED');
        for (const opcode of ['NOTIFY', 'UPDATE', 'STATUS', '3', '15']) {
          const got = await answer(lab, `@${NS}`, `+opcode=${opcode}`, 'lab.test', 'SOA');
          assert.equal(got.status, 'NOTIMP', got.out);
        }
        const any = await answer(lab, `@${NS}`, 'lab.test', 'ANY', '+notcp');
        assert.equal(any.status, 'NOERROR');
        assert.ok(any.lines.length <= 2, 'RFC 8482: one set over UDP');
        const elsewhere = await answer(lab, `@${NS}`, 'elsewhere.example');
        assert.equal(elsewhere.status, 'REFUSED');
      },
    ),
    server('dig: who are you? +nsid, version.bind, hostname.bind, id.server', 'dig', async (lab) => {
      assert.match(await dig(lab, `@${NS}`, '+nsid', 'lab.test', 'SOA'), /; NSID: .*\("ns"\)/);
      for (const [name, data] of [
        ['version.bind', '"netarium"'],
        ['hostname.bind', '"ns"'],
        ['id.server', '"ns"'],
      ]) {
        assert.deepEqual((await answer(lab, `@${NS}`, 'CH', 'TXT', name)).data, [data]);
      }
      assert.equal((await answer(lab, `@${NS}`, 'CH', 'TXT', 'authors.bind')).status, 'REFUSED');
    }),
    server('dig: many questions in one TCP connection, answered as they come (RFC 7766)', 'dig', async (lab) => {
      const names = Array.from({ length: 60 }, (_, i) => `many${i + 1}.lab.test`);
      const out = await dig(lab, `@${NS}`, '+tcp', '+keepopen', '+short', ...names.flatMap((name) => ['-q', name]));
      assert.equal(out.trim().split('\n').length, 60);
    }),
    server('dig +trace walks from our root to our zone', 'dig', async (lab) => {
      const out = await dig(lab, `@${RESOLVER}`, '+trace', '+nodnssec', 'www.lab.test');
      assert.match(out, /^\.\s+\d+\s+IN\s+NS\s+root\.$/m);
      assert.match(out, /^lab\.test\.\s+3600\s+IN\s+NS\s+ns\.lab\.test\.$/m);
      assert.match(out, /10\.80\.0\.80[\s\S]*from (10\.80\.0\.53|2001:db8:80::53)#53/);
    }),
    server('dig over IPv6: our server and our resolver, UDP and TCP', 'dig', async (lab) => {
      for (const how of ['+notcp', '+tcp']) {
        const got = await answer(lab, '@2001:db8:80::53', how, 'www.lab.test', 'AAAA');
        assert.deepEqual(got.data, ['2001:db8::80'], got.out);
        assert.match(got.out, /SERVER: 2001:db8:80::53#53/);
        assert.deepEqual((await answer(lab, '@2001:db8:80::54', how, 'a.lab.test')).data.length, 5);
      }
    }),
    server('host, through our resolver', 'host', async (lab) => {
      const { out } = await lab.run('host', ['www.lab.test', RESOLVER]);
      assert.match(out, /www\.lab\.test has address 10\.80\.0\.80\n/);
      assert.match(out, /www\.lab\.test has IPv6 address 2001:db8::80\n/);
      assert.match((await lab.run('host', ['10.80.0.53', RESOLVER])).out, /domain name pointer ns\.lab\.test\.\n/);
      assert.match((await lab.run('host', ['nosuch.lab.test', RESOLVER])).out, /not found: 3\(NXDOMAIN\)/);
    }),
    server('nslookup, through our resolver', 'nslookup', async (lab) => {
      const { out } = await lab.run('nslookup', ['-type=MX', 'lab.test', RESOLVER]);
      assert.match(out, /lab\.test\s+mail exchanger = 10 mail\.lab\.test\./, out);
    }),
    server('drill and kdig agree with dig', 'drill', async (lab) => {
      const drill = await lab.run('drill', [`@${NS}`, 'www.lab.test', 'A']);
      assert.match(drill.out, /rcode: NOERROR[\s\S]*10\.80\.0\.81/, drill.out + drill.err);
      const tcp = await lab.run('drill', ['-t', `@${NS}`, 'long.lab.test', 'TXT']);
      assert.match(tcp.out, /5123456789/, tcp.out);
    }),
    server('kdig, over UDP and TCP, with NSID', 'kdig', async (lab) => {
      const { out } = await lab.run('kdig', [`@${NS}`, '+nsid', 'www.lab.test', 'AAAA']);
      assert.match(out, /2001:db8::80/, out);
      assert.match(out, /"ns"/, out);
      assert.match(
        (await lab.run('kdig', [`@${NS}`, '+tcp', '+keepopen', 'lab.test', 'MX'])).out,
        /mail\.bind\.test\./,
      );
    }),
    server("Python's and glibc's resolver, by resolv.conf", 'python3', async (lab) => {
      const program =
        'import socket;print(sorted({a[4][0] for a in socket.getaddrinfo("www", 80)}));' +
        'print(socket.gethostbyname("a.lab.test"), socket.gethostbyaddr("10.80.0.53")[0])';
      const { out, err } = await lab.run('python3', ['-c', program]);
      assert.equal(out, "['10.80.0.80', '10.80.0.81', '2001:db8::80']\n10.80.0.80 ns.lab.test\n", err);
    }),
    server(
      'dnsperf: a flood of right answers',
      'dnsperf',
      async (lab) => {
        const names = Array.from({ length: 60 }, (_, i) => `many${i + 1}.lab.test A\n`).join('');
        writeFileSync(lab.path('names'), names);
        const { out } = await lab.run('dnsperf', ['-s', NS, '-d', lab.path('names'), '-l', 2, '-q', 20]);
        assert.match(out, /Response codes:\s+NOERROR \d+ \(100\.00%\)/, out);
        assert.match(out, /Queries lost:\s+0 /, out);
        return `${Math.round(Number(/per second:\s+([\d.]+)/.exec(out)[1]))} answers/s beside tcpdump`;
      },
      { quick: false },
    ),
    server(
      'hostile datagrams, and a connection that holds on',
      'python3',
      async (lab) => {
        const program = `
import os, random, socket, time
random.seed(7)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("${NS}", 53))
q = b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x03www\\x03lab\\x04test\\x00\\x00\\x01\\x00\\x01"
for i in range(3000):
  b = bytearray(q)
  for k in range(random.randrange(4)): b[random.randrange(len(b))] = random.randrange(256)
  s.send(bytes(b[:random.randrange(len(b) + 1)]) if i % 3 else os.urandom(random.randrange(600)))
t = socket.create_connection(("${NS}", 53)); t.send(b"\\x00")
began = time.time(); t.settimeout(20)
print(t.recv(1) == b"", round(time.time() - began))`;
        const { out, err } = await lab.run('python3', ['-c', program]);
        assert.match(out, /^True (9|10|11)$/m, out + err);
        assert.deepEqual((await answer(lab, `@${NS}`, 'mail.lab.test')).data, ['10.80.0.25']);
      },
      { quick: false },
    ),
    // What python3 sends is meant to be malformed; and whatever the answer to opcode 6, tshark misses something in it.
    soundCapture(`(ip.src == ${KERNEL} && udp.dstport == 53) || dns.flags.opcode == 6`),
  ],
};

/** BIND in the kernel's namespace, with a signed zone that our root delegates to it. */
async function openWithBind() {
  const lab = await open();
  const zone = `$TTL 1h
@ SOA ns hostmaster 1 1h 15m 2w 5m
@ NS ns
ns A ${KERNEL}
www A 10.80.9.1
www AAAA 2001:db8:9::1
mail A 10.80.9.25
back CNAME www.lab.test.
*.any TXT "any"
big TXT ${Array.from({ length: 20 }, (_, i) => `"${String(i % 10).repeat(200)}"`).join(' ')}
`;
  writeFileSync(lab.path('bind.test.zone'), zone);
  writeFileSync(
    lab.path('named.conf'),
    `options {
  directory "${lab.folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on { ${KERNEL}; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; minimal-responses yes;
};
controls { };
zone "bind.test" { type primary; file "bind.test.zone"; dnssec-policy default; inline-signing yes; };
`,
  );
  const named = lab.start('named', ['-g', '-c', lab.path('named.conf')]);
  let said = '';
  named.stderr.on('data', (chunk) => (said += chunk));
  lab.named = named;
  await until(
    () => said.includes('running'),
    () => `named: ${said}`,
  );
  // It runs before it has signed its zone, and says SERVFAIL until then.
  await until(
    async () => (await answer(lab, `@${KERNEL}`, 'www.bind.test')).data.length > 0,
    () => `named: ${said}`,
  );
  return lab;
}

const bind = {
  name: 'dns: BIND',
  open: openWithBind,
  close,
  checks: [
    server(
      'our resolver finds names of BIND and of ours, aliases from one to the other, and what is not there',
      'named',
      async (lab) => {
        assert.deepEqual((await answer(lab, `@${RESOLVER}`, 'www.bind.test')).data, ['10.80.9.1']);
        assert.deepEqual((await answer(lab, `@${RESOLVER}`, 'out.lab.test')).data, ['10.80.9.1', 'www.bind.test.']);
        assert.deepEqual((await answer(lab, `@${RESOLVER}`, 'back.bind.test')).data, [
          '10.80.0.80',
          '10.80.0.81',
          'www.lab.test.',
        ]);
        assert.deepEqual((await answer(lab, `@${RESOLVER}`, 'x.any.bind.test', 'TXT')).data, ['"any"']);
        assert.equal((await answer(lab, `@${RESOLVER}`, 'nosuch.bind.test')).status, 'NXDOMAIN');
        assert.match((await answer(lab, `@${RESOLVER}`, 'big.bind.test', 'TXT', '+tcp')).data[0], /999/);
        const again = await answer(lab, `@${RESOLVER}`, 'www.bind.test');
        assert.match(again.flags, /ra/);
      },
    ),
    server('our dig, host and stub resolver ask BIND', 'named', async (lab) => {
      const said = async (...argv) => {
        const program = lab.runner.spawn('alice', ...argv);
        assert.equal(await program.ends(), 0, program.out + program.err);
        return program.out;
      };
      assert.match(await said('dig', `@${KERNEL}`, 'www.bind.test', 'AAAA'), /flags: qr aa rd[\s\S]*2001:db8:9::1/);
      assert.match(await said('dig', `@${KERNEL}`, '+tcp', 'big.bind.test', 'txt'), /\(TCP\)/);
      assert.match(await said('dig', `@${KERNEL}`, 'big.bind.test', 'txt'), /Truncated, retrying in TCP mode/);
      assert.match(
        await said('dig', `@${RESOLVER}`, '+trace', 'mail.bind.test'),
        /Received .* from 10\.80\.0\.1#53\(ns\.bind\.test\)/,
      );
      assert.match(await said('host', 'mail.bind.test', RESOLVER), /has address 10\.80\.9\.25/);
    }),
    server(
      'BIND that is away is told as SERVFAIL with the reason, and is found again',
      'named',
      async (lab) => {
        lab.named.kill('SIGKILL');
        const away = await answer(lab, `@${RESOLVER}`, '+time=15', 'gone.bind.test');
        assert.equal(away.status, 'SERVFAIL', away.out);
        assert.match(away.out, /EDE: \d+ .*bind\.test/, away.out);
        return /EDE: (.*)/.exec(away.out)[1];
      },
      { quick: false },
    ),
    soundCapture(),
  ],
};

/** unbound in the kernel's namespace, which begins at our root. */
async function openWithUnbound() {
  const lab = await open();
  writeFileSync(lab.path('root.hints'), `. 3600000 NS root.\nroot. 3600000 A ${ROOT}\n`);
  const zones = ['test.', '10.in-addr.arpa.'].map((zone) => `  local-zone: "${zone}" nodefault\n`).join('');
  writeFileSync(
    lab.path('unbound.conf'),
    `server:
  interface: 127.0.0.1
  chroot: ""
  username: ""
  directory: "${lab.folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-daemonize: no
  do-ip6: no
  module-config: "iterator"
  root-hints: "${lab.path('root.hints')}"
  use-caps-for-id: yes
  qname-minimisation: yes
${zones}remote-control:
  control-enable: no
`,
  );
  lab.start('unbound', ['-d', '-c', lab.path('unbound.conf')]);
  await until(async () => (await lab.run('ss', ['-Hlun', 'sport = :53'])).out !== '', 'unbound');
  return lab;
}

const unbound = {
  name: 'dns: unbound',
  open: openWithUnbound,
  close,
  checks: [
    server(
      'finds our names from our root on: upper and lower case mixed, names no longer than needed',
      'unbound',
      async (lab) => {
        for (const [name, type, data] of TYPES) {
          const got = await answer(lab, '@127.0.0.1', name, type);
          assert.deepEqual(got.data, data, got.out);
        }
        assert.equal((await answer(lab, '@127.0.0.1', 'nosuch.lab.test')).status, 'NXDOMAIN');
        assert.deepEqual((await answer(lab, '@127.0.0.1', 'z.wild.lab.test')).data, ['10.80.0.42']);
        assert.deepEqual((await answer(lab, '@127.0.0.1', '-x', '10.80.0.53')).data, ['ns.lab.test.']);
        const out = await dig(lab, '@127.0.0.1', 'long.lab.test', 'TXT', '+short');
        assert.match(out, /5123456789/);
      },
    ),
    soundCapture(),
  ],
};

/** dnsmasq in the kernel's namespace: what a host at home asks. */
async function openWithDnsmasq() {
  const lab = await open();
  const words = `-k -u root -C /dev/null --no-resolv --no-hosts --listen-address=${KERNEL} --bind-interfaces --pid-file= --log-facility=-
    --host-record=box.home,10.80.0.200,2001:db8::200 --cname=alias.home,box.home --mx-host=home,box.home,5
    --txt-record=home,one,two --srv-host=_ntp._udp.home,box.home,123 --local=/home/ --server=/lab.test/${NS}`;
  lab.start('dnsmasq', words.split(/\s+/));
  await until(async () => (await lab.run('ss', ['-Hlun', 'sport = :53'])).out !== '', 'dnsmasq');
  return lab;
}

const dnsmasq = {
  name: 'dns: dnsmasq',
  open: openWithDnsmasq,
  close,
  checks: [
    server('our dig and host ask dnsmasq, and through it our own server', 'dnsmasq', async (lab) => {
      const said = async (...argv) => {
        const program = lab.runner.spawn('alice', ...argv);
        assert.equal(await program.ends(), 0, program.out + program.err);
        return program.out;
      };
      assert.equal(await said('dig', '+short', `@${KERNEL}`, 'alias.home'), 'box.home.\n10.80.0.200\n');
      assert.match(await said('host', 'box.home', KERNEL), /has IPv6 address 2001:db8::200/);
      assert.equal(await said('dig', '+short', `@${KERNEL}`, 'home', 'txt'), '"one" "two"\n');
      assert.equal(await said('dig', '+short', `@${KERNEL}`, '_ntp._udp.home', 'srv'), '0 0 123 box.home.\n');
      assert.equal(await said('dig', '+short', `@${KERNEL}`, '-x', '10.80.0.200'), 'box.home.\n');
      assert.equal(await said('dig', '+short', `@${KERNEL}`, 'mail.lab.test'), '10.80.0.25\n');
    }),
    soundCapture(),
  ],
};

export default [ours, bind, unbound, dnsmasq];
