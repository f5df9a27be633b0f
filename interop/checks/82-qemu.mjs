// Virtual machines on our wires: iPXE, and Linux with busybox, boot from a network that is all ours.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Lab, sha256, until } from '../lab.mjs';
import { Guest, linux } from '../qemu.mjs';

const needs = ['ip', 'qemu-system-x86_64'];
/** Seconds for a machine to boot: it is emulated, and others compute here, too. */
const BOOT = 90;
const patience = 150;
const FAR = '10.77.2.10';
const RANDOM = `http://${FAR}/random.bin`;

const SCRIPT = `#!ipxe
echo script of web runs on \${net0/ip}
imgfetch --name random ${RANDOM} && imgstat random
echo that was all
`;

const open = (wires) => () =>
  Lab.open({ scenario: 'qemu.yaml', wires: wires.map((wire) => ({ at: 'sw1', ...wire })), serving: ['web', 'far'] });

async function close(lab) {
  for (const guest of lab.guests ?? []) guest.stop();
  await lab.close();
}

function start(lab, wire, args, options) {
  const guest = new Guest(lab.space, wire, args, options);
  lab.guests = [...(lab.guests ?? []), guest];
  return guest;
}

/** A Linux guest, when it has its address and says so. */
async function boot(lab, wire, mac) {
  const guest = start(lab, wire, linux(), { mac });
  await guest.says('guest is ready', BOOT);
  const { out } = await guest.run('ip -4 -o addr show eth0');
  guest.address = out.match(/inet ([\d.]+)\/24/)?.[1];
  assert.match(guest.address ?? out, /^10\.77\.1\.1[0-5]\d$/);
  return guest;
}

const unix = (path, name = 'stream') => `${name},server=off,addr.type=unix,addr.path=${path}`;
const dgram = (ours, its) =>
  `dgram,remote.type=inet,remote.host=127.0.0.1,remote.port=${ours},local.type=inet,local.host=127.0.0.1,local.port=${its}`;

const socket = `/tmp/netarium-interop-${process.pid}-vm`;

const ipxe = {
  name: 'qemu: -netdev stream on a Unix socket',
  open: open([{ stream: { listen: `${socket}.sock` } }]),
  close,
  checks: [
    {
      name: 'iPXE boots by our DHCP and HTTP, and fetches 1 MiB through our router',
      needs,
      patience,
      async run(lab) {
        writeFileSync(lab.path('site/boot.ipxe'), SCRIPT);
        const guest = start(lab, unix(`${socket}.sock`), ['-boot', 'n'], { rom: true });
        await guest.says('that was all', BOOT);
        assert.match(guest.said, /script of web runs on 10\.77\.1\.100/);
        assert.match(guest.said, /random : 1048576 bytes/);
        guest.stop();
        await until(() => lab.runner.changes.some(({ up }) => !up), 'the wire to go down');
      },
    },
    {
      name: 'Linux boots on the same wire after it, and its pages are right',
      needs,
      patience,
      async run(lab) {
        lab.guest = await boot(lab, unix(`${socket}.sock`), '52:54:00:00:00:01');
        const { out } = await lab.guest.run(`wget -q -O - ${RANDOM} | sha256sum`);
        assert.equal(out.slice(0, 64), sha256(lab.random), out);
      },
    },
  ],
};

const linuxOnDgram = {
  name: 'qemu: -netdev dgram, two guests on our switch',
  open: open([
    { dgram: { local: '127.0.0.1:5001', remote: '127.0.0.1:5002' } },
    { dgram: { local: '127.0.0.1:5003', remote: '127.0.0.1:5004' } },
  ]),
  close,
  checks: [
    {
      name: 'Linux boots, and has an address and a route from our dhcpd',
      needs,
      patience,
      async run(lab) {
        lab.guest = await boot(lab, dgram(5001, 5002), '52:54:00:00:00:01');
        const { out } = await lab.guest.run('ip route');
        assert.match(out, /default via 10\.77\.1\.254/);
        return lab.guest.address;
      },
    },
    {
      name: 'it pings, traces and reads through our router',
      needs,
      async run({ guest, random }) {
        const ping = await guest.run(`ping -c 3 -s 3000 ${FAR}`);
        assert.match(ping.out, /3 packets received, 0% packet loss/);
        const trace = await guest.run(`traceroute -n -q 1 -w 2 ${FAR}`);
        assert.match(trace.out, /1 +10\.77\.1\.254[\s\S]* 2 +10\.77\.2\.10/, trace.out);
        const page = await guest.run(`wget -q -O - ${RANDOM} | sha256sum`);
        assert.equal(page.out.slice(0, 64), sha256(random), page.out);
      },
    },
    {
      name: 'our hosts ping it, and read from its httpd',
      needs,
      async run({ guest, runner, random }) {
        const ping = runner.spawn('far', 'ping', '-c', '3', '-i', '0.1', guest.address);
        assert.equal(await ping.ends(), 0, ping.out);
        await guest.run(`wget -q -O /tmp/random.bin ${RANDOM}; httpd -p 80 -h /tmp`);
        const get = runner.spawn('far', 'get', `http://${guest.address}/random.bin`);
        assert.equal(await get.ends(), 0, get.err);
        assert.equal(sha256(Buffer.from(get.out, 'latin1')), sha256(random));
      },
    },
    {
      name: 'a second guest and the first talk through our switch',
      needs,
      patience,
      async run(lab) {
        const other = await boot(lab, dgram(5003, 5004), '52:54:00:00:00:02');
        assert.notEqual(other.address, lab.guest.address);
        const { out } = await other.run(`wget -q -O - http://${lab.guest.address}/random.bin | sha256sum`);
        assert.equal(out.slice(0, 64), sha256(lab.random), out);
        const ping = await lab.guest.run(`ping -c 3 ${other.address}`);
        assert.match(ping.out, /3 packets received/);
        return `${lab.guest.address} and ${other.address}`;
      },
    },
    {
      name: 'a guest that is switched off and on again finds its network',
      needs,
      patience,
      async run(lab) {
        const closed = once(lab.guest.child, 'close');
        lab.guest.stop();
        await closed;
        const again = await boot(lab, dgram(5001, 5002), '52:54:00:00:00:01');
        assert.equal(again.address, lab.guest.address);
      },
    },
  ],
};

export default [ipxe, linuxOnDgram];
