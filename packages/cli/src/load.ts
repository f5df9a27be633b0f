import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { NetworkDescription } from '@netarium/node';
import { formatProblem, parseScenario, type ScenarioResult } from '@netarium/scenario';
import { Errno, type ErrnoName, errnoText } from '@netarium/stack/base/errors';
import { CommandError, ExitCode } from './exit.ts';

/** A scenario file, read and checked. */
export interface LoadedScenario {
  readonly file: string;
  /** That of the file: what its paths are relative to. */
  readonly folder: string;
  readonly description: NetworkDescription;
  /** For people, on stderr: what is odd but works. */
  readonly warnings: string[];
  /** What is wrong with a part of the file that only shows when it is to be run. */
  readonly problemAt: Extract<ScenarioResult, { ok: true }>['problemAt'];
}

/** Reads and checks a scenario. Throws a CommandError with all of its problems and exit code 2. */
export function loadScenario(file: string): LoadedScenario {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    throw new CommandError(`${file}: ${posixText(error)}; give the path of a scenario file`, ExitCode.BadInput);
  }
  const result = parseScenario(text, { file });
  if (!result.ok) throw new CommandError(result.problems.map(formatProblem).join('\n'), ExitCode.BadInput, false);
  const { scenario, warnings, problemAt } = result;
  const missing = (scenario.files ?? []).flatMap(({ from }, index) =>
    isDirectory(resolve(dirname(file), from))
      ? []
      : [
          problemAt(
            ['files', index, 'from'],
            `there is no directory "${from}"`,
            `a directory, seen from that of ${file}`,
          ),
        ],
  );
  if (missing.length > 0) throw new CommandError(missing.map(formatProblem).join('\n'), ExitCode.BadInput, false);
  return { file, folder: dirname(file), description: scenario, warnings: warnings.map(formatProblem), problemAt };
}

/** `strerror`'s words for an error of Node's. */
export function posixText(error: unknown): string {
  if (error instanceof TypeError && (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return 'this is not UTF-8 text';
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && code in Errno) return errnoText(Errno[code as ErrnoName]);
  const text = error instanceof Error ? error.message : String(error);
  // Node's form of what the stack has no number for: "ENOSPC: no space left on device, write".
  const [, words] = /^E[A-Z0-9]+: ([^,]+)/.exec(text) ?? [];
  return words === undefined ? text : `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
