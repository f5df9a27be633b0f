import type { Network } from '@netarium/node';
import type { WireDescription } from '@netarium/node/wires/open-wire';
import { Switch } from '@netarium/stack/l2-link/switch';
import { CommandError, ExitCode } from './exit.ts';

/** What `netarium attach` is told of wires, each as often as there are such wires. */
export interface WireOptions {
  /** `tap0`, `tap0:web`, `tap0:web:eth1`. */
  tap?: string[];
  /** The same for a TUN: `tun0:web`. */
  tun?: string[];
  /** `42@192.0.2.2`, with a port, with a place. */
  vxlan?: string[];
  /** A Unix socket's path, or an address with a port, to listen at; with a place. */
  qemu?: string[];
  /** The same, to connect to. */
  qemuConnect?: string[];
  /** `192.0.2.2:5000`, `5000@192.0.2.2:5000` with a port of our own; with a place. */
  udpTunnel?: string[];
}

/** One wire that was asked for. */
export interface WireRequest {
  /** As it was written, for messages: `--tap tap0:web`. */
  readonly option: string;
  readonly description: WireDescription;
}

/** `web`, `web:eth0`, `sw1:4` behind a colon, or nothing. */
const PLACE = `(?::(?<place>[A-Za-z0-9][A-Za-z0-9.-]*(?::[A-Za-z0-9._-]+)?))?`;
/** An IPv4 address or a name, or an IPv6 address in brackets. */
const ADDRESS = String.raw`(?:\[[0-9A-Fa-f:.%]+\]|[^:@[\]/]+)`;

type Words = Omit<WireDescription, 'at'>;
type Groups = Record<string, string | undefined>;

interface Kind {
  readonly flag: string;
  readonly form: string;
  readonly pattern: RegExp;
  words(groups: Groups): Words;
}

const KINDS: Record<keyof WireOptions, Kind> = {
  tap: {
    flag: '--tap',
    form: 'tap0 or tap0:web or tap0:web:eth0',
    pattern: new RegExp(`^(?<device>[^:]+)${PLACE}$`),
    words: ({ device }) => ({ tap: device! }),
  },
  tun: {
    flag: '--tun',
    form: 'tun0 or tun0:web or tun0:web:eth0',
    pattern: new RegExp(`^(?<device>[^:]+)${PLACE}$`),
    words: ({ device }) => ({ tun: device! }),
  },
  vxlan: {
    flag: '--vxlan',
    form: '42@192.0.2.2 or 42@192.0.2.2:4789:web',
    pattern: new RegExp(`^(?<vni>\\d+)@(?<remote>${ADDRESS}(?::\\d{1,5}(?=:|$))?)${PLACE}$`),
    words: ({ vni, remote }) => ({ vxlan: { vni: Number(vni), remote: bare(remote!) } }),
  },
  qemu: {
    flag: '--qemu',
    form: '/tmp/net.sock:web or 127.0.0.1:5000:web',
    pattern: new RegExp(`^(?<at>[./][^:]*|(?:${ADDRESS}:)?\\d{1,5})${PLACE}$`),
    words: ({ at }) => ({ stream: { listen: at! } }),
  },
  qemuConnect: {
    flag: '--qemu-connect',
    form: '/tmp/net.sock:web or 127.0.0.1:5000:web',
    pattern: new RegExp(`^(?<at>[./][^:]*|(?:${ADDRESS}:)?\\d{1,5})${PLACE}$`),
    words: ({ at }) => ({ stream: { connect: at! } }),
  },
  udpTunnel: {
    flag: '--udp-tunnel',
    form: '192.0.2.2:5000 or 5000@192.0.2.2:5000:web',
    pattern: new RegExp(`^(?:(?<local>(?:${ADDRESS}:)?\\d{1,5})@)?(?<remote>${ADDRESS}:\\d{1,5})${PLACE}$`),
    words: ({ local, remote }) => ({ udp: { remote: remote!, ...(local === undefined ? {} : { local }) } }),
  },
};

/** The wires in the order of their kinds. Throws a CommandError for one that cannot be read or has no place. */
export function wireRequests(options: WireOptions, network: Network): WireRequest[] {
  const requests: WireRequest[] = [];
  for (const [name, kind] of Object.entries(KINDS) as [keyof WireOptions, Kind][]) {
    for (const text of options[name] ?? []) requests.push(request(kind, text, network));
  }
  return requests;
}

function request({ flag, form, pattern, words }: Kind, text: string, network: Network): WireRequest {
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) throw new CommandError(`${flag} ${text}: write it like ${form}`, ExitCode.BadInput);
  const option = `${flag} ${text}`;
  return { option, description: { at: groups['place'] ?? onlyPlace(option, network), ...words(groups) } };
}

/** Where a wire goes that says no place: the only node, or the only switch. */
function onlyPlace(option: string, { nodes }: Network): string {
  const names = [...nodes.keys()];
  const switches = names.filter((name) => nodes.get(name) instanceof Switch);
  const only = names.length === 1 ? names : switches;
  if (only.length === 1) return only[0]!;
  throw new CommandError(`${option}: say where it is plugged in: ${option}:NODE; there are ${names.join(', ')}`, 2);
}

/** `[2001:db8::1]` without a port is read without its brackets. */
function bare(remote: string): string {
  return /^\[.*\]$/.test(remote) ? remote.slice(1, -1) : remote;
}
