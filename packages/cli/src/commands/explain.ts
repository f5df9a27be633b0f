import { readFileSync } from 'node:fs';
import { CommandError, ExitCode } from '../exit.ts';
import { posixText } from '../load.ts';

export interface ExplainOptions {
  packet?: string;
}

/** `netarium explain FILE`: what happened in a capture, in words. */
export function explainCommand(file: string, options: ExplainOptions): number {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CommandError(`${file}: ${posixText(error)}`, ExitCode.Failed);
  }
  void bytes;
  void options;
  throw new CommandError('explain is being joined', ExitCode.Failed);
}
