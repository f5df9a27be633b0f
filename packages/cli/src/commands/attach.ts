import type { Network } from '@netarium/node';
import type { Gateway } from '@netarium/node/gateway/index';
import type { Outside } from '@netarium/node/outside';
import { openWire } from '@netarium/node/wires/open-wire';
import type { Wire } from '@netarium/node/wires/wire';
import { parseDuration } from '@netarium/stack/base/units';
import type { CaptureFile } from '../capture-file.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { type GatewayOptions, openGateway } from '../gateway-options.ts';
import { loadScenario } from '../load.ts';
import { counted, openScenarioOutside, refused, sayOnStdout as say, sayPlugged, tellChange } from '../outside.ts';
import { openCapture, openSession, type SessionOptions } from '../session.ts';
import { summary } from '../summary.ts';
import { type WireOptions, type WireRequest, wireRequests } from '../wire-options.ts';

export interface AttachOptions extends Omit<SessionOptions, 'speed' | 'fingerprint'>, WireOptions, GatewayOptions {
  for?: string;
}

/** How often a capture is written to its file, ms. */
const FLUSH_MS = 200;

/**
 * `netarium attach FILE --tap tap0:web`: the scenario in real time, with wires that lead out of it, until `--for` is
 * over or a signal comes; those of the scenario's own words, too. Each wire says a line on stdout when it is plugged in, and when it goes down or comes up;
 * `ready` follows the last.
 */
export async function attachCommand(file: string, options: AttachOptions): Promise<number> {
  const endNs = duration(options.for);
  const { pcap: _later, ...withoutCapture } = options;
  const loaded = loadScenario(file);
  // An interface without a cable is what a wire is for.
  const warnings = loaded.warnings.filter((warning) => !warning.includes('is not connected to anything'));
  const scenario = { ...loaded, warnings };
  const { network } = openSession(scenario, { ...withoutCapture, fingerprint: false, speed: 1 });
  const requests = wireRequests(options, network);
  // From outside: network time is looked at once more.
  const interrupt = () => network.scheduler.external(() => network.scheduler.stop());
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const wires: Wire[] = [];
  let outside: Outside | null = null;
  let gateway: Gateway | null = null;
  let capture: CaptureFile | null = null;
  let flushing: NodeJS.Timeout | null = null;
  const started = performance.now();
  try {
    outside = await openScenarioOutside(scenario, network, say);
    for (const request of requests) wires.push(await attach(network, request));
    gateway = await openGateway(options, network, say).catch((error) => {
      throw refused('gateway', error);
    });
    capture = openCapture(network, options);
    if (capture !== null) flushing = setInterval(() => capture?.flush(true), FLUSH_MS);
    say('ready');
    await network.scheduler.run(endNs);
    network.farewell();
  } finally {
    if (flushing !== null) clearInterval(flushing);
    gateway?.close();
    outside?.close();
    for (const wire of wires) {
      wire.onChange = null;
      wire.close();
    }
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    capture?.close();
  }
  for (const wire of [...(outside?.wires ?? []), ...wires]) say(counted(wire));
  process.stdout.write(summary(network, (performance.now() - started) / 1000, capture));
  return capture?.failed === true ? ExitCode.Failed : ExitCode.Ok;
}

/** Opens a wire and plugs it in; one that cannot be is closed again. */
async function attach(network: Network, { option, description }: WireRequest): Promise<Wire> {
  let wire: Wire;
  try {
    wire = await openWire(network, description);
  } catch (error) {
    throw refused(option, error);
  }
  try {
    sayPlugged(wire, network.plug(description.at, wire), say);
  } catch (error) {
    wire.close();
    throw refused(option, error);
  }
  wire.onChange = (event) => tellChange(event, say);
  return wire;
}

function duration(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const parsed = parseDuration(text);
  if (typeof parsed === 'number') return parsed;
  throw new CommandError(`--for ${text}: ${parsed.problem}; write it like ${parsed.suggestion}`, ExitCode.BadInput);
}
