import { parseDuration } from '@netarium/stack/base/units';
import { CommandError, ExitCode } from '../exit.ts';
import { loadScenario } from '../load.ts';
import { openSession, type SessionOptions } from '../session.ts';
import { summary } from '../summary.ts';

export interface RunCommandOptions extends SessionOptions {
  for?: string;
}

/** `netarium run FILE`: the scenario with its services and faults, until nothing is left to happen or for a time. */
export async function runCommand(file: string, options: RunCommandOptions): Promise<number> {
  const duration = options.for === undefined ? undefined : parseDuration(options.for);
  if (duration !== undefined && typeof duration !== 'number') {
    throw new CommandError(
      `--for ${options.for}: ${duration.problem}; write it like ${duration.suggestion}`,
      ExitCode.BadInput,
    );
  }
  const { network, capture } = openSession(loadScenario(file), options);
  const interrupt = () => network.scheduler.stop();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const started = performance.now();
  const endNs = duration ?? Infinity;
  // A capture is written as it grows: the run stops now and then to do so.
  let wantsFlush = false;
  const flushing = capture === null ? null : setInterval(() => (wantsFlush = true), 200);
  let end: string;
  do {
    wantsFlush = false;
    end = await network.scheduler.run(endNs, () => wantsFlush);
    capture?.flush();
  } while (end === 'done');
  if (flushing !== null) clearInterval(flushing);
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
  capture?.close();
  const failures = [...network.nodes.values()].some((node) => 'failures' in node && node.failures > 0);
  process.stdout.write(summary(network, (performance.now() - started) / 1000, capture));
  return failures || capture?.failed === true ? ExitCode.Failed : ExitCode.Ok;
}
