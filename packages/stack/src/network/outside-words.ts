import { IpAddress } from '../base/ip-address.ts';

/**
 * The words for what leads out of a network: wires, and routers that are gateways. The stack knows the words; what
 * they name is opened by a platform that has it (`openOutside` of `@netarium/node`).
 */

/**
 * A link whose other end is outside of the network: where it is plugged in, and exactly one kind.
 *
 * Addresses are `192.0.2.1:4789`, `[2001:db8::1]:4789`, `192.0.2.1`, or a port alone; a text that begins with `/` or `.`
 * is a path, relative to the scenario file.
 */
export interface WireDescription {
  /** Where it is plugged in: `web:eth0`, `sw1:4`, `sw1`. */
  at: string;
  /** The name of a TAP interface of the real machine, `tap0`, or more words. */
  tap?: string | TapDescription;
  /** The name of a TUN interface, IP packets without Ethernet, or more words. */
  tun?: string | TunDescription;
  /** Frames in UDP, to another netarium. */
  udp?: { remote: string; local?: string };
  /** RFC 7348: the kernel's `vxlan`, Open vSwitch, another netarium. */
  vxlan?: { vni: number; remote: string; local?: string; vlan?: boolean };
  /** QEMU's `-netdev stream` over TCP or a Unix socket: one of both. */
  stream?: { listen?: string; connect?: string };
  /** QEMU's `-netdev dgram`, to a peer or a multicast group. */
  dgram?: { remote: string; local?: string };
  /** Frames in WebSocket messages, as browser VMs send them: one of both. */
  websocket?: { listen?: string; connect?: string; path?: string; origins?: string[] };
  /** A capture file that is replayed: its path, or more words. */
  replay?: string | { file: string; interface?: number; speed?: number };
}

export interface TapDescription {
  device: string;
  /** Checksums and segments left to the kernel; default true. */
  offload?: boolean;
  /** `/run/netns/lab`: the interface is in this network namespace. */
  namespace?: string;
  /** Default true: when the interface was removed and is there again, the wire comes up again. */
  replug?: boolean;
}

export interface TunDescription {
  device: string;
  namespace?: string;
}

export type WireKind = Exclude<keyof WireDescription, 'at'>;

export const WIRE_KINDS: readonly WireKind[] = ['tap', 'tun', 'udp', 'vxlan', 'stream', 'dgram', 'websocket', 'replay'];

/** One rule: `allow` or `deny`, and whom: an address, a prefix, or `any`. */
export interface OutsideRuleDescription {
  allow?: string;
  deny?: string;
  /** Default: all of them. */
  protocol?: 'tcp' | 'udp' | 'icmp';
  /** `80`, `8000-8080`, or a list of such; default: all. */
  ports?: number | string | (number | string)[];
}

/** What of the real network a gateway lets its network reach, and what of it may come in. */
export interface OutsideDescription {
  /** The first that matches decides; what none matches is denied. Default: allow 127.0.0.0/8. */
  rules?: OutsideRuleDescription[];
  /** Who answers questions to port 53 of the gateway: `system` (default), addresses with or without port, or `none`. */
  dns?: string | string[];
  /** The inside address that stands for the real machine's 127.0.0.1, or `none`; default: each of the gateway's own. */
  loopback?: string;
  /** Echo requests go outside by the system's `ping` (`system`, default), or not at all (`none`). */
  ping?: 'system' | 'none';
  /** Ports of the real machine that lead inside: `8080:web:80`, `127.0.0.1:5353:dns:53/udp`. */
  forward?: string[];
}

/** An address of the real network, its port, or both. */
export interface OutsideAddress {
  /** An IP address, or a name. */
  readonly address?: string;
  readonly port?: number;
}

/** Reads `192.0.2.1:4789`, `[2001:db8::1]:4789`, `192.0.2.1`, `2001:db8::1`, `localhost:80`, `4789`; null: none of these. */
export function parseOutsideAddress(text: string): OutsideAddress | null {
  if (isIp(text, 6)) return { address: text };
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]/\s]+)):)?(\d{1,5})$|^([^:[\]/\s]+)$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, digits, alone] = match;
  const port = digits === undefined ? undefined : Number(digits);
  const address = bracketed ?? plain ?? alone;
  if (port !== undefined && port > 65_535) return null;
  if (bracketed !== undefined && !isIp(bracketed, 6)) return null;
  return { ...(address === undefined ? {} : { address }), ...(port === undefined ? {} : { port }) };
}

/** A text that stands for a file or a Unix socket, and not for an address. */
export function isPath(text: string): boolean {
  return /^[./]/.test(text);
}

/** A port of the real machine that leads to one inside. */
export interface PortForwardWords {
  readonly protocol: 'tcp' | 'udp';
  /** The real address to listen at; absent: 127.0.0.1. */
  readonly bind?: string;
  /** 0: one that is free. */
  readonly port: number;
  /** A name or address inside. */
  readonly to: string;
  readonly toPort: number;
}

/**
 * Reads `[bind:]port:host:port[/udp]`, as Docker's `-p` and OpenSSH's `-L` have it: `8080:web:80`,
 * `127.0.0.1:5353:dns:53/udp`, `[::1]:8080:web:80`. Null: it is none.
 */
export function parsePortForwardWords(text: string): PortForwardWords | null {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5}):([^:[\]/\s]+):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, port, to, toPort, protocol] = match;
  const bind = bracketed ?? plain;
  if (bracketed !== undefined ? !isIp(bracketed, 6) : plain !== undefined && !isIp(plain, 4)) return null;
  if (Number(port) > 65_535 || Number(toPort) > 65_535 || Number(toPort) === 0) return null;
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    ...(bind === undefined ? {} : { bind }),
    port: Number(port),
    to: to!,
    toPort: Number(toPort),
  };
}

/** First and last of `80` or `8000-8080`; null: these are no ports. */
export function parsePortRange(text: string): readonly [number, number] | null {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1] ?? -1);
  const last = Number(match?.[2] ?? first);
  return first >= 1 && last <= 65_535 && last >= first ? [first, last] : null;
}

function isIp(text: string, family: 4 | 6): boolean {
  return IpAddress.parse(text)?.family === family;
}
