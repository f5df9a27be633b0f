import type { Limits } from '../../base/limits.ts';
import type { Prefix } from '../../base/prefix.ts';
import { type NatRule, parseNatRule } from './nat-rule.ts';
import { CHAINS, type Chain, type FirewallRule, type Policy } from './rule.ts';
import { RuleEvaluator } from './rule-evaluator.ts';
import { isProblem, parseRule } from './rule-parser.ts';
import { compileProgram, type InterfaceNumbers, KINDS } from './rule-program.ts';
import { formatRule } from './rule-text.ts';
import { type AddressRange, lookUp, rangeOf, type Vocabulary } from './vocabulary.ts';
import type { Problem } from './words.ts';

/** What can be said of one rule: a number of it as it is shown, from 1 on, and what is wrong. */
export interface RuleProblem extends Problem {
  readonly rule: number;
}

/** Says what an action does in one number, for the packet's path. */
export const Decision = { Allow: 0, Deny: 1, Reject: 2, Log: 3, Count: 4, Mark: 5 } as const;

const POLICY_DECISIONS: Readonly<Record<Policy, number>> = {
  allow: Decision.Allow,
  deny: Decision.Deny,
  reject: Decision.Reject,
};
const ACTION_DECISIONS: Readonly<Record<FirewallRule['action'], number>> = {
  allow: Decision.Allow,
  deny: Decision.Deny,
  reject: Decision.Reject,
  log: Decision.Log,
  count: Decision.Count,
  mark: Decision.Mark,
};

/** There are as many rules as there may be. */
function tooMany(at: number, most: string): RuleProblem {
  return { rule: at + 1, column: 1, word: '', message: `there may be no more than ${most}`, hint: '' };
}

/** Where names come from: other hosts', and this host's interfaces. */
export interface Surroundings {
  readonly vocabulary: Vocabulary;
  /** Interfaces and their networks, as they are now. */
  interfaces(): readonly { readonly name: string; readonly index: number; readonly addresses: readonly Prefix[] }[];
}

/**
 * The rules of a firewall with their sets, policies and counters, and all of it compiled: what packets go by
 * are arrays of numbers. After a change the first packet finds them `stale`.
 */
export class RuleBook {
  rules: readonly FirewallRule[] = [];
  natRules: readonly NatRule[] = [];
  readonly policies: Record<Chain, Policy> = { input: 'allow', forward: 'allow', output: 'allow' };
  readonly sets = new Map<string, readonly AddressRange[]>();
  /** Packets and bytes that each rule matched; behind them, those that the policies of the chains decided. */
  packets = new Float64Array(CHAINS.length);
  bytes = new Float64Array(CHAINS.length);
  /** By chain, version and kind of protocol. */
  programs: readonly Int32Array[] = [];
  /** By rule, then by chain for the policies. */
  decisions = new Uint8Array(CHAINS.length);
  logs = new Uint8Array(CHAINS.length);
  /** `r1's firewall, rule 3: deny tcp from any to web`. */
  texts: readonly string[] = [];
  evaluator = new RuleEvaluator([]);
  private readonly owner: string;
  private readonly surroundings: Surroundings;
  private readonly limits: Pick<Limits, 'firewallRules' | 'firewallRanges'>;
  /** Something has changed since rules were compiled. */
  stale = true;
  readonly vocabulary: Vocabulary;

  constructor(owner: string, surroundings: Surroundings, limits: Pick<Limits, 'firewallRules' | 'firewallRanges'>) {
    this.limits = limits;
    this.owner = owner;
    this.surroundings = surroundings;
    this.vocabulary = {
      addresses: (name) => this.addressesOf(name),
      service: (name, protocol) => surroundings.vocabulary.service(name, protocol),
      names: () => [
        ...this.sets.keys(),
        'self',
        ...surroundings.interfaces().map(({ name }) => name),
        ...surroundings.vocabulary.names(),
      ],
      interfaces: () => surroundings.vocabulary.interfaces(),
    };
  }

  /** Adds a rule at a place (0: the first; by default the last); what is wrong with it, or null. */
  add(text: string, at = this.rules.length): RuleProblem | null {
    if (this.rules.length >= this.limits.firewallRules) return tooMany(at, `${this.limits.firewallRules} rules`);
    const rule = parseRule(text, this.vocabulary);
    if (isProblem(rule)) return { ...rule, rule: at + 1 };
    this.insert(rule, at);
    return null;
  }

  /** Adds a rule that was read already. */
  insert(rule: FirewallRule, at = this.rules.length): void {
    const counted = this.rules.map((_, index) => [this.packets[index]!, this.bytes[index]!] as const);
    const policies = CHAINS.map((_, chain) => this.policyCounters(chain));
    this.rules = [...this.rules.slice(0, at), rule, ...this.rules.slice(at)];
    counted.splice(at, 0, [0, 0]);
    this.recount([...counted, ...policies]);
  }

  /** Takes rule number `index` (from 0 on) away; false: there is none. */
  remove(index: number): boolean {
    if (index < 0 || index >= this.rules.length) return false;
    const counted = this.rules.map((_, each) => [this.packets[each]!, this.bytes[each]!] as const);
    counted.splice(index, 1);
    const policies = CHAINS.map((_, chain) => this.policyCounters(chain));
    this.rules = this.rules.filter((_, each) => each !== index);
    this.recount([...counted, ...policies]);
    return true;
  }

  /** No rules any more; policies, sets and translations stay. */
  flush(): void {
    this.rules = [];
    this.recount(CHAINS.map(() => [0, 0] as const));
  }

  setPolicy(chain: Chain, policy: Policy): void {
    this.policies[chain] = policy;
    this.stale = true;
  }

  /** Adds a rule of address translation; what is wrong with it, or null. */
  addNat(text: string): RuleProblem | null {
    const rule = parseNatRule(text, this.vocabulary);
    if (isProblem(rule)) return { ...rule, rule: this.natRules.length + 1 };
    if (this.natRules.length >= this.limits.firewallRules) {
      return tooMany(this.natRules.length, `${this.limits.firewallRules} translations`);
    }
    this.natRules = [...this.natRules, rule];
    this.stale = true;
    return null;
  }

  removeNat(index: number): boolean {
    const had = this.natRules.length;
    this.natRules = this.natRules.filter((_, each) => each !== index);
    this.stale = true;
    return this.natRules.length < had;
  }

  /** Gives a name to addresses, networks and names; the first word that is none of these, or null. */
  defineSet(name: string, members: readonly string[]): string | null {
    const ranges: AddressRange[] = [];
    for (const word of members) {
      const found = lookUp(word.toLowerCase(), this.vocabulary);
      if (found === null) return word;
      ranges.push(...found);
      if (ranges.length > this.limits.firewallRanges) return word;
    }
    this.sets.set(name.toLowerCase(), ranges);
    this.stale = true;
    return null;
  }

  /** Packets and bytes that the policy of a chain decided. */
  policyCounters(chain: number): readonly [packets: number, bytes: number] {
    return [this.packets[this.rules.length + chain]!, this.bytes[this.rules.length + chain]!];
  }

  resetCounters(): void {
    this.packets.fill(0);
    this.bytes.fill(0);
  }

  /** Looks names up and makes programs: after every change of rules, of interfaces and of their addresses. */
  compile(): void {
    const { rules, owner } = this;
    this.stale = false;
    this.evaluator = new RuleEvaluator(rules);
    this.decisions = Uint8Array.from([
      ...rules.map(({ action }) => ACTION_DECISIONS[action]),
      ...CHAINS.map((chain) => POLICY_DECISIONS[this.policies[chain]]),
    ]);
    this.logs = Uint8Array.from([...rules.map(({ log, action }) => (log || action === 'log' ? 1 : 0)), 0, 0, 0]);
    this.texts = [
      ...rules.map((rule, index) => `${owner}'s firewall, rule ${index + 1}: ${formatRule(rule)}`),
      ...CHAINS.map((chain) => `${owner}'s firewall, no rule: policy of ${chain} is ${this.policies[chain]}`),
    ];
    this.programs = CHAINS.flatMap((chain) =>
      ([4, 6] as const).flatMap((version) =>
        Array.from({ length: KINDS }, (_, kind) =>
          compileProgram(rules, chain, version, kind, this.vocabulary, this.interfaceNumbers),
        ),
      ),
    );
  }

  /** The numbers of the interfaces with a name, or whose name begins so: `eth*`. */
  readonly interfaceNumbers: InterfaceNumbers = (wanted) => {
    const name = wanted.toLowerCase();
    const star = name.endsWith('*');
    return this.surroundings
      .interfaces()
      .filter((each) =>
        star ? each.name.toLowerCase().startsWith(name.slice(0, -1)) : each.name.toLowerCase() === name,
      )
      .map(({ index }) => index);
  };

  /** A set, this host (`self`), the networks of an interface, or a name that the surroundings know. */
  private addressesOf(name: string): readonly AddressRange[] | null {
    const set = this.sets.get(name);
    if (set !== undefined) return set;
    const interfaces = this.surroundings.interfaces();
    if (name === 'self') {
      return interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => ({ first: address, last: address })));
    }
    const found = interfaces.find((each) => each.name.toLowerCase() === name);
    return found !== undefined ? found.addresses.map(rangeOf) : this.surroundings.vocabulary.addresses(name);
  }

  private recount(counters: readonly (readonly [number, number])[]): void {
    this.packets = Float64Array.from(counters.map(([packets]) => packets));
    this.bytes = Float64Array.from(counters.map(([, bytes]) => bytes));
    this.stale = true;
  }
}
