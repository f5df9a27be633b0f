import { CommandError, ExitCode } from '../exit.ts';
import { loadScenario } from '../load.ts';
import { hostNamed, openSession, type SessionOptions } from '../session.ts';
import { RealInput, RealOutput } from '../terminal.ts';

/**
 * `netarium exec FILE NODE -- COMMAND...`: runs the scenario, and in it one command on one of its hosts, connected to
 * this terminal. The exit code is the command's.
 */
export async function execCommand(
  file: string,
  node: string,
  command: readonly string[],
  options: SessionOptions,
): Promise<number> {
  if (command.length === 0) {
    throw new CommandError(
      `say what to run on ${node}: netarium exec ${file} ${node} -- ping -c 3 web`,
      ExitCode.BadInput,
    );
  }
  const interactive = process.stdin.isTTY === true;
  const { network, capture } = openSession(loadScenario(file), {
    ...options,
    speed: options.speed ?? (interactive ? 1 : 'virtual'),
  });
  const host = hostNamed(network, node);
  const input = new RealInput(process.stdin, network.scheduler);
  let code: number | null = null;
  // The scenario's services start at time 0, before the command.
  network.queue.runUntil(0);
  const child = host.spawn(command, {
    stdin: input,
    stdout: new RealOutput(process.stdout),
    stderr: new RealOutput(process.stderr),
  });
  child.exited.then((exitCode) => {
    code = exitCode;
    network.scheduler.woken();
  });
  // The first Ctrl-C is the command's, the second ends all.
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    network.scheduler.external(() => child.kill('SIGINT'));
  };
  process.on('SIGINT', interrupt);
  while (code === null) {
    const end = await network.scheduler.run(Infinity, () => code !== null);
    capture?.flush();
    if (end === 'done') break;
    if (end === 'stopped') child.kill('SIGTERM');
    else if (input.wanted) await input.nextInput();
    else if (end === 'idle' && code === null) {
      process.stderr.write(`netarium: nothing is left to happen, and ${command[0]} would wait for ever; it is ended\n`);
      child.kill('SIGTERM');
    }
  }
  process.off('SIGINT', interrupt);
  input.close();
  capture?.close();
  if (code !== null && code !== 0) return code;
  return capture?.failed === true ? ExitCode.Failed : ExitCode.Ok;
}
