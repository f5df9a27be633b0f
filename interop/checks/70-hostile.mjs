// Tools that mean ill, some seconds each, with a curl beside them that is answered all the time. Whatever they send ends
// in a counter with a reason.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { FAR, openCampus, WEB } from '../campus.mjs';
import { sha256, until } from '../lab.mjs';

/** Fetches again and again while `work` runs: how often, and the longest it took. */
async function beside(lab, work) {
  let over = false;
  const pages = { count: 0, longest: 0 };
  const fetching = (async () => {
    while (!over) {
      const { code, out, err, seconds } = await lab.run('curl', ['-sS', '--max-time', 20, `http://${WEB}/random.bin`], {
        binary: true,
      });
      assert.equal(code, 0, `beside it curl says: ${err}`);
      assert.equal(sha256(out), sha256(lab.random));
      pages.count++;
      pages.longest = Math.max(pages.longest, seconds);
    }
  })();
  try {
    await work();
  } finally {
    over = true;
  }
  await fetching;
  return pages;
}

/** What was counted of drops since `before`, by node or by link, most first; `only` of those whose names match. */
function since(before, after, sort = 'nodes', only = /./) {
  const found = [];
  for (const [name, drops] of Object.entries(after[sort])) {
    if (!only.test(name)) continue;
    for (const [reason, count] of Object.entries(drops)) {
      const more = count - (before[sort][name][reason] ?? 0);
      if (more > 0) found.push({ text: `${more} ${reason}`, more, reason });
    }
  }
  return found.sort((a, b) => b.more - a.more);
}

/** What frames from the kernel to web pass, and where they end: the switch, web's cable (its queue), web. */
const ON_THE_WAY = /^(?:sw1|web|web:eth0-sw1:\d+)$/;

/** `npm run interop -- --only hostile --minutes 5`: so long for all attacks together that have no end of their own. */
const MINUTES = Number(process.env.NETARIUM_INTEROP_MINUTES ?? 0);
const ATTACKS = 19;
const SECONDS = MINUTES > 0 ? (MINUTES * 60) / ATTACKS : 2;
/** Frames that were read of an attack and that no counter tells the end of, as a part of all. */
const UNEXPLAINED = 0.01;

/** What the kernel's end of the TAP has counted: frames that we read, and frames that its full queue dropped. */
async function kernelCounters(lab) {
  const { out } = await lab.run('ip', ['-j', '-s', 'link', 'show', 'tap0']);
  const [{ stats64 }] = JSON.parse(out);
  return stats64.tx;
}

/**
 * What became of what was sent: each frame was dropped by the kernel's queue, or we read it, and then its end is counted
 * under a reason on its way to web. Said in words; fails when frames are missing.
 */
async function account(lab, before, kernelBefore, sent, joined) {
  const after = await lab.runner.counters();
  const kernel = await kernelCounters(lab);
  const read = kernel.packets - kernelBefore.packets;
  const lost = kernel.dropped - kernelBefore.dropped;
  const taken = inwards(after) - inwards(before);
  assert.ok(Math.abs(taken - read) <= 64, `the kernel gave ${read} frames, and the wire took ${taken}`);
  const ends = ['nodes', 'links'].flatMap((sort) => since(before, after, sort, ON_THE_WAY));
  const ended = ends.reduce((sum, { more }) => sum + more, 0);
  const words = `${sent === null ? '' : `sent ${sent}, `}read ${read}, the kernel's queue full for ${lost}, accounted for ${ended}`;
  if (sent !== null) assert.ok(read + lost >= sent, words);
  if (!joined) assert.ok(ended >= read * (1 - UNEXPLAINED) - 100, `frames without an end: ${words}`);
  return words;
}

/** Frames that the TAP's wire took in, delivered or dropped with a reason. */
function inwards({ wires }) {
  const { deliveredFrames, drops } = wires.tap0;
  return deliveredFrames + (drops.POOL_EXHAUSTED ?? 0) + (drops.FRAME_TOO_SHORT ?? 0) + (drops.LINK_TOO_LONG ?? 0);
}

/** How much the tool says that it sent; null when it does not. */
function sentBy(said) {
  const count = /^(\d+) packets transmitted/m.exec(said)?.[1] ?? /^packets: (\d+)$/m.exec(said)?.[1];
  return count === undefined ? null : Number(count);
}

/**
 * A check that attacks: the page is got beside it, what `explained` names is among the counted reasons, and what was sent
 * is accounted for. `joined`: fragments that are put together have one end for all of them.
 */
const attack = (name, program, seconds, args, explained, { joined = false, ...more } = {}) => ({
  name,
  needs: ['ip', 'curl', program],
  patience: 120 + seconds,
  ...more,
  async run(lab) {
    const before = await lab.runner.counters();
    const kernelBefore = await kernelCounters(lab);
    let sent = null;
    const pages = await beside(lab, async () => {
      for (const each of [args].flat(1).some(Array.isArray) ? args : [args]) {
        const child = lab.start(program, each);
        let said = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
        const timer = setTimeout(() => child.kill('SIGINT'), seconds * 1000);
        await once(child, 'close');
        clearTimeout(timer);
        sent = sentBy(said);
      }
    });
    assert.ok(pages.count > 0);
    const drops = since(before, await lab.runner.counters());
    for (const reason of explained) {
      assert.ok(
        drops.some((drop) => drop.reason === reason),
        `${reason} is not among ${drops.map(({ text }) => text)}`,
      );
    }
    const told = await account(lab, before, kernelBefore, sent, joined);
    const shown = drops.slice(0, 4).map(({ text }) => text);
    return `${pages.count} pages beside it, the slowest ${pages.longest.toFixed(2)} s; ${told}; ${shown.join(', ')}`;
  },
});

const flood = (name, args, explained, more) =>
  attack(`hping3 ${name}`, 'hping3', SECONDS, ['-q', '--flood', ...args, WEB], explained, more);

/** Frames that no tool makes by itself, out of a raw socket of Python's. */
const RAW = `
import os, random, socket, struct, sys, time
kind, seconds = sys.argv[1], float(sys.argv[2])
random.seed(1)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
src, dst = socket.inet_aton("10.77.1.1"), socket.inet_aton("${WEB}")
def total(data):
    if len(data) % 2: data += b"\\0"
    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while n >> 16: n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff
def ip(proto, payload, ident=0, flags=0, ttl=64, options=b""):
    head = lambda c: struct.pack("!BBHHHBBH4s4s", 0x40 + 5 + len(options) // 4, 0, 20 + len(options) + len(payload), ident, flags, ttl, proto, c, src, dst) + options
    return head(total(head(0))) + payload
def tcp(flags, sport=None, seq=None, ack=None, options=b"", data=b"", bad=False):
    sport = random.randrange(1024, 65536) if sport is None else sport
    seq = random.getrandbits(32) if seq is None else seq
    ack = random.getrandbits(32) if ack is None else ack
    window = random.getrandbits(16)
    head = lambda c: struct.pack("!HHIIBBHHH", sport, 80, seq, ack, (5 + len(options) // 4) << 4, flags, window, c, 0) + options + data
    pseudo = src + dst + struct.pack("!BBH", 0, 6, 20 + len(options) + len(data))
    c = total(pseudo + head(0))
    return head(c ^ 0x5555 if bad else c)
sent = 0
def send(packet):
    global sent
    try:
        s.sendto(packet, ("${WEB}", 0))
        sent += 1
    except OSError: pass
end = time.time() + seconds
n = 0
while time.time() < end:
    n += 1
    if kind == "flags": send(ip(6, tcp(random.getrandbits(8), data=os.urandom(random.randrange(40)))))
    elif kind == "options":
        length = 4 * random.randrange(11)
        send(ip(6, tcp(random.choice((2, 16, 18, 24)), options=os.urandom(length))))
    elif kind == "checksums": send(ip(6, tcp(2, bad=True))); send(ip(17, struct.pack("!HHHH", 1, 80, 8 + 4, 0x1234) + b"evil")); send(ip(1, b"\\x08\\0\\x12\\x34" + bytes(20)))
    elif kind == "ip options": send(ip(1, b"\\x08\\0\\xf7\\xff" + bytes(4), options=os.urandom(4 * random.randrange(11))))
    elif kind == "fragments":
        ident = random.getrandbits(16)
        pieces = [(random.randrange(0, 8000, 8), os.urandom(8 * random.randrange(1, 150)), random.random() < 0.8) for _ in range(6)]
        for at, data, more in pieces: send(ip(random.choice((1, 6, 17)), data, ident, (0x2000 if more else 0) | at // 8))
    elif kind == "teardrop":
        ident = random.getrandbits(16)
        send(ip(17, os.urandom(1000 // 8 * 8), ident, 0x2000)); send(ip(17, os.urandom(24), ident, 8))
        send(ip(1, os.urandom(1480), ident + 1 & 0xffff, 0x2000 | 8100))
    elif kind == "noise":
        data = bytearray(ip(random.choice((1, 6, 17, 2, 41, 47, 132)), os.urandom(random.randrange(120))))
        for _ in range(random.randrange(4)): data[random.randrange(20)] ^= 1 << random.randrange(8)
        data[16:20] = dst
        send(bytes(data))
    elif kind == "icmp errors":
        quoted = ip(6, tcp(16))[:20 + random.randrange(30)]
        body = bytes((random.choice((3, 4, 5, 11, 12)), random.randrange(16))) + b"\\0\\0" + os.urandom(4) + quoted
        send(ip(1, body[:2] + struct.pack("!H", total(body)) + body[4:]))
    if n % 50 == 0: time.sleep(0.002)
print("packets:", sent)
`;

const raw = (kind, explained, more) =>
  attack(`${kind} at random`, 'python3', SECONDS + 6, ['-c', RAW, kind, SECONDS], explained, more);

export default {
  name: 'hostile',
  open: openCampus,
  checks: [
    flood('SYN flood', ['-S', '-p', 80], []),
    flood('SYN flood from everywhere', ['-S', '-p', 80, '--rand-source'], []),
    flood('ACK flood', ['-A', '-p', 80], []),
    flood('FIN, PSH and URG at once', ['-F', '-P', '-U', '-p', 80], []),
    flood('flood of a closed port', ['-S', '-p', 81], []),
    flood('UDP flood of a closed port', ['-2', '-p', 9, '-d', 200], ['UDP_NO_PORT']),
    flood('UDP flood with bad checksums', ['-2', '-p', 9, '-d', 100, '-b'], ['UDP_BAD_CHECKSUM'], { quick: true }),
    flood('TCP flood with bad checksums', ['-S', '-p', 80, '-b'], ['TCP_BAD_CHECKSUM']),
    flood('ping flood of 4,000 bytes in fragments', ['-1', '-d', 4000, '-f'], [], { joined: true }),
    flood('flood of first fragments only', ['-1', '-d', 100, '-x'], []),
    flood('land: from its own address and port', ['-S', '-p', 80, '-s', 80, '-a', WEB], []),
    raw('flags', [], { quick: true }),
    raw('options', []),
    raw('checksums', ['TCP_BAD_CHECKSUM', 'UDP_BAD_CHECKSUM', 'ICMP_BAD_CHECKSUM']),
    raw('ip options', []),
    raw('fragments', [], { quick: true, joined: true }),
    raw('teardrop', []),
    raw('noise', []),
    raw('icmp errors', []),
    {
      name: 'nmap -sS finds port 80 and no other',
      needs: ['ip', 'nmap'],
      patience: 120,
      async run(lab) {
        const { out, err } = await lab.run('nmap', ['-n', '-sS', '-p-', '-T4', '--max-retries', 2, WEB], {
          timeout: 110,
        });
        assert.match(out, /^80\/tcp\s+open\s+http$/m, out + err);
        assert.equal(out.match(/^\d+\/tcp\s+open/gm).length, 1, out);
        assert.match(out, /Not shown: 65534 closed tcp ports \(reset\)/);
      },
    },
    {
      name: 'nmap -sU finds an open port among closed ones',
      needs: ['ip', 'nmap'],
      patience: 120,
      async run(lab) {
        const echo = await lab.runner.serve('web', 'udp-echo', 7);
        const { out } = await lab.run('nmap', ['-n', '-sU', '-p', '1-40', '-T5', WEB], { timeout: 110 });
        assert.match(out, /^7\/udp\s+open/m, out);
        assert.match(out, /closed udp ports \(port-unreach\)/, out);
        await echo.kill();
      },
    },
    attack('nmap -O asks strange questions', 'nmap', 30, ['-n', '-O', '-p', '79-81', '-T4', WEB], []),
    attack('nmap -sV says what it can to our httpd', 'nmap', 40, ['-n', '-sV', '--version-light', '-p', 80, WEB], []),
    attack(
      'nmap -sN -sF -sX -sA -sM -sO',
      'nmap',
      40,
      ['-sN', '-sF', '-sX', '-sA', '-sM'].map((scan) => ['-n', scan, '-T5', '-p', '75-85', WEB]),
      [],
    ),
    attack('nmap -sO asks for every protocol', 'nmap', 40, ['-n', '-sO', '-T5', '--max-retries', 1, WEB], []),
    {
      name: 'after all of it: every host answers, and nothing is held',
      patience: 120,
      needs: ['ip', 'curl', 'ping'],
      async run(lab) {
        const { out } = await lab.run('ping', ['-n', '-q', '-c', 3, '-i', '0.1', FAR]);
        assert.match(out, /3 received/, out);
        const { code } = await lab.run('curl', [
          '-sS',
          '--max-time',
          10,
          '-o',
          '/dev/null',
          `http://${FAR}/random.bin`,
        ]);
        assert.equal(code, 0);
        // Fragments wait half a minute for the others of their packet.
        let now = await lab.runner.counters();
        await until(
          async () => (now = await lab.runner.counters()).pool === 0,
          () => `${now.pool} packets held`,
          60,
        );
        assert.ok(now.rss < 1 << 30, `${now.rss} bytes of memory`);
        return `no packet held, ${now.rss >> 20} MiB; ${JSON.stringify(now.nodes.web)} ${JSON.stringify(now.links)}`;
      },
    },
  ],
};
