import { parseDuration } from '@netarium/stack/base/units';
import { Host } from '@netarium/stack/host/host';
import { CommandError, ExitCode } from '../exit.ts';
import { loadScenario } from '../load.ts';
import { openSession, type SessionOptions } from '../session.ts';
import { summary } from '../summary.ts';

export interface RunCommandOptions extends SessionOptions {
  for?: string;
}

/** How often a capture that grows slowly goes to the disk, real ms. */
const FLUSH_MS = 200;

/** `netarium run FILE`: the scenario with its services and faults, until nothing is left to happen or for a time. */
export async function runCommand(file: string, options: RunCommandOptions): Promise<number> {
  const endNs = endOf(options.for);
  const { network, capture } = openSession(loadScenario(file), options);
  const { scheduler, queue } = network;
  const interrupt = () => scheduler.stop();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  // Somebody may watch a paced run's file grow. At full speed what the file says must not depend on the real time.
  const flushing = typeof options.speed === 'number' ? setInterval(() => capture?.flush(true), FLUSH_MS) : undefined;
  const started = performance.now();
  await scheduler.run(endNs, () => {
    capture?.flush();
    // In paced time, too, the end is when nothing is left, unless something may come from outside.
    return endNs === Infinity && queue.pending === 0 && network.outside.length === 0;
  });
  const seconds = (performance.now() - started) / 1000;
  clearInterval(flushing);
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
  capture?.close();
  process.stdout.write(summary(network, seconds, capture));
  const failures = [...network.nodes.values()].some((node) => node instanceof Host && node.failures > 0);
  return failures || capture?.failed === true ? ExitCode.Failed : ExitCode.Ok;
}

function endOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const duration = parseDuration(text);
  if (typeof duration === 'number') return duration;
  throw new CommandError(`--for: ${duration.problem}; write it like ${duration.suggestion}`, ExitCode.BadInput);
}
