import {
  ACTIONS,
  type Action,
  CHAINS,
  type Chain,
  type Choice,
  EMPTY_RULE,
  type FirewallRule,
  type FlagChoice,
  ICMP_TYPES,
  ICMPV6_TYPES,
  PROTOCOLS,
  parsePorts,
  type Rate,
  REJECTIONS,
  type Rejection,
  STATES,
  TCP_FLAGS,
} from './rule.ts';
import { lookUp, type Vocabulary } from './vocabulary.ts';
import { type Problem, Words, WordsError } from './words.ts';

/** Other words for actions, as other firewalls have them. */
const ACTION_ALIASES: ReadonlyMap<string, Action> = new Map([
  ...ACTIONS.map((action) => [action, action] as const),
  ['accept', 'allow'],
  ['permit', 'allow'],
  ['pass', 'allow'],
  ['drop', 'deny'],
  ['block', 'deny'],
]);
const CLAUSES = [
  'from',
  'to',
  'port',
  'in',
  'out',
  'state',
  'flags',
  'type',
  'rate',
  'with',
  'log',
  'marked',
  'comment',
  'not',
] as const;
const UNITS = ['s', 'm', 'h'] as const;
/** By default, as iptables' `limit`. */
const DEFAULT_BURST = 5;
const HIGHEST_RATE = 1_000_000;

type Draft = { -readonly [Key in keyof FirewallRule]: FirewallRule[Key] };

/**
 * Reads a rule: `[chain,...] action [protocol,...] [icmp type,...] clauses`, the clauses in any order.
 *
 *     allow tcp from lan to web port 80,443
 *     forward deny ip from any to 10.0.9.0/24 log
 *     allow icmp echo-request rate 5/s burst 10
 */
export function parseRule(text: string, vocabulary: Vocabulary): FirewallRule | Problem {
  try {
    return new RuleReader(text, vocabulary).read();
  } catch (error) {
    if (error instanceof WordsError) return error.problem;
    throw error;
  }
}

export function isProblem(result: object): result is Problem {
  return 'column' in result && 'hint' in result;
}

class RuleReader {
  private readonly words: Words;
  private readonly vocabulary: Vocabulary;
  private readonly draft: Draft = { ...EMPTY_RULE };
  /** Whose ports a `port` means. */
  private side: 'source' | 'destination' = 'destination';

  constructor(text: string, vocabulary: Vocabulary) {
    this.words = new Words(text);
    this.vocabulary = vocabulary;
  }

  read(): FirewallRule {
    const { words, draft } = this;
    if ((CHAINS as readonly string[]).includes(words.next)) {
      draft.chains = words.list('input, forward or output', (word) =>
        (CHAINS as readonly string[]).includes(word) ? null : CHAINS,
      ) as Chain[];
    }
    const action = ACTION_ALIASES.get(words.next);
    if (action === undefined)
      return words.fail('what to do: allow, deny, reject, log, count or mark', ACTION_ALIASES.keys());
    words.take();
    draft.action = action;
    if (action === 'mark') draft.mark = words.number('the mark', 0, 0x7fffffff);
    this.protocols();
    while (!words.done) this.clause();
    this.check();
    return draft;
  }

  private protocols(): void {
    const { words, draft } = this;
    if (words.skip('ipv4')) draft.family = 4;
    else if (words.skip('ipv6')) draft.family = 6;
    if (words.skip('ip') || words.skip('any')) return;
    if (isProtocol(words.next)) draft.protocols = { not: false, of: this.protocolList() };
  }

  private protocolList(): string[] {
    return this.words.list('a protocol: tcp, udp, icmp, icmpv6, ... or its number', (word) =>
      isProtocol(word) ? null : [...PROTOCOLS.keys()],
    );
  }

  private clause(): void {
    const { words, draft } = this;
    const not = words.skip('not');
    const word = words.next;
    if (this.icmpWord(word)) {
      draft.icmpTypes = this.icmpList(not);
      return;
    }
    if ((STATES as readonly string[]).includes(word)) {
      draft.states = this.states(not);
      return;
    }
    if (not && isProtocol(word)) {
      draft.protocols = { not, of: this.protocolList() };
      return;
    }
    switch (words.take().toLowerCase()) {
      case 'from':
        this.once(draft.from, 'from');
        draft.from = this.addresses(not);
        this.side = 'source';
        break;
      case 'to':
        this.once(draft.to, 'to');
        draft.to = this.addresses(not);
        this.side = 'destination';
        break;
      case 'source':
        this.side = 'source';
        break;
      case 'destination':
        this.side = 'destination';
        break;
      case 'port':
      case 'ports':
        this.ports(not);
        break;
      case 'in':
        draft.in = this.interfaces(not);
        break;
      case 'out':
        draft.out = this.interfaces(not);
        break;
      case 'state':
        draft.states = this.states(not);
        break;
      case 'type':
        draft.icmpTypes = this.icmpList(not);
        break;
      case 'protocol':
        draft.protocols = { not: words.skip('not') || not, of: this.protocolList() };
        break;
      case 'flags':
        draft.flags = this.flags();
        break;
      case 'rate':
        draft.rate = this.rate();
        break;
      case 'with':
        draft.rejection = this.rejection();
        break;
      case 'marked':
        draft.marked = words.number('the mark', 0, 0x7fffffff);
        break;
      case 'log':
        draft.log = true;
        break;
      case 'comment':
        draft.comment = words.take().replaceAll('"', '');
        break;
      default:
        this.unknown();
    }
  }

  /** The word that was taken is none. */
  private unknown(): never {
    const { words } = this;
    const text = words.takenBack();
    const known = [...CLAUSES, ...STATES, ...(isProtocol(text) ? [] : PROTOCOLS.keys())];
    return words.fail(`one of ${CLAUSES.join(', ')}, or a state`, known);
  }

  private once(before: Choice | null, word: string): void {
    if (before !== null) this.words.complain(`"${word}" stands twice`);
  }

  /** Null: any. */
  private addresses(negated: boolean): Choice | null {
    const { words, vocabulary } = this;
    const not = words.skip('not') || negated;
    if (words.next === 'any') {
      if (not) words.complain('"not any" is nothing');
      words.take();
      return null;
    }
    const of = words.list('an address, a network like 10.0.1.0/24, or a name', (word) =>
      lookUp(word, vocabulary) === null ? ['any', ...vocabulary.names()] : null,
    );
    return { not, of };
  }

  private ports(negated: boolean): void {
    const { words, draft, side } = this;
    const not = words.skip('not') || negated;
    const of = words.list('a port, a range like 8000-8010, or the name of a service', (word) =>
      parsePorts(word) !== null || this.isService(word) ? null : [],
    );
    if (side === 'source') draft.sourcePorts = { not, of };
    else draft.destinationPorts = { not, of };
  }

  private isService(word: string): boolean {
    const { vocabulary } = this;
    return vocabulary.service(word, 'tcp') >= 0 || vocabulary.service(word, 'udp') >= 0;
  }

  private interfaces(negated: boolean): Choice {
    const not = this.words.skip('not') || negated;
    const known = this.vocabulary.interfaces();
    const of = this.words.list('the name of an interface', (word) => {
      if (!/^[a-z0-9._-]{1,15}\*?$/.test(word)) return known ?? [];
      return known === null || word.endsWith('*') || known.includes(word) ? null : known;
    });
    return { not, of };
  }

  private states(negated: boolean): Choice {
    const not = this.words.skip('not') || negated;
    const of = this.words.list('a state: new, established, related or invalid', (word) =>
      (STATES as readonly string[]).includes(word) ? null : STATES,
    );
    return { not, of };
  }

  private icmpWord(word: string): boolean {
    const of = this.draft.protocols?.of;
    if (of === undefined || word === '') return false;
    return (of.includes('icmp') && ICMP_TYPES.has(word)) || (of.includes('icmpv6') && ICMPV6_TYPES.has(word));
  }

  private icmpList(negated = false): Choice {
    const not = this.words.skip('not') || negated;
    const known = this.draft.protocols?.of.includes('icmpv6') === true ? ICMPV6_TYPES : ICMP_TYPES;
    const of = this.words.list('a type of ICMP: echo-request, unreachable, ... or its number', (word) =>
      this.icmpWord(word) || (/^\d{1,3}$/.test(word) && Number(word) < 256) ? null : [...known.keys()],
    );
    return { not, of };
  }

  private flags(): FlagChoice {
    const { words } = this;
    const check = (word: string) => (TCP_FLAGS.has(word) ? null : [...TCP_FLAGS.keys()]);
    const expected = 'flags of TCP: syn, ack, fin, rst, psh, urg, ece, cwr';
    const set = words.next === 'not' ? [] : words.list(expected, check);
    // In `flags syn not from lan` the "not" belongs to what follows.
    const negated = set.length === 0 || TCP_FLAGS.has(words.afterNext);
    const clear = negated && words.skip('not') ? words.list(expected, check) : [];
    return { set, clear };
  }

  private rate(): Rate {
    const { words } = this;
    const found = /^(\d{1,7})\/(s|m|h)$/.exec(words.next);
    const count = found === null ? 0 : Number(found[1]);
    if (count < 1 || count > HIGHEST_RATE) words.fail(`how often, as in 5/s, 10/m or 100/h`, []);
    const unit = UNITS.find((each) => each === found![2])!;
    words.take();
    const burst = words.skip('burst') ? words.number('the burst', 1, HIGHEST_RATE) : DEFAULT_BURST;
    return { count, unit, burst };
  }

  private rejection(): Rejection {
    const { words } = this;
    const found = REJECTIONS.find((each) => each === words.next);
    if (found === undefined) return words.fail(`how to refuse: ${REJECTIONS.join(', ')}`, REJECTIONS);
    words.take();
    if (this.draft.action !== 'reject') words.complain('"with" belongs to reject');
    return found;
  }

  /** What each word allows, and all together do not. */
  private check(): void {
    const { words, draft } = this;
    const { protocols } = draft;
    const only = (known: readonly string[]) =>
      protocols !== null && !protocols.not && protocols.of.every(isOneOf(known));
    const ports = draft.sourcePorts !== null || draft.destinationPorts !== null;
    if (ports && protocols !== null && !only(['tcp', 'udp', 'sctp'])) {
      words.complain('ports belong to tcp, udp and sctp, and to nothing else');
    }
    if (draft.flags !== null && !only(['tcp'])) words.complain('flags belong to tcp, and to nothing else');
    if (draft.icmpTypes !== null && !only(['icmp', 'icmpv6'])) words.complain('types belong to icmp and icmpv6');
    if (draft.rejection === 'reset' && !only(['tcp'])) words.complain('a reset belongs to tcp, and to nothing else');
  }
}

function isOneOf(known: readonly string[]): (word: string) => boolean {
  return (word) => known.includes(word.toLowerCase());
}

function isProtocol(word: string): boolean {
  return PROTOCOLS.has(word) || (/^\d{1,3}$/.test(word) && Number(word) < 256);
}
