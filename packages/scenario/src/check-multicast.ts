/** Multicast routers: the interfaces that they name are there, and lead one way. */
import { itemsOf, type Model, type Node, textAt } from './model.ts';
import { nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted } from './problem.ts';
import type { Tree } from './tree.ts';

export function checkMulticast(model: Model, findings: Findings): void {
  for (const node of model.nodes.values()) {
    const words = node.tree.entries.get('multicast')?.tree;
    if (words === undefined || words.kind !== 'map') continue;
    const path = [...node.path, 'multicast'];
    const upstream = textAt(words, 'upstream');
    if (upstream !== undefined) checkInterface(node, upstream, [...path, 'upstream'], findings);
    for (const [index, item] of itemsOf(words, 'downstream').entries()) {
      checkInterface(node, item, [...path, 'downstream', index], findings);
      if (upstream === undefined || item.value !== upstream.value) continue;
      const message = `${quoted(upstream.value)} leads upstream already (line ${findings.lineOf(upstream)})`;
      findings.problem(item, [...path, 'downstream', index], message, 'another interface');
    }
    for (const [name, { key }] of words.entries.get('ttl')?.tree.entries ?? []) {
      checkInterface(node, { ...key, value: name }, [...path, 'ttl', name], findings);
    }
    for (const [index, route] of itemsOf(words, 'routes').entries()) {
      const from = textAt(route, 'from');
      const to = route.entries.get('to')?.tree;
      if (from !== undefined) checkInterface(node, from, [...path, 'routes', index, 'from'], findings);
      if (to?.kind === 'scalar') checkInterface(node, to, [...path, 'routes', index, 'to'], findings);
      for (const [place, item] of itemsOf(route, 'to').entries()) {
        checkInterface(node, item, [...path, 'routes', index, 'to', place], findings);
      }
    }
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
