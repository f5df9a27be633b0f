// Wires other than a TAP: between two processes of ours, and to the kernel's vxlan device.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { KERNEL, openCampus, WEB } from '../campus.mjs';
import { here, Runner, sha256, until } from '../lab.mjs';
import { Namespace } from '../netns.mjs';

const GUEST = '10.77.1.200';
const needs = ['ip', 'curl', 'ping'];

/**
 * The campus, and the guest's network in a second process, each with its end of a wire between their switches. `far`: the
 * second has a namespace of its own, with a TAP (10.77.1.2) on its switch.
 */
async function openPair(one, other, { far = false } = {}) {
  const lab = await openCampus({
    wires: [
      { at: 'sw1', tap: { device: 'tap0', offload: false } },
      { at: 'sw1', ...one },
    ],
  });
  lab.second = lab.space;
  const wires = [{ at: 'sw2', ...other }];
  if (far) {
    lab.second = new Namespace();
    lab.second.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
    wires.push({ at: 'sw2', tap: { device: 'tap0', offload: false } });
  }
  lab.guest = await Runner.start(lab.second, {
    scenario: here('guest.yaml'),
    wires,
    files: { guest: lab.path('site') },
  });
  if (far) lab.second.ip('addr add 10.77.1.2/24 dev tap0\nlink set tap0 up');
  return lab;
}

async function closePair(lab) {
  await lab.guest.stop();
  if (lab.second !== lab.space) lab.second.remove();
  await lab.close();
}

async function reaches(space, lab, address) {
  const { out } = await space.run('ping', ['-n', '-q', '-c', '5', '-i', '0.05', '-s', '1400', address]);
  assert.match(out, /5 received, 0% packet loss/, out);
  const page = await space.run('curl', ['-sS', '--max-time', '20', `http://${address}/random.bin`], { binary: true });
  assert.equal(page.code, 0, page.err);
  assert.equal(sha256(page.out), sha256(lab.random));
  return `${(1.048576 / page.seconds).toFixed(0)} MB/s`;
}

const pair = (name, one, other) => ({
  name: `wires: ${name}`,
  open: () => openPair(one, other),
  close: closePair,
  checks: [
    { name: 'the kernel reaches a host behind a second process', needs, run: (lab) => reaches(lab.space, lab, GUEST) },
  ],
});

const socket = `/tmp/netarium-interop-${process.pid}.sock`;
const LOOPBACK = '127.0.0.1';

const stream = {
  name: 'wires: stream on a Unix socket',
  open: () => openPair({ stream: { listen: socket } }, { stream: { connect: socket } }, { far: true }),
  close: closePair,
  checks: [
    {
      name: 'the kernel reaches a host behind a second process',
      needs,
      quick: true,
      run: (lab) => reaches(lab.space, lab, GUEST),
    },
    { name: 'a second namespace reaches our web', needs, run: (lab) => reaches(lab.second, lab, WEB) },
    {
      name: 'two namespaces reach each other through both processes',
      needs: ['ip', 'nc', 'ping'],
      quick: true,
      async run(lab) {
        const { out } = await lab.second.run('ping', ['-n', '-q', '-c', '5', '-i', '0.05', '-s', '4000', KERNEL]);
        assert.match(out, /5 received, 0% packet loss/, out);
        const server = lab.start('nc', ['-n', '-l', KERNEL, 7000]);
        const pieces = [];
        server.stdout.on('data', (chunk) => pieces.push(chunk));
        const closed = once(server, 'close');
        await until(async () => (await lab.run('ss', ['-Hltn', 'sport = :7000'])).out !== '', 'nc');
        const data = Buffer.concat([lab.random, lab.random, lab.random, lab.random]);
        const { code, err, seconds } = await lab.second.run('nc', ['-n', '-N', KERNEL, '7000'], { input: data });
        assert.equal(code, 0, err);
        await closed;
        assert.equal(sha256(Buffer.concat(pieces)), sha256(data));
        return `${((4 * 1.048576) / seconds).toFixed(0)} MB/s`;
      },
    },
    {
      name: 'when the second process ends the wire goes down, and the first goes on',
      needs,
      async run(lab) {
        await lab.guest.stop();
        await until(() => lab.runner.changes.some(({ up }) => !up), 'the wire to go down');
        await reaches(lab.space, lab, WEB);
      },
    },
  ],
};

/**
 * The kernel leaves inner checksums to the card, and a veth pair has none that would do it: what a socket receives there is
 * not what a cable carries.
 */
async function checksumsComplete(lab) {
  const { code, err } = await lab.run('ethtool', ['-K', 'vx0', 'tx', 'off']);
  assert.equal(code, 0, err);
}

/** The runner sits in a namespace of its own, a veth pair away from the kernel that has the vxlan device. */
async function openVxlan() {
  const lab = await openCampus();
  lab.second = new Namespace();
  lab.second.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
  lab.space.ip(
    `link add v0 type veth peer name v0 netns ${lab.second.name}
addr add 10.78.0.1/24 dev v0
link set v0 up
link add vx0 type vxlan id 42 local 10.78.0.1 remote 10.78.0.2 dstport 4789
addr add 10.79.0.1/24 dev vx0
link set vx0 up`,
  );
  await checksumsComplete(lab);
  lab.second.ip('addr add 10.78.0.2/24 dev v0\nlink set v0 up');
  const wires = [{ at: 'vx:eth0', vxlan: { vni: 42, remote: '10.78.0.1' } }];
  lab.guest = await Runner.start(lab.second, { scenario: here('vxlan.yaml'), wires, files: { vx: lab.path('site') } });
  return lab;
}

const vxlan = {
  name: "wires: the kernel's vxlan device",
  open: openVxlan,
  close: closePair,
  checks: [
    {
      name: 'reaches our host',
      needs: [...needs, 'ethtool'],
      quick: true,
      run: (lab) => reaches(lab.space, lab, '10.79.0.2'),
    },
    {
      name: 'is reached by our host',
      needs: [...needs, 'ethtool'],
      async run(lab) {
        const ping = lab.guest.spawn('vx', 'ping', '-c', '3', '-i', '0.1', '-s', '1400', '10.79.0.1');
        assert.equal(await ping.ends(), 0, ping.out);
      },
    },
    {
      name: 'with another network identifier hears nothing',
      needs: [...needs, 'ethtool'],
      async run(lab) {
        lab.space.ip(
          `link del vx0
link add vx0 type vxlan id 43 local 10.78.0.1 remote 10.78.0.2 dstport 4789
addr add 10.79.0.1/24 dev vx0
link set vx0 up`,
        );
        const { out } = await lab.run('ping', ['-n', '-q', '-c', 2, '-i', '0.1', '-W', 1, '10.79.0.2']);
        assert.match(out, / 0 received/, out);
        const { wires } = await lab.guest.counters();
        assert.ok(Object.values(wires)[0].drops.FRAME_NOT_FOR_US > 0, JSON.stringify(wires));
      },
    },
  ],
};

/** A page with a virtual machine in it speaks with a network that has a WebSocket for it. */
const browser = {
  name: 'wires: WebSocket with raw frames, as v86 sends them',
  async open() {
    const lab = { space: new Namespace() };
    const wires = [
      { at: 'sw2', websocket: { listen: `${LOOPBACK}:5003`, path: '/net', origins: ['https://copy.sh'] } },
    ];
    lab.runner = await Runner.start(lab.space, { scenario: here('guest.yaml'), wires });
    return lab;
  },
  async close(lab) {
    await lab.runner.stop();
    lab.space.remove();
  },
  checks: [
    {
      name: 'a card in a browser asks by ARP, and is answered to its ping',
      needs: ['ip'],
      async run({ space, runner }) {
        const said = await browserVm(space, '/net', 'https://copy.sh');
        assert.match(said, /^arp [0-9a-f]{12}\necho reply$/);
        const [{ drops }] = Object.values((await runner.counters()).wires);
        assert.equal(
          Object.values(drops).reduce((sum, count) => sum + count, 0),
          1,
          JSON.stringify(drops),
        );
        return 'its text message was counted as no frame';
      },
    },
    {
      name: 'a page of another origin, and another path, are refused',
      needs: ['ip'],
      async run({ space }) {
        assert.match(await browserVm(space, '/net', 'https://evil.example'), /401|403/);
        assert.match(await browserVm(space, '/other', 'https://copy.sh'), /400|404/);
      },
    },
  ],
};

async function browserVm(space, path, origin) {
  const args = [here('programs/browser-vm.mjs'), `ws://${LOOPBACK}:5003${path}`, '10.77.1.201', GUEST, origin];
  const { out, err } = await space.run(process.execPath, args);
  return `${out}${err}`.trim();
}

export default [
  stream,
  browser,
  pair('stream on TCP', { stream: { listen: '5000' } }, { stream: { connect: '5000' } }),
  pair(
    'frames in UDP',
    { udp: { local: `${LOOPBACK}:5001`, remote: `${LOOPBACK}:5002` } },
    { udp: { local: `${LOOPBACK}:5002`, remote: `${LOOPBACK}:5001` } },
  ),
  pair(
    'VXLAN of our own at both ends',
    { vxlan: { vni: 7, local: '127.0.0.2:4789', remote: '127.0.0.3' } },
    { vxlan: { vni: 7, local: '127.0.0.3:4789', remote: '127.0.0.2' } },
  ),
  pair(
    'WebSocket',
    { websocket: { listen: `${LOOPBACK}:5003` } },
    { websocket: { connect: `ws://${LOOPBACK}:5003/` } },
  ),
  vxlan,
];
