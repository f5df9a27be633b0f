import type { Choice, FirewallRule } from './rule.ts';

/** A rule in words, as `parseRule` reads it: what it returns is read as the same rule again. */
export function formatRule(rule: FirewallRule): string {
  const words: string[] = [];
  if (rule.chains.length > 0) words.push(rule.chains.join(','));
  words.push(rule.action);
  if (rule.action === 'mark') words.push(`${rule.mark}`);
  if (rule.family !== 0) words.push(`ipv${rule.family}`);
  const { protocols } = rule;
  if (protocols !== null && !protocols.not) words.push(protocols.of.join(','));
  if (protocols?.not === true) words.push('protocol', choice(protocols));
  if (rule.icmpTypes !== null) words.push('type', choice(rule.icmpTypes));
  if (rule.from !== null) words.push('from', choice(rule.from));
  if (rule.sourcePorts !== null) words.push('source', 'port', choice(rule.sourcePorts));
  if (rule.to !== null) words.push('to', choice(rule.to));
  if (rule.destinationPorts !== null) words.push(...portWords(rule), choice(rule.destinationPorts));
  if (rule.in !== null) words.push('in', choice(rule.in));
  if (rule.out !== null) words.push('out', choice(rule.out));
  if (rule.states !== null) words.push(...(rule.states.not ? ['not'] : []), rule.states.of.join(','));
  if (rule.flags !== null) words.push('flags', ...flagWords(rule));
  if (rule.marked >= 0) words.push('marked', `${rule.marked}`);
  if (rule.rate !== null) words.push('rate', `${rule.rate.count}/${rule.rate.unit}`, 'burst', `${rule.rate.burst}`);
  if (rule.rejection !== 'prohibited') words.push('with', rule.rejection);
  if (rule.log) words.push('log');
  if (rule.comment !== '') words.push('comment', `"${rule.comment}"`);
  return words.join(' ');
}

/** `port` alone means the receiver's, unless the sender's stood before it. */
function portWords(rule: FirewallRule): string[] {
  return rule.to === null && (rule.from !== null || rule.sourcePorts !== null) ? ['destination', 'port'] : ['port'];
}

function flagWords(rule: FirewallRule): string[] {
  const { set, clear } = rule.flags!;
  return [...(set.length > 0 ? [set.join(',')] : []), ...(clear.length > 0 ? ['not', clear.join(',')] : [])];
}

function choice({ not, of }: Choice): string {
  return `${not ? 'not ' : ''}${of.join(',')}`;
}
