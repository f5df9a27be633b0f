import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab, until } from '../lab.mjs';
import { Bird, Frr } from '../routers.mjs';
import { soundCapture } from '../tshark.mjs';

const FAR = '10.90.20.10';
const DEEP = '10.90.30.10';
/** What the other router tells of besides. */
const EXTERNALS = Array.from({ length: 120 }, (_, i) => `10.95.${i}.0/24`);
/** The other router's own address, which is on no link. */
const OTHER = '10.90.50.1';

/** routers.yaml behind tap0 and tap1, and another router between those. */
async function open(start) {
  const wire = (at, device) => ({ at, tap: { device, offload: false } });
  const lab = await Lab.open({
    scenario: 'routers.yaml',
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

/** What one of our routers shows. */
async function show(lab, node, ...words) {
  const program = lab.runner.spawn(node, 'show', 'ip', 'ospf', ...words);
  assert.equal(await program.ends(), 0, program.err);
  return program.out;
}

const ipRoutes = async (lab, node) => {
  const program = lab.runner.spawn(node, 'ip', 'route');
  await program.ends();
  return program.out;
};

async function answers(lab, address) {
  const { out } = await lab.run('ping', ['-n', '-c', 3, '-i', 0.2, '-W', 2, '-I', OTHER, address]);
  assert.match(out, / 0% packet loss/, out);
}

const fullNeighbours = [
  ['r1', /^10\.90\.0\.100 .*Full\/(Backup|DROther) .*eth0/m],
  ['r4', /^10\.90\.0\.100 .*(Full|2-Way)\/(Backup|DROther) .*eth0/m],
  ['r2', /^10\.90\.0\.100 .*Full\/DR .*eth0/m],
];

async function everybodyFull(lab) {
  for (const [node, line] of fullNeighbours) {
    let shown = '';
    await until(
      async () => {
        shown = await show(lab, node, 'neighbor');
        return line.test(shown);
      },
      () => `a neighbour of ${node}: ${shown}`,
      30,
    );
  }
}

const full = {
  name: 'adjacencies come to Full, with MD5 on one link: our r1 is the designated router of one, the other router of the other',
  needs: ['ip'],
  patience: 100,
  run: everybodyFull,
};

const tables = {
  name: 'tables are exchanged both ways, 120 external routes among them, over our area border, too',
  needs: ['ip', 'ping'],
  patience: 60,
  async run(lab) {
    for (const node of ['r1', 'r2', 'r3', 'r4']) {
      await until(
        async () => {
          const found = await ipRoutes(lab, node);
          return EXTERNALS.every((prefix) => found.includes(prefix)) && found.includes(OTHER);
        },
        () => `the routes of ${node}`,
        30,
      );
    }
    const ours = ['10.90.12.0/24', '10.90.13.0/24', '10.90.20.0/24', '10.90.30.0/24', '10.99.0.0/16'];
    let kernel = '';
    await until(
      async () => {
        kernel = (await lab.run('ip', ['route'])).out;
        return ours.every((prefix) => kernel.includes(prefix));
      },
      () => `the kernel's routes: ${kernel}`,
      30,
    );
    await answers(lab, FAR);
    await answers(lab, DEEP);
    return `${EXTERNALS.length} external routes`;
  },
};

const cut = {
  name: 'a cut: pings go the other way within the dead interval (4 s), and come back when the link does',
  needs: ['ip', 'ping'],
  patience: 90,
  async run(lab) {
    const running = lab.run('ping', ['-n', '-c', 120, '-i', 0.1, '-W', 1, '-I', OTHER, FAR], { timeout: 60 });
    await sleep(2000);
    lab.space.ip('link set tap1 down');
    const { out } = await running;
    const [, received] = /transmitted, (\d+) received/.exec(out);
    assert.ok(received >= 120 - 45, out.slice(-200));
    const traced = await show(lab, 'r2', 'route');
    assert.match(traced, /10\.90\.50\.1\/32[^\n]*\n *via 10\.90\.12\.1, eth1/, traced);
    lab.space.ip('link set tap1 up');
    await everybodyFull(lab);
    return `${120 - received} of 120 pings lost`;
  },
};

const frrConfig = `interface tap0
 ip ospf message-digest-key 7 md5 trustno1
 ip ospf authentication message-digest
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf priority 5
interface tap1
 ip ospf hello-interval 1
 ip ospf dead-interval 4
interface lo
 ip ospf passive
router ospf
 ospf router-id 10.90.0.100
 network 10.90.0.0/16 area 0
 redistribute static
`;

const frr = {
  name: 'ospf with FRRouting',
  open: () =>
    open((lab) =>
      Frr.start(lab, {
        zebra: '',
        staticd: EXTERNALS.map((prefix) => `ip route ${prefix} blackhole\n`).join(''),
        ospfd: frrConfig,
      }),
    ),
  close,
  checks: [
    { ...full, needs: ['ip', 'vtysh'] },
    { ...tables, needs: ['ip', 'ping', 'vtysh'] },
    {
      name: 'its database and ours are the same, header by header',
      needs: ['ip', 'vtysh'],
      patience: 30,
      async run(lab) {
        const headers = (text) =>
          [...text.matchAll(/^([\d.]+) +([\d.]+) +\d+ (0x[0-9a-f]+) (0x[0-9a-f]+)/gm)]
            .map((m) => m.slice(1).join(' '))
            .sort();
        let both = [];
        await until(
          async () => {
            const theirs = headers(await lab.other.show('show ip ospf database'));
            both = [headers(await show(lab, 'r4', 'database')), theirs];
            return theirs.length > 120 && both[0].join() === theirs.join();
          },
          () => `equal databases: ${JSON.stringify(both).slice(0, 1000)}`,
          20,
        );
        return `${both[0].length} advertisements`;
      },
    },
    {
      name: 'adjacencies are kept for two minutes, and nothing is calculated or told anew',
      needs: ['ip', 'vtysh'],
      patience: 200,
      async run(lab) {
        const before = await show(lab, 'r1', 'database', 'self-originate');
        const runs = (text) => Number(/, (\d+) times in all/.exec(text)[1]);
        const calculated = runs(await show(lab, 'r1'));
        await sleep(120_000);
        const { neighbors = {} } = await lab.other.json('show ip ospf neighbor detail');
        const times = Object.values(neighbors)
          .flat()
          .map((each) => each.lastPrgrsvChangeMsec);
        assert.equal(times.length, 3, JSON.stringify(neighbors));
        assert.ok(Math.min(...times) > 118_000, `${times}`);
        const sequences = (text) => text.match(/0x8[0-9a-f]{7}/g).join();
        assert.equal(sequences(await show(lab, 'r1', 'database', 'self-originate')), sequences(before));
        assert.equal(runs(await show(lab, 'r1')), calculated);
      },
    },
    { ...cut, needs: ['ip', 'ping', 'vtysh'] },
    soundCapture(),
  ],
};

const birdConfig = `router id 10.90.0.100;
protocol device {}
protocol kernel { ipv4 { import none; export all; }; }
protocol direct { ipv4; interface "lo"; }
protocol static { ipv4; ${EXTERNALS.map((prefix) => `route ${prefix} blackhole;`).join(' ')} }
protocol ospf v2 {
  ipv4 { import all; export where source = RTS_STATIC; };
  area 0 {
    interface "tap0" {
      hello 1; dead 4; priority 5;
      authentication cryptographic;
      password "trustno1" { id 7; algorithm keyed md5; };
    };
    interface "tap1" { hello 1; dead 4; };
    interface "lo" { stub; };
  };
}
`;

const bird = {
  name: 'ospf with BIRD',
  open: () => open((lab) => Bird.start(lab, birdConfig)),
  close,
  checks: [
    { ...full, needs: ['ip', 'bird'] },
    { ...tables, needs: ['ip', 'ping', 'bird'] },
    { ...cut, needs: ['ip', 'ping', 'bird'] },
    soundCapture(),
  ],
};

export default [frr, bird];
