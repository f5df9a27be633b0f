/** Rules of firewalls and translations: each word of them, with its place in the file. */
import { IpAddress } from '@netarium/stack/base/ip-address';
import { parseNatRule } from '@netarium/stack/l3-network/firewall/nat-rule';
import { isProblem, parseRule } from '@netarium/stack/l3-network/firewall/rule-parser';
import { type AddressRange, lookUp, rangeOf, type Vocabulary } from '@netarium/stack/l3-network/firewall/vocabulary';
import type { Problem } from '@netarium/stack/l3-network/firewall/words';
import { getservbyname } from '@netarium/stack/l4-transport/services';
import { itemsOf, type Model, type Node, textsAt } from './model.ts';
import { nearest } from './nearest.ts';
import { type Findings, type Path, quoted, type Span } from './problem.ts';
import type { Tree } from './tree.ts';

export function checkFirewalls(model: Model, findings: Findings): void {
  let hosts: ReadonlyMap<string, readonly AddressRange[]> | null = null;
  for (const node of model.nodes.values()) {
    const words = node.tree.entries.get('firewall')?.tree;
    const translations = textsAt(node.tree, 'nat', node.path);
    if (words === undefined && translations.length === 0) continue;
    hosts ??= addressesOf(model);
    const vocabulary = vocabularyOf(node, hosts, words, findings);
    const path = [...node.path, 'firewall', 'rules'];
    for (const [index, rule] of (words === undefined ? [] : itemsOf(words, 'rules')).entries()) {
      if (typeof rule.value !== 'string') continue;
      const read = parseRule(rule.value, vocabulary);
      if (isProblem(read)) tell(read, `rule ${index + 1}`, rule, rule.value, [...path, index], findings);
    }
    for (const [index, { at, path: own }] of translations.entries()) {
      const read = parseNatRule(at.value, vocabulary);
      if (isProblem(read)) tell(read, `translation ${index + 1}`, at, at.value, own, findings);
    }
  }
}

/** At the very word. The parser's sentence is "...: expected ...", of which the end is what a problem has apart. */
function tell(problem: Problem, what: string, at: Span, text: string, path: Path, findings: Findings): void {
  const parts = problem.message.split(': expected ');
  const expected = parts[1] ?? 'words that fit each other';
  const message = `${what}: ${parts[0]}`;
  findings.problem(placeOf(problem, at, text), path, message, expected, problem.hint === '' ? undefined : problem.hint);
}

/** Text that stands in the file as it is, but for its quotes, has its words where they are; other text is one place. */
function placeOf({ column, word }: Problem, at: Span, text: string): Span {
  const quotes = at.end - at.start - text.length;
  if (quotes !== 0 && quotes !== 2) return at;
  const start = Math.min(at.start + quotes / 2 + column - 1, at.end - 1);
  return { start, end: start + Math.max(1, word.length) };
}

function addressesOf(model: Model): ReadonlyMap<string, readonly AddressRange[]> {
  const hosts = new Map<string, readonly AddressRange[]>();
  for (const node of model.nodes.values()) {
    const all = [...node.interfaces.values()].flatMap((each) => [
      ...each.addresses.map(({ prefix }) => IpAddress.v4(prefix.address)),
      ...each.addresses6.map(({ prefix }) => prefix.address),
    ]);
    if (all.length === 0) continue;
    const ranges = all.map((address) => ({ first: address, last: address }));
    hosts.set(node.name.toLowerCase(), ranges);
    for (const alias of itemsOf(node.tree, 'aliases')) hosts.set(String(alias.value).toLowerCase(), ranges);
  }
  return hosts;
}

function vocabularyOf(
  node: Node,
  hosts: ReadonlyMap<string, readonly AddressRange[]>,
  words: Tree | undefined,
  findings: Findings,
): Vocabulary {
  const sets = new Map<string, readonly AddressRange[]>();
  const own = [...node.interfaces.values()];
  const networks = new Map(
    own.map((each): [string, readonly AddressRange[]] => [
      each.name.toLowerCase(),
      each.addresses6.map(({ prefix }) => rangeOf(prefix)).concat(each.addresses.map(network)),
    ]),
  );
  const vocabulary: Vocabulary = {
    addresses: (name) => sets.get(name) ?? (name === 'self' ? [] : (networks.get(name) ?? hosts.get(name) ?? null)),
    service: (name, protocol) => getservbyname(name, protocol)?.port ?? -1,
    names: () => [...sets.keys(), 'self', ...networks.keys(), ...hosts.keys()],
    interfaces: () => ['lo', ...own.map(({ name }) => name.toLowerCase())],
  };
  for (const [name, { tree }] of words?.entries.get('sets')?.tree.entries ?? []) {
    const path = [...node.path, 'firewall', 'sets', name];
    const members = tree.kind === 'list' ? [...tree.items.entries()] : [[-1, tree] as const];
    const ranges: AddressRange[] = [];
    for (const [index, member] of members) {
      if (typeof member.value !== 'string') continue;
      const found = lookUp(member.value.toLowerCase(), vocabulary);
      if (found !== null) ranges.push(...found);
      else {
        const message = `${quoted(member.value)} is no address, no network, and nobody's name`;
        const hint = nearest(member.value, [...vocabulary.names()]);
        findings.problem(
          member,
          index < 0 ? path : [...path, index],
          message,
          'an address or a network such as 10.0.1.0/24, or a node',
          hint,
        );
      }
    }
    sets.set(name.toLowerCase(), ranges);
  }
  return vocabulary;
}

function network({ prefix }: { readonly prefix: { readonly address: number; readonly length: number } }): AddressRange {
  const mask = prefix.length === 0 ? 0 : (-1 << (32 - prefix.length)) >>> 0;
  return {
    first: IpAddress.v4((prefix.address & mask) >>> 0),
    last: IpAddress.v4((prefix.address | ~mask) >>> 0),
  };
}
