// `netarium attach` as people call it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { here, removeFolder, temporaryFolder, until } from '../lab.mjs';
import { Namespace } from '../netns.mjs';
import { assertSound } from '../tshark.mjs';

const CLI = here('../packages/cli/dist/main.js');
const CAMPUS = here('../examples/campus.yaml');

const PRIMES = readFileSync(here('../examples/site/primes.txt'), 'utf8');

/** The command in the namespace; `wrap` is a program in front of it, with its arguments. */
const attach = (lab, args, wrap) => netarium(lab, ['attach', CAMPUS, ...args], wrap);

function netarium(lab, args, wrap = []) {
  lab.last?.child.kill('SIGKILL'); // of a check that failed
  const [program, ...rest] = [...wrap, process.execPath, CLI, ...args];
  const child = lab.space.start(program, rest);
  const said = { child, out: '', err: '', closed: once(child, 'close').then(([code]) => code) };
  child.stdout.on('data', (chunk) => (said.out += chunk));
  child.stderr.on('data', (chunk) => (said.err += chunk));
  lab.last = said;
  return said;
}

const ready = (said) =>
  until(
    () => /^ready$/m.test(said.out) || said.err !== '',
    () => `"ready": ${said.out}${said.err}`,
  );

const hasTap = async (lab) => (await lab.space.run('ip', ['link', 'show', 'tap0'])).code === 0;

const ends = (signal) => ({
  name: `--tap: pinged, read by curl, captured, taken down on ${signal}`,
  needs: ['ip', 'ping', 'curl', 'tshark'],
  quick: signal === 'SIGINT',
  async run(lab) {
    const pcap = join(lab.folder, `${signal}.pcapng`);
    const said = attach(lab, ['--tap', 'tap0:sw1', '--pcap', pcap]);
    await ready(said);
    assert.equal(said.out, 'tap0 is plugged in at sw1:3\nready\n', said.err);
    lab.space.ip('addr add 10.0.1.2/24 dev tap0\nlink set tap0 up\nroute add 10.0.2.0/24 via 10.0.1.1');
    const ping = await lab.space.run('ping', ['-n', '-q', '-c', '3', '-i', '0.1', '10.0.1.10']);
    assert.match(ping.out, /3 received/, ping.out);
    const { out } = await lab.space.run('curl', ['-sS', '--max-time', '20', 'http://10.0.2.80/primes.txt']);
    assert.equal(out, PRIMES);
    said.child.kill(signal);
    assert.equal(await said.closed, 0, said.err);
    assert.equal(await hasTap(lab), false);
    assert.match(said.out, /^tap0 +\d+ frames out, \d+ in$/m);
    return `${assertSound(pcap)} packets in its capture`;
  },
});

/** Wires and a gateway that the scenario itself names. */
const SCENARIO = `
nodes:
  sw1: { kind: switch }
  web: { kind: host, interfaces: { eth0: 10.0.1.80/24 }, gateway: 10.0.1.1 }
  vpn: { kind: host, interfaces: { eth0: 10.0.9.2/24 } }
  gw:
    kind: gateway
    interfaces: { eth0: 10.0.1.1/24 }
    outside: { forward: ["8080:web:80"], dns: none }
links:
  - { endpoints: [web, sw1] }
  - { endpoints: [gw, sw1] }
services:
  - { node: web, run: "httpd /srv" }
files:
  - { node: web, path: /srv, from: ${here('../examples/site')} }
wires:
  - { at: sw1, tap: tap0 }
  - { at: vpn, tun: tun0 }
`;

export default {
  name: 'netarium attach',
  async open() {
    return { space: new Namespace(), folder: temporaryFolder() };
  },
  async close(lab) {
    lab.space.remove();
    removeFolder(lab.folder);
  },
  checks: [
    ends('SIGINT'),
    ends('SIGTERM'),
    {
      name: '-p: curl comes in by a port of the machine',
      needs: ['ip', 'curl'],
      async run(lab) {
        const said = attach(lab, ['-p', '8080:web:80']);
        await ready(said);
        assert.match(said.out, /127\.0\.0\.1:8080\/tcp leads to web:80/, said.err);
        const { out } = await lab.space.run('curl', ['-sS', '--max-time', '20', 'http://127.0.0.1:8080/primes.txt']);
        assert.equal(out, PRIMES);
        said.child.kill('SIGTERM');
        assert.equal(await said.closed, 0, said.err);
      },
    },
    {
      name: 'run: a TAP, a TUN and a gateway that the scenario names, and nothing left of them after Ctrl-C',
      needs: ['ip', 'ping', 'curl'],
      async run(lab) {
        const file = join(lab.folder, 'wires.yaml');
        writeFileSync(file, SCENARIO);
        const said = netarium(lab, ['run', file]);
        await until(
          () => /leads to web:80/.test(said.out) || said.err !== '',
          () => `the port: ${said.out}${said.err}`,
        );
        assert.match(
          said.out,
          /^tap0 is plugged in at sw1:3\ntun0 is plugged in at vpn:eth0\ngw is a gateway/,
          said.err,
        );
        lab.space.ip(
          'addr add 10.0.1.2/24 dev tap0\nlink set tap0 up\naddr add 10.0.9.1/24 dev tun0\nlink set tun0 up',
        );
        for (const address of ['10.0.1.80', '10.0.9.2']) {
          const ping = await lab.space.run('ping', ['-n', '-q', '-c', '3', '-i', '0.1', address]);
          assert.match(ping.out, /3 received/, ping.out);
        }
        for (const at of ['10.0.1.80', '127.0.0.1:8080']) {
          const { out } = await lab.space.run('curl', ['-sS', '--max-time', '20', `http://${at}/primes.txt`]);
          assert.equal(out, PRIMES, at);
        }
        said.child.kill('SIGINT');
        assert.equal(await said.closed, 0, said.err);
        for (const name of ['tap0', 'tun0']) {
          assert.notEqual((await lab.space.run('ip', ['link', 'show', name])).code, 0, name);
        }
        assert.match(said.out, /^tun0 +[1-9]\d* frames out, [1-9]\d* in$/m);
      },
    },
    {
      name: 'without the privilege: one sentence, exit code 1',
      needs: ['ip'],
      async run(lab) {
        const said = attach(
          lab,
          ['--tap', 'tap0:sw1'],
          ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'],
        );
        assert.equal(await said.closed, 1);
        assert.match(said.err, /^netarium: the TAP tap0 needs CAP_NET_ADMIN or an owner: "sudo ip tuntap add .*\n$/);
      },
    },
    {
      name: 'a user who may not open /dev/net/tun: one sentence, exit code 1',
      needs: ['ip'],
      async run(lab) {
        // A /dev/net/tun that is root's alone, whatever this machine's is, in a mount namespace of its own.
        const own = 'mount -t tmpfs none /dev/net && mknod -m 0600 /dev/net/tun c 10 200 && exec "$@"';
        const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
        const said = attach(lab, ['--tap', 'tap0:sw1'], ['unshare', '--mount', 'sh', '-c', own, 'sh', ...user]);
        assert.equal(await said.closed, 1);
        assert.match(said.err, /^netarium: this user may not open \/dev\/net\/tun: run as root, .*\n$/);
      },
    },
    {
      name: 'without /dev/net/tun: one sentence, exit code 1',
      needs: ['ip'],
      async run(lab) {
        const hide = 'mount -t tmpfs none /dev/net && exec "$@"';
        const said = attach(lab, ['--tap', 'tap0:sw1'], ['unshare', '--mount', 'sh', '-c', hide, 'sh']);
        assert.equal(await said.closed, 1);
        assert.match(said.err, /^netarium: there is no \/dev\/net\/tun here: .*\n$/);
      },
    },
  ],
};
