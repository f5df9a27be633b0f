/** The routing protocols of a router. */
import { z } from 'zod';
import { ospf } from './schema-ospf.ts';
import { phrased } from './schema-parts.ts';
import { rip } from './schema-rip.ts';

const PROTOCOLS = ['ospf', 'rip'] as const;
const protocol = phrased(z.enum(PROTOCOLS).meta({ description: 'A routing protocol.' }), PROTOCOLS.join(' or '));

/** On a host or router. */
export const nodeRouting = {
  routing: phrased(
    z
      .union([
        protocol,
        z.array(protocol),
        z.strictObject({
          ospf: phrased(z.union([ospf, z.null()]), 'words of OSPF, such as { areas: { 0: [eth0] } }').exactOptional(),
          rip: phrased(z.union([rip, z.null()]), 'words of RIP, such as { redistribute: [static] }').exactOptional(),
        }),
      ])
      .meta({ description: 'Routing protocols that it speaks, by name; with words behind the name for more.' }),
    `${PROTOCOLS.join(' or ')}, a list of them, or words such as { ospf: { areas: { 0: [eth0], 1: [eth1] } } }`,
  ).exactOptional(),
};
