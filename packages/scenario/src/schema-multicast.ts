/** The words of multicast routing, and those of an interface that concern IPv4 alone. */
import { z } from 'zod';
import { adviseGroup, adviseSource, GROUP, SOURCE } from './advise-multicast.ts';
import { duration, phrased, text, whole } from './schema-parts.ts';

const yes = (description: string) => phrased(z.boolean().meta({ description }), 'true or false').exactOptional();
const device = (description: string) => phrased(z.string().meta({ description }), "an interface's name, such as eth0");
const devices = (description: string) =>
  phrased(z.array(device('An interface of this node.')).meta({ description }), 'a list of interfaces, such as [eth1]');

/** On an interface. */
export const interfaceIpv4 = {
  conflictDetection: yes('IPv4 addresses are used when nobody else there has them (RFC 5227); default false.'),
  directedBroadcast: yes('A router sends on what others send to everybody on this link (RFC 2644); default false.'),
};

const route = phrased(
  z.strictObject({
    group: text(GROUP, 'A group, or a network of groups.', adviseGroup, ['239.1.2.3', '239.1.0.0/16']),
    source: text(SOURCE, 'Only of this source; absent: of all.', adviseSource, ['10.0.1.0/24']).exactOptional(),
    from: device('Where its packets come in.'),
    to: phrased(
      z.union([device('Where they leave.'), devices('Where they leave.')]),
      "an interface's name, or a list of them",
    ),
  }),
  'a route such as { group: 239.1.2.3, from: eth0, to: [eth1] }',
);

/** On a host or router. */
export const nodeMulticast = {
  multicast: phrased(
    z
      .strictObject({
        upstream: device(
          'The interface towards the sources: what is wanted downstream is joined there.',
        ).exactOptional(),
        downstream: devices('Interfaces whose hosts are asked by IGMP which groups they want.').exactOptional(),
        routes: phrased(
          z.array(route).meta({ description: 'What goes where, whoever wants it.' }),
          'a list of routes',
        ).exactOptional(),
        ttl: phrased(
          z
            .record(z.string(), whole(1, 255, 'a whole number', 'The time to live.'))
            .meta({ description: 'By interface: only packets with a greater time to live leave there; default 1.' }),
          'interfaces and the least time to live of each, such as { eth1: 16 }',
        ).exactOptional(),
        queryInterval: duration('How often hosts are asked; default 125s.').exactOptional(),
      })
      .meta({ description: 'Routes packets to groups: an IGMP proxy (RFC 4605), a table, or both.' }),
    'words such as { upstream: eth0, downstream: [eth1] }',
  ).exactOptional(),
  redirects: yes('false: neither sends ICMP redirects nor follows them; default true.'),
};

/** On a switch. */
export const switchSnooping = {
  snooping: yes(
    'Packets to groups go only where somebody wants them: IGMP and MLD snooping (RFC 4541); default false.',
  ),
};
