import type { Program } from '../program.ts';
import { echo } from './echo.ts';
import { help } from './help.ts';

/** The programs of every host, by name. */
export const programs: ReadonlyMap<string, Program> = new Map([echo, help].map((program) => [program.name, program]));
