/** The words of IPv6: who speaks it, and what routers advertise. */

import { IpAddress } from '@netarium/stack/base/ip-address';
import { Prefix } from '@netarium/stack/base/prefix';
import { parseDuration, type UnitProblem } from '@netarium/stack/base/units';
import { z } from 'zod';
import type { Advice } from './addresses.ts';
import { adviseDomain } from './advise-names.ts';
import { quoted } from './problem.ts';
import { phrased, quantity, text, whole } from './schema-parts.ts';

const NETWORK = 'an IPv6 network such as 2001:db8:1::/64';
const SERVER = 'an IPv6 address such as 2001:db8:1::53';

const yes = (description: string) => phrased(z.boolean().meta({ description }), 'true or false').exactOptional();

/** A duration within a range, in seconds. */
function lasting(least: number, most: number, description: string) {
  const parse = (value: string | number): number | UnitProblem => {
    const result = parseDuration(value);
    if (typeof result !== 'number' || (result >= least * 1e9 && result <= most * 1e9)) return result;
    const problem = `${typeof value === 'string' ? quoted(value) : value} is not from ${least}s to ${most}s`;
    return { problem, suggestion: `${result < least * 1e9 ? least : most}s` };
  };
  const expected = `a duration from ${least}s to ${most}s`;
  return quantity(parse, expected, description, [`${Math.max(least, 30)}s`]).exactOptional();
}

/** What is wrong with `2001:db8:1::/64` as a network that is advertised; null: nothing. */
export function adviseNetwork6(value: string): Advice | null {
  const prefix = Prefix.parse(value);
  if (prefix === null) {
    const bare = IpAddress.parse(value);
    const hint = bare?.family === 6 ? { suggestion: `${new Prefix(bare, 64).network}/64` } : {};
    const what = bare?.family === 6 ? 'has no prefix length' : 'is no IPv6 network';
    return { message: `${quoted(value)} ${what}`, expected: NETWORK, ...hint };
  }
  if (prefix.address.family !== 6) return { message: `${quoted(value)} is an IPv4 network`, expected: NETWORK };
  if (prefix.network.isMulticast || prefix.network.isLinkLocal) {
    return { message: `${quoted(value)} is on every link already, or is no host's`, expected: NETWORK };
  }
  if (prefix.network.equals(prefix.address)) return null;
  const suggestion = `${prefix.network}/${prefix.length}`;
  return { message: `${quoted(value)} has bits set behind its prefix`, expected: NETWORK, suggestion };
}

function adviseServer6(value: string): Advice | null {
  const address = IpAddress.parse(value);
  if (address?.family === 6 && !address.isMulticast && !address.isUnspecified) return null;
  const bare = Prefix.parse(value)?.address;
  const hint = bare?.family === 6 ? { suggestion: String(bare) } : {};
  return { message: `${quoted(value)} is no IPv6 address of a server`, expected: SERVER, ...hint };
}

function adviseRoute6(value: string): Advice | null {
  return value === 'default' ? null : adviseNetwork6(value);
}

const network = text(NETWORK, 'A network for hosts to make addresses of.', adviseNetwork6, ['2001:db8:1::/64']);
const preference = phrased(
  z.enum(['high', 'medium', 'low']).meta({ description: 'Among several routers; default medium.' }),
  'high, medium or low',
).exactOptional();

const prefix = phrased(
  z.union([
    network,
    z.strictObject({
      prefix: network,
      onLink: yes('Its addresses are neighbours; default true.'),
      autonomous: yes('Hosts make themselves addresses of it; default true.'),
      valid: lasting(0, 4_294_967_294, 'How long its addresses are valid; default 30 days.'),
      preferred: lasting(0, 4_294_967_294, 'How long they are used for new connections; default 7 days.'),
    }),
  ]),
  'a network such as 2001:db8:1::/64, or words such as { prefix: 2001:db8:1::/64, preferred: 1h }',
);

const server = text(SERVER, 'The address of a name server.', adviseServer6, ['2001:db8:1::53']);

/** `advertise:` on an interface. */
export const interfaceAdvertise = phrased(
  z
    .union([
      z.literal(true),
      z.strictObject({
        prefixes: phrased(
          z.array(prefix).meta({ description: "Networks; absent: those of the interface's addresses." }),
          'a list of networks, such as [2001:db8:1::/64]',
        ).exactOptional(),
        interval: lasting(
          3,
          1800,
          'The longest time between two advertisements; default 10m, the shortest a third of it.',
        ),
        lifetime: lasting(0, 9000, 'How long this is a default router; 0: it is none. Default: three intervals.'),
        dns: phrased(
          z.union([server, z.array(server)]).meta({ description: 'Name servers (RFC 8106).' }),
          `${SERVER}, or a list`,
        ).exactOptional(),
        search: phrased(
          z
            .array(text('a domain such as campus.test', 'A domain.', adviseDomain))
            .meta({ description: 'Domains in which hosts look for short names (RFC 8106).' }),
          'a list of domains, such as [campus.test]',
        ).exactOptional(),
        mtu: whole(1280, 65_535, 'a whole number of bytes', 'The largest packet on this link.').exactOptional(),
        managed: yes('Addresses are to be had by DHCPv6.'),
        other: yes('Other things than addresses are to be had by DHCPv6.'),
        preference,
        hopLimit: whole(1, 255, 'a whole number', "The hosts' hop limit; default 64.").exactOptional(),
        reachable: lasting(0, 3600, 'How long hosts take a neighbour to be reachable; default 30s.'),
        retransmit: lasting(0, 3600, 'How long hosts wait for an answer of a neighbour; default 1s.'),
        routes: phrased(
          z
            .array(
              phrased(
                z.strictObject({
                  to: text(NETWORK, 'Where the route leads.', adviseRoute6, ['2001:db8:9::/48']),
                  preference,
                  lifetime: lasting(0, 4_294_967_294, 'How long it holds; default 30m.'),
                }),
                'a route such as { to: 2001:db8:9::/48, preference: high }',
              ),
            )
            .meta({ description: 'Networks that this router is the way to (RFC 4191).' }),
          'a list of routes',
        ).exactOptional(),
      }),
    ])
    .meta({ description: 'Tells the hosts there of this router and its networks: they configure themselves (SLAAC).' }),
  'true, or words such as { prefixes: [2001:db8:1::/64], interval: 30s }',
).exactOptional();

export const interfaceIpv6 = yes('Speaks IPv6 there, and configures itself. An IPv6 address says so, too.');
export const nodeIpv6 = yes('All of its interfaces speak IPv6, but for those that say otherwise.');
export const networkIpv6 = yes('All hosts and routers speak IPv6, but for those that say otherwise; default false.');
