import { formatProblem } from '@netarium/scenario';
import { splitCommandLine } from '@netarium/stack/host/command-line';
import { programs } from '@netarium/stack/host/programs/index';
import { nearest } from '@netarium/stack/host/programs/options';
import { CommandError, ExitCode } from '../exit.ts';
import { type LoadedScenario, loadScenario } from '../load.ts';
import { openSession } from '../session.ts';

/** `netarium check FILE`: reads and builds the scenario without running it. */
export function checkCommand(file: string): number {
  const loaded = loadScenario(file);
  const { network } = openSession(loaded, {});
  const wrong = wrongCommands(loaded);
  if (wrong.length > 0) throw new CommandError(wrong.join('\n'), ExitCode.BadInput, false);
  const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`;
  const { services = [], wires = [] } = loaded.description;
  const parts = [
    count(network.nodes.size, 'node'),
    count(network.cables.size, 'link'),
    count(services.length, 'service'),
    ...(wires.length === 0 ? [] : [count(wires.length, 'wire')]),
  ];
  const verdict = loaded.warnings.length === 0 ? 'nothing wrong' : count(loaded.warnings.length, 'warning');
  process.stdout.write(`${file}: ${parts.join(', ')}; ${verdict}\n`);
  return ExitCode.Ok;
}

/** Services whose command no host can start: `run` would go on without them. */
function wrongCommands({ description, problemAt }: LoadedScenario): string[] {
  const known = [...programs.keys()].sort();
  return (description.services ?? []).flatMap(({ run }, index) => {
    const path = ['services', index, 'run'];
    const words = splitCommandLine(run);
    if (words === null) return [formatProblem(problemAt(path, 'a quote is not closed', 'a second one like it'))];
    const [name = ''] = words;
    if (programs.has(name)) return [];
    const near = nearest(name, known) ?? undefined;
    return [formatProblem(problemAt(path, `there is no program "${name}"`, `one of ${known.join(', ')}`, near))];
  });
}
