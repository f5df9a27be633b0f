// The kernel inside of our translating router, and another kernel namespace outside, which has no route back: whatever
// comes to it must come from the router's address. Rules that deny, refuse and reset, as curl and nc see them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Lab, sha256, until } from '../lab.mjs';
import { Namespace } from '../netns.mjs';
import { soundCapture } from '../tshark.mjs';

const INSIDE = '10.80.1.2';
const ALICE = '10.80.1.10';
const ROUTER = '203.0.113.1';
const OUTSIDE = '203.0.113.2';
const needs = ['ip', 'ping'];

async function open(capture) {
  const wire = (at, device) => ({ at, tap: { device, offload: false } });
  const lab = await Lab.open({
    scenario: 'firewall.yaml',
    wires: [wire('lan', 'tap0'), wire('wan', 'tap1')],
    addresses: [`${INSIDE}/24`],
    routes: ['default via 10.80.1.1'],
    serving: ['web'],
  });
  // The device moves, its other end stays with us.
  lab.outside = new Namespace();
  lab.outside.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
  lab.space.ip(`link set tap1 netns ${lab.outside.name}`);
  lab.outside.ip(`addr add ${OUTSIDE}/24 dev tap1\nlink set tap1 up`);
  if (capture) await lab.startCapture();
  return lab;
}

async function close(lab) {
  lab.outside.remove();
  await lab.close();
}

/** A server of the kernel's outside that answers each connection with the address that it sees. */
const WHO = `
import socket, sys, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", int(sys.argv[1]))); s.listen(64); print("ready", flush=True)
def answer(c, peer):
    with c:
        c.recv(65536)
        body = peer[0].encode() + b"\\n"
        c.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
while True: threading.Thread(target=answer, args=s.accept()).start()
`;

async function withServer(space, program, args, word, work) {
  const server = space.start(program, args);
  let said = '';
  server.stdout.on('data', (chunk) => (said += chunk));
  server.stderr.on('data', (chunk) => (said += chunk));
  try {
    await until(
      () => said.includes(word),
      () => `${program}: ${said}`,
    );
    return await work();
  } finally {
    const closed = server.exitCode === null ? once(server, 'close') : null;
    server.kill('SIGKILL');
    await closed;
  }
}

async function curl(space, url, ...more) {
  return space.run('curl', ['-sS', '--max-time', '10', ...more, url]);
}

/** How a connection from inside to a port outside ends: curl cannot, and nc says why. */
async function fails(lab, port, words) {
  const page = await curl(lab.space, `http://${OUTSIDE}:${port}/`, '--connect-timeout', '2');
  assert.ok(page.code === 7 || page.code === 28, page.err);
  const { code, err, seconds } = await lab.run('nc', ['-n', '-v', '-z', '-w', 2, OUTSIDE, port]);
  assert.notEqual(code, 0);
  assert.match(err, words);
  return `${err.trim()} (${seconds.toFixed(1)} s)`;
}

async function counted(lab, pattern) {
  const program = lab.runner.spawn('nat', 'firewall');
  await program.ends();
  assert.match(program.out, pattern);
}

export default [
  {
    name: 'firewall',
    open: () => open(true),
    close,
    checks: [
      {
        name: 'the kernel inside pings the kernel outside',
        needs,
        quick: true,
        async run(lab) {
          const { out } = await lab.run('ping', ['-n', '-q', '-c', 5, '-i', 0.05, '-s', 1400, OUTSIDE]);
          assert.match(out, / 0% packet loss/, out);
          const fragments = await lab.run('ping', ['-n', '-q', '-c', 3, '-i', 0.05, '-s', 20_000, OUTSIDE]);
          assert.match(fragments.out, / 0% packet loss/, fragments.out);
        },
      },
      {
        name: 'outside sees the address of the router only',
        needs: ['ip', 'curl', 'python3'],
        quick: true,
        run: (lab) =>
          withServer(lab.outside, 'python3', ['-c', WHO, '7000'], 'ready', async () => {
            for (let i = 0; i < 5; i++) {
              const { out, err } = await curl(lab.space, `http://${OUTSIDE}:7000/`);
              assert.equal(out, `${ROUTER}\n`, err);
            }
            const ours = lab.runner.spawn('alice', 'get', `http://${OUTSIDE}:7000/`);
            assert.equal(await ours.ends(), 0, ours.err);
            assert.equal(ours.out, `${ROUTER}\n`);
          }),
      },
      {
        name: 'two hosts inside use one port at a time',
        needs: ['ip', 'curl', 'python3'],
        run: (lab) =>
          withServer(lab.outside, 'python3', ['-c', WHO, '7001'], 'ready', async () => {
            const both = await Promise.all([
              curl(lab.space, `http://${OUTSIDE}:7001/`, '--local-port', '40000'),
              (async () => {
                const ours = lab.runner.spawn('alice', 'nc', '-p', '40000', OUTSIDE, '7001');
                ours.end('GET / HTTP/1.0\r\n\r\n');
                assert.equal(await ours.ends(), 0, ours.err);
                return ours;
              })(),
            ]);
            for (const { out } of both) assert.ok(out.endsWith(`${ROUTER}\n`), out);
          }),
      },
      {
        name: 'traceroute goes through, by UDP, ICMP and TCP, and shows both hops',
        needs: ['ip', 'traceroute'],
        async run(lab) {
          for (const how of [[], ['-I'], ['-T', '-p', '7099']]) {
            const { out } = await lab.run('traceroute', ['-n', '-q', 1, '-w', 2, ...how, OUTSIDE]);
            assert.match(out, /\n 1 {2}10\.80\.1\.1 .*\n 2 {2}203\.0\.113\.2 /, out);
          }
        },
      },
      {
        name: 'a port that nobody listens on: the error comes back through',
        needs: ['ip', 'nc', 'curl'],
        async run(lab) {
          await fails(lab, 7002, /refused/);
          const udp = await lab.run('nc', ['-u', '-v', '-w', 2, OUTSIDE, 7003], { input: 'x\n' });
          assert.notEqual(udp.code, 0);
        },
      },
      {
        name: 'a forwarded port leads to our web, from outside and, as a hairpin, from inside',
        needs: ['ip', 'curl'],
        quick: true,
        async run(lab) {
          for (const space of [lab.outside, lab.space]) {
            const { code, out, err } = await space.run(
              'curl',
              ['-sS', '--max-time', '20', `http://${ROUTER}:8080/random.bin`],
              { binary: true },
            );
            assert.equal(code, 0, err);
            assert.equal(sha256(out), sha256(lab.random));
          }
        },
      },
      {
        name: 'a forwarded port leads to the kernel inside, and its neighbour uses it, too',
        needs: ['ip', 'curl', 'python3'],
        run: (lab) =>
          withServer(lab.space, 'python3', ['-c', WHO, '7080'], 'ready', async () => {
            const outside = await curl(lab.outside, `http://${ROUTER}:8081/`);
            assert.equal(outside.out, `${OUTSIDE}\n`, outside.err);
            // alice is in the server's own network: her packets must not be answered to her directly.
            const ours = lab.runner.spawn('alice', 'get', `http://${ROUTER}:8081/`);
            assert.equal(await ours.ends(), 0, ours.err);
            assert.equal(ours.out, `${ROUTER}\n`);
          }),
      },
      {
        name: 'deny: curl waits in vain',
        needs: ['ip', 'curl', 'nc'],
        async run(lab) {
          const told = await fails(lab, 7081, /timed out/);
          await counted(lab, / {2}deny tcp port 7081 log\n/);
          const log = lab.runner.spawn('nat', 'firewall', 'log');
          await log.ends();
          assert.match(log.out, /nat's firewall, rule 2: deny tcp port 7081 log: 10\.80\.1\.2 > 203\.0\.113\.2 TCP/);
          return told;
        },
      },
      {
        name: 'reject with reset: curl is refused at once',
        needs: ['ip', 'curl', 'nc'],
        quick: true,
        run: (lab) => fails(lab, 7082, /refused/),
      },
      {
        name: 'reject: "administratively prohibited", which Linux calls: no route to host',
        needs: ['ip', 'curl', 'nc'],
        run: (lab) => fails(lab, 7083, /No route to host/),
      },
      {
        name: 'reject with port: refused, for TCP, too',
        needs: ['ip', 'curl', 'nc'],
        run: (lab) => fails(lab, 7084, /refused/),
      },
      {
        name: 'nobody outside gets in unasked',
        needs: ['ip', 'nc', 'ping'],
        async run(lab) {
          lab.outside.ip(`route add 10.80.0.0/16 via ${ROUTER}`);
          const { out } = await lab.outside.run('ping', ['-n', '-q', '-c', '2', '-i', '0.2', '-W', '1', ALICE]);
          assert.match(out, /100% packet loss/, out);
          const tcp = await lab.outside.run('nc', ['-z', '-w', '1', INSIDE, '7080']);
          assert.notEqual(tcp.code, 0);
          lab.outside.ip('route del 10.80.0.0/16');
        },
      },
      soundCapture(),
    ],
  },
  {
    name: 'firewall: streams',
    open: () => open(false),
    close,
    checks: [
      {
        name: 'iperf3 through the translation, both ways, TCP and UDP',
        needs: ['ip', 'iperf3'],
        patience: 90,
        run: (lab) =>
          withServer(lab.outside, 'iperf3', ['-s', '--forceflush'], 'listening', async () => {
            const rates = [];
            for (const way of [[], ['-R'], ['-u', '-b', '50M']]) {
              const { out, err } = await lab.run('iperf3', ['-J', '-c', OUTSIDE, '-t', 2, ...way], { timeout: 30 });
              const told = JSON.parse(out);
              assert.equal(told.error, undefined, err);
              const { bits_per_second: bits } = told.end.sum_received ?? told.end.sum;
              assert.ok(bits > 1e6, `${bits} bit/s`);
              rates.push(`${(bits / 1e6).toFixed(0)} Mbit/s`);
            }
            return rates.join(', ');
          }),
      },
    ],
  },
];
