import type { Network } from '@netarium/node';
import type { PortForward } from '@netarium/node/gateway/index';
import { needsRealTime, type Outside, OutsideError, openOutside } from '@netarium/node/outside';
import { WireError } from '@netarium/node/wires/open-wire';
import { TunError } from '@netarium/node/wires/tap/tun-error';
import type { Wire, WireEvent } from '@netarium/node/wires/wire';
import { formatProblem } from '@netarium/scenario';
import { dropReasons } from '@netarium/stack/base/drop-reasons';
import { BuildError } from '@netarium/stack/network/network';
import { CommandError, ExitCode } from './exit.ts';
import { type LoadedScenario, posixText } from './load.ts';

/** Tells people of one thing: a line on stdout, or wherever else the command speaks. */
export type Say = (line: string) => void;

export const sayOnStdout: Say = (line) => void process.stdout.write(`${line}\n`);
export const sayOnStderr: Say = (line) => void process.stderr.write(`${line}\n`);

/** The pace of a scenario when nobody says another: real time if something real is plugged in. */
export function usualPace({ description }: LoadedScenario): 1 | 'virtual' {
  return needsRealTime(description) ? 1 : 'virtual';
}

/**
 * Opens the wires and gateways that the scenario names, and tells of each. In virtual time they stay closed, with a
 * warning. Throws a CommandError, everything closed again.
 */
export async function openScenarioOutside(loaded: LoadedScenario, network: Network, say: Say): Promise<Outside> {
  const { description, folder, file } = loaded;
  if (network.scheduler.pace === 'virtual' && needsRealTime(description)) {
    process.stderr.write(`${file}: wires and gateways stay closed: outside of the network there is no virtual time\n`);
  }
  try {
    const outside = await openOutside(network, description, {
      folder,
      onWire: (wire, place) => {
        sayPlugged(wire, place, say);
        wire.onChange = (event) => tellChange(event, say);
      },
      onGateway: ({ host }) => say(`${host.name} is a gateway to this machine's network`),
      onForward: (forward) => sayForward(forward, say),
    });
    // However the command ends, nothing of it stays behind: the path of a Unix socket would.
    process.once('exit', () => outside.close());
    return outside;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    const { cause, path } = error;
    if (cause instanceof WireError || cause instanceof BuildError || cause instanceof TypeError) {
      const problem = loaded.problemAt(path, cause.message, 'what can be opened here');
      throw new CommandError(formatProblem(problem), ExitCode.BadInput, false);
    }
    throw refused(`${file}:${loaded.problemAt(path, '', '').line}`, cause);
  }
}

export function sayPlugged(wire: Wire, place: string, say: Say): void {
  say(`${wire.name} is plugged in at ${place}${wire.up ? '' : ', and waits for its other end'}`);
}

export function sayForward({ protocol, bind, port, to, toPort }: PortForward, say: Say): void {
  say(`${bind.includes(':') ? `[${bind}]` : bind}:${port}/${protocol} leads to ${to}:${toPort}`);
}

export function tellChange({ wire, up, why }: WireEvent, say: Say): void {
  say(`${wire.name} is ${up ? 'up' : 'down'}: ${why}`);
}

/** Why there is no such wire: what was written makes no sense (2), or the machine has none for us (1). */
export function refused(where: string, error: unknown): unknown {
  if (error instanceof WireError || error instanceof BuildError || error instanceof TypeError) {
    return new CommandError(`${where}: ${error.message}`, ExitCode.BadInput);
  }
  if (error instanceof TunError) return new CommandError(error.message, ExitCode.Failed);
  if (error instanceof Error && 'code' in error) {
    return new CommandError(`${where}: ${posixText(error)}`, ExitCode.Failed);
  }
  return error;
}

/** `tap0        12 frames out, 10 in; dropped: 2 the link is down`. */
export function counted(wire: Wire): string {
  const lost = [...wire.drops].flatMap((count, reason) => (count > 0 ? [`${count} ${dropReasons[reason]!.text}`] : []));
  const losses = lost.length === 0 ? '' : `; dropped: ${lost.join(', ')}`;
  return `${wire.name.padEnd(12)} ${wire.sentFrames} frames out, ${wire.deliveredFrames} in${losses}`;
}
