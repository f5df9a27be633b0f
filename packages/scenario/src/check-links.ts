/** Links: endpoints that exist, each used once; interfaces that no link reaches; loops without end. */
import { contains, prefixText } from './addresses.ts';
import { Groups, Ports } from './cabling.ts';
import { checkBareNumbers } from './check-numbers.ts';
import { type Address, type Interface, isMachine, itemsOf, type Model, type Node, textAt } from './model.ts';
import { nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted, type Span } from './problem.ts';
import { MAX_PORTS } from './schema.ts';
import type { Tree } from './tree.ts';

interface End {
  readonly at: Span;
  readonly path: Path;
  readonly node: Node;
  /** Undefined: the next free one. */
  readonly port: string | undefined;
}

/** By which words a link can be called: its own name or `alice:eth0-sw1:1`, and its endpoints. */
export type LinkNames = readonly string[];

export function checkLinks(model: Model, findings: Findings): LinkNames[] {
  const links = itemsOf(model.tree, 'links');
  const names = new Map<string, Span>();
  const used = new Ports();
  const groups = new Groups();
  const all: LinkNames[] = [];
  for (const [index, link] of links.entries()) {
    const path = ['links', index];
    checkName(link, path, names, findings);
    checkBareNumbers(link, path, findings);
    for (const way of ['forward', 'backward']) {
      const words = link.entries.get(way)?.tree;
      if (words !== undefined) checkBareNumbers(words, [...path, way], findings);
    }
    const ends: End[] = [];
    const joined: { node: Node; port: string }[] = [];
    const called: string[] = [];
    for (const [place, endpoint] of itemsOf(link, 'endpoints').entries()) {
      if (place > 1 || typeof endpoint.value !== 'string') continue;
      const end = readEnd(endpoint, endpoint.value, [...path, 'endpoints', place], model, findings);
      if (end !== null) ends.push(end);
      const port = end === null ? null : plug(end, used, findings);
      if (end !== null && port !== null) joined.push({ node: end.node, port });
      called.push(end === null || port === null ? endpoint.value : `${end.node.name}:${port}`);
    }
    all.push([textAt(link, 'name')?.value ?? called.join('-'), ...called]);
    checkLoop(ends, link, path, groups, findings);
    checkNetworks(joined, link, path, findings);
  }
  for (const [index, wire] of itemsOf(model.tree, 'wires').entries()) {
    // As the builder does: cables first, then wires.
    const at = textAt(wire, 'at');
    const end = at === undefined ? null : readEnd(at, at.value, ['wires', index, 'at'], model, findings);
    if (end !== null) plug(end, used, findings);
  }
  for (const node of model.nodes.values()) checkUnused(node, used, findings);
  return all;
}

function checkName(link: Tree, path: Path, names: Map<string, Span>, findings: Findings): void {
  const name = textAt(link, 'name');
  if (name === undefined) return;
  const first = names.get(name.value);
  if (first === undefined) {
    names.set(name.value, name);
    return;
  }
  const message = `${quoted(name.value)} is the name of another link already (line ${findings.lineOf(first)})`;
  findings.problem(name, [...path, 'name'], message, 'a name of its own');
}

function readEnd(at: Span, text: string, path: Path, model: Model, findings: Findings): End | null {
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const port = colon === -1 ? undefined : text.slice(colon + 1);
  const node = model.nodes.get(name);
  if (node === undefined) {
    if (model.names.includes(name)) return null; // it is there, but cannot be understood: that is told already
    const near = nearest(name, model.names);
    const suggestion = near === undefined ? undefined : port === undefined ? near : `${near}:${port}`;
    const expected = model.names.length === 0 ? 'the name of a node' : oneOf(model.names);
    findings.problem(at, path, `there is no node ${quoted(name)}`, expected, suggestion);
    return null;
  }
  if (port === undefined) return { at, path, node, port };
  if (isMachine(node.kind)) return hasInterface(node, port, at, path, findings) ? { at, path, node, port } : null;
  const number = /^[1-9]\d{0,5}$/.test(port) ? Number(port) : 0;
  const most = node.ports ?? MAX_PORTS;
  if (number >= 1 && number <= most) return { at, path, node, port };
  const expected = node.ports === undefined ? `a number from 1 to ${MAX_PORTS}` : `a port from 1 to ${node.ports}`;
  findings.problem(
    at,
    path,
    `the ${node.kind} ${quoted(name)} has no port ${quoted(port)}`,
    expected,
    number === 0 ? `${name}:1` : undefined,
  );
  return null;
}

function hasInterface(node: Node, port: string, at: Span, path: Path, findings: Findings): boolean {
  if (node.interfaces.has(port)) return true;
  const known = [...node.interfaces.keys()];
  const message = `${quoted(node.name)} has no interface ${quoted(port)}`;
  const near = nearest(port, known) ?? (known.length === 1 ? known[0] : undefined);
  const expected =
    known.length === 0 ? `interfaces: in ${quoted(node.name)}, with ${quoted(port)} among them` : oneOf(known);
  findings.problem(at, path, message, expected, near === undefined ? undefined : `${node.name}:${near}`);
  return false;
}

/** Takes an end's port, or the next free one, as the builder does in the order of the links; null if there is none. */
function plug(end: End, used: Ports, findings: Findings): string | null {
  const { node } = end;
  const free = end.port ?? used.free(node);
  if (free === null && isMachine(node.kind) && node.interfaces.size === 0) {
    // The builder adds an interface to a host that names none.
    const added = used.add(node);
    const message = `${quoted(node.name)} gets an interface without an address here, ${added}`;
    findings.warning(end.at, end.path, message, `interfaces: { ${added}: 10.0.1.10/24 } or so in ${quoted(node.name)}`);
    return added;
  }
  if (free === null) {
    tellFull(end, findings);
    return null;
  }
  const key = `${node.name}:${free}`;
  const first = used.at.get(key);
  if (first === undefined) {
    used.at.set(key, end.at);
    return free;
  }
  const other = used.free(node);
  const message = `${quoted(key)} is at the end of another link already (line ${findings.lineOf(first)})`;
  const what = isMachine(node.kind) ? 'an interface' : 'a port';
  findings.problem(
    end.at,
    end.path,
    message,
    `${what} without a cable`,
    other === null ? undefined : `${node.name}:${other}`,
  );
  return free;
}

function tellFull(end: End, findings: Findings): void {
  const { node } = end;
  const count = isMachine(node.kind) ? node.interfaces.size : (node.ports ?? MAX_PORTS);
  const what = isMachine(node.kind) ? 'interface' : 'port';
  const taken = count === 1 ? 'its only one is taken' : `all ${count} are taken`;
  const has = count === 0 ? `has no ${what}` : `has no ${what} left: ${taken}`;
  findings.problem(end.at, end.path, `${quoted(node.name)} ${has}`, `one more ${what} of ${quoted(node.name)}`);
}

function checkUnused(node: Node, used: Ports, findings: Findings): void {
  for (const { name, key, path } of node.interfaces.values()) {
    if (used.at.has(`${node.name}:${name}`)) continue;
    findings.warning(
      key,
      path,
      `${quoted(`${node.name}:${name}`)} is not connected to anything`,
      'a link with this endpoint',
    );
  }
}

/** Two interfaces on one cable that have no network in common never hear of each other. */
function checkNetworks(
  ends: readonly { node: Node; port: string }[],
  link: Tree,
  path: Path,
  findings: Findings,
): void {
  const [a, b] = ends.map(({ node, port }) => node.interfaces.get(port));
  if (a === undefined || b === undefined || !a.complete || !b.complete) return;
  if (a.addresses.length === 0 || b.addresses.length === 0) return;
  if (a.addresses6.length > 0 && b.addresses6.length > 0) return;
  const reach = (one: Address, other: Address) => contains(one.prefix, other.prefix.address);
  if (a.addresses.some((one) => b.addresses.some((other) => reach(one, other) && reach(other, one)))) return;
  const at = link.entries.get('endpoints')?.key ?? link;
  const shown = (each: Interface) => each.addresses.map(({ prefix }) => prefixText(prefix)).join(' and ');
  const message = `the ends of this link are in no common network: ${shown(a)} and ${shown(b)}`;
  findings.warning(at, path, message, 'addresses of one network at both ends');
}

/** Switches and hubs forward a broadcast to everywhere else: in a circle it never ends. */
function checkLoop(ends: readonly End[], link: Tree, path: Path, groups: Groups, findings: Findings): void {
  const [a, b] = ends;
  if (a === undefined || b === undefined || isMachine(a.node.kind) || isMachine(b.node.kind)) return;
  if (groups.join(a.node.name, b.node.name)) return;
  const at = link.entries.get('endpoints')?.key ?? link;
  const message = `this link closes a loop: ${quoted(a.node.name)} and ${quoted(b.node.name)} are joined already`;
  findings.warning(at, path, message, 'one way between any two switches; in a loop broadcasts circulate without end');
}
