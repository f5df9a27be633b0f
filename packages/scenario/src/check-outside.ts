/** Wires and gateways: one kind a wire, one end a socket, forwards that lead to somebody. */
import { IpAddress } from '@netarium/stack/base/ip-address';
import { parsePortForwardWords, WIRE_KINDS } from '@netarium/stack/network/outside-words';
import { contains, networkOf, prefixText, readAddress } from './addresses.ts';
import { isMachine, itemsOf, type Model, type Node, textAt } from './model.ts';
import { listed, nearest } from './nearest.ts';
import { type Findings, type Path, quoted, type Span } from './problem.ts';
import type { Tree } from './tree.ts';

const ONE_KIND = `one of ${WIRE_KINDS.join(', ')}`;

export function checkOutside(model: Model, findings: Findings): void {
  const devices = new Map<string, Span>();
  for (const [index, wire] of itemsOf(model.tree, 'wires').entries()) {
    if (wire.kind !== 'map') continue;
    const path = ['wires', index];
    checkKind(wire, path, findings);
    for (const word of ['stream', 'websocket']) checkEnds(wire, word, path, findings);
    for (const word of ['tap', 'tun']) checkDevice(wire, word, path, devices, model, findings);
  }
  for (const node of model.nodes.values()) {
    const outside = node.tree.entries.get('outside')?.tree;
    if (node.kind !== 'gateway' || outside === undefined) continue;
    checkLoopback(node, outside, findings);
    checkRules(outside, [...node.path, 'outside'], findings);
    checkForwards(node, outside, model, findings);
  }
}

function checkKind(wire: Tree, path: Path, findings: Findings): void {
  const kinds = WIRE_KINDS.filter((kind) => wire.entries.has(kind));
  // An unknown word is a kind that is mistyped, and is told already.
  const known = kinds.length + (wire.entries.has('at') ? 1 : 0) === wire.entries.size;
  if (kinds.length === 1 || (kinds.length === 0 && !known)) return;
  const at = wire.entries.get(kinds[1] ?? 'at')?.key ?? wire;
  const message = kinds.length === 0 ? 'this wire has no kind' : `this wire is ${kinds.join(' and ')} at once`;
  findings.problem(at, path, message, ONE_KIND);
}

const RULE_WORDS = ['allow', 'deny', 'protocol', 'ports'];

/** A socket listens, or it connects. */
function checkEnds(wire: Tree, word: string, path: Path, findings: Findings): void {
  const entry = wire.entries.get(word);
  if (entry?.tree.kind !== 'map') return;
  const ends = ['listen', 'connect'].filter((end) => entry.tree.entries.has(end));
  if (ends.length === 1) return;
  const message = ends.length === 0 ? `this ${word} has no end` : `this ${word} listens and connects at once`;
  findings.problem(entry.key, [...path, word], message, 'either listen or connect');
}

/** An interface of the real machine is the end of one wire; and a TUN has no frames for a switch. */
function checkDevice(
  wire: Tree,
  word: string,
  path: Path,
  devices: Map<string, Span>,
  model: Model,
  findings: Findings,
): void {
  const tree = wire.entries.get(word)?.tree;
  if (tree === undefined) return;
  const name = textAt(wire, word) ?? textAt(tree, 'device');
  const namespace = textAt(tree, 'namespace')?.value ?? '';
  if (name !== undefined && !name.value.includes('%')) {
    const key = `${namespace} ${name.value}`;
    const first = devices.get(key);
    if (first === undefined) devices.set(key, name);
    else {
      const message = `${quoted(name.value)} is the interface of another wire already (line ${findings.lineOf(first)})`;
      findings.problem(name, [...path, word], message, 'an interface of its own');
    }
  }
  const at = textAt(wire, 'at');
  const node = model.nodes.get(at?.value.split(':')[0] ?? '');
  if (word !== 'tun' || at === undefined || node === undefined || isMachine(node.kind)) return;
  const message = `a TUN carries no Ethernet frames, and ${quoted(node.name)} is a ${node.kind}`;
  findings.problem(at, [...path, 'at'], message, 'an interface of a host or router; or tap: instead of tun:');
}

/** An address of its own is in a network of the gateway, so that hosts there ask for it. */
function checkLoopback(node: Node, outside: Tree, findings: Findings): void {
  const loopback = textAt(outside, 'loopback');
  const address = loopback === undefined ? null : readAddress(loopback.value);
  const interfaces = [...node.interfaces.values()];
  if (loopback === undefined || address === null || interfaces.some(({ complete }) => !complete)) return;
  const prefixes = interfaces.flatMap(({ addresses }) => addresses.map(({ prefix }) => prefix));
  if (prefixes.some((prefix) => contains(prefix, address))) return;
  const networks = prefixes.map((prefix) => prefixText({ address: networkOf(prefix), length: prefix.length }));
  const message = `${loopback.value} is in no network of ${quoted(node.name)}`;
  const expected = networks.length === 0 ? 'a gateway with an address' : `an address in ${listed(networks)}, or none`;
  findings.problem(loopback, [...node.path, 'outside', 'loopback'], message, expected);
}

function checkRules(outside: Tree, path: Path, findings: Findings): void {
  for (const [index, rule] of itemsOf(outside, 'rules').entries()) {
    if (rule.kind !== 'map') continue;
    const rulePath = [...path, 'rules', index];
    const verbs = ['allow', 'deny'].filter((verb) => rule.entries.has(verb));
    const words = [...rule.entries.keys()].every((word) => RULE_WORDS.includes(word));
    if (verbs.length > 1 || (verbs.length === 0 && words)) {
      const at = rule.entries.get('deny')?.key ?? rule.entries.values().next().value?.key ?? rule;
      const message = verbs.length === 0 ? 'this rule decides nothing' : 'this rule allows and denies at once';
      findings.problem(at, rulePath, message, 'either allow or deny, with an address, a prefix, or any');
    }
    const ports = rule.entries.get('ports');
    if (ports !== undefined && textAt(rule, 'protocol')?.value === 'icmp') {
      findings.problem(ports.key, [...rulePath, 'ports'], 'ICMP has no ports', 'no ports:, or another protocol');
    }
  }
}

function checkForwards(node: Node, outside: Tree, model: Model, findings: Findings): void {
  const names = hostNames(model);
  const taken = new Map<string, Span>();
  for (const [index, item] of itemsOf(outside, 'forward').entries()) {
    const words = typeof item.value === 'string' ? parsePortForwardWords(item.value) : null;
    if (words === null) continue;
    const path = [...node.path, 'outside', 'forward', index];
    const { bind = '127.0.0.1', port, protocol, to } = words;
    const key = `${bind} ${port} ${protocol}`;
    const first = taken.get(key);
    if (first === undefined) taken.set(key, item);
    else if (port !== 0) {
      const message = `port ${port} of ${bind} leads elsewhere already (line ${findings.lineOf(first)})`;
      findings.problem(item, path, message, 'another port');
    }
    if (IpAddress.parse(to) !== null || names.has(to.toLowerCase())) continue;
    const known = [...names.values()];
    const near = nearest(to, known);
    const suggestion = near === undefined ? undefined : String(item.value).replace(`:${to}:`, `:${near}:`);
    findings.problem(item, path, `nobody is called ${quoted(to)}`, `a host: ${listed(known)}`, suggestion);
  }
}

/** Hosts, routers and their aliases, by their names in lower case. */
function hostNames(model: Model): Map<string, string> {
  const names = new Map<string, string>();
  for (const node of model.nodes.values()) {
    if (!isMachine(node.kind)) continue;
    names.set(node.name.toLowerCase(), node.name);
    for (const { value } of itemsOf(node.tree, 'aliases')) {
      if (typeof value === 'string') names.set(value.toLowerCase(), value);
    }
  }
  return names;
}
