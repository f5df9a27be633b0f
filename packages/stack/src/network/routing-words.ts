import type { Host } from '../host/host.ts';
import { OspfDaemon } from '../host/ospf-daemon.ts';
import { RipDaemon } from '../host/rip-daemon.ts';
import { BuildError } from './build-error.ts';
import { readOspf } from './ospf-words.ts';
import type { RipDescription } from './rip-description.ts';
import { readRip } from './rip-words.ts';
import type { OspfDescription, RoutingDescription, RoutingProtocols } from './routing-description.ts';

/** Starts the routing protocols of a host whose interfaces are there. */
export function startRouting(host: Host, words: RoutingDescription): void {
  for (const [name, options] of Object.entries(protocolsOf(words))) {
    if (name === 'ospf') startOspf(host, (options ?? {}) as OspfDescription);
    else if (name === 'rip') startRip(host, (options ?? {}) as RipDescription);
    else throw new BuildError(`${host.name}: routing: there is no protocol "${name}"; there are ospf and rip`);
  }
}

function protocolsOf(words: RoutingDescription): RoutingProtocols {
  if (typeof words === 'string') return { [words]: null };
  return Array.isArray(words) ? Object.fromEntries(words.map((name) => [name, null])) : words;
}

function startOspf(host: Host, words: OspfDescription): void {
  const where = `${host.name}: routing: ospf`;
  if (OspfDaemon.start(host, readOspf(words, where, [...host.nics.keys()])) === null) {
    throw new BuildError(`${where}: there is no IPv4 address to be the router ID; say routerId`);
  }
}

function startRip(host: Host, words: RipDescription): void {
  RipDaemon.start(host, readRip(words, `${host.name}: routing: rip`, [...host.nics.keys()]));
}
