/** Services, files and faults: what happens in the network, and where. */
import type { LinkNames } from './check-links.ts';
import { checkBareNumbers } from './check-numbers.ts';
import { isMachine, itemsOf, type Model, textAt } from './model.ts';
import { listed, nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted } from './problem.ts';
import type { Tree } from './tree.ts';

export function checkPrograms(model: Model, called: readonly LinkNames[], findings: Findings): void {
  const machines = [...model.nodes.values()].filter((node) => isMachine(node.kind)).map((node) => node.name);
  for (const section of ['services', 'files'] as const) {
    for (const [index, item] of itemsOf(model.tree, section).entries()) {
      checkMachine(item, [section, index, 'node'], section, machines, model, findings);
    }
  }
  const links = countNames(called);
  for (const [index, fault] of itemsOf(model.tree, 'faults').entries()) {
    if (fault.kind !== 'map') continue;
    checkFaultLink(fault, ['faults', index, 'link'], links, findings);
    checkVerb(fault, ['faults', index], findings);
    const set = fault.entries.get('set')?.tree;
    if (set !== undefined) checkBareNumbers(set, ['faults', index, 'set'], findings);
  }
}

function checkMachine(
  item: Tree,
  path: Path,
  section: 'services' | 'files',
  machines: string[],
  model: Model,
  findings: Findings,
): void {
  const name = textAt(item, 'node');
  if (name === undefined) return;
  const node = model.nodes.get(name.value);
  if (node === undefined) {
    if (model.names.includes(name.value)) return; // it is there, but cannot be understood: that is told already
    const expected = machines.length === 0 ? 'the name of a host or router' : oneOf(machines);
    findings.problem(name, path, `there is no node ${quoted(name.value)}`, expected, nearest(name.value, machines));
  } else if (!isMachine(node.kind)) {
    const what = section === 'services' ? 'runs no programs' : 'has no files';
    const expected = machines.length === 0 ? 'a host or router' : `a host or router: ${listed(machines)}`;
    findings.problem(name, path, `${quoted(name.value)} is a ${node.kind}, which ${what}`, expected);
  }
}

/** Every word by which a link can be called, and how many links it could be. */
function countNames(links: readonly LinkNames[]): Map<string, number> {
  const names = new Map<string, number>();
  for (const called of links) for (const name of new Set(called)) names.set(name, (names.get(name) ?? 0) + 1);
  return names;
}

function checkFaultLink(fault: Tree, path: Path, links: ReadonlyMap<string, number>, findings: Findings): void {
  const name = textAt(fault, 'link');
  if (name === undefined) return;
  const count = links.get(name.value) ?? 0;
  if (count === 1) return;
  if (count > 1) {
    const message = `${quoted(name.value)} is an endpoint of ${count} links`;
    findings.problem(name, path, message, 'the name of one link, or an endpoint with its port');
    return;
  }
  const known = [...links.keys()];
  const expected = known.length === 0 ? 'links: in this file' : `a link's name or endpoint: ${listed(known, 8)}`;
  findings.problem(name, path, `there is no link ${quoted(name.value)}`, expected, nearest(name.value, known));
}

function checkVerb(fault: Tree, path: Path, findings: Findings): void {
  const verbs = ['down', 'set'].filter((verb) => fault.entries.has(verb));
  const down = fault.entries.get('down')?.tree;
  if (verbs.length === 1 && down?.value === false) {
    findings.problem(
      down,
      [...path, 'down'],
      'this fault breaks nothing',
      'down: true, or set: with what changes',
      'true',
    );
  }
  if (verbs.length === 1) return;
  const second = fault.entries.get('set')?.key;
  const at = second ?? fault.entries.values().next().value?.key ?? fault;
  const message = verbs.length === 0 ? 'this fault breaks nothing' : 'this fault says down and set at once';
  findings.problem(at, path, message, 'either down: true, or set: with properties of the link');
}
