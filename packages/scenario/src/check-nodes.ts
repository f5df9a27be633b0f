/** Nodes: names, addresses used twice, gateways and routes that lead nowhere. */
import { MacAddress } from '@netarium/stack/base/mac-address';
import { AF_UNSPEC } from '@netarium/stack/l5-session/constants';
import { numericHost } from '@netarium/stack/l5-session/name-lookup';
import {
  addressText,
  adviseAddress,
  broadcastOf,
  contains,
  type Ipv4Prefix,
  networkOf,
  prefixText,
  readAddress,
} from './addresses.ts';
import { isIpv6 } from './addresses6.ts';
import { checkAddresses6, checkGateway6, checkRoute6, type Owner } from './check-nodes6.ts';
import { type Interface, isMachine, itemsOf, type Model, type Node, textAt, textsAt } from './model.ts';
import { listed, nearest, oneOf } from './nearest.ts';
import type { Findings, Path, Span } from './problem.ts';
import { quoted } from './problem.ts';
import { MAX_NODES } from './schema.ts';
import type { Tree } from './tree.ts';

export function checkNodes(model: Model, findings: Findings): void {
  const section = model.tree.entries.get('nodes');
  if (section === undefined) return;
  if (model.names.length > MAX_NODES) {
    findings.problem(section.key, ['nodes'], `${model.names.length} nodes`, `at most ${MAX_NODES}`);
  } else if (model.names.length === 0 && section.tree.kind === 'map') {
    findings.problem(section.key, ['nodes'], 'there are no nodes', 'one at least, such as alice: { kind: host }');
  }
  checkNames(model, findings);
  const owners = checkAddresses(model, findings);
  const owners6 = checkAddresses6(model, findings);
  for (const node of model.nodes.values()) {
    const loopback = node.interfaces.get('lo');
    if (loopback !== undefined) {
      findings.problem(
        loopback.key,
        loopback.path,
        'every host has a loopback interface "lo" already',
        'another name',
        'eth0',
      );
    }
    checkGateways(node, owners, owners6, findings);
    checkRoutes(node, findings);
  }
}

/** A host that is called `123` could not be reached by its name: that is 0.0.0.123 (inet_aton). */
function checkNumber(name: string, at: Span, path: Path, findings: Findings): void {
  if (name.toLowerCase() === 'localhost' || numericHost(name, AF_UNSPEC) === null) return;
  const message = `${quoted(name)} is read as an address wherever a name is asked for (inet_aton)`;
  findings.problem(at, path, message, 'a name that is no number', `n${name}`);
}

const LOCALHOST = 'every host calls itself "localhost" (RFC 6761 6.3)';

/** Names of hosts are the same in any case (RFC 4343), and no two nodes share one. */
function checkNames(model: Model, findings: Findings): void {
  const owners = new Map<string, Owner>();
  for (const [name, { key }] of model.tree.entries.get('nodes')?.tree.entries ?? []) {
    const lower = name.toLowerCase();
    if (lower === 'localhost') findings.problem(key, ['nodes', name], LOCALHOST, 'another name');
    const other = owners.get(lower);
    if (other === undefined) owners.set(lower, { name, at: key });
    else told(key, ['nodes', name], quoted(name), other);
  }
  for (const node of model.nodes.values()) {
    if (isMachine(node.kind)) checkNumber(node.name, node.key, node.path, findings);
    for (const [index, alias] of itemsOf(node.tree, 'aliases').entries()) {
      if (typeof alias.value !== 'string') continue;
      const lower = alias.value.toLowerCase();
      const path = [...node.path, 'aliases', index];
      if (lower === 'localhost') findings.problem(alias, path, LOCALHOST, 'another name');
      checkNumber(alias.value, alias, path, findings);
      const other = owners.get(lower);
      if (other === undefined) owners.set(lower, { name: node.name, at: alias });
      else told(alias, path, `the alias ${quoted(alias.value)}`, other);
    }
  }
  function told(at: Span, path: Path, what: string, other: Owner): void {
    const message = `${what} names ${quoted(other.name)} already (line ${findings.lineOf(other.at)})`;
    findings.problem(at, path, message, 'a name of its own; upper and lower case are the same');
  }
}

/** Each IPv4 and each MAC address belongs to one interface. The answer: who has which. */
function checkAddresses(model: Model, findings: Findings): Map<number, Owner> {
  const owners = new Map<number, Owner>();
  const macs = new Map<string, Owner>();
  const twice: { owner: Interface; at: Span; path: Path; prefix: Ipv4Prefix; first: Owner }[] = [];
  for (const node of model.nodes.values()) {
    for (const owner of node.interfaces.values()) {
      const name = `${node.name}:${owner.name}`;
      for (const { prefix, at, path } of owner.addresses) {
        const first = owners.get(prefix.address);
        if (first === undefined) owners.set(prefix.address, { name, at });
        // Who looks for conflicts may run into one.
        else if (!owner.claims) twice.push({ owner, at, path, prefix, first });
      }
      if (owner.mac === undefined) continue;
      const mac = String(MacAddress.parse(String(owner.mac.value)) ?? owner.mac.value);
      const first = macs.get(mac);
      if (first === undefined) {
        macs.set(mac, { name, at: owner.mac });
        continue;
      }
      const message = `${mac} is the MAC address of ${quoted(first.name)} already (line ${findings.lineOf(first.at)})`;
      findings.problem(
        owner.mac,
        [...owner.path, 'mac'],
        message,
        'an address of its own, or none: the network assigns one',
      );
    }
  }
  for (const { at, path, prefix, first } of twice) {
    const free = freeAddress(prefix, owners);
    const message = `${addressText(prefix.address)} is the address of ${quoted(first.name)} already (line ${findings.lineOf(first.at)})`;
    findings.problem(at, path, message, 'an address of its own', free === null ? undefined : prefixText(free));
  }
  return owners;
}

/** The next address of the same network that nobody has. */
function freeAddress(prefix: Ipv4Prefix, owners: ReadonlyMap<number, Owner>): Ipv4Prefix | null {
  const first = networkOf(prefix) + 1;
  const last = broadcastOf(prefix) - 1;
  for (let step = 1; step <= 512; step += 1) {
    let address = prefix.address + step;
    if (address > last) address = first + (address - last - 1);
    if (address > last || address === prefix.address) return null;
    if (!owners.has(address)) return { address, length: prefix.length };
  }
  return null;
}

function checkGateways(
  node: Node,
  owners: ReadonlyMap<number, Owner>,
  owners6: ReadonlyMap<string, Owner>,
  findings: Findings,
): void {
  const families = new Set<boolean>();
  for (const { at, path } of textsAt(node.tree, 'gateway', node.path)) {
    const six = isIpv6(at.value);
    if (families.has(six)) {
      const family = six ? 'IPv6' : 'IPv4';
      const expected = 'one gateway of each address family; more go to routes, with a metric';
      findings.problem(at, path, `a second gateway of ${family}`, expected);
    } else if (six) {
      checkGateway6(node, at, path, owners6, findings);
    } else {
      checkGateway(node, at, path, owners, findings);
    }
    families.add(six);
  }
}

function checkGateway(
  node: Node,
  gateway: Span & { readonly value: string },
  path: Path,
  owners: ReadonlyMap<number, Owner>,
  findings: Findings,
): void {
  if (adviseAddress(gateway.value) !== null) return;
  const address = readAddress(gateway.value);
  if (address === null) return;
  if (!checkNextHop(node, 'the gateway', address, gateway, path, owners, findings)) return;
  if (owners.has(address)) return;
  const near = neighbour(node, owners);
  const message = `no node has the address of the gateway, ${gateway.value}`;
  findings.warning(gateway, path, message, "a router's address in the same network", near);
}

function checkRoutes(node: Node, findings: Findings): void {
  for (const [index, route] of itemsOf(node.tree, 'routes').entries()) {
    if (route.kind !== 'map') continue;
    const path = [...node.path, 'routes', index];
    checkRoute6(node, route, path, findings);
    const hops = textsAt(route, 'via', path);
    for (const { at: via, path: place } of hops) {
      const address = readAddress(via.value);
      if (address !== null) checkNextHop(node, 'the next hop', address, via, place, new Map(), findings);
    }
    const name = textAt(route, 'interface');
    if (name !== undefined && !node.interfaces.has(name.value)) {
      const known = [...node.interfaces.keys()];
      const expected = known.length === 0 ? 'a node with interfaces' : oneOf(known);
      const message = `${quoted(node.name)} has no interface ${quoted(name.value)}`;
      findings.problem(name, [...path, 'interface'], message, expected, nearest(name.value, known));
    }
    checkWeights(route, hops.length, path, findings);
    const type = textAt(route, 'type')?.value ?? 'unicast';
    if (type === 'unicast' && !route.entries.has('via') && !route.entries.has('interface')) {
      const at = route.entries.values().next().value?.key ?? route;
      findings.problem(at, path, 'this route says where, but not how', 'via: the next hop, or interface: the link');
    }
  }
}

function checkWeights(route: Tree, hops: number, path: Path, findings: Findings): void {
  const weights = route.entries.get('weights');
  if (weights === undefined || weights.tree.kind !== 'list' || weights.tree.items.length === hops) return;
  const message = `${weights.tree.items.length} weights for ${hops} next ${hops === 1 ? 'hop' : 'hops'}`;
  findings.problem(weights.key, [...path, 'weights'], message, 'a weight for each address in via');
}

/** Whether a next hop is in one of the node's networks; tells if not. */
function checkNextHop(
  node: Node,
  what: string,
  address: number,
  at: Span,
  path: Path,
  owners: ReadonlyMap<number, Owner>,
  findings: Findings,
): boolean {
  const interfaces = [...node.interfaces.values()];
  if (interfaces.some((each) => !each.complete)) return false; // an address is wrong: that is told already
  const addresses = interfaces.flatMap((each) => each.addresses);
  const text = addressText(address);
  if (addresses.some(({ prefix }) => prefix.address === address)) {
    findings.problem(
      at,
      path,
      `${what} ${text} is ${quoted(node.name)} itself`,
      "another node's address",
      neighbour(node, owners),
    );
    return false;
  }
  const hit = addresses.find(({ prefix }) => contains(prefix, address));
  if (hit === undefined) {
    const networks = [
      ...new Set(addresses.map(({ prefix }) => prefixText({ address: networkOf(prefix), length: prefix.length }))),
    ];
    const expected =
      networks.length === 0
        ? `an interface of ${quoted(node.name)} with an address`
        : `an address in ${listed(networks)}`;
    const message = `${what} ${text} is in no network of ${quoted(node.name)}`;
    findings.problem(at, path, message, expected, neighbour(node, owners));
    return false;
  }
  if (hit.prefix.length <= 30 && (address === networkOf(hit.prefix) || address === broadcastOf(hit.prefix))) {
    findings.problem(
      at,
      path,
      `${what} ${text} is no host's address`,
      'the address of a router',
      neighbour(node, owners),
    );
    return false;
  }
  return true;
}

/** An address in one of the node's networks that somebody else has: the first in the network, for routers live there. */
function neighbour(node: Node, owners: ReadonlyMap<number, Owner>): string | undefined {
  for (const each of node.interfaces.values()) {
    for (const { prefix } of each.addresses) {
      for (const candidate of [networkOf(prefix) + 1, broadcastOf(prefix) - 1]) {
        if (candidate !== prefix.address && contains(prefix, candidate) && owners.has(candidate))
          return addressText(candidate);
      }
    }
  }
  return undefined;
}
