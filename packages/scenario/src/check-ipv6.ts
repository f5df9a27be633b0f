/** IPv6: who advertises is a router, and prefixes live as long as they say. */
import { parseDuration } from '@netarium/stack/base/units';
import { isMachine, itemsOf, type Model, type Node } from './model.ts';
import { type Findings, type Path, quoted } from './problem.ts';
import type { Tree } from './tree.ts';

/** RFC 4861 6.2.1: 30 days. */
const VALID_NS = 2_592_000e9;
/** RFC 8200 5. */
const MIN_MTU = 1280;

export function checkIpv6(model: Model, findings: Findings): void {
  for (const node of model.nodes.values()) {
    if (!isMachine(node.kind)) continue;
    for (const [name, { tree }] of node.tree.entries.get('interfaces')?.tree.entries ?? []) {
      checkInterface(node, tree, [...node.path, 'interfaces', name], findings);
    }
  }
}

function checkInterface(node: Node, words: Tree, path: Path, findings: Findings): void {
  const advertise = words.entries.get('advertise');
  const off = words.entries.get('ipv6');
  if (off?.tree.value === false) {
    const reason = advertise === undefined ? addressed(words) : 'it advertises';
    if (reason !== null) {
      findings.problem(
        off.tree,
        [...path, 'ipv6'],
        `this interface speaks IPv6: ${reason}`,
        'true, or nothing',
        'true',
      );
    }
  }
  const mtu = words.entries.get('mtu')?.tree;
  const why =
    off?.tree.value === true ? 'it speaks IPv6' : advertise !== undefined ? 'it advertises' : addressed(words);
  if (mtu !== undefined && typeof mtu.value === 'number' && mtu.value < MIN_MTU && mtu.value >= 68 && why !== null) {
    const message = `an MTU of ${mtu.value} is too small for IPv6, and ${why}`;
    findings.problem(mtu, [...path, 'mtu'], message, `${MIN_MTU} bytes or more (RFC 8200 5)`, `${MIN_MTU}`);
  }
  if (advertise === undefined) return;
  const at = [...path, 'advertise'];
  if (node.kind === 'host') {
    const message = `${quoted(node.name)} is a host, and hosts do not advertise`;
    findings.problem(advertise.key, at, message, 'an interface of a router');
    return;
  }
  const prefixes = advertise.tree.entries.get('prefixes');
  for (const [index, prefix] of itemsOf(advertise.tree, 'prefixes').entries()) {
    checkLifetimes(prefix, [...at, 'prefixes', index], findings);
  }
  if (prefixes === undefined && addressed(words) === null) {
    const message = 'there is no network to advertise: the interface has no IPv6 address';
    findings.warning(advertise.key, at, message, 'an address such as 2001:db8:1::1/64, or prefixes');
  }
}

/** That the interface has an IPv6 address, in words; null: it has none. */
function addressed(words: Tree): string | null {
  const address = words.entries.get('address')?.tree;
  const all = address === undefined ? [] : address.kind === 'list' ? address.items : [address];
  const found = all.find(({ value }) => typeof value === 'string' && value.includes(':'));
  return found === undefined ? null : `${String(found.value).slice(0, 50)} is an IPv6 address`;
}

function checkLifetimes(prefix: Tree, path: Path, findings: Findings): void {
  const preferred = prefix.entries.get('preferred')?.tree;
  const value = preferred?.value;
  if (preferred === undefined || (typeof value !== 'string' && typeof value !== 'number')) return;
  const asked = parseDuration(value);
  const written = prefix.entries.get('valid')?.tree.value;
  const valid = typeof written === 'string' || typeof written === 'number' ? parseDuration(written) : VALID_NS;
  if (typeof asked !== 'number' || typeof valid !== 'number' || asked <= valid) return;
  const message = 'its addresses are preferred for longer than they are valid';
  findings.problem(preferred, [...path, 'preferred'], message, 'a duration no longer than valid');
}
