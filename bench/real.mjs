// npm run bench -- --real [--json] [--only NAME[,NAME]] [--seconds S] [--runs N]
//
// A netarium host on a TAP against programs of the kernel in a network namespace of their own, beside the same programs
// over the kernel's veth pair in the same run. Needs Linux, root, python3, nsenter; without them it says so and ends.
// `in` is from the kernel to netarium, `out` the other way.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Network } from '@netarium/node/network';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    real: { type: 'boolean', default: true },
    only: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
  },
});
const SECONDS = Number(options.seconds);
/** What this kernel sends with: BBR paces what cubic does not, so a figure names it. */
const CONGESTION = 'cubic';

const FIGURES = [
  { name: 'tap-in-1500-offload', unit: 'MB/s', way: 'in', mtu: 1500, offload: true },
  { name: 'tap-out-1500-offload', unit: 'MB/s', way: 'out', mtu: 1500, offload: true },
  { name: 'tap-in-1500', unit: 'MB/s', way: 'in', mtu: 1500, offload: false },
  { name: 'tap-out-1500', unit: 'MB/s', way: 'out', mtu: 1500, offload: false },
  { name: 'tap-in-65520', unit: 'MB/s', way: 'in', mtu: 65_520, offload: false },
  { name: 'tap-out-65520', unit: 'MB/s', way: 'out', mtu: 65_520, offload: false },
  { name: 'tap-pingpong-64', unit: 'round trips/s', way: 'pingpong', mtu: 1500, offload: true },
  { name: 'tap-frames-1472', unit: 'frames/s', way: 'frames', mtu: 1500, offload: true },
];

/** The kernel's side. It prints one number: MB/s, round trips a second, or datagrams a second. */
const PROGRAM = `
import socket, sys, time
way, host, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
if way == "frames":
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  s.connect((host, 9)); b = bytes(1472); n = 0; t = time.time(); e = t + seconds
  while time.time() < e:
    for i in range(64): s.send(b)
    n += 64
  print(n / (time.time() - t)); sys.exit()
s = socket.create_connection((host, {"in": 5001, "out": 5002, "pingpong": 5003}[way]))
n = 0; t = time.time(); e = t + seconds
if way == "in":
  b = bytes(1 << 20)
  while time.time() < e: n += s.send(b)
  n /= 1e6
elif way == "out":
  v = bytearray(1 << 20)
  while time.time() < e: n += s.recv_into(v)
  n /= 1e6
else:
  s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
  b = bytes(64)
  while time.time() < e:
    s.sendall(b); g = 0
    while g < 64: g += len(s.recv(64 - g))
    n += 1
print(n / (time.time() - t))
`;

/** The kernel's side of the peer: the same services, over veth. */
const SERVER = `
import socket, threading
def serve(port, talk):
  l = socket.create_server(("", port)); 
  def run():
    while True:
      c, a = l.accept()
      try: talk(c)
      except OSError: pass
      c.close()
  threading.Thread(target=run).start()
v = bytearray(1 << 20); z = bytes(1 << 18)
def sink(c):
  while c.recv_into(v): pass
def source(c):
  while True: c.sendall(z)
def echo(c):
  c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
  while True:
    d = c.recv(65536)
    if not d: break
    c.sendall(d)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("", 9))
def datagrams():
  while True: u.recv_into(v)
threading.Thread(target=datagrams).start()
serve(5001, sink); serve(5002, source); serve(5003, echo)
print("ready", flush=True)
`;

const missing = whyMissing();
if (missing !== undefined) {
  console.error(`bench --real: ${missing}`);
  process.exit(0);
}
const { TapLink } = await import('@netarium/node/wires/tap/tap-link');

const wanted = options.only?.split(',');
const keepers = [];
try {
  for (const figure of FIGURES) {
    if (wanted && !wanted.includes(figure.name)) continue;
    const ours = [];
    const theirs = [];
    for (let run = 0; run < Number(options.runs); run++) {
      theirs.push(await overVeth(figure));
      ours.push(await overTap(figure));
    }
    const value = median(ours);
    const peerValue = median(theirs);
    const line = {
      name: figure.name,
      value: rounded(value),
      unit: figure.unit,
      peer: `kernel over veth (${CONGESTION})`,
      peerValue: rounded(peerValue),
      ratio: rounded(value / peerValue),
    };
    if (options.json) console.log(JSON.stringify(line));
    else {
      const number = String(line.value).padStart(10);
      console.log(`${line.name.padEnd(22)} ${number} ${line.unit}   ${line.ratio} x ${line.peer}: ${line.peerValue}`);
    }
  }
} finally {
  for (const keeper of keepers) keeper.stdin.end();
}
process.exit(0);

/** A host with a sink, a source and an echo on a TAP whose kernel end sits in a fresh namespace. */
async function overTap({ way, mtu, offload }) {
  const there = await namespace();
  const network = new Network();
  network.setPace(1);
  const host = network.host('host', { interfaces: { eth0: { address: '10.9.0.2/24', mtu } } });
  const tap = new TapLink(network, { device: 'tap0', namespace: `/proc/${there.pid}/ns/net`, offload });
  network.plug('host:eth0', tap);
  ip(there, `addr add 10.9.0.1/24 dev tap0\nlink set tap0 mtu ${mtu} up`);
  const running = network.run();
  const datagrams = host.sockets.socket(host.sockets.AF_INET, host.sockets.SOCK_DGRAM);
  datagrams.bind(['', 9]);
  void (async () => {
    for (;;) await datagrams.recv(2000);
  })().catch(() => {});
  serve(host, 5001, async (peer) => {
    while ((await peer.recv(1 << 20)).length > 0);
  });
  serve(host, 5002, async (peer) => {
    const block = new Uint8Array(1 << 18);
    for (;;) await peer.sendall(block);
  });
  serve(host, 5003, async (peer) => {
    peer.setsockopt(host.sockets.IPPROTO_TCP, host.sockets.TCP_NODELAY, 1);
    for (let data = await peer.recv(65_536); data.length > 0; data = await peer.recv(65_536)) await peer.sendall(data);
  });
  const before = tap.deliveredFrames;
  const value = await measure(there, way, '10.9.0.2');
  const frames = tap.deliveredFrames - before;
  tap.close();
  network.scheduler.stop();
  await running;
  there.stdin.end();
  // Datagrams are counted where they arrive.
  return way === 'frames' ? frames / SECONDS : value;
}

async function overVeth({ way, mtu }) {
  const [here, there] = [await namespace(), await namespace()];
  ip(
    here,
    `link add v0 type veth peer name v0 netns ${there.pid}\naddr add 10.9.0.1/24 dev v0\nlink set v0 mtu ${mtu} up`,
  );
  ip(there, `addr add 10.9.0.2/24 dev v0\nlink set v0 mtu ${mtu} up`);
  const server = spawn('nsenter', ['-t', `${there.pid}`, '-n', 'python3', '-c', SERVER], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(server.stdout, 'data');
  const received = () => Number(/^\s*Udp:\s+(\d+)/m.exec(udpCounters(there))?.[1] ?? 0);
  const before = received();
  const value = await measure(here, way, '10.9.0.2');
  const frames = received() - before;
  server.kill('SIGKILL');
  here.stdin.end();
  there.stdin.end();
  return way === 'frames' ? frames / SECONDS : value;
}

function udpCounters(there) {
  const { stdout } = spawnSync('nsenter', ['-t', `${there.pid}`, '-n', 'cat', '/proc/net/snmp'], { encoding: 'utf8' });
  return stdout.replace(/^Udp: InDatagrams.*\n/m, '');
}

async function measure(there, way, address) {
  const args = ['-t', `${there.pid}`, '-n', 'python3', '-c', PROGRAM, way, address, `${SECONDS}`];
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  return Number(output);
}

/** A process that sits in a network namespace of its own and ends when its input does. */
async function namespace() {
  const script = `ip link set lo up; sysctl -qw net.ipv4.tcp_congestion_control=${CONGESTION}; echo ready; exec cat`;
  const keeper = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(keeper.stdout, 'data');
  keepers.push(keeper);
  return keeper;
}

function ip(there, commands) {
  const args = ['-t', `${there.pid}`, '-n', 'ip', '-batch', '-'];
  const { status, stderr } = spawnSync('nsenter', args, { input: commands, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

function serve(host, port, talk) {
  const listener = host.sockets.create_server(['', port]);
  // As much as the kernel's sockets grow to by themselves (tcp_rmem, tcp_wmem).
  listener.setsockopt(host.sockets.SOL_SOCKET, host.sockets.SO_RCVBUF, 6 << 20);
  listener.setsockopt(host.sockets.SOL_SOCKET, host.sockets.SO_SNDBUF, 4 << 20);
  void (async () => {
    for (;;) {
      const [peer] = await listener.accept();
      void talk(peer)
        .catch(() => {})
        .finally(() => peer.close());
    }
  })().catch(() => {});
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

function rounded(number) {
  return Number(number.toPrecision(4));
}

function whyMissing() {
  if (process.platform !== 'linux') return "TAPs are Linux's";
  if (process.getuid() !== 0) return 'network namespaces need root';
  for (const [program, args] of [
    ['unshare', ['--net', 'true']],
    ['nsenter', ['--version']],
    ['python3', ['--version']],
  ]) {
    const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
    if (error || status !== 0) return `${program} does not work here`;
  }
  return undefined;
}
