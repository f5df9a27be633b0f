import type { Program } from '../program.ts';
import { echo } from './echo.ts';
import { helpFor } from './help.ts';
import { ping } from './ping.ts';

const byName = new Map([echo, ping].map((program) => [program.name, program]));
byName.set('help', helpFor(byName));

/** The programs of every host, by name. */
export const programs: ReadonlyMap<string, Program> = byName;
