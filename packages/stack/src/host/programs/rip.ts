import { formatIpv4 } from '../../base/ip-address.ts';
import type { RipNeighbour } from '../../l3-network/rip/rip.ts';
import { RIP_INFINITY } from '../../l3-network/rip/rip-message.ts';
import type { RipRoute } from '../../l3-network/rip/rip-route.ts';
import { type Program, UsageError } from '../program.ts';
import { ripOf } from '../rip-daemon.ts';

export const rip: Program = {
  name: 'rip',
  summary: 'show what RIP knows: networks, and the routers that told of them',
  usage: `usage: rip [routes]      networks, how many hops away, and who told
       rip neighbours    routers that were heard
       rip interfaces    where it is spoken`,
  async main(process) {
    const daemon = ripOf(process.host);
    if (daemon === null) {
      process.complain('RIP does not run here; a scenario starts it with "routing: rip"\n');
      return 1;
    }
    const [what = 'routes', ...rest] = process.args;
    const { engine } = daemon;
    const { now } = process.host.node.clock;
    if (rest.length > 0) throw new UsageError('one word: routes, neighbours or interfaces');
    if ('routes'.startsWith(what)) {
      process.print('Network            Next hop         Metric From             Tag   Time\n');
      const routes = [...engine.table.all()].sort((a, b) => a.network - b.network || a.length - b.length);
      for (const route of routes) process.print(routeText(route, now));
    } else if ('neighbours'.startsWith(what) || 'neighbors'.startsWith(what)) {
      process.print('Address          Interface        Heard  Bad messages  Bad entries\n');
      for (const neighbour of engine.neighbours.values()) process.print(neighbourText(neighbour, now));
    } else if ('interfaces'.startsWith(what)) {
      process.print('Interface        State    Cost  Sent      Received  Refused\n');
      for (const { link, settings, up, sent, received, refused } of engine.interfaces) {
        const state = up ? (settings.passive ? 'passive' : 'up') : 'down';
        const counts = [sent, received].map((count) => String(count).padEnd(9)).join(' ');
        process.print(
          `${link.name.padEnd(16)} ${state.padEnd(8)} ${String(settings.cost).padEnd(5)} ${counts} ${refused}\n`,
        );
      }
    } else {
      throw new UsageError(`"${what}" is none of routes, neighbours and interfaces`);
    }
    return 0;
  },
};

function routeText(route: RipRoute, now: number): string {
  const network = `${formatIpv4(route.network)}/${route.length}`.padEnd(18);
  const tag = String(route.tag).padEnd(5);
  const metric = (route.metric >= RIP_INFINITY ? 'dead' : String(route.metric)).padEnd(6);
  if (route.ways.length === 0) {
    const hop = route.gateway === 0 ? (route.own ? 'this router' : '-') : formatIpv4(route.gateway);
    const left = route.forgetAt === Infinity ? '' : secondsText(route.forgetAt - now);
    return `${network} ${hop.padEnd(16)} ${metric} ${(route.own ? 'self' : '-').padEnd(16)} ${tag} ${left}`
      .trimEnd()
      .concat('\n');
  }
  let text = '';
  for (const { from, gateway, expiresAt } of route.ways) {
    const who = formatIpv4(from).padEnd(16);
    const name = text === '' ? network : ''.padEnd(18);
    text += `${name} ${formatIpv4(gateway).padEnd(16)} ${metric} ${who} ${tag} ${secondsText(expiresAt - now)}\n`;
  }
  return text;
}

function neighbourText({ address, on, heardAt, badMessages, badEntries }: RipNeighbour, now: number): string {
  const heard = secondsText(now - heardAt).padEnd(6);
  return `${formatIpv4(address).padEnd(16)} ${on.link.name.padEnd(16)} ${heard} ${String(badMessages).padEnd(13)} ${badEntries}\n`;
}

/** `02:41`. */
function secondsText(ns: number): string {
  const seconds = Math.max(0, Math.floor(ns / 1e9));
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
