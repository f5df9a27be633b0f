// Who is measured: netarium on a TAP, and its peers, each a server behind a line of its own kind, and a namespace of the
// kernel's whose programs use it. Each returns { there, address, close }; `close` may tell { frames, cpuSeconds }.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { INSIDE, Namespace, namespace, spawned, started } from './namespaces.mjs';
import { HTTP_SERVER, SERVER } from './programs.mjs';

const HOST = fileURLToPath(new URL('./host.mjs', import.meta.url));

/** A netarium host at the other end of a TAP. */
export async function netarium({ mtu, offload, zone }) {
  const there = await namespace();
  const host = await started(process.execPath, [HOST, JSON.stringify({ namespace: there.path, mtu, offload, zone })]);
  there.ip(`addr add 10.9.0.1/24 dev tap0\nlink set tap0 mtu ${mtu} up`);
  return {
    there,
    address: '10.9.0.2',
    close: async () => {
      let report = '';
      host.stdout.on('data', (chunk) => {
        report += chunk;
      });
      host.stdin.end();
      await once(host, 'close');
      there.close();
      return JSON.parse(report);
    },
  };
}

/** The kernel itself: a veth pair, whose offloads are all on. */
export async function veth({ mtu, server = ['python3', '-c', SERVER] }) {
  const [here, there] = [await namespace(), await namespace()];
  here.ip(
    `link add v0 type veth peer name v0 netns ${there.pid}\naddr add 10.9.0.2/24 dev v0\nlink set v0 mtu ${mtu} up`,
  );
  there.ip(`addr add 10.9.0.1/24 dev v0\nlink set v0 mtu ${mtu} up`);
  const child = await here.start(server[0], server.slice(1));
  return {
    there,
    address: '10.9.0.2',
    close: async () => {
      const frames = udpReceived(here);
      child.kill('SIGKILL');
      here.close();
      there.close();
      return { frames };
    },
  };
}

/** The kernel and node:http over veth. */
export const vethHttp = ({ mtu }) => veth({ mtu, server: [process.execPath, '-e', HTTP_SERVER] });

/** slirp4netns: a TCP of its own on a TAP, and sockets to the server over loopback. */
export async function slirp4netns({ mtu }) {
  const [here, there] = [await namespace(), await namespace()];
  const server = await here.start('python3', ['-c', SERVER]);
  const args = ['--netns-type=path', '--configure', `--mtu=${mtu}`, '--disable-dns', there.path, 'tap0'];
  const child = spawned('nsenter', here.entering('slirp4netns', args));
  child.stdout.resume();
  child.stderr.resume();
  await untilAddress(there, '10.0.2.100');
  return { there, address: '10.0.2.2', close: async () => end([child, server], [here, there]) };
}

/** passt, in its other shape: pasta makes the namespace by itself, and needs an interface with a route to imitate. */
export async function passt({ mtu }) {
  const here = await namespace();
  const server = await here.start('python3', ['-c', SERVER]);
  here.ip(
    'link add d0 type veth peer name d1\nlink set d1 up\naddr add 10.8.0.2/24 dev d0\nlink set d0 up\n' +
      'route add default via 10.8.0.1 dev d0',
  );
  const options = `-f -q -4 -I tap0 --config-net -m ${mtu} -a 10.8.0.2 -n 24 -g 10.8.0.1`;
  // As root it would become nobody, who may not open /dev/net/tun; in a user namespace of its own it stays.
  const args = ['-r', 'pasta', ...options.split(' '), '--', 'sh', '-c', 'echo ready && exec cat'];
  const child = await started('nsenter', here.entering('unshare', args));
  const { stdout } = spawnSync('pgrep', ['-P', `${child.pid}`], { encoding: 'utf8' });
  const there = new Namespace(Number.parseInt(stdout, 10), child);
  there.run('sh', ['-c', INSIDE]);
  await untilAddress(there, '10.8.0.2');
  return { there, address: '10.8.0.1', close: async () => end([child, server], [here, there]) };
}

function end(children, namespaces) {
  for (const each of namespaces) each.close();
  for (const child of children) child.kill('SIGKILL');
  return {};
}

async function untilAddress(there, address) {
  for (let i = 0; i < 100; i++) {
    if (there.run('ip', ['-br', 'addr']).stdout.includes(address)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no interface got ${address} within 5 s`);
}

/** Datagrams received in a namespace since it was made. */
function udpReceived(there) {
  const lines = there.run('cat', ['/proc/net/snmp']).stdout.split('\n');
  const [, values] = lines.filter((line) => line.startsWith('Udp: '));
  return Number(values.split(' ')[1]);
}
