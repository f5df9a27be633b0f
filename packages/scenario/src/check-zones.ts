/** Zones of a node's `dns`: their origins, and the text of those that stand in the file itself. */
import { DomainName, parseName } from '@netarium/stack/l7-application/dns/name';
import { Zone } from '@netarium/stack/l7-application/dns/zone';
import type { Node } from './model.ts';
import { type Findings, type Path, quoted, type Span } from './problem.ts';
import type { Tree } from './tree.ts';

export function checkZones(node: Node, text: string, findings: Findings): void {
  const zones = node.tree.entries.get('dns')?.tree.entries.get('zones')?.tree;
  for (const [origin, { key, tree }] of zones?.entries ?? []) {
    const path = [...node.path, 'dns', 'zones', origin];
    const name = parseName(origin, DomainName.ROOT);
    if (typeof name === 'string') {
      const message = `${quoted(origin)} cannot be the origin of a zone: ${name}`;
      findings.problem(key, path, message, 'a domain such as example.test, or "."');
    } else if (typeof tree.value === 'string' && tree.value.includes('\n')) {
      checkZone(tree, path, name, text, findings);
    }
  }
}

/** A zone that is written in the file: each of its mistakes at its own place. */
function checkZone(tree: Tree, path: Path, origin: DomainName, text: string, findings: Findings): void {
  const zone = Zone.parse(String(tree.value), origin);
  if (zone instanceof Zone) {
    if (zone.origin.equals(origin)) return;
    const message = `the zone's SOA is of ${zone.origin}`;
    findings.problem(tree, path, message, `an SOA of ${origin}`);
    return;
  }
  for (const { line, column, what } of zone.problems) {
    const at = placeIn(tree, text, line, column);
    const where = at === null ? ` (line ${line} of the zone, column ${column})` : '';
    findings.problem(at ?? tree, path, `${what}${where}`, 'a master file (RFC 1035 5)');
  }
}

/** Where in the file a place of a block scalar (`|`) is; null when it is written in another way. */
function placeIn(tree: Tree, text: string, line: number, column: number): Span | null {
  if (text[tree.start] !== '|') return null;
  let lineStart = text.indexOf('\n', tree.start) + 1;
  const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(text.slice(lineStart))?.[1]?.length ?? 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf('\n', lineStart);
    if (next < 0) return null;
    lineStart = next + 1;
  }
  const start = lineStart + indent + column - 1;
  const word = /^[^\s;()]*/.exec(text.slice(start, start + 64))?.[0].length ?? 0;
  return { start, end: start + Math.max(1, word) };
}
