/** Links: endpoints that exist, each used once; interfaces that no link reaches; loops without end. */
import { isMachine, itemsOf, type Model, type Node, textAt } from './model.ts';
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

export function checkLinks(model: Model, findings: Findings): void {
  const links = itemsOf(model.tree, 'links');
  const names = new Map<string, Span>();
  const used = new Map<string, Span>();
  const bare: End[] = [];
  const groups = new Groups();
  for (const [index, link] of links.entries()) {
    const path = ['links', index];
    checkName(link, path, names, findings);
    checkBareNumbers(link, path, findings);
    for (const way of ['forward', 'backward']) {
      const words = link.entries.get(way)?.tree;
      if (words !== undefined) checkBareNumbers(words, [...path, way], findings);
    }
    const ends: End[] = [];
    for (const [place, endpoint] of itemsOf(link, 'endpoints').entries()) {
      if (place > 1 || typeof endpoint.value !== 'string') continue;
      const end = readEnd(endpoint, endpoint.value, [...path, 'endpoints', place], model, findings);
      if (end === null) continue;
      ends.push(end);
      if (end.port === undefined) bare.push(end);
      else use(end, end.port, used, findings);
    }
    checkLoop(ends, link, path, groups, findings);
  }
  // A bare name takes what no link names, wherever in the file it is named.
  for (const end of bare) {
    const free = freePort(end.node, used);
    if (free !== null) use(end, free, used, findings);
    else tellFull(end, findings);
  }
  for (const node of model.nodes.values()) checkUnused(node, used, findings);
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

/** Numbers without a unit that are right, but hardly what was meant: `loss: 1` is every frame. */
export function checkBareNumbers(words: Tree, path: Path, findings: Findings): void {
  for (const [word, odd, means, expected, unit] of BARE_NUMBERS) {
    const found = words.entries.get(word)?.tree;
    if (typeof found?.value !== 'number' || !odd(found.value)) continue;
    const message = `${word}: ${found.value} is ${means(found.value)}`;
    findings.warning(found, [...path, word], message, expected, `${found.value}${unit}`);
  }
}

type BareNumber = [string, (value: number) => boolean, (value: number) => string, string, string];

const BARE_NUMBERS: readonly BareNumber[] = [
  ['loss', (value) => value === 1, () => 'every frame', '100% if so', '%'],
  ['rate', (value) => value > 0 && value <= 1000, (value) => `${value} bits a second`, 'a unit', 'Mbit'],
  ['delay', (value) => value >= 1, (value) => `${value} seconds`, 'a unit', 'ms'],
  ['jitter', (value) => value >= 1, (value) => `${value} seconds`, 'a unit', 'ms'],
];

function readEnd(at: Span, text: string, path: Path, model: Model, findings: Findings): End | null {
  const colon = text.indexOf(':');
  const name = (colon === -1 ? text : text.slice(0, colon)).trim();
  const port = colon === -1 ? undefined : text.slice(colon + 1).trim();
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

function use(end: End, port: string, used: Map<string, Span>, findings: Findings): void {
  const key = `${end.node.name}:${port}`;
  const first = used.get(key);
  if (first === undefined) {
    used.set(key, end.at);
    return;
  }
  const free = freePort(end.node, used);
  const message = `${quoted(key)} is at the end of another link already (line ${findings.lineOf(first)})`;
  const what = isMachine(end.node.kind) ? 'an interface' : 'a port';
  findings.problem(
    end.at,
    end.path,
    message,
    `${what} without a cable`,
    free === null ? undefined : `${end.node.name}:${free}`,
  );
}

function freePort(node: Node, used: ReadonlyMap<string, Span>): string | null {
  if (isMachine(node.kind)) {
    for (const name of node.interfaces.keys()) if (!used.has(`${node.name}:${name}`)) return name;
    return null;
  }
  const most = node.ports ?? MAX_PORTS;
  for (let port = 1; port <= most; port += 1) if (!used.has(`${node.name}:${port}`)) return String(port);
  return null;
}

function tellFull(end: End, findings: Findings): void {
  const { node } = end;
  const count = isMachine(node.kind) ? node.interfaces.size : (node.ports ?? MAX_PORTS);
  const what = isMachine(node.kind) ? 'interface' : 'port';
  const taken = count === 1 ? 'its only one is taken' : `all ${count} are taken`;
  const has = count === 0 ? `has no ${what}` : `has no ${what} left: ${taken}`;
  findings.problem(end.at, end.path, `${quoted(node.name)} ${has}`, `one more ${what} of ${quoted(node.name)}`);
}

function checkUnused(node: Node, used: ReadonlyMap<string, Span>, findings: Findings): void {
  for (const { name, key, path } of node.interfaces.values()) {
    if (used.has(`${node.name}:${name}`)) continue;
    findings.warning(
      key,
      path,
      `${quoted(`${node.name}:${name}`)} is not connected to anything`,
      'a link with this endpoint',
    );
  }
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

/** Which switches and hubs hang together (union-find). */
class Groups {
  readonly #parent = new Map<string, string>();

  /** False if the two were joined before. */
  join(a: string, b: string): boolean {
    const [first, second] = [this.#root(a), this.#root(b)];
    if (first === second) return false;
    this.#parent.set(first, second);
    return true;
  }

  #root(name: string): string {
    let root = name;
    for (let parent = this.#parent.get(root); parent !== undefined; parent = this.#parent.get(root)) root = parent;
    // Those on the way are hung under the root at once.
    let each = name;
    while (each !== root) {
      const next = this.#parent.get(each) ?? root;
      this.#parent.set(each, root);
      each = next;
    }
    return root;
  }
}
