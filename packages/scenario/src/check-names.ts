/** DHCP and DNS: pools in their networks, servers that there are, zones that can be read. */
import {
  addressText,
  contains,
  DHCP,
  type Ipv4Prefix,
  networkOf,
  prefixText,
  readAddress,
  readPrefix,
} from './addresses.ts';
import { isStation, readPool } from './advise-names.ts';
import { checkZones } from './check-zones.ts';
import { type Interface, isMachine, itemsOf, type Model, type Node, textAt } from './model.ts';
import { nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted } from './problem.ts';
import type { Tree } from './tree.ts';

/** `text` is the whole file, in which a zone's own lines have their places. */
export function checkNames(model: Model, text: string, findings: Findings): void {
  const machines = [...model.nodes.values()].filter(({ kind }) => isMachine(kind));
  const clients: { at: Tree; path: Path }[] = [];
  let served = model.tree.entries.has('wires');
  for (const node of machines) {
    for (const [name, { tree }] of node.tree.entries.get('interfaces')?.tree.entries ?? []) {
      const path = [...node.path, 'interfaces', name];
      const address = tree.kind === 'map' ? tree.entries.get('address')?.tree : tree;
      if (address?.value === DHCP)
        clients.push({ at: address, path: tree.kind === 'map' ? [...path, 'address'] : path });
      const mixed = address?.items.find(({ value }) => value === DHCP);
      if (mixed !== undefined) {
        const message = 'dhcp gives one address, and stands in no list';
        findings.problem(mixed, [...path, 'address'], message, 'dhcp alone, or addresses');
      }
      const dhcp = tree.entries.get('dhcp')?.tree;
      if (dhcp === undefined) continue;
      served = true;
      checkServed(dhcp, [...path, 'dhcp'], node, node.interfaces.get(name), model, findings);
    }
    checkGatewayOfClient(node, findings);
    checkZones(node, text, findings);
  }
  checkNetworkDns(model, machines, findings);
  served ||= itemsOf(model.tree, 'services').some((service) =>
    /^dhc(pd|relay)\b/.test(textAt(service, 'run')?.value ?? ''),
  );
  const [first] = clients;
  if (first === undefined || served) return;
  const expected = 'dhcp: on an interface of a router or host there';
  findings.warning(first.at, first.path, 'nobody in this file gives addresses by DHCP', expected);
}

/** Who gets all of its addresses by DHCP has no network yet in which a gateway could be: the lease brings it. */
function checkGatewayOfClient(node: Node, findings: Findings): void {
  const gateway = node.tree.entries.get('gateway');
  const interfaces = [...(node.tree.entries.get('interfaces')?.tree.entries.values() ?? [])].map(({ tree }) => tree);
  const asks = (tree: Tree): boolean =>
    (tree.kind === 'map' ? tree.entries.get('address')?.tree : tree)?.value === DHCP;
  if (gateway === undefined || interfaces.length === 0 || !interfaces.every(asks)) return;
  const message = `${quoted(node.name)} gets its addresses by DHCP, and its gateway with them`;
  findings.problem(
    gateway.key,
    [...node.path, 'gateway'],
    message,
    'no gateway here: router in the words of the dhcp server',
  );
}

function checkServed(
  dhcp: Tree,
  path: Path,
  node: Node,
  on: Interface | undefined,
  model: Model,
  findings: Findings,
): void {
  const relay = dhcp.entries.get('relay');
  const others = [...dhcp.entries].filter(([word]) => word !== 'relay');
  const [second] = others;
  if (relay !== undefined && second !== undefined) {
    const [word, { key }] = second;
    const message = `this relays, so ${quoted(word)} is for the server to say`;
    findings.problem(key, [...path, word], message, 'relay alone, or the words of a server');
  }
  const own = on?.addresses[0]?.prefix;
  if (own === undefined) {
    if (on?.complete === false) {
      const known = node.tree.entries.get('interfaces')?.tree.entries.get(on.name)?.tree.entries.get('address')?.tree;
      if (known?.value !== DHCP) return; // an address is wrong: that is told already
    }
    const message = `${quoted(node.name)} has no address of its own there, by which clients could name it`;
    const at =
      node.tree.entries
        .get('interfaces')
        ?.tree.entries.get(on?.name ?? '')
        ?.tree.entries.get('dhcp')?.key ?? dhcp;
    findings.problem(at, path, message, 'address: with an address such as 10.0.1.1/24');
    return;
  }
  checkPool(dhcp, path, own, model, findings);
  for (const [index, network] of itemsOf(dhcp, 'networks').entries()) {
    const text = textAt(network, 'network');
    const prefix = text === undefined ? null : readPrefix(text.value);
    if (prefix !== null) checkPool(network, [...path, 'networks', index], prefix, model, findings);
  }
}

/** Whatever a pool names must lie in its network. */
function checkPool(words: Tree, path: Path, network: Ipv4Prefix, model: Model, findings: Findings): void {
  const within = `addresses in ${prefixText({ address: networkOf(network), length: network.length })}`;
  const outside = (at: Tree, word: Path, address: number): void => {
    if (contains(network, address)) return;
    findings.problem(at, [...path, ...word], `${addressText(address)} is in another network`, within);
  };
  const pool = words.entries.get('pool')?.tree;
  for (const item of pool === undefined ? [] : pool.kind === 'list' ? pool.items : [pool]) {
    const range = typeof item.value === 'string' ? readPool(item.value) : null;
    if (range === null) continue;
    outside(item, ['pool'], range.first);
    if (range.last !== range.first && contains(network, range.first)) outside(item, ['pool'], range.last);
  }
  const router = words.entries.get('router')?.tree;
  for (const item of router === undefined ? [] : router.kind === 'list' ? router.items : [router]) {
    const address = typeof item.value === 'string' ? readAddress(item.value) : null;
    if (address !== null) outside(item, ['router'], address);
  }
  const seen = new Map<number, string>();
  for (const [whose, { key, tree }] of words.entries.get('reservations')?.tree.entries ?? []) {
    const wordPath = ['reservations', whose];
    if (!isStation(whose) && !isClient(whose, model)) {
      const known = [...model.nodes.values()].filter(({ kind }) => isMachine(kind)).map(({ name }) => name);
      const message = `${quoted(whose)} is no node, and no MAC address`;
      findings.problem(key, [...path, ...wordPath], message, oneOf(known), nearest(whose, known));
    }
    const address = typeof tree.value === 'string' ? readAddress(tree.value) : null;
    if (address === null) continue;
    outside(tree, wordPath, address);
    const other = seen.get(address);
    if (other !== undefined) {
      const message = `${addressText(address)} is reserved for ${quoted(other)} already`;
      findings.problem(tree, [...path, ...wordPath], message, 'an address of its own');
    }
    seen.set(address, whose);
  }
}

function isClient(name: string, model: Model): boolean {
  const node = model.nodes.get(name);
  return node === undefined ? model.names.includes(name) : isMachine(node.kind);
}

/** `server` and `resolver` of the network's dns: machines whose address does not change. */
function checkNetworkDns(model: Model, machines: readonly Node[], findings: Findings): void {
  const dns = model.tree.entries.get('dns')?.tree;
  if (dns?.kind !== 'map') return;
  const known = machines.map(({ name }) => name);
  for (const word of ['server', 'resolver']) {
    const written = dns.entries.get(word)?.tree;
    for (const item of written === undefined ? [] : written.kind === 'list' ? written.items : [written]) {
      if (typeof item.value !== 'string') continue;
      const node = model.nodes.get(item.value);
      const path = ['dns', word];
      if (node === undefined && model.names.includes(item.value)) continue; // that it is wrong is told already
      if (node === undefined || !isMachine(node.kind)) {
        const message =
          node === undefined ? `there is no node ${quoted(item.value)}` : `${quoted(item.value)} is a ${node.kind}`;
        findings.problem(item, path, message, oneOf(known), nearest(item.value, known));
      } else if ([...node.interfaces.values()].every(({ addresses, complete }) => complete && addresses.length === 0)) {
        const message = `${quoted(item.value)} has no address at which it could be asked`;
        findings.problem(item, path, message, 'a host with an address of its own');
      }
    }
  }
  const somebody = machines.some((node) => node.tree.entries.has('dns'));
  if (dns.entries.has('server') || dns.entries.has('resolver') || somebody) return;
  const key = model.tree.entries.get('dns')?.key ?? dns;
  findings.problem(key, ['dns'], 'nobody serves these names', 'server: a host, such as { server: ns1 }');
}
