import type { Limits } from '../base/limits.ts';
import { nearestWord } from '../base/nearest-word.ts';
import { BuildError, listed } from './build-error.ts';
import type {
  FaultDescription,
  GatewayDescription,
  HostDescription,
  HubDescription,
  InterfaceDescription,
  LinkDescription,
  LinkDirectionDescription,
  NetworkDescription,
  RouteDescription,
  ServiceDescription,
  SwitchDescription,
} from './description.ts';

/**
 * The words that there are, for who writes descriptions in JavaScript: what a type would have found there. The compiler
 * sees to it that each word of a description is here.
 */
type Words<T> = Readonly<Record<keyof T, true>>;

const NETWORK: Words<NetworkDescription> = {
  title: true,
  seed: true,
  ipv6: true,
  nodes: true,
  dns: true,
  links: true,
  services: true,
  files: true,
  faults: true,
  wires: true,
};
const HOST: Words<HostDescription> = {
  kind: true,
  interfaces: true,
  ipv6: true,
  gateway: true,
  routes: true,
  rules: true,
  aliases: true,
  nameServers: true,
  search: true,
  dns: true,
  multicast: true,
  redirects: true,
  routing: true,
  firewall: true,
  nat: true,
};
const GATEWAY: Words<GatewayDescription & HostDescription> = { ...HOST, outside: true };
const SWITCH: Words<SwitchDescription> = { kind: true, ports: true, ageing: true, snooping: true };
const HUB: Words<HubDescription> = { kind: true, ports: true };
const INTERFACE: Words<InterfaceDescription> = {
  address: true,
  conflictDetection: true,
  directedBroadcast: true,
  dhcp: true,
  ipv6: true,
  advertise: true,
  mac: true,
  mtu: true,
};
const ROUTE: Words<RouteDescription> = {
  to: true,
  via: true,
  weights: true,
  interface: true,
  metric: true,
  type: true,
  table: true,
};
const DIRECTION: Words<LinkDirectionDescription> = {
  rate: true,
  delay: true,
  queue: true,
  loss: true,
  burst: true,
  bitErrors: true,
  corruption: true,
  duplication: true,
  reordering: true,
  reorderingDelay: true,
  jitter: true,
};
const LINK: Words<LinkDescription> = { ...DIRECTION, endpoints: true, name: true, forward: true, backward: true };
const SERVICE: Words<ServiceDescription> = { node: true, run: true, at: true };
const FAULT: Words<FaultDescription> = { at: true, for: true, link: true, down: true, set: true };

export const WORDS = { NETWORK, SWITCH, HUB, ROUTE, SERVICE, FAULT } as const;

/** Throws a BuildError for a word that is none of `known`, with the nearest that is. */
export function checkWords(description: object, known: Readonly<Record<string, true>>, where: string): void {
  for (const word of Object.keys(description)) {
    if (Object.hasOwn(known, word)) continue;
    const near = nearestWord(word, Object.keys(known));
    const hint = near === undefined ? `there are ${listed(Object.keys(known))}` : `did you mean ${near}?`;
    throw new BuildError(`${where}: unknown word "${word}"; ${hint}`);
  }
}

/** A host's, router's or gateway's words, and those of its interfaces and routes. */
export function checkMachineWords(
  name: string,
  description: Omit<Partial<HostDescription>, 'kind'> & { kind?: string },
): void {
  checkWords(description, description.kind === 'gateway' ? GATEWAY : HOST, name);
  for (const [each, words] of Object.entries(description.interfaces ?? {})) {
    if (typeof words === 'object' && words !== null) checkWords(words, INTERFACE, `${name}:${each}`);
  }
  for (const route of description.routes ?? []) checkWords(route, ROUTE, `${name}: route to ${route.to}`);
}

/** A link's words, and those of its two directions. */
export function checkLinkWords(description: Partial<LinkDescription>, where: string): void {
  checkWords(description, LINK, where);
  for (const way of ['forward', 'backward'] as const) {
    const words = description[way];
    if (words !== undefined) checkWords(words, DIRECTION, `${where}: ${way}`);
  }
}

/** A fault's words, and those of what the link becomes. */
export function checkFaultWords(description: FaultDescription): void {
  const where = `fault of ${description.link}`;
  checkWords(description, FAULT, where);
  if (description.set !== undefined) checkWords(description.set, DIRECTION, `${where}: set`);
}

/** Limits that exist, each a number from 0; a seed that is a finite number or a text. */
export function checkOptions({ limits = {}, seed }: { limits?: Partial<Limits>; seed?: unknown }, known: Limits): void {
  checkWords(limits, known as unknown as Readonly<Record<string, true>>, 'limits');
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0)) throw new BuildError(`limits: ${name} cannot be ${value}; write a number from 0`);
  }
  if (seed === undefined || typeof seed === 'string' || Number.isFinite(seed)) return;
  throw new BuildError(`seed: ${seed} is neither a number nor a text`);
}
