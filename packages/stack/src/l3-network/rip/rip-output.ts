import { RIP_TRAILER_LENGTH, signRip, writeRipAuthentication } from './rip-authentication.ts';
import type { RipInterface } from './rip-interface.ts';
import {
  RIP_ENTRY_LENGTH,
  RIP_GROUP,
  RIP_HEADER_LENGTH,
  RIP_INFINITY,
  RIP_MAX_ENTRIES,
  RIP_PORT,
  RipCommand,
  RipFamily,
  writeRipEntry,
  writeRipHeader,
} from './rip-message.ts';
import type { RipPort } from './rip-port.ts';
import type { RipRoute } from './rip-route.ts';
import { SplitHorizon } from './rip-settings.ts';

const LONGEST = RIP_HEADER_LENGTH + RIP_MAX_ENTRIES * RIP_ENTRY_LENGTH + RIP_TRAILER_LENGTH;

/** To whom a message goes, and from which of an interface's addresses. */
interface RipTarget {
  readonly source: number;
  readonly destination: number;
  readonly port: number;
}

/** Puts routes into messages of up to 25, and sends them. */
export class RipOutput {
  private readonly port: RipPort;
  private readonly bytes = new Uint8Array(LONGEST);
  private readonly view = new DataView(this.bytes.buffer);
  /** Of the next message signed by MD5: never smaller than of those before. */
  private sequence: number;

  constructor(port: RipPort, sequence: number) {
    this.port = port;
    this.sequence = sequence;
  }

  /** Asks all neighbours on a link for all they know (RFC 2453 3.9.1). */
  ask(on: RipInterface): void {
    for (const { address: source } of on.link.addresses) {
      const end = this.begin(on, RipCommand.Request);
      writeRipEntry(this.view, end, RipFamily.Unspecified, 0, 0, 0, 0, RIP_INFINITY);
      this.finish(on, end + RIP_ENTRY_LENGTH, { source, destination: RIP_GROUP, port: RIP_PORT });
    }
  }

  /** Tells a link of routes: of all, or of those that changed. */
  tell(on: RipInterface, routes: Iterable<RipRoute>, onlyChanged: boolean): void {
    for (const { address: source } of on.link.addresses) {
      this.sendRoutes(on, routes, onlyChanged, true, { source, destination: RIP_GROUP, port: RIP_PORT });
    }
  }

  /** Answers who asked for everything. `whole`: not as a router of the link is told, but all (a question of diagnosis). */
  answer(on: RipInterface, routes: Iterable<RipRoute>, whole: boolean, destination: number, port: number): void {
    const source = on.networkOf(destination)?.address ?? 0;
    this.sendRoutes(on, routes, false, !whole, { source, destination, port });
  }

  /** Sends entries that are written already: an answer about single networks. */
  answerWith(on: RipInterface, entries: Uint8Array, destination: number, port: number): void {
    const source = on.networkOf(destination)?.address ?? 0;
    const end = this.begin(on, RipCommand.Response);
    const room = (this.mostEntries(on) - 1) * RIP_ENTRY_LENGTH;
    const taken = entries.subarray(0, Math.min(entries.length, room + RIP_ENTRY_LENGTH));
    this.bytes.set(taken, end);
    this.finish(on, end + taken.length, { source, destination, port });
  }

  private sendRoutes(
    on: RipInterface,
    routes: Iterable<RipRoute>,
    onlyChanged: boolean,
    horizon: boolean,
    target: RipTarget,
  ): void {
    const most = this.mostEntries(on);
    let end = 0;
    let count = 0;
    for (const route of routes) {
      if (onlyChanged && !route.changed) continue;
      const metric = horizon ? metricOn(route, on) : route.metric;
      if (metric < 0) continue;
      if (count === 0) end = this.begin(on, RipCommand.Response);
      const nextHop = nextHopOn(route, on);
      writeRipEntry(this.view, end, RipFamily.Ip, route.tag, route.network, route.length, nextHop, metric);
      end += RIP_ENTRY_LENGTH;
      if (++count < most) continue;
      this.finish(on, end, target);
      count = 0;
    }
    if (count > 0) this.finish(on, end, target);
  }

  private mostEntries(on: RipInterface): number {
    const { authentication } = on.settings;
    if (authentication === null) return RIP_MAX_ENTRIES;
    // Others count the trailer of a digest as an entry, too, and refuse a message of 26 (FRRouting).
    return RIP_MAX_ENTRIES - (authentication.type === 'md5' ? 2 : 1);
  }

  /** Returns where the first entry about a network begins. */
  private begin(on: RipInterface, command: number): number {
    writeRipHeader(this.view, 0, command);
    return RIP_HEADER_LENGTH + (on.settings.authentication === null ? 0 : RIP_ENTRY_LENGTH);
  }

  private finish(on: RipInterface, end: number, target: RipTarget): void {
    const { authentication } = on.settings;
    let length = end;
    if (authentication !== null) {
      writeRipAuthentication(this.bytes, this.view, 0, end, authentication, this.sequence);
      this.sequence = (this.sequence + 1) >>> 0;
      length = signRip(this.bytes, this.view, 0, end, authentication);
    }
    on.sent++;
    this.port.send(this.bytes, length, on.link, target.source, target.destination, target.port);
  }
}

/** What a link is told of a route; -1: nothing. Split horizon, RFC 2453 3.4.3. */
function metricOn(route: RipRoute, on: RipInterface): number {
  const back = route.ways.some((way) => way.on === on) || (route.own && route.gateway === 0 && isOf(route, on));
  if (!back || on.settings.splitHorizon === SplitHorizon.Off) return route.metric;
  // What is directly on the link needs nobody to tell of it.
  if (route.own || on.settings.splitHorizon === SplitHorizon.Simple) return -1;
  return RIP_INFINITY;
}

function isOf(route: RipRoute, on: RipInterface): boolean {
  return route.device === on.link.index;
}

/** A next hop on this very link, to which others here go directly (RFC 2453 4.4); 0: this router. */
function nextHopOn(route: RipRoute, on: RipInterface): number {
  if (!route.alive) return 0;
  if (route.own) return isOf(route, on) && route.gateway !== 0 && on.isNeighbour(route.gateway) ? route.gateway : 0;
  const way = route.ways[0];
  return way !== undefined && way.on === on ? way.gateway : 0;
}
