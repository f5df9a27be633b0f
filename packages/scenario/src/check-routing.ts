/** Routing protocols: the interfaces that they name are there. */
import { itemsOf, type Model, type Node } from './model.ts';
import { nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted } from './problem.ts';
import type { Tree } from './tree.ts';

export function checkRouting(model: Model, findings: Findings): void {
  for (const node of model.nodes.values()) {
    const protocols = node.tree.entries.get('routing')?.tree.entries;
    const ospf = protocols?.get('ospf')?.tree;
    if (ospf !== undefined) checkOspf(node, ospf, [...node.path, 'routing', 'ospf'], findings);
    const rip = protocols?.get('rip')?.tree;
    if (rip !== undefined) checkNamed(node, rip, [...node.path, 'routing', 'rip'], findings);
    for (const [index, rule] of itemsOf(node.tree, 'rules').entries()) {
      checkRule(node, rule, [...node.path, 'rules', index], findings);
    }
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
  checkNamed(node, words, path, findings);
}

/** The interfaces under `interfaces` and `passive`. */
function checkNamed(node: Node, words: Tree, path: Path, findings: Findings): void {
  for (const [name, { key }] of words.entries.get('interfaces')?.tree.entries ?? []) {
    checkInterface(node, { ...key, value: name }, [...path, 'interfaces', name], findings);
  }
  for (const [index, item] of itemsOf(words, 'passive').entries()) {
    checkInterface(node, item, [...path, 'passive', index], findings);
  }
}

/** A rule says what becomes of what fits, and its interface is there. */
function checkRule(node: Node, rule: Tree, path: Path, findings: Findings): void {
  if (rule.kind !== 'map') return;
  const on = rule.entries.get('interface')?.tree;
  if (on !== undefined && on.value !== 'lo') checkInterface(node, on, [...path, 'interface'], findings);
  const table = rule.entries.get('table');
  const action = rule.entries.get('action');
  const at = rule.entries.values().next().value?.key ?? rule;
  if (table === undefined && action === undefined) {
    findings.problem(
      at,
      path,
      'this rule says for what, but not what',
      'table: the one that is asked, or action: blackhole',
    );
  } else if (table !== undefined && action !== undefined) {
    findings.problem(action.key, [...path, 'action'], 'a rule asks a table, or refuses', 'table or action, not both');
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
