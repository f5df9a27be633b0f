/** The words of firewalls and of address translation. What stands in a rule is read by `check-firewall.ts`. */
import { z } from 'zod';
import { phrased } from './schema-parts.ts';

const policy = (description: string) =>
  phrased(z.enum(['allow', 'deny', 'reject']).meta({ description }), 'allow, deny or reject').exactOptional();

const RULE = 'a rule such as "allow tcp from 10.0.1.0/24 to web port 80,443"';
const rule = phrased(z.string().meta({ description: 'A rule.', examples: ['allow established'] }), RULE);
const MEMBER = 'an address, a network, or the name of a node';
const member = phrased(z.string().meta({ description: 'An address, a network, a node or another set.' }), MEMBER);
const NAT = 'a translation such as "masquerade out eth1" or "forward tcp port 8080 to web:80"';
const translation = phrased(
  z.string().meta({
    description: 'Which addresses take the place of others.',
    examples: ['masquerade out eth1', 'forward tcp port 8080 to web:80'],
  }),
  NAT,
);

/** On a host or router. */
export const nodeFirewall = {
  firewall: phrased(
    z
      .strictObject({
        input: policy('What happens to packets for this node that no rule decides; default allow.'),
        forward: policy('To packets that it would pass on; default allow.'),
        output: policy('To packets that it sends itself; default allow.'),
        sets: phrased(
          z
            .record(z.string(), z.union([member, phrased(z.array(member), 'a list of addresses')]))
            .meta({ description: 'Names for addresses and networks, to be used in rules.' }),
          'names and what they stand for, such as { lan: 10.0.1.0/24 }',
        ).exactOptional(),
        rules: phrased(
          z.array(rule).meta({ description: 'In order: the first that matches decides.' }),
          'a list of rules',
        ).exactOptional(),
      })
      .meta({ description: 'A stateful packet filter.' }),
    'words such as { forward: deny, rules: [allow established] }',
  ).exactOptional(),
  nat: phrased(
    z.union([translation, phrased(z.array(translation), 'a list of translations')]).meta({
      description: 'Address translation.',
    }),
    'a list of translations such as [masquerade out eth1]',
  ).exactOptional(),
};
