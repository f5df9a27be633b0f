import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab, until } from '../lab.mjs';
import { Bird, Frr } from '../routers.mjs';
import { soundCapture } from '../tshark.mjs';

const FAR = '10.90.20.10';
/** What the other router tells of besides: five messages full. */
const EXTERNALS = Array.from({ length: 120 }, (_, i) => `10.95.${i}.0/24`);
/** The other router's own address, which is on no link. */
const OTHER = '10.90.50.1';
const OURS = ['10.90.12.0/24', '10.90.20.0/24', '10.98.0.0/16', '10.99.0.0/16'];

/** rip.yaml behind tap0 and tap1, and another router between those. */
async function open(start) {
  const wire = (at, device) => ({ at, tap: { device, offload: false } });
  const lab = await Lab.open({
    scenario: 'rip.yaml',
    wires: [wire('sw1', 'tap0'), wire('sw2', 'tap1')],
    addresses: ['10.90.1.1/24'],
  });
  lab.space.sysctl('net.ipv4.ip_forward', '1');
  lab.space.ip(['addr add 10.90.2.1/24 dev tap1', 'link set tap1 up', `addr add ${OTHER}/32 dev lo`].join('\n'));
  await lab.startCapture();
  lab.other = await start(lab);
  return lab;
}

async function close(lab) {
  lab.other.stop();
  await lab.close();
}

/** What a command says on one of our routers. */
async function says(lab, node, ...words) {
  const program = lab.runner.spawn(node, ...words);
  assert.equal(await program.ends(), 0, program.err);
  return program.out;
}

async function tablesExchanged(lab) {
  for (const node of ['r1', 'r2']) {
    let found = '';
    await until(
      async () => {
        found = await says(lab, node, 'ip', 'route');
        return EXTERNALS.every((prefix) => found.includes(prefix)) && found.includes(`${OTHER}/32`);
      },
      () => `the routes of ${node}: ${found.slice(0, 800)}`,
      30,
    );
  }
  let kernel = '';
  await until(
    async () => {
      kernel = (await lab.run('ip', ['route'])).out;
      return OURS.every((prefix) => kernel.includes(prefix));
    },
    () => `the kernel's routes: ${kernel.slice(-800)}`,
    30,
  );
}

async function answers(lab) {
  const { out } = await lab.run('ping', ['-n', '-c', 3, '-i', 0.2, '-W', 2, '-I', OTHER, FAR]);
  assert.match(out, / 0% packet loss/, out);
}

const tables = {
  name: 'whole tables are exchanged both ways, 120 networks in five messages, with MD5 on one link',
  patience: 80,
  async run(lab) {
    await tablesExchanged(lab);
    await answers(lab);
    const r1 = await says(lab, 'r1', 'rip', 'interfaces');
    assert.match(r1, /^eth0 +up .* [01]$/m, r1); // FRRouting's first question is not signed, all else is
    return (await says(lab, 'r1', 'rip')).split('\n').length + ' lines of routes';
  },
};

const kept = {
  name: 'routes are kept for two minutes',
  patience: 200,
  async run(lab) {
    const metrics = async (node) =>
      (await says(lab, node, 'rip'))
        .replace(/ \d\d:\d\d$/gm, '')
        .split('\n')
        .filter((line) => line !== '');
    const before = { r1: await metrics('r1'), r2: await metrics('r2') };
    let changes = '';
    const watcher = lab.start('ip', ['monitor', 'route']);
    watcher.stdout.on('data', (chunk) => (changes += chunk));
    for (let i = 0; i < 12; i++) {
      await sleep(10_000);
      for (const node of ['r1', 'r2']) assert.deepEqual(await metrics(node), before[node]);
    }
    watcher.kill('SIGTERM');
    assert.equal(changes, '', 'the kernel lost or changed a route');
    await answers(lab);
  },
};

const cut = {
  name: 'a cut: pings go the other way when the dead route has timed out (15 s and an update), and come back',
  patience: 120,
  async run(lab) {
    const from = performance.now();
    lab.space.ip('link set tap1 down');
    let out = '';
    await until(
      async () => {
        ({ out } = await lab.run('ping', ['-n', '-c', 1, '-W', 1, '-I', OTHER, FAR]));
        return / 0% packet loss/.test(out);
      },
      () => `an answer: ${out}`,
      35,
    );
    const seconds = (performance.now() - from) / 1000;
    assert.ok(seconds < 30, `${seconds} s`);
    assert.match(await says(lab, 'r2', 'ip', 'route'), /10\.90\.50\.1\/32 via 10\.90\.12\.1 dev eth1 proto rip/);
    lab.space.ip('link set tap1 up');
    await tablesExchanged(lab);
    return `${seconds.toFixed(1)} s`;
  },
};

const asked = {
  name: 'who asks from another port is told everything',
  needs: ['ip', 'python3'],
  async run(lab) {
    // Over tap1, where nothing is authenticated: command 1, version 2, family 0, metric 16.
    const script = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.90.2.1', 0)); s.settimeout(5)
s.sendto(bytes([1, 2, 0, 0]) + bytes(19) + bytes([16]), ('10.90.2.2', 520))
entries = 0
while True:
    try: data = s.recv(600)
    except TimeoutError: break
    s.settimeout(0.5); entries += (len(data) - 4) // 20
print(entries)`;
    const { out, err } = await lab.run('python3', ['-c', script]);
    assert.ok(Number(out) >= 120, out + err);
    return `${out.trim()} networks`;
  },
};

const frrConfig = `key chain secret
 key 7
  key-string trustno1
interface tap0
 ip rip authentication mode md5 auth-length rfc
 ip rip authentication key-chain secret
router rip
 timers basic 5 15 10
 network 10.90.0.0/16
 redistribute static
`;

const frr = {
  name: 'rip with FRRouting',
  open: () =>
    open((lab) =>
      Frr.start(lab, {
        zebra: '',
        staticd: EXTERNALS.map((prefix) => `ip route ${prefix} blackhole\n`).join(''),
        ripd: frrConfig,
      }),
    ),
  close,
  checks: [
    { ...tables, needs: ['ip', 'ping', 'vtysh'] },
    {
      name: 'it knows our tags and metrics, and refuses nothing',
      needs: ['ip', 'vtysh'],
      async run(lab) {
        const shown = await lab.other.show('show ip rip');
        assert.match(shown, /10\.99\.0\.0\/16 +10\.90\.2\.2 +4 10\.90\.2\.2 +77 /, shown);
        const status = await lab.other.show('show ip rip status');
        assert.match(status, /10\.90\.1\.2 +0 +0 /, status);
        assert.match(status, /10\.90\.2\.2 +0 +0 /, status);
      },
    },
    asked,
    { ...kept, needs: ['ip', 'ping', 'vtysh'] },
    { ...cut, needs: ['ip', 'ping', 'vtysh'] },
    soundCapture(),
  ],
};

const birdInterface = (name, more = '') =>
  `interface "${name}" { update time 5; timeout time 15; garbage time 10; ${more} };`;
const birdConfig = `router id 10.90.0.100;
protocol device {}
protocol kernel { ipv4 { import none; export all; }; }
protocol direct { ipv4; interface "lo", "tap0", "tap1"; }
protocol static { ipv4; ${EXTERNALS.map((prefix) => `route ${prefix} blackhole;`).join(' ')} }
protocol rip {
  ipv4 { import all; export all; };
  ${birdInterface('tap0', 'authentication cryptographic; password "trustno1" { id 7; algorithm keyed md5; };')}
  ${birdInterface('tap1')}
}
`;

const bird = {
  name: 'rip with BIRD',
  open: () => open((lab) => Bird.start(lab, birdConfig)),
  close,
  checks: [{ ...tables, needs: ['ip', 'ping', 'bird'] }, { ...cut, needs: ['ip', 'ping', 'bird'] }, soundCapture()],
};

export default [frr, bird];
