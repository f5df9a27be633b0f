import type { LinkEnd } from '../base/link.ts';
import { Host } from '../host/host.ts';
import type { Hub } from '../l1-physical/hub.ts';
import type { Switch } from '../l2-link/switch.ts';
import { BuildError, listed } from './build-error.ts';
import type { Machines } from './machines.ts';

export type NetworkNode = Host | Switch | Hub;
type Nodes = ReadonlyMap<string, NetworkNode>;

/** Where an end of a cable goes. */
export interface Place {
  /** `alice:eth0`, `sw1:3`. */
  readonly name: string;
  plug(end: LinkEnd): void;
}

/** Splits `alice:eth0`; a bare node name has no port: its next free one. Null when it is not of that form. */
export function parseEndpoint(text: string): { node: string; port: string | null } | null {
  const match = /^([A-Za-z0-9][A-Za-z0-9.-]*)(?::([A-Za-z0-9._-]+))?$/.exec(text);
  return match === null ? null : { node: match[1]!, port: match[2] ?? null };
}

/** The places of a link's two ends, both free. Nothing is plugged, nor added to a host, before both are known. */
export function findPlaces(nodes: Nodes, machines: Machines, endpoints: readonly [string, string]): [Place, Place] {
  const first = findPlace(nodes, machines, endpoints[0]);
  const second = findPlace(nodes, machines, endpoints[1]);
  if (first.name === second.name) throw new BuildError(`both ends of a link are at ${first.name}`);
  return [first, second];
}

/** The place of one end, free. */
export function findPlace(nodes: Nodes, machines: Machines, text: string): Place {
  const endpoint = parseEndpoint(text);
  if (endpoint === null) throw new BuildError(`"${text}" is not an endpoint: write it like alice:eth0, sw1:3 or alice`);
  const node = nodes.get(endpoint.node);
  if (node === undefined) {
    throw new BuildError(`link to ${text}: there is no node ${endpoint.node}; there are ${listed(nodes.keys())}`);
  }
  return node instanceof Host ? onHost(machines, node, endpoint.port) : onDevice(node, endpoint.port);
}

function onHost(machines: Machines, host: Host, port: string | null): Place {
  const { nics } = host;
  let name = port;
  if (name === null) {
    const free = [...nics.values()].find((nic) => nic.link === null);
    if (free === undefined && machines.isFixed(host))
      throw new BuildError(`${host.name} has no interface without a cable`);
    name = free?.name ?? `eth${nics.size}`;
  } else if (!nics.has(name) && machines.isFixed(host)) {
    throw new BuildError(`${host.name} has no interface ${name}; it has ${listed(nics.keys())}`);
  }
  if (nics.get(name) !== undefined && nics.get(name)!.link !== null) {
    throw new BuildError(`${host.name}:${name} is plugged in already`);
  }
  return {
    name: `${host.name}:${name}`,
    plug(end) {
      if (!nics.has(name)) machines.addInterface(host, name, {});
      nics.get(name)!.connect(end);
    },
  };
}

function onDevice(device: Switch | Hub, port: string | null): Place {
  const { name } = device;
  const number = port === null ? device.freePort() : Number(port);
  if (port === null && number === 0) throw new BuildError(`${name} has no port without a cable`);
  const place = device.port(number);
  if (place === null) {
    const numbers = device.ports.length === 0 ? 'a number from 1' : `1 to ${device.ports.at(-1)!.number}`;
    throw new BuildError(`${name} has no port ${port}; write ${numbers}`);
  }
  if (place.link !== null) throw new BuildError(`${name}:${number} is plugged in already`);
  return { name: `${name}:${number}`, plug: (end) => place.connect(end) };
}
