/** The words of DHCP and DNS, on interfaces, on nodes, and for the whole network. */
import { z } from 'zod';
import { adviseAddress, adviseDestination } from './addresses.ts';
import {
  adviseDomain,
  adviseNetwork,
  advisePool,
  adviseServer,
  DOMAIN,
  NETWORK,
  POOL,
  parseLease,
  SERVER,
} from './advise-names.ts';
import { notEmpty, phrased, quantity, text, whole } from './schema-parts.ts';

const yes = (description: string) => phrased(z.boolean().meta({ description }), 'true or false').exactOptional();

function someOf<T extends z.ZodType>(one: T, expected: string, description: string) {
  return phrased(z.union([one, phrased(z.array(one), 'a list')]).meta({ description }), expected).exactOptional();
}

const server = text(SERVER, 'The address of a server.', adviseServer, ['10.0.1.53']);
const router = text('an IPv4 address such as 10.0.1.1', 'The address of a router.', adviseAddress, ['10.0.1.1']);
const domain = text(DOMAIN, 'A domain.', adviseDomain, ['campus.test']);
const domains = (description: string) =>
  phrased(z.array(domain).meta({ description }), 'a list of domains, such as [campus.test]').exactOptional();

const pool = {
  pool: someOf(
    text(POOL, 'Addresses to give.', advisePool, ['10.0.1.100-10.0.1.199']),
    POOL,
    'Addresses to give; absent: all.',
  ),
  router: someOf(
    router,
    'an IPv4 address such as 10.0.1.1',
    "The clients' router; absent: the server, if it forwards.",
  ),
  dns: someOf(server, SERVER, "The clients' name servers; absent: those of the network's dns."),
  domain: text(DOMAIN, "The clients' domain; absent: that of the network's dns.", adviseDomain).exactOptional(),
  search: domains('Domains in which clients look for short names (option 119).'),
  ntp: someOf(server, SERVER, 'Time servers.'),
  mtu: whole(68, 65_535, 'a whole number of bytes', "The clients' MTU.").exactOptional(),
  lease: quantity(
    parseLease,
    'a duration such as 12h, or infinite',
    'How long an address is given: a duration, a number of seconds, or infinite; default 24h.',
    ['12h', 'infinite'],
  ).exactOptional(),
  reservations: phrased(
    z
      .record(
        z.string().meta({ description: 'A node, or a MAC address.' }),
        text('an IPv4 address such as 10.0.1.9', 'The address that is its own.', adviseAddress),
      )
      .meta({ description: 'Addresses that belong to one client for ever.' }),
    'nodes or MAC addresses, and the address of each, such as { printer: 10.0.1.9 }',
  ).exactOptional(),
  routes: phrased(
    z
      .array(
        phrased(
          z.strictObject({
            to: text('a network such as 10.9.0.0/16', 'Where the route leads.', adviseDestination),
            via: text('an IPv4 address such as 10.0.1.2', 'The next hop.', adviseAddress),
          }),
          'a route such as { to: 10.9.0.0/16, via: 10.0.1.2 }',
        ),
      )
      .meta({ description: 'Routes besides the default route (option 121).' }),
    'a list of routes',
  ).exactOptional(),
  bootp: yes('BOOTP clients get addresses, too, and keep them.'),
};

const POOL_WORDS = 'true, or words such as { pool: 10.0.1.100-10.0.1.199, lease: 12h }';

/** `dhcp:` on an interface. */
export const interfaceDhcp = phrased(
  z
    .union([
      z.literal(true),
      z.strictObject({
        ...pool,
        relay: someOf(server, SERVER, 'Servers elsewhere, to which clients are relayed.'),
        networks: phrased(
          z.array(
            phrased(
              z.strictObject({ network: text(NETWORK, 'The network behind a relay.', adviseNetwork), ...pool }),
              'words such as { network: 10.0.2.0/24, pool: 10.0.2.100-10.0.2.199 }',
            ),
          ),
          'a list of networks behind relays',
        ).exactOptional(),
        probe: yes('An address is pinged before it is offered.'),
      }),
    ])
    .meta({ description: 'Gives addresses to hosts there, or relays them to who does.' }),
  POOL_WORDS,
).exactOptional();

/** Words of a host or router. */
export const namesOfNode = {
  nameServers: phrased(
    z.array(server).meta({ description: "Whom this host asks for names; absent: the network's dns." }),
    'a list of addresses, such as [10.0.1.53]',
  ).exactOptional(),
  search: domains('Domains in which this host looks for short names.'),
  dns: phrased(
    z
      .union([
        z.literal(true),
        z.strictObject({
          zones: phrased(
            z
              .record(
                z.string(),
                text(
                  'the path of a master file in the node, or its text',
                  'The path of a master file in the node, or its text.',
                  notEmpty('a zone', 'the path of a master file in the node, or its text'),
                ),
              )
              .meta({ description: 'Zones by origin ("example.test", "."): the path of a master file, or its text.' }),
            'origins and master files, such as { example.test: /etc/example.zone }',
          ).exactOptional(),
          root: yes('Serves the root, with delegations to all zones of the network.'),
          recursive: yes("Finds names for others, beginning at the network's root."),
          clients: phrased(
            z
              .array(text(NETWORK, 'A network of clients.', adviseNetwork))
              .meta({ description: 'For whom it does so.' }),
            'a list of networks, such as [10.0.0.0/8]',
          ).exactOptional(),
          rate: whole(
            1,
            1_000_000,
            'a whole number',
            'Answers of one kind to one network of clients in a second, at most; absent: no limit.',
          ).exactOptional(),
        }),
      ])
      .meta({ description: "true: serves the network's names; or the zones that it serves." }),
    'true, or words such as { zones: { example.test: /etc/example.zone } } or { recursive: true }',
  ).exactOptional(),
};

const nodes = (description: string) =>
  someOf(phrased(z.string(), "a node's name"), "a node's name, such as ns1", description);

/** `dns:` of the whole network. */
export const networkDns = phrased(
  z
    .strictObject({
      server: nodes("Who serves the nodes' names, and the reverse zones with them."),
      domain: text(DOMAIN, 'The domain of the nodes; default lab.test.', adviseDomain, ['campus.test']).exactOptional(),
      resolver: nodes('Whom the hosts ask, and who finds all names from the root on; absent: the servers.'),
    })
    .meta({ description: "The nodes' names in the DNS." }),
  'words such as { server: ns1, domain: campus.test }',
).exactOptional();
