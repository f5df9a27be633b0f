/** The words of what leads out of the network: wires, and what a gateway lets through. */
import { IpAddress } from '@netarium/stack/base/ip-address';
import { Prefix } from '@netarium/stack/base/prefix';
import {
  isPath,
  parseOutsideAddress,
  parsePortForwardWords,
  parsePortRange,
} from '@netarium/stack/network/outside-words';
import { z } from 'zod';
import type { Advice } from './addresses.ts';
import { quoted } from './problem.ts';
import { notEmpty, phrased, text, whole } from './schema-parts.ts';

const PEER = 'an address and its port, such as 192.0.2.2:5000 or "[2001:db8::2]:5000"';
const LOCAL = 'an address, a port or both, such as 192.0.2.1:5000 or "5000"';
const REMOTE = 'an address, perhaps with a port, such as 192.0.2.2';
const SOCKET = 'a path such as /tmp/net.sock, or an address with a port, such as 127.0.0.1:5000 or "5000"';
const LISTEN = 'a port, perhaps with an address, such as "8080" or 127.0.0.1:8080';
const URL_EXPECTED = 'an address such as ws://127.0.0.1:8080/';
const DEVICE = "an interface's name, such as tap0";
const RULE_TARGET = 'an address, a prefix such as 192.0.2.0/24, or any';
const PORTS = 'a port such as 80, a range such as 8000-8080, or a list of such';
const FORWARD = 'a port forward such as 8080:web:80 or 127.0.0.1:5353:dns:53/udp';
const RESOLVER = 'system, none, or an address, perhaps with a port';
/** 24 bits (RFC 7348 5). */
const MAX_VNI = 0xff_ffff;

const peer = text(PEER, 'Where frames go.', (value) => adviseOutside(value, true, true, PEER), ['192.0.2.2:5000']);
const local = text(LOCAL, 'Where to listen; default: everywhere, a port that is free.', (value) =>
  adviseOutside(value, false, false, LOCAL),
).exactOptional();
const tunnel = { remote: peer, local };

const device = text(DEVICE, 'The interface of the real machine; it is made if it is not there.', (name) =>
  /^[!-.0-9;-~]{1,15}$/.test(name) && name !== '.' && name !== '..'
    ? null
    : {
        message: `${quoted(name)} cannot be an interface's name`,
        expected: 'at most 15 characters, no space, "/" or ":"',
      },
);
const namespace = text(
  'a path such as /run/netns/lab',
  'The network namespace in which the interface is.',
  notEmpty('a path', 'a path such as /run/netns/lab'),
).exactOptional();
const truth = (description: string) => phrased(z.boolean().meta({ description }), 'true or false').exactOptional();

/** A name or path alone, or the words. */
const short = <T extends z.ZodType, W extends z.ZodObject>(one: T, words: W, expected: string, description: string) =>
  phrased(z.union([one, words]).meta({ description }), expected).exactOptional();

const socket = text(SOCKET, 'A Unix socket, or a TCP address.', (value) =>
  isPath(value) ? null : adviseOutside(value, false, true, SOCKET),
).exactOptional();

const wire = phrased(
  z.strictObject({
    at: phrased(
      z.string().meta({
        description: 'node:interface or switch:port; a bare name takes the next free one.',
        examples: ['web:eth0', 'sw1'],
      }),
      'a node and its interface or port, such as web:eth0 or sw1',
    ),
    tap: short(
      device,
      z.strictObject({
        device,
        offload: truth('Checksums and segments are left to the kernel; default true.'),
        namespace,
        replug: truth('The wire comes up again with its interface; default true.'),
      }),
      'an interface such as tap0, or the words device, offload, namespace, replug',
      'A TAP interface of the real machine (Linux).',
    ),
    tun: short(
      device,
      z.strictObject({ device, namespace }),
      'an interface such as tun0, or the words device, namespace',
      'A TUN interface of the real machine (Linux): IP packets without Ethernet.',
    ),
    udp: phrased(
      z.strictObject(tunnel).meta({ description: 'Frames in UDP, to another netarium.' }),
      'words such as { remote: 192.0.2.2:5000, local: "5000" }',
    ).exactOptional(),
    vxlan: phrased(
      z
        .strictObject({
          vni: whole(0, MAX_VNI, 'a whole number', 'The network identifier.'),
          remote: text(REMOTE, 'The other end; port 4789 unless it says another.', (value) =>
            adviseOutside(value, true, false, REMOTE),
          ),
          local,
          vlan: truth('Frames keep their inner VLAN tags; default false.'),
        })
        .meta({ description: "VXLAN (RFC 7348): the kernel's, Open vSwitch's, another netarium's." }),
      'words such as { vni: 42, remote: 192.0.2.2 }',
    ).exactOptional(),
    stream: phrased(
      z
        .strictObject({ listen: socket, connect: socket })
        .meta({ description: "QEMU's -netdev stream: listens, or connects." }),
      'where it listens or connects, such as { listen: /tmp/net.sock }',
    ).exactOptional(),
    dgram: phrased(
      z.strictObject(tunnel).meta({ description: "QEMU's -netdev dgram, to a peer or a multicast group." }),
      'words such as { remote: 127.0.0.1:5001, local: 127.0.0.1:5002 }',
    ).exactOptional(),
    websocket: phrased(
      z
        .strictObject({
          listen: text(LISTEN, 'Where browsers connect to; loopback unless it says an address.', (value) =>
            adviseOutside(value, false, true, LISTEN),
          ).exactOptional(),
          connect: text(URL_EXPECTED, 'The relay to connect to.', (value) =>
            /^wss?:\/\/[^\s/]+/.test(value)
              ? null
              : { message: `${quoted(value)} does not begin with ws:// or wss://`, expected: URL_EXPECTED },
          ).exactOptional(),
          path: text('a path such as /net', 'The path that is listened at; default: any.', (value) =>
            value.startsWith('/')
              ? null
              : { message: `${quoted(value)} does not begin with /`, expected: 'a path such as /net' },
          ).exactOptional(),
          origins: phrased(
            z.array(z.string()).meta({ description: 'Whose pages may connect; default: those of this machine.' }),
            'a list such as ["https://copy.sh"]',
          ).exactOptional(),
        })
        .meta({ description: 'Frames in WebSocket messages, as browser VMs send them.' }),
      'where it listens or connects, such as { listen: "8080" }',
    ).exactOptional(),
    replay: short(
      text(
        'a capture file such as ./trace.pcapng',
        'The file.',
        notEmpty('a file', 'a capture file such as ./trace.pcapng'),
      ),
      z.strictObject({
        file: text(
          'a capture file such as ./trace.pcapng',
          'A pcap or pcapng file, relative to the scenario file.',
          notEmpty('a file', 'a capture file such as ./trace.pcapng'),
        ),
        interface: whole(
          0,
          0xffff_ffff,
          'a whole number',
          'Of several interfaces in the file the one with this number.',
        ).exactOptional(),
        speed: phrased(
          z.number().positive().meta({ description: 'Twice as fast with 2; default 1.' }),
          'a number above 0',
        ).exactOptional(),
      }),
      'a capture file such as ./trace.pcapng, or the words file, interface, speed',
      'A capture file whose frames come in at their times.',
    ),
  }),
  'a wire such as { at: web:eth0, tap: tap0 }',
);

export const wires = phrased(
  z.array(wire).meta({ description: 'Links that lead out of the network.' }),
  'a list of wires',
).exactOptional();

const target = (description: string) =>
  text(RULE_TARGET, description, adviseTarget, ['192.0.2.0/24', 'any']).exactOptional();
const onePort = z.union([z.number().int().min(1).max(65_535), text(PORTS, 'A port, or a range.', advisePorts)]);

const rule = phrased(
  z.strictObject({
    allow: target('Real addresses that may be reached.'),
    deny: target('Real addresses that may not be reached.'),
    protocol: phrased(
      z.enum(['tcp', 'udp', 'icmp']).meta({ description: 'Default: all of them.' }),
      'one of tcp, udp, icmp',
    ).exactOptional(),
    ports: phrased(
      z.union([onePort, z.array(phrased(onePort, PORTS))]).meta({ description: 'Default: all.' }),
      PORTS,
    ).exactOptional(),
  }),
  'a rule such as { allow: 192.0.2.0/24, protocol: tcp, ports: 443 }',
);
const resolver = text(RESOLVER, 'Who answers for the gateway.', adviseResolver, ['system']);

/** `outside:` on a gateway. */
export const outsideWords = phrased(
  z
    .strictObject({
      rules: phrased(
        z.array(rule).meta({
          description: 'The first that matches decides; what none matches is denied. Default: allow 127.0.0.0/8.',
        }),
        'a list of rules',
      ).exactOptional(),
      dns: phrased(
        z.union([resolver, z.array(resolver)]).meta({
          description: "Whom questions to the gateway's port 53 go to; default: system, the real machine's resolvers.",
        }),
        RESOLVER,
      ).exactOptional(),
      loopback: text(
        'an IPv4 address such as 10.0.2.2, or none',
        "The inside address that stands for the real machine's 127.0.0.1; default: each of the gateway's own.",
        (value) =>
          value === 'none' || IpAddress.parse(value)?.family === 4
            ? null
            : {
                message: `${quoted(value)} is not an IPv4 address`,
                expected: 'an IPv4 address such as 10.0.2.2, or none',
              },
      ).exactOptional(),
      ping: phrased(
        z
          .enum(['system', 'none'])
          .meta({ description: "Echo requests go outside by the system's ping (default), or not." }),
        'one of system, none',
      ).exactOptional(),
      forward: phrased(
        z
          .array(text(FORWARD, '[bind:]port:node:port[/udp].', adviseForward, ['8080:web:80']))
          .meta({ description: 'Ports of the real machine that lead inside.' }),
        'a list of port forwards, such as ["8080:web:80"]',
      ).exactOptional(),
    })
    .meta({ description: 'What of the real network may be reached, and what of it may come in.' }),
  'the words rules, dns, loopback, ping, forward',
).exactOptional();

function adviseOutside(value: string, needsAddress: boolean, needsPort: boolean, expected: string): Advice | null {
  const found = parseOutsideAddress(value);
  if (found === null) return { message: `${quoted(value)} is not an address`, expected };
  if (needsAddress && found.address === undefined) return { message: `${quoted(value)} says no address`, expected };
  if (needsPort && found.port === undefined) return { message: `${quoted(value)} says no port`, expected };
  return null;
}

function adviseTarget(value: string): Advice | null {
  if (value === 'any' || IpAddress.parse(value) !== null) return null;
  const prefix = Prefix.parse(value);
  const expected = RULE_TARGET;
  if (prefix === null) return { message: `${quoted(value)} is neither an address nor a prefix`, expected };
  const { network } = prefix;
  if (network.equals(prefix.address)) return null;
  const suggestion = `${network}/${prefix.length}`;
  return { message: `${quoted(value)} has bits set behind its prefix`, expected, suggestion };
}

function advisePorts(value: string): Advice | null {
  return parsePortRange(value) === null ? { message: `${quoted(value)} are no ports`, expected: PORTS } : null;
}

function adviseForward(value: string): Advice | null {
  if (parsePortForwardWords(value) !== null) return null;
  return { message: `${quoted(value)} is no port forward`, expected: FORWARD };
}

function adviseResolver(value: string): Advice | null {
  if (value === 'system' || value === 'none') return null;
  const address = parseOutsideAddress(value)?.address;
  if (address !== undefined && IpAddress.parse(address) !== null) return null;
  return { message: `${quoted(value)} is not the address of a resolver`, expected: RESOLVER };
}
