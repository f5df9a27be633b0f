import { CommandError, ExitCode } from '../exit.ts';
import { loadScenario } from '../load.ts';
import { openScenarioOutside, sayOnStderr, usualPace } from '../outside.ts';
import { hostNamed, openSession, type SessionOptions } from '../session.ts';
import { RealInput, RealOutput } from '../terminal.ts';

/** Network time that hosts have to get their addresses, by DHCP or by themselves, before the command begins. */
const ADDRESSES_NS = 10e9;
/** How often it is looked whether they have. */
const LOOK_NS = 50e6;

/**
 * `netarium exec FILE NODE -- COMMAND...`: runs the scenario, and in it one command on one of its hosts, connected to
 * this terminal. The exit code is the command's.
 *
 * Time is as fast as it goes, or real on a terminal: somebody types there.
 */
export async function execCommand(
  file: string,
  node: string,
  command: readonly string[],
  options: SessionOptions,
): Promise<number> {
  if (command.length === 0) {
    const example = `netarium exec ${file} ${node} -- ping -c 3 web`;
    throw new CommandError(`say what to run on ${node}: ${example}`, ExitCode.BadInput);
  }
  const interactive = process.stdin.isTTY === true;
  const loaded = loadScenario(file);
  const { network, capture } = openSession(loaded, {
    ...options,
    speed: options.speed ?? (interactive ? 1 : usualPace(loaded)),
  });
  const host = hostNamed(network, node);
  const { scheduler } = network;
  const outside = await openScenarioOutside(loaded, network, sayOnStderr);
  const input = new RealInput(process.stdin, scheduler);
  // The scenario's services start at time 0 and are ready (they listen) before the command begins.
  await scheduler.run(0);
  // Hosts that ask for their address have one, unless nobody gives it.
  let lookAt = 0;
  if (network.settling) {
    await scheduler.run(ADDRESSES_NS, () => {
      if (network.asking > 0 || network.now < lookAt) return false;
      lookAt = network.now + LOOK_NS;
      return !network.settling;
    });
  }
  // Before the command begins: who has read its first words may send it a signal.
  const signals = forwardSignals((signal) => scheduler.external(() => child.kill(signal)));
  const child = host.spawn(command, {
    stdin: input,
    stdout: new RealOutput(process.stdout),
    stderr: new RealOutput(process.stderr),
  });
  let code: number | null = null;
  const ended = child.exited.then((exitCode) => {
    code = exitCode;
    scheduler.woken();
  });
  for (;;) {
    await scheduler.run(Infinity, () => {
      capture?.flush();
      return code !== null;
    });
    if (code !== null) break;
    // Nothing is left to happen in the network: only its user can go on.
    if (input.wanted) {
      await Promise.race([input.nextInput(), ended]);
    } else {
      process.stderr.write(`netarium: nothing is left to happen, and ${command[0]} would wait for ever; it is ended\n`);
      child.kill('SIGKILL');
    }
  }
  signals.off();
  outside.close();
  input.close();
  capture?.close();
  return code !== ExitCode.Ok || capture?.failed !== true ? code : ExitCode.Failed;
}

/** The first Ctrl-C is the command's, and so is SIGTERM; the second ends all. */
function forwardSignals(deliver: (signal: 'SIGINT' | 'SIGTERM') => void): { off(): void } {
  let interrupted = false;
  const forward = (signal: NodeJS.Signals) => {
    if (interrupted) process.exit(ExitCode.Interrupted);
    interrupted = true;
    deliver(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT');
  };
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  return {
    off() {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
    },
  };
}
