/**
 * The form of a scenario file: its words, and what may stand behind each. What concerns one value is decided here;
 * what concerns several (does that node exist?) is decided in the checks.
 *
 * The JSON Schema that editors read (`schema/scenario.schema.json`) is made from this.
 */
import { LIMITS } from '@netarium/stack/base/limits';
import { z } from 'zod';
import { type Advice, adviseInterfaceAddress, adviseMac } from './addresses.ts';
import { adviseEitherAddress } from './either-address.ts';
import { quoted } from './problem.ts';
import { nodeFirewall } from './schema-firewall.ts';
import { interfaceAdvertise, interfaceIpv6, networkIpv6, nodeIpv6 } from './schema-ipv6.ts';
import { interfaceIpv4, nodeMulticast, switchSnooping } from './schema-multicast.ts';
import { interfaceDhcp, namesOfNode, networkDns } from './schema-names.ts';
import { outsideWords, wires } from './schema-outside.ts';
import { duration, notEmpty, phrased, phrases, rate, ratio, text, whole } from './schema-parts.ts';
import { nodeRoutes } from './schema-routes.ts';
import { nodeRouting } from './schema-routing.ts';

export { phrases, size } from './schema-parts.ts';

/** RFC 1123 2.1: letters, digits and hyphens, no hyphen at either end, at most 63. */
export const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
export const LABEL_EXPECTED = 'letters, digits and hyphens, at most 63 of them, no hyphen at either end';
/** As on Linux: at most 15 characters. */
export const INTERFACE_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,14}$/;
export const INTERFACE_NAME_EXPECTED = 'a letter, then letters, digits, ".", "_" or "-", 15 at most, such as eth0';

export const KINDS = ['host', 'router', 'gateway', 'switch', 'hub'] as const;
/** Ports of one switch or hub, and nodes of one network. */
export const MAX_PORTS = LIMITS.devicePorts;
export const MAX_NODES = 100_000;

const label = (description: string) => phrased(z.string().regex(LABEL).meta({ description }), LABEL_EXPECTED);

const interfaceAddress = text(
  'an address and its prefix length, such as 10.0.1.10/24, dhcp or link-local',
  'Address and prefix length; dhcp: asked for; link-local: of its own choice.',
  adviseInterfaceAddress,
  ['10.0.1.10/24'],
);

const interfaceWords = z.strictObject({
  address: z
    .union([interfaceAddress, phrased(z.array(interfaceAddress), 'a list of addresses')])
    .register(phrases, { expected: 'an address and its prefix length, such as 10.0.1.10/24, or a list of them' })
    .exactOptional(),
  mac: text(
    'a MAC address such as 02:00:00:00:00:01',
    'Hardware address; absent: the network assigns one.',
    adviseMac,
    ['02:00:00:00:00:01'],
  ).exactOptional(),
  mtu: whole(68, 65_535, 'a whole number of bytes', 'Largest IP packet in bytes; default 1500.').exactOptional(),
  dhcp: interfaceDhcp,
  ...interfaceIpv4,
  ipv6: interfaceIpv6,
  advertise: interfaceAdvertise,
});

const interfaceEntry = z
  .union([interfaceAddress, interfaceWords, z.null().transform((): z.output<typeof interfaceWords> => ({}))])
  .register(phrases, {
    expected: 'an address such as 10.0.1.10/24, or the words address, mac, mtu, dhcp, ipv6, advertise',
  });

const gateway = text(
  'an address such as 10.0.1.1',
  "Next hop of the default route: a router's address.",
  adviseEitherAddress,
  ['10.0.1.1'],
);

const addressed = {
  interfaces: z
    .record(phrased(z.string().regex(INTERFACE_NAME), INTERFACE_NAME_EXPECTED), interfaceEntry)
    .meta({
      description:
        'Interfaces by name: eth0, eth1, ... Behind each its address, or the words address, mac, mtu, dhcp, ipv6, advertise.',
    })
    .register(phrases, { expected: 'names of interfaces with their addresses, such as { eth0: 10.0.1.10/24 }' })
    .exactOptional(),
  gateway: z
    .union([gateway, phrased(z.array(gateway), 'a list of addresses')])
    .register(phrases, { expected: "a router's address such as 10.0.1.1; of both families [10.0.1.1, 2001:db8:1::1]" })
    .exactOptional(),
  ...nodeRoutes,
  aliases: phrased(
    z.array(label('Another name for this node.')).meta({ description: 'More names for this node, besides its own.' }),
    'a list of names',
  ).exactOptional(),
  ipv6: nodeIpv6,
  ...nodeMulticast,
  ...nodeRouting,
  ...nodeFirewall,
  ...namesOfNode,
};
/** A gateway's default route leads outside by itself. */
const { gateway: _outside, ...withoutGateway } = addressed;
const ports = whole(
  1,
  MAX_PORTS,
  'a whole number',
  'Number of ports, named 1 to N; absent: as many as links name.',
).exactOptional();

const node = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('host'), ...addressed }),
    z.strictObject({ kind: z.literal('router'), ...addressed }),
    z.strictObject({ kind: z.literal('gateway'), ...withoutGateway, outside: outsideWords }),
    z.strictObject({
      kind: z.literal('switch'),
      ports,
      ageing: duration('How long a learnt address is kept; default 300s.').exactOptional(),
      ...switchSnooping,
    }),
    z.strictObject({ kind: z.literal('hub'), ports }),
  ])
  .register(phrases, { expected: 'words that begin with its kind, such as { kind: host }' });

const impairments = {
  loss: ratio('Frames lost, each on its own.').exactOptional(),
  burst: phrased(
    z
      .strictObject({
        enter: ratio('Probability, each frame, to go from the good state to the bad one.'),
        leave: ratio('Probability, each frame, to go back.'),
        loss: ratio('Loss in the bad state; default 100%.').exactOptional(),
      })
      .meta({ description: 'Loss in bursts (Gilbert-Elliott).' }),
    'the words enter, leave and perhaps loss, such as { enter: 1%, leave: 25% }',
  ).exactOptional(),
  bitErrors: ratio(
    'Probability that any one bit is flipped on the wire; the frame check sequence finds it.',
  ).exactOptional(),
  corruption: ratio(
    'Probability that one bit of a frame is flipped where no frame check sequence sees it.',
  ).exactOptional(),
  duplication: ratio('Frames that arrive twice.').exactOptional(),
  reordering: ratio('Frames held back by reorderingDelay, so that later ones overtake them.').exactOptional(),
  reorderingDelay: duration("Default: 3 times the link's delay, at least 1ms.").exactOptional(),
  jitter: duration('Extra delay between 0 and this, uniform.').exactOptional(),
};
const direction = {
  ...impairments,
  rate: rate('Default 1Gbit.').exactOptional(),
  delay: duration('Propagation, one way; default 5us, which is 1 km of cable.').exactOptional(),
  queue: whole(
    0,
    1_000_000,
    'a whole number of frames',
    'Frames that may wait for the line; default 1000.',
  ).exactOptional(),
};
const oneWay = (description: string) =>
  phrased(
    z.strictObject(direction).meta({ description }),
    'words of a link, such as { rate: 10Mbit, delay: 10ms }',
  ).exactOptional();

const endpoint = phrased(
  z.string().meta({
    description: 'node:interface or switch:port; a bare name takes the next free one.',
    examples: ['alice:eth0', 'sw1:1'],
  }),
  'a node and its interface or port, such as alice:eth0 or sw1:1',
);
const link = phrased(
  z.strictObject({
    endpoints: phrased(
      z.tuple([endpoint, endpoint]).meta({ description: 'What the link joins.' }),
      'two endpoints, such as [alice:eth0, sw1:1]',
    ),
    name: text(
      'a name',
      'A name of its own; default alice:eth0-sw1:1.',
      notEmpty('a name', 'a name such as uplink'),
    ).exactOptional(),
    ...direction,
    forward: oneWay('From the first endpoint to the second: what differs.'),
    backward: oneWay('From the second endpoint to the first: what differs.'),
  }),
  'a link such as { endpoints: [alice:eth0, sw1:1] }',
);

const nodeName = (description: string) => phrased(z.string().meta({ description }), "a node's name");

const service = phrased(
  z.strictObject({
    node: nodeName('The host or router that runs it.'),
    run: text(
      'a command line such as "httpd /srv"',
      'The command line: a program and its arguments.',
      notEmpty('a command line', 'a program and its arguments, such as "httpd /srv"'),
      ['httpd /srv'],
    ),
    at: duration('When it starts; default 0.').exactOptional(),
  }),
  'a service such as { node: web, run: "httpd /srv" }',
);

const files = phrased(
  z.strictObject({
    node: nodeName('The host or router that gets them.'),
    path: text('a directory in the node such as /srv', 'The directory in the node, from its root.', advisePath, [
      '/srv',
    ]),
    from: text(
      'a directory beside the scenario, such as ./site',
      'A directory of the real machine, relative to the scenario file.',
      notEmpty('a directory', 'a directory such as ./site'),
      ['./site'],
    ),
  }),
  'files such as { node: web, path: /srv, from: ./site }',
);

const fault = phrased(
  z.strictObject({
    at: duration('When it breaks.'),
    for: duration('How long; absent: for good.').exactOptional(),
    link: phrased(
      z.string().meta({ description: "A link's name, or one of its endpoints." }),
      "a link's name, or one of its endpoints",
    ),
    down: phrased(z.boolean().meta({ description: 'true unplugs the link.' }), 'true or false').exactOptional(),
    set: oneWay('New properties of the link while the fault lasts.'),
  }),
  'a fault such as { at: 10s, for: 5s, link: uplink, down: true }',
);

export const scenarioSchema = phrased(
  z
    .strictObject({
      title: phrased(z.string().meta({ description: 'A sentence for people.' }), 'a text').exactOptional(),
      seed: phrased(
        z.union([z.number().int().min(0), z.string()]).meta({ description: 'Seeds every random stream; default 1.' }),
        'a whole number from 0, or a text',
      ).exactOptional(),
      nodes: phrased(
        z.record(label("The node's name."), node).meta({ description: 'The machines, by name.' }),
        'names of nodes, and what each is, such as { alice: { kind: host } }',
      ),
      ipv6: networkIpv6,
      dns: networkDns,
      links: phrased(z.array(link).meta({ description: 'The cables.' }), 'a list of links').exactOptional(),
      services: phrased(
        z.array(service).meta({ description: 'Programs that run from the start.' }),
        'a list of services',
      ).exactOptional(),
      files: phrased(
        z.array(files).meta({ description: 'Files that nodes start with.' }),
        'a list of files',
      ).exactOptional(),
      faults: phrased(
        z.array(fault).meta({ description: 'What breaks, and when.' }),
        'a list of faults',
      ).exactOptional(),
      wires,
    })
    .meta({ title: 'netarium scenario', description: 'A network: its nodes, links, services, files and faults.' }),
  'the words of a scenario: title, seed, nodes, ipv6, dns, links, services, files, faults, wires',
);

/** JSON Schema (draft 2020-12) of the file, for editors. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-2020-12' });
}

function advisePath(path: string): Advice | null {
  const expected = 'a directory in the node, from its root, such as /srv';
  if (path.startsWith('/')) return null;
  return { message: `${quoted(path)} does not begin with /`, expected, suggestion: `/${path.replace(/^\.?\/*/, '')}` };
}
