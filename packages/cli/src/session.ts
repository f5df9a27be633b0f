import { dirname, resolve } from 'node:path';
import { Network, RealFiles } from '@netarium/node';
import { Errno, errnoText } from '@netarium/stack/base/errors';
import type { Host } from '@netarium/stack/host/host';
import type { ByteOutput, ProcessStreams } from '@netarium/stack/host/streams';
import type { Capture } from '@netarium/stack/inspect/capture';
import { captureAtOrigin, captureEveryHop, captureInterface } from '@netarium/stack/network/captures';
import { BuildError } from '@netarium/stack/network/network';
import { CaptureFile } from './capture-file.ts';
import { CommandError, ExitCode } from './exit.ts';
import type { LoadedScenario } from './load.ts';
import { usualPace } from './outside.ts';
import { PrefixedOutput, RealOutput } from './terminal.ts';

/** The options that `run`, `exec` and `demo` share, as the command line gives them. */
export interface SessionOptions {
  seed?: string;
  pcap?: string;
  /** `alice:eth0`: capture what this interface sees. */
  interface?: string;
  everyHop?: boolean;
  speed?: number | 'virtual';
  /** False: what comes from outside never comes twice at the same time. Default true. */
  fingerprint?: boolean;
}

/** A network built from a scenario file, its files mounted, its services' output on the terminal, its capture open. */
export interface Session {
  readonly network: Network;
  readonly capture: CaptureFile | null;
}

export function openSession(loaded: LoadedScenario, options: SessionOptions): Session {
  const { description, file } = loaded;
  for (const warning of loaded.warnings) process.stderr.write(`${warning}\n`);
  const seed = options.seed ?? description.seed;
  const network = new Network({
    ...(seed === undefined ? {} : { seed: seedOf(seed) }),
    fingerprint: options.fingerprint !== false,
    serviceStreams,
    serviceEnded: (node, command, code) => {
      if (code !== 0) process.stderr.write(`netarium: ${node}: ${command}: ended with exit code ${code}\n`);
    },
  });
  try {
    network.build(description);
  } catch (error) {
    // The scenario's own checks should have said it with its line; this is the builder's word.
    if (error instanceof BuildError) throw new CommandError(`${file}: ${error.message}`, ExitCode.BadInput, false);
    throw error;
  }
  for (const { node, path, from } of description.files ?? []) {
    // The times of a checkout are no part of a scenario: the same file and seed give the same bytes everywhere.
    network.hostNamed(node).files.mount(path, new RealFiles(resolve(dirname(file), from), { modifiedMs: 0 }));
  }
  network.setPace(options.speed ?? usualPace(loaded));
  return { network, capture: openCapture(network, options) };
}

/** `--seed 7` and `seed: 7` are the same seed. */
function seedOf(seed: string | number): string | number {
  return typeof seed === 'string' && /^\d{1,15}$/.test(seed) ? Number(seed) : seed;
}

export function openCapture(network: Network, options: SessionOptions): CaptureFile | null {
  if (options.pcap === undefined) {
    const given = options.interface === undefined ? (options.everyHop === true ? '--every-hop' : null) : '--interface';
    if (given === null) return null;
    throw new CommandError(`${given} is about a capture: say where to write it, --pcap FILE`, ExitCode.BadInput);
  }
  const complain = (text: string) => process.stderr.write(text);
  const file = new CaptureFile(options.pcap, captureOf(network, options), complain);
  // However the command ends, what was captured is on the disk.
  process.once('exit', () => file.close());
  return file;
}

function captureOf(network: Network, options: SessionOptions): Capture {
  const section = { application: 'netarium' };
  if (options.interface === undefined) {
    return options.everyHop === true ? captureEveryHop(network, section) : captureAtOrigin(network, section);
  }
  const [node = '', name = 'eth0'] = options.interface.split(':');
  const host = hostNamed(network, node);
  const nic = host.nics.get(name);
  if (nic !== undefined) return captureInterface(network, host, nic, section);
  const words = errnoText(Errno.ENODEV);
  const known = [...host.nics.keys()].join(', ') || '(none)';
  throw new CommandError(`${node}:${name}: ${words}; the interfaces of ${node} are ${known}`, ExitCode.Failed);
}

/** The host of this name, or a CommandError that lists those there are. */
export function hostNamed(network: Network, name: string): Host {
  try {
    return network.hostNamed(name);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    // As the resolver says it, and as a machine would on which nothing can be started.
    const words = network.nodes.has(name) ? errnoText(Errno.EOPNOTSUPP) : 'Name or service not known';
    throw new CommandError(`${name}: ${words}; ${error.message}`, ExitCode.Failed);
  }
}

function serviceStreams(node: string): ProcessStreams {
  const prefixed = (target: ByteOutput) => new PrefixedOutput(`${node}: `, target);
  return { stdout: prefixed(new RealOutput(process.stdout)), stderr: prefixed(new RealOutput(process.stderr)) };
}

/** `1x`, `0.5x`, `10`, `max` as a pace; null when it is none of these. */
export function parseSpeed(text: string): number | 'virtual' | null {
  if (text === 'max') return 'virtual';
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(text);
  const speed = match === null ? 0 : Number(match[1]);
  return speed > 0 && speed <= 1e6 ? speed : null;
}
