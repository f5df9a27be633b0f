import type { Host } from '../host/host.ts';
import type { RuleProblem } from '../l3-network/firewall/rule-book.ts';
import { describeProblem } from '../l3-network/firewall/words.ts';
import { BuildError } from './build-error.ts';
import type { FirewallDescription } from './description.ts';

/** Gives a host, whose interfaces are there and whose network's names are known, its firewall and translations. */
export function protect(host: Host, firewall: FirewallDescription | undefined, nat: string | readonly string[]): void {
  const guard = host.firewall;
  for (const [name, written] of Object.entries(firewall?.sets ?? {})) {
    const unknown = guard.book.defineSet(name, typeof written === 'string' ? [written] : written);
    if (unknown === null) continue;
    throw new BuildError(
      `${host.name}: firewall: sets: ${name}: "${unknown}" is no address, no network, and nobody's name`,
    );
  }
  for (const chain of ['input', 'forward', 'output'] as const) {
    const policy = firewall?.[chain];
    if (policy !== undefined) guard.book.policies[chain] = policy;
  }
  for (const text of firewall?.rules ?? []) refuse(host, 'firewall: rule', text, guard.book.add(text));
  for (const text of typeof nat === 'string' ? [nat] : nat) refuse(host, 'nat: rule', text, guard.addNat(text));
}

function refuse(host: Host, what: string, text: string, problem: RuleProblem | null): void {
  if (problem === null) return;
  throw new BuildError(`${host.name}: ${what} ${problem.rule}, ${describeProblem(problem)} (in "${text}")`);
}
