import type { Firewall } from '../../l3-network/firewall/firewall.ts';
import { formatNatRule } from '../../l3-network/firewall/nat-rule.ts';
import { CHAINS, type Chain, POLICIES, type Policy } from '../../l3-network/firewall/rule.ts';
import type { RuleProblem } from '../../l3-network/firewall/rule-book.ts';
import { formatRule } from '../../l3-network/firewall/rule-text.ts';
import { describeProblem } from '../../l3-network/firewall/words.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { nearest } from './options.ts';

const COMMANDS = ['list', 'add', 'insert', 'delete', 'flush', 'policy', 'zero', 'log', 'nat', 'set'] as const;

export const firewall: Program = {
  name: 'firewall',
  summary: 'show and change what is let in, through and out, and address translation',
  usage: `usage: firewall [list]                 rules, what they counted, and translations
       firewall add RULE               as the last: allow tcp from 10.0.1.0/24 to web port 80
       firewall insert NUMBER RULE     as this one
       firewall delete NUMBER
       firewall flush                  no rules any more
       firewall policy CHAIN POLICY    input, forward or output; allow, deny or reject
       firewall zero                   counters begin again
       firewall log                    what rules with "log" have seen
       firewall set NAME MEMBER...     a name for addresses
       firewall nat add TRANSLATION    masquerade out eth1; forward tcp port 8080 to web:80
       firewall nat delete NUMBER`,
  async main(process) {
    const [command = 'list', ...words] = process.args;
    if (command === 'list' || command === 'log') {
      if (!process.host.filtered) say(process, 'no firewall and no address translation here: everything passes');
      else if (command === 'list') list(process, process.host.firewall);
      else for (const { at, text } of process.host.firewall.log) say(process, `${(at / 1e9).toFixed(6)} ${text}`);
      return 0;
    }
    if (!(COMMANDS as readonly string[]).includes(command)) {
      const near = nearest(command, COMMANDS);
      throw new UsageError(`"${command}" is no command${near === null ? '' : `; did you mean "${near}"?`}`);
    }
    return change(process, process.host.firewall, command, words);
  },
};

function change(process: Process, guard: Firewall, command: string, words: readonly string[]): number {
  const { book } = guard;
  switch (command) {
    case 'add':
      return told(process, book.add(words.join(' ')));
    case 'insert':
      return told(process, book.add(words.slice(1).join(' '), numberOf(words[0], book.rules.length + 1) - 1));
    case 'delete':
      book.remove(numberOf(words[0], book.rules.length) - 1);
      return 0;
    case 'flush':
      book.flush();
      return 0;
    case 'zero':
      book.resetCounters();
      return 0;
    case 'policy': {
      const chain = oneOf<Chain>(words[0], CHAINS, 'chain');
      book.setPolicy(chain, oneOf<Policy>(words[1], POLICIES, 'policy'));
      return 0;
    }
    case 'set': {
      const [name = '', ...members] = words;
      if (members.length === 0) throw new UsageError('a set has a name and members');
      const unknown = book.defineSet(name, members);
      if (unknown !== null) return complain(process, `"${unknown}" is no address, no network, and nobody's name`);
      return 0;
    }
    default:
      if (words[0] === 'add') return told(process, guard.addNat(words.slice(1).join(' ')));
      if (words[0] !== 'delete') throw new UsageError('nat add TRANSLATION, or nat delete NUMBER');
      guard.removeNat(numberOf(words[1], book.natRules.length) - 1);
      return 0;
  }
}

function list(process: Process, guard: Firewall): void {
  const { book } = guard;
  CHAINS.forEach((chain, index) => {
    const [packets, bytes] = book.policyCounters(index);
    say(
      process,
      `${chain.padEnd(8)} ${book.policies[chain].padEnd(7)} ${packets} packets, ${bytes} bytes decided by it`,
    );
  });
  if (book.rules.length > 0) say(process, '\n    #    packets       bytes  rule');
  book.rules.forEach((rule, index) => {
    const numbers = [
      `${index + 1}`.padStart(5),
      `${book.packets[index]}`.padStart(10),
      `${book.bytes[index]}`.padStart(11),
    ];
    say(process, `${numbers.join(' ')}  ${formatRule(rule)}`);
  });
  if (book.natRules.length > 0) say(process, '\n    #  translation');
  book.natRules.forEach((rule, index) => {
    say(process, `${`${index + 1}`.padStart(5)}  ${formatNatRule(rule)}`);
  });
  const { table } = guard.tracker;
  const mapped = guard.nat.mappings.count;
  say(process, `\n${table.count} conversations tracked, ${mapped} addresses and ports mapped`);
}

function told(process: Process, problem: RuleProblem | null): number {
  return problem === null ? 0 : complain(process, `rule ${problem.rule}, ${describeProblem(problem)}`);
}

function complain(process: Process, message: string): number {
  process.complain(`firewall: ${message}\n`);
  return 1;
}

function numberOf(word: string | undefined, most: number): number {
  const number = Number(word);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new UsageError(`"${word ?? ''}" is no number from 1 to ${most}`);
}

function oneOf<T extends string>(word: string | undefined, known: readonly T[], what: string): T {
  const found = known.find((each) => each === word?.toLowerCase());
  if (found !== undefined) return found;
  throw new UsageError(`"${word ?? ''}" is no ${what}: ${known.join(', ')}`);
}

function say(process: Process, line: string): void {
  process.print(`${line}\n`);
}
