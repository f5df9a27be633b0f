/** Routing protocols: the interfaces that they name are there. */
import { itemsOf, type Model, type Node } from './model.ts';
import { nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted } from './problem.ts';
import type { Tree } from './tree.ts';

export function checkRouting(model: Model, findings: Findings): void {
  for (const node of model.nodes.values()) {
    const words = node.tree.entries.get('routing')?.tree.entries.get('ospf')?.tree;
    if (words !== undefined) checkOspf(node, words, [...node.path, 'routing', 'ospf'], findings);
  }
}

function checkOspf(node: Node, words: Tree, path: Path, findings: Findings): void {
  for (const [id, { tree }] of words.entries.get('areas')?.tree.entries ?? []) {
    const inside = tree.kind === 'map';
    const list = inside ? itemsOf(tree, 'interfaces') : tree.items;
    for (const [index, item] of list.entries()) {
      // A network stands for the interfaces in it.
      if (typeof item.value === 'string' && item.value.includes('/')) continue;
      checkInterface(node, item, [...path, 'areas', id, ...(inside ? ['interfaces'] : []), index], findings);
    }
  }
  for (const [name, { key }] of words.entries.get('interfaces')?.tree.entries ?? []) {
    checkInterface(node, { ...key, value: name }, [...path, 'interfaces', name], findings);
  }
  for (const [index, item] of itemsOf(words, 'passive').entries()) {
    checkInterface(node, item, [...path, 'passive', index], findings);
  }
}

function checkInterface(
  node: Node,
  at: Pick<Tree, 'start' | 'end'> & { readonly value?: unknown },
  path: Path,
  findings: Findings,
): void {
  if (typeof at.value !== 'string' || node.interfaces.has(at.value)) return;
  const known = [...node.interfaces.keys()];
  const expected = known.length === 0 ? 'a node with interfaces' : oneOf(known);
  const message = `${quoted(node.name)} has no interface ${quoted(at.value)}`;
  findings.problem(at, path, message, expected, nearest(at.value, known));
}
