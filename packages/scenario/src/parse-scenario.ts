import type { NetworkDescription } from '@netarium/stack/network/description';
import { checkFirewalls } from './check-firewall.ts';
import { checkIpv6 } from './check-ipv6.ts';
import { checkLinks } from './check-links.ts';
import { checkMulticast } from './check-multicast.ts';
import { checkNames } from './check-names.ts';
import { checkNodes } from './check-nodes.ts';
import { checkOutside } from './check-outside.ts';
import { checkPrograms } from './check-programs.ts';
import { checkRouting } from './check-routing.ts';
import { checkForm, locate } from './explain.ts';
import { readModel } from './model.ts';
import { Findings, type Path, type Problem } from './problem.ts';
import { scenarioSchema } from './schema.ts';
import { readTree, type Tree } from './tree.ts';

export type ScenarioResult =
  | {
      readonly ok: true;
      readonly scenario: NetworkDescription;
      readonly warnings: Problem[];
      /**
       * What is wrong with the part at `path` (`['services', 0, 'run']`), which only a caller can know: there is no such
       * directory, no such program. With its place, as `formatProblem` takes it.
       */
      problemAt(path: Path, message: string, expected: string, suggestion?: string): Problem;
    }
  | { readonly ok: false; readonly problems: Problem[] };

export interface ParseOptions {
  /** The file's name, as problems show it. */
  readonly file: string;
}

/**
 * Reads a scenario file. Total: whatever the text, the result is a network that the builder can build, or every
 * problem that the file has, in the order of its lines.
 */
export function parseScenario(text: string, { file }: ParseOptions): ScenarioResult {
  const findings = new Findings(file, text);
  const read = readTree(text, findings);
  if (read === null) return { ok: false, problems: findings.problems() };
  const tree = withoutEmptySections(read);
  const form = checkForm(scenarioSchema, tree, findings);
  // These look at what can be understood of a file that is wrong elsewhere, too: all its problems are told at once.
  const model = readModel(tree);
  checkNodes(model, findings);
  checkMulticast(model, findings);
  checkRouting(model, findings);
  checkFirewalls(model, findings);
  const links = checkLinks(model, findings);
  checkPrograms(model, links, findings);
  checkOutside(model, findings);
  checkIpv6(model, findings);
  checkNames(model, text, findings);
  if (!form.ok || findings.failed) return { ok: false, problems: findings.problems() };
  return {
    ok: true,
    scenario: form.value as NetworkDescription,
    warnings: findings.warnings(),
    problemAt: (path, message, expected, suggestion) =>
      findings.describe(locate(tree, path).at, path, message, expected, suggestion),
  };
}

/** `links:` with everything below it commented out is no links. */
function withoutEmptySections(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  const entries = new Map([...tree.entries].filter(([word, entry]) => word === 'nodes' || entry.tree.value !== null));
  if (entries.size === tree.entries.size) return tree;
  return { ...tree, entries, value: Object.fromEntries([...entries].map(([word, entry]) => [word, entry.tree.value])) };
}
