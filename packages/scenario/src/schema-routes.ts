/** Routes, and rules of which routing table is asked. */
import { Prefix } from '@netarium/stack/base/prefix';
import { parsePorts } from '@netarium/stack/host/route-words';
import { MAX_TABLE, parseTable } from '@netarium/stack/l3-network/rules';
import { z } from 'zod';
import { type Advice, adviseAddress, adviseDestination } from './addresses.ts';
import { adviseEitherAddress, adviseEitherDestination } from './either-address.ts';
import { nearest } from './nearest.ts';
import { phrased, phrases, text, whole } from './schema-parts.ts';

const TYPES = ['unicast', 'blackhole', 'unreachable', 'prohibit'] as const;
const ACTIONS = ['blackhole', 'unreachable', 'prohibit'] as const;
const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;
const TABLE = `a number from 1 to ${MAX_TABLE}, or main or default`;
const PORTS = 'a port such as 80, or some such as 8000-8080';
const NETWORK = 'a network such as 10.0.1.0/24, or an address';

const table = (description: string) =>
  phrased(
    z
      .union([
        z.number().int().min(1).max(MAX_TABLE),
        text(TABLE, description, (written): Advice | null => (parseTable(written) === null ? noTable(written) : null)),
      ])
      .meta({ description, examples: [100] }),
    TABLE,
  ).exactOptional();

const nextHop = text('an address such as 10.0.1.1', "The next hop's address.", adviseEitherAddress, ['10.0.1.1']);

const route = phrased(
  z.strictObject({
    to: text(
      'a network such as 10.0.2.0/24, or default',
      'Where the route leads: a network, or "default".',
      adviseEitherDestination,
      ['10.0.2.0/24', 'default'],
    ),
    via: z
      .union([nextHop, phrased(z.array(nextHop), 'a list of addresses')])
      .register(phrases, { expected: 'an address such as 10.0.1.1, or a list of them, over which flows are spread' })
      .exactOptional(),
    weights: phrased(
      z
        .array(whole(1, 256, 'a whole number', 'How many flows this next hop gets, against the others.'))
        .meta({ description: 'With several next hops: the share of each; default 1 each.' }),
      'a list of whole numbers, one for each next hop, such as [2, 1]',
    ).exactOptional(),
    interface: phrased(
      z.string().meta({ description: 'The interface behind which the network is; needed without "via".' }),
      "an interface's name, such as eth0",
    ).exactOptional(),
    metric: whole(0, 0xffff_ffff, 'a whole number', 'Lower wins among equal networks; default 0.').exactOptional(),
    type: phrased(
      z.enum(TYPES).meta({
        description: 'blackhole drops without a word, unreachable and prohibit tell the sender; default unicast.',
      }),
      `one of ${TYPES.join(', ')}`,
    ).exactOptional(),
    table: table('The routing table; default main. Others are asked where rules say so.'),
  }),
  'a route such as { to: 10.0.2.0/24, via: 10.0.1.1 }',
);

const side = (description: string) =>
  text(
    NETWORK,
    description,
    (written) => (written.includes('/') ? adviseRuleNetwork(written) : adviseAddress(written)),
    ['10.0.1.0/24'],
  ).exactOptional();

const rule = phrased(
  z.strictObject({
    priority: whole(
      0,
      0xffff_ffff,
      'a whole number',
      'Rules are asked from the lowest on; main has 32766. Default: before those that are there.',
    ).exactOptional(),
    from: side('Where the packet comes from.'),
    to: side('Where it goes.'),
    interface: phrased(
      z.string().meta({ description: 'The interface by which it came in; lo: this node sends it.' }),
      "an interface's name, such as eth0",
    ).exactOptional(),
    tos: whole(0, 255, 'a whole number', 'The whole TOS byte; 0: any.').exactOptional(),
    protocol: phrased(
      z.enum(PROTOCOLS).meta({ description: 'The protocol in the packet.' }),
      `one of ${PROTOCOLS.join(', ')}`,
    ).exactOptional(),
    port: phrased(
      z
        .union([
          z.number().int().min(1).max(65_535),
          text(PORTS, 'Destination ports.', (written): Advice | null =>
            parsePorts(written) === null ? { message: `"${written}" is no port`, expected: PORTS } : null,
          ),
        ])
        .meta({ description: 'Destination port, or from one to another.', examples: [80, '8000-8080'] }),
      PORTS,
    ).exactOptional(),
    not: phrased(
      z.boolean().meta({ description: 'true: the rule fits what the rest of it does not.' }),
      'true or false',
    ).exactOptional(),
    table: table('The routing table that is asked.'),
    action: phrased(
      z.enum(ACTIONS).meta({ description: 'Instead of a table: what fits goes nowhere.' }),
      `one of ${ACTIONS.join(', ')}`,
    ).exactOptional(),
    suppressPrefixLength: whole(
      0,
      32,
      'a whole number',
      'What the table says by a prefix of at most this length does not count; 0 is the default route.',
    ).exactOptional(),
  }),
  'a rule such as { from: 10.0.1.0/24, table: 100 }',
);

/** On a host, router or gateway. */
export const nodeRoutes = {
  routes: phrased(
    z.array(route).meta({ description: 'Routes besides the default route.' }),
    'a list of routes',
  ).exactOptional(),
  rules: phrased(
    z.array(rule).meta({ description: 'Which routing table is asked for which packets.' }),
    'a list of rules',
  ).exactOptional(),
};

function noTable(written: string): Advice {
  const near = nearest(written, ['main', 'default']);
  const advice = { message: `"${written}" is no routing table`, expected: TABLE };
  return near === undefined ? advice : { ...advice, suggestion: near };
}

function adviseRuleNetwork(written: string): Advice | null {
  const prefix = Prefix.parse(written);
  if (prefix?.length === 0 && prefix.address.isUnspecified) return null; // all
  return adviseDestination(written);
}
