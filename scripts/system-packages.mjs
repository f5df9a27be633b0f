// Programs that tests talk to and that npm does not have. On Debian and its children, as root, they are installed;
// elsewhere their tests are skipped, with the reason.

import { existsSync } from 'node:fs';
import { runQuietly } from './run.mjs';

// command: how to see that it is there, with `probe` if it does not know --version. variable: where the tests find the reason when it is not.
const PROGRAMS = [
  { command: 'tshark', package: 'tshark', variable: 'NETARIUM_WITHOUT_TSHARK' },
  { command: 'tcpdump', package: 'tcpdump', variable: 'NETARIUM_WITHOUT_TCPDUMP' },
];

// What only `npm run bench -- --real` needs: the peers that it measures beside us, and who asks the web servers.
export const REAL_BENCH_PROGRAMS = [
  { command: 'slirp4netns', package: 'slirp4netns', variable: 'NETARIUM_WITHOUT_SLIRP4NETNS' },
  { command: 'pasta', package: 'passt', variable: 'NETARIUM_WITHOUT_PASST' },
  { command: 'sh', probe: ['-c', 'command -v wrk'], package: 'wrk', variable: 'NETARIUM_WITHOUT_WRK' },
  { command: 'dnsmasq', package: 'dnsmasq-base', variable: 'NETARIUM_WITHOUT_DNSMASQ' },
  { command: 'dnsperf', probe: ['-h'], package: 'dnsperf', variable: 'NETARIUM_WITHOUT_DNSPERF' },
];

/** Installs what is missing and can be. Returns the environment variables that tell tests what is not there, and why. */
export function systemPackages(programs = PROGRAMS) {
  const env = {};
  for (const program of programs) {
    if (process.env[program.variable]) continue; // somebody wants to run without it, and has told why
    if (isThere(program)) continue;
    const reason = install(program.package);
    if (reason === undefined && isThere(program)) continue;
    env[program.variable] = reason ?? `${program.package} was installed, but ${program.command} does not run`;
    process.stderr.write(`Without ${program.package}: ${env[program.variable]}. What needs it will be skipped.\n`);
  }
  return env;
}

const isThere = ({ command, probe = ['--version'] }) => runQuietly(command, probe).ok;

/** Undefined when it worked, otherwise why not. */
function install(name) {
  if (!existsSync('/usr/bin/apt-get')) return `${name} is not installed, and there is no apt-get to install it with`;
  if (process.getuid?.() !== 0) return `${name} is not installed (as root: apt-get install ${name})`;
  process.stderr.write(`Installing ${name} (once)...\n`);
  if (apt(['install', name]).ok) return undefined;
  const update = apt(['update']); // there are no package lists, or old ones
  const again = apt(['install', name]);
  if (again.ok) return undefined;
  process.stderr.write(`${update.output}${again.output}`);
  return `apt-get could not install ${name}`;
}

const apt = ([verb, ...names]) =>
  runQuietly('apt-get', [verb, '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...names], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
