import type { Outside } from '@netarium/node/outside';
import { parseDuration } from '@netarium/stack/base/units';
import { Host } from '@netarium/stack/host/host';
import { CommandError, ExitCode } from '../exit.ts';
import { loadScenario } from '../load.ts';
import { counted, openScenarioOutside, sayOnStdout } from '../outside.ts';
import { openSession, type SessionOptions } from '../session.ts';
import { summary } from '../summary.ts';

export interface RunCommandOptions extends SessionOptions {
  for?: string;
}

/** How often a capture that grows slowly goes to the disk, real ms. */
const FLUSH_MS = 200;
const ENDLESS =
  'netarium: routers that speak and hosts that renew leases never rest: this ends with Ctrl-C, or with --for 30s\n';

/**
 * `netarium run FILE`: the scenario with its services and faults, until nothing is left to happen or for a time. With
 * wires or gateways in it, in real time, until a signal comes or for a time.
 */
export async function runCommand(file: string, options: RunCommandOptions): Promise<number> {
  const endNs = endOf(options.for);
  const loaded = loadScenario(file);
  const { network, capture } = openSession(loaded, options);
  const { scheduler, queue } = network;
  // From outside: network time is looked at once more.
  const interrupt = () => scheduler.external(() => scheduler.stop());
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  let outside: Outside | null = null;
  // Somebody may watch a paced run's file grow. At full speed what the file says must not depend on the real time.
  const paced = scheduler.pace !== 'virtual';
  const flushing = paced ? setInterval(() => capture?.flush(true), FLUSH_MS) : undefined;
  const started = performance.now();
  try {
    outside = await openScenarioOutside(loaded, network, sayOnStdout);
    const isOpen = outside.gateways.length > 0 || outside.wires.length > 0;
    if (endNs === Infinity && !isOpen && network.endless) process.stderr.write(ENDLESS);
    await scheduler.run(endNs, () => {
      capture?.flush();
      // In paced time, too, the end is when nothing is left, unless something may come from outside.
      return endNs === Infinity && queue.pending === 0 && !isOpen;
    });
    if (isOpen) network.farewell();
  } finally {
    clearInterval(flushing);
    outside?.close();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    capture?.close();
  }
  const seconds = (performance.now() - started) / 1000;
  for (const wire of outside.wires) sayOnStdout(counted(wire));
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
