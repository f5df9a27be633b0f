// Virtual machines whose network card is a wire of ours: a whole stack that nobody here wrote. QEMU emulates the
// processor (TCG): no /dev/kvm, no privilege, no image; a guest is Debian's kernel with busybox, made here.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { here, until } from './lab.mjs';
import { Failure, Skip } from './outcome.mjs';

const CACHE = here('../node_modules/.cache/netarium-guest');
/** Names the newest kernel for clouds: it is small. Only that one package is fetched, and it is not installed. */
const META = 'linux-image-cloud-amd64';
/** In the order in which they need each other. */
const MODULES = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci',
  'net/core/failover',
  'drivers/net/net_failover',
  'drivers/net/virtio_net',
];

/** A guest that runs: what its serial line says, and how to say something to it. */
export class Guest {
  said = '';
  count = 0;

  /** `wire`: QEMU's `-netdev` without its id. `rom`: the card boots by itself, with iPXE. */
  constructor(space, wire, args, { mac = '52:54:00:12:34:56', rom = false } = {}) {
    const device = `virtio-net-pci,netdev=n0,mac=${mac}${rom ? '' : ',romfile='}`;
    this.child = space.start(
      'qemu-system-x86_64',
      [
        ...['-machine', 'pc,graphics=off', '-accel', 'tcg', '-m', '192', '-nodefaults', '-display', 'none'],
        ...['-serial', 'stdio', '-no-reboot', '-netdev', `${wire},id=n0`, '-device', device, ...args],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.child.stdin.on('error', () => {});
    const hear = (chunk) => (this.said += plain(chunk.toString('latin1')));
    this.child.stdout.on('data', hear);
    this.child.stderr.on('data', hear);
  }

  /** Waits until the serial line has said this. */
  says(text, seconds) {
    const gone = () => this.child.exitCode !== null || this.child.signalCode !== null;
    return until(
      () => {
        if (this.said.includes(text)) return true;
        if (gone()) throw new Failure(`the guest ended without "${text}": ${this.said.slice(-600)}`);
        return false;
      },
      () => `"${text}" on the guest's serial line, which says: ${this.said.slice(-600)}`,
      seconds,
    );
  }

  /** Runs a line of shell in a Linux guest: its exit code and what it wrote. */
  async run(line, seconds = 30) {
    const mark = `mark-${++this.count}`;
    const from = this.said.length;
    this.child.stdin.write(`{ ${line}; } 2>&1; echo "${mark}:$?:"\n`);
    await this.says(`${mark}:`, seconds);
    await until(() => new RegExp(`${mark}:\\d+:`).test(this.said), 'the exit code', 5);
    const [out, code] = this.said.slice(from).split(`${mark}:`);
    return { out: out.trim(), code: Number.parseInt(code, 10) };
  }

  stop() {
    this.child.kill('SIGKILL');
  }
}

/** QEMU's arguments for a Linux guest that configures its card by DHCP and gives a shell. Throws a Skip. */
export function linux() {
  mkdirSync(CACHE, { recursive: true });
  const name = sh('apt-cache', ['depends', '--important', META]).match(/Depends: (linux-image-\S+)/)?.[1];
  if (name === undefined) throw new Skip(`apt-cache does not know ${META}`);
  const kernel = unpacked(name);
  const busybox = join(unpacked('busybox-static'), 'bin/busybox');
  const version = name.slice('linux-image-'.length);
  const initrd = join(CACHE, 'initrd.gz');
  writeFileSync(initrd, gzipSync(archive(join(kernel, 'lib/modules', version, 'kernel'), busybox), { level: 1 }));
  const args = ['-kernel', join(kernel, 'boot', `vmlinuz-${version}`), '-initrd', initrd];
  return [...args, '-append', 'console=ttyS0 panic=-1 quiet'];
}

/** The folder in which a package's files lie: fetched once, and not installed. */
function unpacked(name) {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  // A whole name, for apt-get would take a pattern for all packages that match.
  sh('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', name], fresh);
  const [deb] = readdirSync(fresh);
  sh('dpkg-deb', ['-x', deb, '.'], fresh);
  rmSync(join(fresh, deb));
  renameSync(fresh, folder);
  return folder;
}

/** What the guest's root directory holds, as the kernel unpacks it (`newc` of cpio). */
function archive(modules, busybox) {
  const names = MODULES.map((module) => `${basename(module)}.ko`);
  return Buffer.concat([
    ...['bin', 'mod', 'proc', 'sys', 'dev', 'etc', 'tmp'].map((name) => entry(name, 0o040755)),
    entry('bin/busybox', 0o100755, readFileSync(busybox)),
    ...MODULES.map((module, index) =>
      entry(`mod/${names[index]}`, 0o100644, readFileSync(join(modules, `${module}.ko`))),
    ),
    entry('init', 0o100755, INIT.replace('MODULES', names.join(' '))),
    entry('etc/udhcpc.sh', 0o100755, UDHCPC),
    entry('TRAILER!!!', 0),
  ]);
}

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for each in MODULES; do insmod /mod/$each; done
ip link set lo up
ip link set eth0 up
stty -echo -onlcr
udhcpc -i eth0 -n -q -s /etc/udhcpc.sh
PS1= PS2=
echo "guest is ready"
exec sh
`;

const UDHCPC = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev eth0
ip route add default via $router
`;

let inode = 0;

function entry(name, mode, data = '') {
  const bytes = Buffer.from(data);
  const fields = [++inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return Buffer.concat([padded(Buffer.from(head)), padded(bytes)]);
}

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** Without what moves a terminal's cursor. */
const plain = (text) => text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');

function sh(program, args, cwd = CACHE) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0)
    throw new Skip(`${program} ${args.join(' ')}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
