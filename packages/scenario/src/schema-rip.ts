/** The words of RIP on a router (RFC 2453). */
import { z } from 'zod';
import type { Advice } from './addresses.ts';
import { duration, phrased, text, whole } from './schema-parts.ts';

const ORIGINS = ['connected', 'static', 'ospf', 'dhcp'] as const;
const HORIZONS = ['poison', 'simple', 'off'] as const;
const SECRET_LENGTH = 16;

const secret = (description: string) =>
  text(`1 to ${SECRET_LENGTH} characters`, description, (written): Advice | null => {
    if (written.length >= 1 && written.length <= SECRET_LENGTH && !/[^ -~]/.test(written)) return null;
    return {
      message: 'this is no secret of RIP',
      expected: `1 to ${SECRET_LENGTH} letters, digits and signs of ASCII`,
    };
  });
const authentication = phrased(
  z.union([
    z.literal('none'),
    z.strictObject({ password: secret('Sent in clear: everybody on the link can read it.') }),
    z.strictObject({
      md5: secret('Messages carry a digest over themselves and this (RFC 4822).'),
      key: whole(0, 255, 'a whole number', 'The number of the key; default 1.').exactOptional(),
    }),
  ]),
  'none, { password: secret }, or { md5: secret, key: 1 }',
).exactOptional();
const metric = whole(1, 15, 'a whole number of hops', 'How far away it is told to be; default 1.').exactOptional();
const passive = 'Listens and is told of, but does not speak.';

const onInterface = phrased(
  z.union([
    z.literal('off'),
    z.strictObject({
      passive: phrased(z.boolean().meta({ description: passive }), 'true or false').exactOptional(),
      cost: whole(1, 15, 'a whole number of hops', 'What a hop by this interface counts; default 1.').exactOptional(),
      splitHorizon: phrased(
        z.enum(HORIZONS).meta({
          description:
            'How routes are told of where they came from: as unreachable (poison, the default), not at all, or as ever.',
        }),
        `one of ${HORIZONS.join(', ')}`,
      ).exactOptional(),
      authentication,
    }),
  ]),
  'off, or words such as { cost: 2 }',
);

const origin = phrased(z.enum(ORIGINS).meta({ description: 'Which routes.' }), `one of ${ORIGINS.join(', ')}`);

export const rip = z.strictObject({
  interfaces: phrased(
    z
      .record(z.string(), onInterface)
      .meta({ description: 'By name: what differs there; off: RIP is not spoken there.' }),
    'names of interfaces and what differs there, such as { eth0: { cost: 2 }, eth1: off }',
  ).exactOptional(),
  passive: phrased(
    z.union([z.boolean(), z.array(phrased(z.string(), "an interface's name"))]).meta({ description: passive }),
    'true, or a list of interfaces',
  ).exactOptional(),
  redistribute: phrased(
    z
      .array(
        phrased(
          z.union([
            origin,
            z.strictObject({
              from: origin,
              metric,
              tag: whole(0, 0xffff, 'a whole number', 'The route tag; default 0.').exactOptional(),
            }),
          ]),
          `one of ${ORIGINS.join(', ')}, or words such as { from: static, metric: 3 }`,
        ),
      )
      .meta({ description: 'Routes from elsewhere that others are told of.' }),
    'a list such as [static]',
  ).exactOptional(),
  defaultRoute: phrased(
    z
      .union([
        z.boolean(),
        z.strictObject({
          always: phrased(
            z.boolean().meta({ description: 'Even while it has none.' }),
            'true or false',
          ).exactOptional(),
          metric,
        }),
      ])
      .meta({ description: 'Tells all others that it has a default route, as long as it has one.' }),
    'true, or words such as { always: true }',
  ).exactOptional(),
  update: duration('Between two updates, give or take a sixth; 1s to 1h; default 30s.').exactOptional(),
  timeout: duration('A route that nobody told of for so long is dead; default 6 times update.').exactOptional(),
  garbage: duration('For so long others are told that it is dead; default 4 times update.').exactOptional(),
  ways: whole(1, 16, 'a whole number', 'Equally good ways that are used together; default 1.').exactOptional(),
  authentication,
});
