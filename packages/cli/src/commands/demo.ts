import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatSize } from '@netarium/stack/base/units';
import { formatJourney } from '@netarium/stack/inspect/journey-format';
import { JourneyRecorder } from '@netarium/stack/inspect/journey-recorder';
import type { JourneyEvent } from '@netarium/stack/inspect/journey-step';
import pc from 'picocolors';
import { CommandError, ExitCode } from '../exit.ts';
import { loadScenario } from '../load.ts';
import { openSession } from '../session.ts';
import { terminalStyle, terminalWidth } from '../style.ts';
import { roundDuration, summary } from '../summary.ts';

export interface DemoOptions {
  seed?: string;
  pcap: string;
  view: string;
}

const CLIENT = 'alice';
const URL_PATH = '/primes.txt';
const MODELS = ['osi', 'five', 'four'] as const;
/** More than the beginning has. */
const EVENTS_KEPT = 20_000;

/**
 * `netarium demo`: a browser's GET of a real file of more than 1 MiB, across the campus and its bad cable; then the
 * journey of the request's segment and of the first segment of the file, and what it all came to.
 */
export async function demoCommand(options: DemoOptions): Promise<number> {
  const model = MODELS.find((known) => known === options.view);
  if (model === undefined) {
    throw new CommandError(`--view ${options.view}: there are ${MODELS.join(', ')}`, ExitCode.BadInput);
  }
  const { network, capture } = openSession(loadScenario(campus()), {
    pcap: options.pcap,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(
    pc.bold(
      `${CLIENT} asks web for ${URL_PATH}: alice - hub1 - sw1 - r1 - sw2 - web, with 1 % loss between r1 and sw2`,
    ),
  );

  // The services start; then the browser, with somebody who watches the beginning.
  network.queue.runUntil(0);
  const watching = network.trace;
  const recorder = new JourneyRecorder(network.queue, { limit: EVENTS_KEPT, next: watching });
  network.trace = recorder;
  const host = network.hostNamed(CLIENT);
  const page = new Counter();
  const errors: Uint8Array[] = [];
  const child = host.spawn(['get', `http://web${URL_PATH}`], {
    stdout: page,
    stderr: { write: (bytes) => errors.push(bytes) },
  });
  const started = performance.now();
  const code = await network.run(async () => {
    await page.first;
    // The journeys that are told are in the recorder; the rest of the file needs no witness.
    network.trace = watching;
    return child.exited;
  });
  const seconds = (performance.now() - started) / 1000;
  const transferNs = network.now;
  if (code !== 0) throw new CommandError(Buffer.concat(errors).toString().trim(), ExitCode.Failed, false);

  for (const [title, id] of journeys(recorder)) {
    say(`\n${pc.bold(title)}\n`);
    say(formatJourney(recorder.journeyOf(id), { model, width: terminalWidth(), style: terminalStyle }));
  }

  const retransmitted = ['web', CLIENT].map((name) => network.hostNamed(name).tcp.counters.retransSegs);
  const goodput = (page.bytes * 8) / (transferNs / 1e9) / 1e6;
  // What follows the page: the connection's end, until nothing is left to happen.
  await network.run();
  capture?.close();
  say(`\n${pc.bold('What it came to')}\n`);
  say(`page         ${page.bytes} bytes (${formatSize(page.bytes)}) of http://web${URL_PATH}, as ${CLIENT} read them`);
  say(`transfer     ${roundDuration(transferNs)} of network time, goodput ${goodput.toFixed(2)} Mbit/s`);
  say(`again        ${retransmitted[0]} segments were sent again by web, ${retransmitted[1]} by ${CLIENT}`);
  process.stdout.write(summary(network, seconds, capture));
  return capture?.failed === true ? ExitCode.Failed : ExitCode.Ok;
}

/** The scenario beside the sources; the command may be called from anywhere. */
function campus(): string {
  const path = fileURLToPath(new URL('../../../../examples/campus.yaml', import.meta.url));
  if (!existsSync(path)) throw new CommandError(`${path} is missing: the demo runs in a checkout`, ExitCode.Failed);
  return relative(process.cwd(), path) || path;
}

/** The request's segment, and the first that carries the file. */
function journeys(recorder: JourneyRecorder): [title: string, packetId: number][] {
  const events = recorder.events();
  const found: [string, number][] = [];
  const request = firstData(events, CLIENT);
  if (request !== null) found.push([`The journey of the request's segment`, request]);
  const answer = firstData(events, 'web');
  if (answer !== null) found.push([`The journey of the file's first segment`, answer]);
  return found;
}

/** The first segment of this node's with data in it, delivered at the other end. */
function firstData(events: readonly JourneyEvent[], node: string): number | null {
  const sent = new Set<number>();
  for (const event of events) {
    if (event.layer !== 4 || event.packetId === 0) continue;
    if (event.node === node && (event.what === 'send' || event.what === 'retransmit')) sent.add(event.packetId);
    else if (event.what === 'deliver' && sent.has(event.packetId)) return event.packetId;
  }
  return null;
}

/** Counts the page's bytes, and says when the first have come. */
class Counter {
  bytes = 0;
  readonly first: Promise<void>;
  private begin: () => void = () => {};

  constructor() {
    this.first = new Promise((resolve) => {
      this.begin = resolve;
    });
  }

  write(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.begin();
  }
}
