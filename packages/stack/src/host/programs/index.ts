import type { Program } from '../program.ts';
import { cat } from './cat.ts';
import { echo } from './echo.ts';
import { get } from './get.ts';
import { helpFor } from './help.ts';
import { hostname } from './hostname.ts';
import { httpd } from './httpd.ts';
import { ls } from './ls.ts';
import { nc } from './nc.ts';
import { ping } from './ping.ts';
import { sleep } from './sleep.ts';
import { tcpdump } from './tcpdump.ts';

const byName = new Map(
  [cat, echo, get, hostname, httpd, ls, nc, ping, sleep, tcpdump].map((each) => [each.name, each]),
);
byName.set('help', helpFor(byName));

/** The programs of every host, by name. */
export const programs: ReadonlyMap<string, Program> = byName;
