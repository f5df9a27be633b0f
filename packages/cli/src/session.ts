import { dirname, resolve } from 'node:path';
import { Network, RealFiles } from '@netarium/node';
import type { ByteOutput, ProcessStreams } from '@netarium/stack/host/program';
import { captureAtOrigin, captureEveryHop, captureInterface } from '@netarium/stack/network/captures';
import { BuildError } from '@netarium/stack/network/network';
import { CaptureFile } from './capture-file.ts';
import { CommandError, ExitCode } from './exit.ts';
import type { LoadedScenario } from './load.ts';
import { PrefixedOutput, RealOutput } from './terminal.ts';

/** The options that `run`, `exec` and `demo` share, as the command line gives them. */
export interface SessionOptions {
  seed?: string;
  pcap?: string;
  /** `alice:eth0`: capture what this interface sees. */
  interface?: string;
  everyHop?: boolean;
  speed?: number | 'virtual';
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
    fingerprint: true,
    serviceStreams: (node) => serviceStreams(node),
  });
  try {
    network.build(description);
  } catch (error) {
    // The scenario's own checks should have said it with its line; this is the builder's word.
    if (error instanceof BuildError) throw new CommandError(`${file}: ${error.message}`, ExitCode.BadInput, false);
    throw error;
  }
  for (const { node, path, from } of description.files ?? []) {
    network.hostNamed(node).files.mount(path, new RealFiles(resolve(dirname(file), from)));
  }
  network.setPace(options.speed ?? 'virtual');
  return { network, capture: openCapture(network, options) };
}

/** `--seed 7` and `seed: 7` are the same seed. */
function seedOf(seed: string | number): string | number {
  return typeof seed === 'string' && /^\d{1,15}$/.test(seed) ? Number(seed) : seed;
}

function openCapture(network: Network, options: SessionOptions): CaptureFile | null {
  if (options.pcap === undefined) return null;
  const section = { application: 'netarium' };
  let capture: ReturnType<typeof captureAtOrigin>;
  if (options.interface !== undefined) {
    const [node, name] = options.interface.split(':');
    const host = hostNamed(network, node!);
    const nic = host.nics.get(name ?? 'eth0');
    if (nic === undefined) {
      const known = [...host.nics.keys()].join(', ');
      throw new CommandError(`${node} has no interface ${name}; it has ${known}`, ExitCode.Failed);
    }
    capture = captureInterface(network, host, nic, section);
  } else {
    capture = options.everyHop === true ? captureEveryHop(network, section) : captureAtOrigin(network, section);
  }
  return new CaptureFile(options.pcap, capture, (text) => process.stderr.write(text));
}

/** The host of this name, or a CommandError that lists those there are. */
export function hostNamed(network: Network, name: string): ReturnType<Network['hostNamed']> {
  try {
    return network.hostNamed(name);
  } catch (error) {
    throw new CommandError((error as Error).message, ExitCode.Failed);
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
