// Runs the peer in a network namespace of its own, with CUBIC where the machine lets us, and says which it was:
// BBR, the default of some kernels, paces what it sends and throttles loopback.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PEER = fileURLToPath(new URL('./peer-node-net.mjs', import.meta.url));
const SYSCTL = '/proc/sys/net/ipv4';

/** 'cubic in a namespace of its own', or what the machine allows. Found once. */
let place;

function findPlace() {
  const here = { command: [process.execPath], congestion: currentControl() };
  if (process.platform !== 'linux' || process.getuid() !== 0) return here;
  try {
    // A congestion control must be allowed in the first namespace before another one may choose it.
    const allowed = readFileSync(`${SYSCTL}/tcp_allowed_congestion_control`, 'utf8').trim();
    if (!allowed.split(' ').includes('cubic')) {
      writeFileSync(`${SYSCTL}/tcp_allowed_congestion_control`, `${allowed} cubic`);
    }
    const script = `ip link set lo up && echo cubic > ${SYSCTL}/tcp_congestion_control`;
    execFileSync('unshare', ['-n', 'sh', '-c', script], { stdio: 'pipe' });
    return {
      command: ['unshare', '-n', 'sh', '-c', `${script} && exec "$0" "$@"`, process.execPath],
      congestion: 'cubic',
    };
  } catch {
    return here;
  }
}

function currentControl() {
  try {
    return readFileSync(`${SYSCTL}/tcp_congestion_control`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** One run of the peer; `{ value, congestion, ... }`. */
export function runPeer(figure, seconds) {
  place ??= findPlace();
  const [command, ...args] = place.command;
  const child = spawnSync(command, [...args, '--expose-gc', PEER, figure, String(seconds)], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`the peer failed: ${child.stderr}`);
  return { ...JSON.parse(child.stdout), congestion: place.congestion };
}
