import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { NetworkDescription } from '@netarium/node';
import { formatProblem, parseScenario } from '@netarium/scenario';
import { Errno, type ErrnoName, errnoText } from '@netarium/stack/base/errors';
import { CommandError, ExitCode } from './exit.ts';

/** A scenario file, read and checked. */
export interface LoadedScenario {
  readonly file: string;
  readonly description: NetworkDescription;
  /** For people, on stderr: what is odd but works. */
  readonly warnings: string[];
}

/** Reads and checks a scenario. Throws a CommandError with all of its problems and exit code 2. */
export function loadScenario(file: string): LoadedScenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file}: ${posixText(error)}; give the path of a scenario file`, ExitCode.BadInput);
  }
  const result = parseScenario(text, { file });
  if (!result.ok) throw new CommandError(result.problems.map(formatProblem).join('\n'), ExitCode.BadInput, false);
  const missing = (result.scenario.files ?? []).filter(({ from }) => !isDirectory(resolve(dirname(file), from)));
  if (missing.length > 0) {
    const lines = missing.map(
      ({ node, from }) => `${file}: files of ${node}: there is no directory "${from}" beside it`,
    );
    throw new CommandError(lines.join('\n'), ExitCode.BadInput, false);
  }
  return { file, description: result.scenario, warnings: result.warnings.map(formatProblem) };
}

/** `strerror`'s words for an error of Node's. */
export function posixText(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && code in Errno) return errnoText(Errno[code as ErrnoName]);
  return error instanceof Error ? error.message : String(error);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
