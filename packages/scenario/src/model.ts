/**
 * What can be understood of a scenario, for the checks that look at several places at once. Whatever has the wrong
 * form is left out here: the schema has told it already.
 */
import type { Prefix } from '@netarium/stack/base/prefix';
import { adviseInterfaceAddress, type Ipv4Prefix, readPrefix } from './addresses.ts';
import { readPrefix6 } from './addresses6.ts';
import type { Path, Span } from './problem.ts';
import { KINDS } from './schema.ts';
import type { Tree } from './tree.ts';

export type Kind = (typeof KINDS)[number];

export interface Address {
  readonly prefix: Ipv4Prefix;
  readonly at: Tree;
  readonly path: Path;
}

/** An IPv6 address of an interface. */
export interface Address6 {
  readonly prefix: Prefix;
  readonly at: Tree;
  readonly path: Path;
}

export interface Interface {
  readonly name: string;
  readonly key: Span;
  readonly path: Path;
  readonly addresses: readonly Address[];
  readonly addresses6: readonly Address6[];
  /** Every address that it names could be read. */
  readonly complete: boolean;
  readonly mac: Tree | undefined;
  /** It looks whether others have its addresses (conflictDetection). */
  readonly claims: boolean;
}

export interface Node {
  readonly name: string;
  readonly kind: Kind;
  readonly key: Span;
  readonly path: Path;
  readonly tree: Tree;
  /** Empty for switches and hubs. */
  readonly interfaces: ReadonlyMap<string, Interface>;
  /** Of a switch or hub, if it says. */
  readonly ports: number | undefined;
}

export interface Model {
  readonly tree: Tree;
  /** Nodes whose kind is known. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** All names, those of nodes that cannot be understood included. */
  readonly names: readonly string[];
}

export function readModel(tree: Tree): Model {
  const nodes = new Map<string, Node>();
  const section = tree.entries.get('nodes')?.tree;
  for (const [name, { key, tree: node }] of section?.entries ?? []) {
    const kind = KINDS.find((known) => known === node.entries.get('kind')?.tree.value);
    if (kind === undefined) continue;
    const path = ['nodes', name];
    const machine = isMachine(kind);
    const ports = node.entries.get('ports')?.tree.value;
    nodes.set(name, {
      name,
      kind,
      key,
      path,
      tree: node,
      interfaces: machine ? readInterfaces(node, path) : new Map(),
      ports: !machine && typeof ports === 'number' && Number.isInteger(ports) && ports > 0 ? ports : undefined,
    });
  }
  return { tree, nodes, names: [...(section?.entries.keys() ?? [])] };
}

export function isMachine(kind: Kind): boolean {
  return kind === 'host' || kind === 'router' || kind === 'gateway';
}

/** The items of a list under a word; nothing if it is no list. */
export function itemsOf(tree: Tree, word: string): readonly Tree[] {
  return tree.entries.get(word)?.tree.items ?? [];
}

/** The text behind a word, with its place; undefined if there is none. */
export function textAt(tree: Tree, word: string): (Tree & { readonly value: string }) | undefined {
  const found = tree.entries.get(word)?.tree;
  return typeof found?.value === 'string' ? (found as Tree & { value: string }) : undefined;
}

/** The texts behind a word that takes one text or a list of them, with their places. */
export function textsAt(tree: Tree, word: string, path: Path): { at: Tree & { readonly value: string }; path: Path }[] {
  const found = tree.entries.get(word)?.tree;
  if (found === undefined) return [];
  const each: [Tree, Path][] = [
    [found, [...path, word]],
    ...found.items.map((item, index): [Tree, Path] => [item, [...path, word, index]]),
  ];
  return each
    .filter(([at]) => typeof at.value === 'string')
    .map(([at, own]) => ({ at: at as Tree & { readonly value: string }, path: own }));
}

function readInterfaces(node: Tree, nodePath: Path): Map<string, Interface> {
  const interfaces = new Map<string, Interface>();
  for (const [name, { key, tree }] of node.entries.get('interfaces')?.tree.entries ?? []) {
    const path = [...nodePath, 'interfaces', name];
    const texts: [Tree, Path][] = [];
    if (tree.kind === 'scalar' && tree.value !== null) texts.push([tree, path]);
    const address = tree.entries.get('address')?.tree;
    if (address?.kind === 'scalar') texts.push([address, [...path, 'address']]);
    for (const [index, item] of address?.items.entries() ?? []) texts.push([item, [...path, 'address', index]]);
    const addresses: Address[] = [];
    const addresses6: Address6[] = [];
    for (const [at, addressPath] of texts) {
      if (typeof at.value !== 'string' || adviseInterfaceAddress(at.value) !== null) continue;
      const prefix = readPrefix(at.value);
      if (prefix !== null) addresses.push({ prefix, at, path: addressPath });
      const prefix6 = readPrefix6(at.value);
      if (prefix6 !== null) addresses6.push({ prefix: prefix6, at, path: addressPath });
    }
    const complete = addresses.length + addresses6.length === texts.length;
    const claims = tree.entries.get('conflictDetection')?.tree.value === true;
    interfaces.set(name, { name, key, path, addresses, addresses6, complete, mac: textAt(tree, 'mac'), claims });
  }
  return interfaces;
}
