/** The words of OSPF on a router (RFC 2328). */
import { z } from 'zod';
import { type Advice, adviseAddress, adviseDestination } from './addresses.ts';
import { duration, phrased, rate, text, whole } from './schema-parts.ts';

const AREA = 'an area: a number such as 0, or a dotted quad such as 0.0.0.1';
const isArea = (written: string): boolean =>
  /^[0-9]{1,10}$/.test(written) ? Number(written) <= 0xffff_ffff : adviseAddress(written) === null;

const yes = (description: string) => phrased(z.boolean().meta({ description }), 'true or false').exactOptional();
const seconds = (description: string, otherwise: string) =>
  duration(`${description} Whole seconds; default ${otherwise}.`).exactOptional();

const SECRETS = 'none, { password: secret }, or { md5: secret, key: 1 }';
const secret = (most: number, description: string) =>
  text(`1 to ${most} characters`, description, (written): Advice | null => {
    const { length } = new TextEncoder().encode(written);
    if (length >= 1 && length <= most) return null;
    return { message: `a secret of ${length} bytes`, expected: `1 to ${most} of them` };
  });
const authentication = phrased(
  z.union([
    z.literal('none'),
    z.strictObject({ password: secret(8, 'Sent in clear: everybody on the link can read it.') }),
    z.strictObject({
      md5: secret(16, 'Packets carry a digest over themselves and this.'),
      key: whole(0, 255, 'a whole number', 'The number of the key; default 1.').exactOptional(),
    }),
  ]),
  SECRETS,
).exactOptional();

const network = phrased(
  z
    .enum(['broadcast', 'point-to-point'])
    .meta({ description: 'broadcast: with a designated router; point-to-point: two routers and no more.' }),
  'broadcast or point-to-point',
).exactOptional();
const metric = (otherwise: number) =>
  whole(0, 0xff_fffe, 'a whole number', `What it costs; default ${otherwise}.`).exactOptional();
const metricType = phrased(
  z.union([z.literal(1), z.literal(2)]).meta({ description: '1: the way to this router counts, too; default 2.' }),
  '1 or 2',
).exactOptional();

const forAll = {
  hello: seconds('How often it says that it is there.', '10s'),
  dead: seconds('How long a neighbour may be silent.', '4 times hello'),
  network,
  authentication,
};

const member = text(
  "an interface's name such as eth0, or a network such as 10.1.0.0/16",
  'An interface, or those with an address in a network.',
  (written) => (written.includes('/') ? adviseDestination(written) : null),
  ['eth0', '10.1.0.0/16'],
);
const members = phrased(
  z.array(member).meta({ description: 'Its interfaces here, by name or by network.' }),
  'a list of interfaces and networks, such as [eth0, 10.1.0.0/16]',
);
const prefix = text('a network such as 10.1.0.0/16', 'A network.', adviseDestination, ['10.1.0.0/16']);
const range = phrased(
  z.union([prefix, z.strictObject({ prefix, advertise: yes('false: other areas are not told at all.') })]),
  'a network such as 10.1.0.0/16, or { prefix: 10.1.0.0/16, advertise: false }',
);
const area = phrased(
  z.union([
    members,
    z.strictObject({
      interfaces: members.exactOptional(),
      stub: phrased(
        z.union([z.boolean(), z.literal('no-summary')]).meta({
          description: 'true: without routes from elsewhere; no-summary: without those of other areas, too.',
        }),
        'true, false or no-summary',
      ).exactOptional(),
      defaultCost: whole(
        0,
        0xff_fffe,
        'a whole number',
        'Of the default route of a stub area; default 1.',
      ).exactOptional(),
      ranges: phrased(
        z.array(range).meta({ description: 'Networks that other areas are told of as one.' }),
        'a list of networks',
      ).exactOptional(),
    }),
  ]),
  'a list of interfaces, such as [eth0], or the words interfaces, stub, defaultCost, ranges',
);

const areaNumber = phrased(
  z.union([z.number().int().min(0).max(0xffff_ffff), z.string().refine(isArea)]).meta({ description: 'Its area.' }),
  AREA,
);
const interfaceWords = phrased(
  z.strictObject({
    area: areaNumber.exactOptional(),
    cost: whole(1, 0xffff, 'a whole number', 'What it costs to send there; default: by the rate.').exactOptional(),
    priority: whole(0, 255, 'a whole number', '0: never the designated router; default 1.').exactOptional(),
    ...forAll,
    retransmit: seconds('When what is not acknowledged is sent again.', '5s'),
    transmitDelay: seconds('How much older an advertisement is on the other side.', '1s'),
    passive: yes('Others are told of the network, and nobody is spoken with there.'),
    mtuIgnore: yes('Also with neighbours that send larger packets.'),
  }),
  'words such as { cost: 10, priority: 0 }',
);

const ORIGINS = ['connected', 'static', 'rip', 'dhcp'] as const;
const origin = phrased(z.enum(ORIGINS).meta({ description: 'Which routes.' }), `one of ${ORIGINS.join(', ')}`);
const redistribution = phrased(
  z.union([
    origin,
    z.strictObject({
      from: origin,
      metric: metric(20),
      type: metricType,
      tag: whole(0, 0xffff_ffff, 'a whole number', 'Carried along.').exactOptional(),
    }),
  ]),
  `one of ${ORIGINS.join(', ')}, or words such as { from: static, metric: 50, type: 1 }`,
);

export const ospf = z
  .strictObject({
    routerId: text('a dotted quad such as 10.0.0.1', 'Names the router; default: its highest address.', adviseAddress, [
      '10.0.0.1',
    ]).exactOptional(),
    areas: phrased(
      z
        .record(phrased(z.string().refine(isArea, { message: `no area` }), AREA), area)
        .meta({ description: 'Areas and their interfaces here; default: all interfaces are in area 0.' }),
      'areas and their interfaces, such as { 0: [eth0], 1: [eth1] }',
    ).exactOptional(),
    interfaces: phrased(
      z.record(z.string(), interfaceWords).meta({ description: 'By name: what differs.' }),
      'interfaces and what differs there, such as { eth0: { cost: 10 } }',
    ).exactOptional(),
    ...forAll,
    passive: phrased(
      z.union([z.boolean(), z.array(phrased(z.string(), "an interface's name, such as eth0"))]).meta({
        description: 'Interfaces on which nobody is spoken with; true: all that say no other.',
      }),
      'a list of interfaces, or true',
    ).exactOptional(),
    redistribute: phrased(
      z.array(redistribution).meta({ description: 'Routes from elsewhere that others are told of.' }),
      'a list such as [connected, static]',
    ).exactOptional(),
    defaultRoute: phrased(
      z
        .union([
          z.boolean(),
          z.strictObject({ always: yes('Even when it has none itself.'), metric: metric(10), type: metricType }),
        ])
        .meta({ description: 'Tells others of its default route.' }),
      'true, or words such as { always: true, metric: 10 }',
    ).exactOptional(),
    referenceBandwidth: rate('The rate that costs 1; default 100Mbit.').exactOptional(),
    maxMetric: yes('Others go through it only if there is no other way (RFC 6987).'),
  })
  .meta({ description: 'OSPFv2.' });
