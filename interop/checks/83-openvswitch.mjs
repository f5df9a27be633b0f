// VXLAN to Open vSwitch, whose daemons run by hand in a namespace, with folders of their own and the datapath that needs
// no kernel module:
//
//     kernel -- br0 (10.79.0.1) -- vx0 == VXLAN 42 == br-phy (10.78.0.1) -- v0 ==== v0 (10.78.0.2) -- process of ours

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { here, Runner, removeFolder, sha256, temporaryFolder, until } from '../lab.mjs';
import { Namespace } from '../netns.mjs';
import { Failure } from '../outcome.mjs';

const needs = ['ip', 'ovs-vswitchd', 'ping', 'curl', 'ethtool'];
const OURS = '10.79.0.2';
const SIZE = 1 << 20;

/** Open vSwitch's two daemons, and its commands. */
class OpenVswitch {
  constructor(space, folder) {
    this.space = space;
    this.folder = folder;
    this.database = `unix:${join(folder, 'db.sock')}`;
    const own = ['RUNDIR', 'LOGDIR', 'DBDIR', 'SYSCONFDIR'].map((name) => [`OVS_${name}`, folder]);
    this.env = Object.fromEntries(own);
  }

  async start() {
    const file = join(this.folder, 'conf.db');
    this.sh('ovsdb-tool', ['create', file, '/usr/share/openvswitch/vswitch.ovsschema']);
    const common = (name) => [`--unixctl=${join(this.folder, `${name}.ctl`)}`, '-vconsole:warn'];
    const remote = `--remote=p${this.database}`;
    this.daemons = [this.daemon('ovsdb-server', [file, remote, ...common('db')])];
    await until(
      () => this.try('ovs-vsctl', [`--db=${this.database}`, '--no-wait', 'init']),
      () => `ovsdb: ${this.said}`,
    );
    this.daemons.push(this.daemon('ovs-vswitchd', [this.database, ...common('vs')]));
  }

  /** A command of ovs-vsctl. */
  vsctl(...args) {
    this.sh('ovs-vsctl', [`--db=${this.database}`, '--timeout=10', ...args]);
  }

  stop() {
    for (const daemon of this.daemons ?? []) daemon.kill('SIGTERM');
  }

  said = '';

  daemon(program, args) {
    const child = this.space.start(program, args, { env: this.env });
    child.stderr.on('data', (chunk) => (this.said += chunk));
    return child;
  }

  try(program, args) {
    const all = ['netns', 'exec', this.space.name, program, ...args];
    const { status, stderr } = spawnSync('ip', all, { env: { ...process.env, ...this.env }, encoding: 'utf8' });
    this.last = stderr;
    return status === 0;
  }

  sh(program, args) {
    if (!this.try(program, args)) throw new Failure(`${program} ${args.join(' ')}: ${this.last}${this.said}`);
  }
}

async function open() {
  const lab = { folder: temporaryFolder(), space: new Namespace(), second: new Namespace() };
  for (const space of [lab.space, lab.second]) space.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
  lab.space.ip(`link add v0 type veth peer name v0 netns ${lab.second.name}\nlink set v0 up`);
  lab.second.ip('addr add 10.78.0.2/24 dev v0\nlink set v0 up');
  // A datapath that is a process takes frames as they are: nobody completes a checksum behind it.
  for (const space of [lab.space, lab.second]) await space.run('ethtool', ['-K', 'v0', 'tx', 'off']);
  lab.ovs = new OpenVswitch(lab.space, lab.folder);
  await lab.ovs.start();
  for (const bridge of ['br-phy', 'br0'])
    lab.ovs.vsctl('add-br', bridge, '--', 'set', 'bridge', bridge, 'datapath_type=netdev');
  lab.ovs.vsctl('add-port', 'br-phy', 'v0');
  lab.ovs.vsctl('set', 'interface', 'br0', 'mtu_request=1450');
  lab.space.ip('addr add 10.78.0.1/24 dev br-phy\nlink set br-phy up\naddr add 10.79.0.1/24 dev br0\nlink set br0 up');
  tunnel(lab, 42);
  const site = join(lab.folder, 'site');
  mkdirSync(site);
  lab.page = Buffer.alloc(SIZE, 'Open vSwitch ');
  writeFileSync(join(site, 'page'), lab.page);
  const wires = [{ at: 'vx:eth0', vxlan: { vni: 42, remote: '10.78.0.1' } }];
  lab.runner = await Runner.start(lab.second, { scenario: here('vxlan.yaml'), wires, files: { vx: site } });
  return lab;
}

function tunnel({ ovs }, vni) {
  const words = ['type=vxlan', 'options:remote_ip=10.78.0.2', `options:key=${vni}`];
  ovs.vsctl('--may-exist', 'add-port', 'br0', 'vx0', '--', 'set', 'interface', 'vx0', ...words);
}

async function close(lab) {
  await lab.runner?.stop();
  lab.ovs?.stop();
  lab.space.remove();
  lab.second.remove();
  removeFolder(lab.folder);
}

export default {
  name: 'wires: VXLAN to Open vSwitch',
  open,
  close,
  checks: [
    {
      name: 'its kernel pings our host, and reads a page',
      needs,
      async run({ space, page }) {
        const { out } = await space.run('ping', ['-n', '-q', '-c', '5', '-i', '0.1', '-s', '1400', OURS]);
        assert.match(out, /5 received, 0% packet loss/, out);
        const got = await space.run('curl', ['-sS', '--max-time', '20', `http://${OURS}/page`], { binary: true });
        assert.equal(got.code, 0, got.err);
        assert.equal(sha256(got.out), sha256(page));
        return `${(SIZE / 1e6 / got.seconds).toFixed(0)} MB/s`;
      },
    },
    {
      name: 'our host pings through it',
      needs,
      async run({ runner }) {
        const ping = runner.spawn('vx', 'ping', '-c', '3', '-i', '0.1', '-s', '1400', '10.79.0.1');
        assert.equal(await ping.ends(), 0, ping.out);
      },
    },
    {
      name: 'with another key (VNI) nothing comes through',
      needs,
      async run(lab) {
        tunnel(lab, 43);
        const { out } = await lab.space.run('ping', ['-n', '-q', '-c', '3', '-i', '0.2', '-W', '1', OURS]);
        assert.match(out, / 0 received/, out);
        const { wires } = await lab.runner.counters();
        const [{ drops }] = Object.values(wires);
        assert.ok(drops.FRAME_NOT_FOR_US > 0, JSON.stringify(wires));
        return `${drops.FRAME_NOT_FOR_US} frames with a wrong VNI were counted`;
      },
    },
  ],
};
