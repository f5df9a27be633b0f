import { resolve } from 'node:path';
import type { GatewayDescription, NetworkDescription } from '@netarium/stack/network/description';
import type { Network } from '@netarium/stack/network/network';
import {
  isPath,
  type OutsideDescription,
  type OutsideRuleDescription,
  type WireDescription,
} from '@netarium/stack/network/outside-words';
import type { Gateway } from './gateway/gateway.ts';
import type { PortForward } from './gateway/port-forward.ts';
import type { RuleDescription } from './gateway/rules.ts';
import type { Wire } from './wires/wire.ts';

export interface OutsideOptions {
  /** Paths are seen from this directory: that of the scenario file. Default: the process's. */
  folder?: string;
  /** Told of each wire that is plugged in, and where. */
  onWire?: (wire: Wire, place: string) => void;
  onGateway?: (gateway: Gateway) => void;
  onForward?: (forward: PortForward) => void;
}

/** Something that leads out of a network could not be opened. `cause` says why, `path` which: `['wires', 0]`. */
export class OutsideError extends Error {
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'OutsideError';
    this.path = path;
  }
}

/** What leads out of a network: everything that its description names, until it is closed. */
export class Outside {
  readonly wires: Wire[] = [];
  readonly gateways: Gateway[] = [];

  /** Wires are unplugged, sockets and ports of the real machine given back. Once is enough. */
  close(): void {
    for (const gateway of this.gateways.splice(0)) gateway.close();
    for (const wire of this.wires) {
      wire.onChange = null;
      wire.close();
    }
  }
}

/** Whether a description has something that can only be there in real time: all but captures that are replayed. */
export function needsRealTime({ nodes, wires = [] }: NetworkDescription): boolean {
  return (
    wires.some(({ replay }) => replay === undefined) || Object.values(nodes).some(({ kind }) => kind === 'gateway')
  );
}

/**
 * Opens the wires and gateways of a description whose nodes `network` has. In virtual time there is no outside: what
 * needs real time is left out, and only captures are replayed.
 *
 * Rejects with an OutsideError when one cannot be opened, all others closed again.
 */
export async function openOutside(
  network: Network,
  description: NetworkDescription,
  options: OutsideOptions = {},
): Promise<Outside> {
  const outside = new Outside();
  const real = network.scheduler.pace !== 'virtual';
  try {
    for (const [index, wire] of (description.wires ?? []).entries()) {
      if (real || wire.replay !== undefined) {
        await at(['wires', index], () => plugWire(network, wire, outside, options));
      }
    }
    for (const [name, node] of Object.entries(description.nodes)) {
      if (real && node.kind === 'gateway') await openGateway(network, name, node, outside, options);
    }
  } catch (error) {
    outside.close();
    throw error;
  }
  return outside;
}

async function plugWire(network: Network, description: WireDescription, outside: Outside, options: OutsideOptions) {
  const { openWire } = await import('./wires/open-wire.ts');
  const wire = await openWire(network, inFolder(description, options.folder));
  outside.wires.push(wire);
  const place = network.plug(description.at, wire);
  options.onWire?.(wire, place);
}

async function openGateway(
  network: Network,
  name: string,
  { outside: words = {} }: GatewayDescription,
  outside: Outside,
  { onGateway, onForward }: OutsideOptions,
): Promise<void> {
  const path = ['nodes', name];
  const { Gateway } = await import('./gateway/index.ts');
  const gateway = await at(path, () => {
    return new Gateway(network, { host: name, ...gatewayOptions(words) });
  });
  outside.gateways.push(gateway);
  onGateway?.(gateway);
  for (const [index, text] of (words.forward ?? []).entries()) {
    const forward = await at([...path, 'outside', 'forward', index], () => gateway.forwardPort(text));
    onForward?.(forward);
  }
}

function gatewayOptions({ rules, dns, loopback, ping }: OutsideDescription) {
  return {
    ...(ping === 'none' ? { ping: null } : {}),
    ...(rules === undefined ? {} : { rules: rules.map(ruleOf) }),
    ...(dns === undefined ? {} : { dns: dns === 'none' ? null : dns }),
    ...(loopback === undefined ? {} : { loopbackAddress: loopback === 'none' ? null : loopback }),
  };
}

function ruleOf({ allow, deny, protocol, ports }: OutsideRuleDescription): RuleDescription {
  return {
    action: allow === undefined ? 'deny' : 'allow',
    to: allow ?? deny ?? '',
    ...(protocol === undefined ? {} : { protocol }),
    ...(ports === undefined ? {} : { ports: Array.isArray(ports) ? ports.join(',') : String(ports) }),
  };
}

/** The same wire with its paths seen from the process. */
function inFolder(wire: WireDescription, folder = '.'): WireDescription {
  const { stream, replay } = wire;
  const from = (path: string) => resolve(folder, path);
  const end = (text: string) => (isPath(text) ? from(text) : text);
  if (stream !== undefined) {
    const { listen, connect } = stream;
    const ends = { ...(listen === undefined ? {} : { listen: end(listen) }) };
    return { ...wire, stream: { ...ends, ...(connect === undefined ? {} : { connect: end(connect) }) } };
  }
  if (replay === undefined) return wire;
  return { ...wire, replay: typeof replay === 'string' ? from(replay) : { ...replay, file: from(replay.file) } };
}

async function at<T>(path: readonly (string | number)[], open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new OutsideError(path, error);
  }
}
