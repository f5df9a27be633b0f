import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { Random } from '../../base/random.ts';
import { PacketFacts } from './packet-facts.ts';
import { type Action, CHAINS, type Chain, EMPTY_RULE, type FirewallRule, State, TCP_FLAGS } from './rule.ts';
import { kindOf, RuleEvaluator } from './rule-evaluator.ts';
import { isProblem, parseRule } from './rule-parser.ts';
import { compileProgram } from './rule-program.ts';
import { formatRule } from './rule-text.ts';
import { decideNaively, testService, type Written } from './testing/naive.ts';
import { NO_NAMES, parseRange, type Vocabulary } from './vocabulary.ts';
import { describeProblem } from './words.ts';

const SETS: Readonly<Record<string, readonly string[]>> = {
  lan: ['10.0.1.0/24'],
  web: ['10.0.2.80', '2001:db8:2::80'],
  many: Array.from({ length: 40 }, (_, i) => `10.${i}.0.0/17`),
};
const INTERFACES = ['lo', 'eth0', 'eth1', 'wlan0'];
const VOCABULARY: Vocabulary = {
  addresses: (name) => SETS[name]?.map((each) => parseRange(each)!) ?? null,
  service: testService,
  names: () => Object.keys(SETS),
  interfaces: () => null,
};
const interfaceNumbers = (name: string) =>
  INTERFACES.flatMap((each, index) =>
    (name.endsWith('*') ? each.startsWith(name.slice(0, -1)) : each === name) ? [index + 1] : [],
  );

function read(text: string): FirewallRule {
  const rule = parseRule(text, VOCABULARY);
  if (isProblem(rule)) throw new Error(`${text}: ${describeProblem(rule)}`);
  return rule;
}

/** One of these. */
function one<T>(random: Random, of: readonly T[]): T {
  return of[random.below(of.length)]!;
}
function some<T>(random: Random, of: readonly T[]): T[] {
  return Array.from({ length: 1 + random.below(3) }, () => one(random, of));
}

const ADDRESSES4 = [
  '10.0.1.10',
  '10.0.1.255',
  '10.0.2.80',
  '10.3.0.1',
  '10.39.127.255',
  '192.0.2.1',
  '255.255.255.255',
];
const ADDRESSES6 = ['2001:db8:2::80', '2001:db8:1::1', 'fe80::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::1'];
const PLACES = [
  'lan',
  'web',
  'many',
  '10.0.1.10',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '10.0.1.9-10.0.1.200',
  '192.0.2.0/31',
  '2001:db8::/32',
  '::/0',
  'fe80::1-fe80::ffff',
];
const PORTS = ['80', '443', '22', '8000-8010', '0-1023', '1024-65535', 'http', 'domain'];
const ICMP4 = ['echo-request', 'echo-reply', 'unreachable', 'time-exceeded'];
const ICMP_NUMBERS: Readonly<Record<string, number>> = {
  'echo-request': 8 << 8,
  'echo-reply': 0,
  unreachable: (3 << 8) | 1,
  'time-exceeded': 11 << 8,
};

function maybeNot(random: Random): string {
  return random.chance(0.25) ? 'not ' : '';
}

/** A rule in words, of any kind. */
function randomRule(random: Random): string {
  const words: string[] = [];
  if (random.chance(0.3)) words.push([...new Set(some(random, CHAINS))].join(','));
  const action = one<Action>(random, ['allow', 'deny', 'reject', 'count', 'log']);
  words.push(action);
  if (random.chance(0.15)) words.push(one(random, ['ipv4', 'ipv6']));
  const kind = one(random, ['tcp', 'udp', 'tcp,udp', 'icmp', 'gre', '47', 'ip', '']);
  words.push(kind);
  const ports = kind === 'tcp' || kind === 'udp' || kind === 'tcp,udp' || kind === '';
  if (kind === 'icmp' && random.chance(0.7)) words.push(maybeNot(random) + some(random, ICMP4).join(','));
  if (random.chance(0.5)) words.push(`${maybeNot(random)}from ${some(random, PLACES).join(',')}`);
  if (ports && random.chance(0.2)) words.push(`source port ${maybeNot(random)}${some(random, PORTS).join(', ')}`);
  if (random.chance(0.5)) words.push(`to ${maybeNot(random)}${some(random, PLACES).join(',')}`);
  if (ports && random.chance(0.5)) words.push(`destination port ${maybeNot(random)}${some(random, PORTS).join(',')}`);
  if (random.chance(0.2)) words.push(`in ${maybeNot(random)}${one(random, ['eth0', 'eth*', 'wlan0', 'ppp0'])}`);
  if (random.chance(0.2)) words.push(`not out ${one(random, ['eth1', 'w*'])}`);
  if (random.chance(0.3))
    words.push(maybeNot(random) + some(random, ['new', 'established', 'related', 'invalid']).join(','));
  if (kind === 'tcp' && random.chance(0.3))
    words.push('flags', one(random, ['syn', 'syn,ack', 'ack not rst', 'not fin,psh']));
  if (random.chance(0.1)) words.push('comment "why, indeed"');
  return words.filter((word) => word !== '').join(' ');
}

function randomPacket(random: Random): Written {
  const version = random.chance(0.75) ? 4 : 6;
  const protocol = one(random, ['tcp', 'udp', version === 4 ? 'icmp' : 'icmpv6', 'gre']);
  return {
    version,
    protocol,
    from: one(random, version === 4 ? ADDRESSES4 : ADDRESSES6),
    to: one(random, version === 4 ? ADDRESSES4 : ADDRESSES6),
    sourcePort: one(random, [80, 53, 8005, 40000, 1023, 1024]),
    destinationPort: one(random, [80, 443, 22, 53, 8000, 8011, 65535]),
    flags:
      protocol === 'tcp'
        ? one(random, [['syn'], ['syn', 'ack'], ['ack'], ['ack', 'psh'], ['rst', 'ack'], ['fin', 'ack']])
        : [],
    icmp: protocol === 'icmp' ? one(random, ICMP4) : '',
    state: one(random, ['new', 'established', 'related', 'invalid']),
    in: one(random, INTERFACES.slice(1)),
    out: one(random, INTERFACES.slice(1)),
  };
}

const STATES: Readonly<Record<string, number>> = {
  new: State.New,
  established: State.Established,
  related: State.Related,
  invalid: State.Invalid,
};
const NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, gre: 47 };

function factsOf(packet: Written): PacketFacts {
  const facts = new PacketFacts();
  const from = IpAddress.parse(packet.from)!;
  const to = IpAddress.parse(packet.to)!;
  facts.version = packet.version;
  facts.protocol = NUMBERS[packet.protocol]!;
  [facts.s0, facts.s1, facts.s2, facts.s3] = [from.w0, from.w1, from.w2, from.w3];
  [facts.d0, facts.d1, facts.d2, facts.d3] = [to.w0, to.w1, to.w2, to.w3];
  if (packet.protocol === 'tcp' || packet.protocol === 'udp') {
    facts.sourcePort = packet.sourcePort;
    facts.destinationPort = packet.destinationPort;
  }
  facts.flags = packet.flags.reduce((bits, flag) => bits | TCP_FLAGS.get(flag)!, 0);
  facts.icmp = packet.icmp === '' ? -1 : ICMP_NUMBERS[packet.icmp]!;
  return facts;
}

/** What the compiled rules decide: the first that allows, denies or rejects; -1: none. */
function decideCompiled(rules: readonly FirewallRule[], chain: Chain, packet: Written): number {
  const facts = factsOf(packet);
  const program = compileProgram(rules, chain, packet.version, kindOf(facts), VOCABULARY, interfaceNumbers);
  const evaluator = new RuleEvaluator(rules);
  evaluator.in = INTERFACES.indexOf(packet.in) + 1;
  evaluator.out = INTERFACES.indexOf(packet.out) + 1;
  evaluator.state = STATES[packet.state]!;
  for (let at = evaluator.match(program, 0, facts); at >= 0; ) {
    const { action } = rules[program[at]!]!;
    if (action === 'allow' || action === 'deny' || action === 'reject') return program[at]!;
    at = evaluator.match(program, at + program[at + 1]!, facts);
  }
  return -1;
}

describe('compiled rules', () => {
  it('decide as their words do: 10,000 sets of rules, and packets', () => {
    const random = new Random(20);
    const decided = new Map<number, number>();
    for (let round = 0; round < 10_000; round++) {
      const texts = Array.from({ length: 1 + random.below(8) }, () => randomRule(random));
      const rules = texts.map(read);
      for (let n = 0; n < 5; n++) {
        const packet = randomPacket(random);
        const chain = one(random, CHAINS);
        const expected = decideNaively(rules, chain, packet, SETS);
        const actual = decideCompiled(rules, chain, packet);
        if (actual !== expected) expect.fail(`${JSON.stringify({ texts, packet, chain, actual, expected }, null, 1)}`);
        decided.set(expected, (decided.get(expected) ?? 0) + 1);
      }
    }
    // Each place decides often enough for this to mean something.
    expect([-1, 0, 1, 2, 3].map((place) => (decided.get(place) ?? 0) > 1000)).toEqual(Array(5).fill(true));
  }, 60_000);

  it('are read again as what they were written out as', () => {
    const random = new Random(21);
    for (let round = 0; round < 5000; round++) {
      const rule = read(randomRule(random));
      const text = formatRule(rule);
      expect(read(text), text).toEqual(rule);
      expect(JSON.parse(JSON.stringify(rule))).toEqual(rule);
    }
  });

  it('match no more often than their rate', () => {
    const rules = [read('allow icmp echo-request rate 5/s burst 10')];
    const evaluator = new RuleEvaluator(rules);
    const facts = factsOf({
      ...randomPacket(new Random(1)),
      version: 4,
      protocol: 'icmp',
      icmp: 'echo-request',
      from: '10.0.0.1',
      to: '10.0.0.2',
    });
    const program = compileProgram(rules, 'input', 4, kindOf(facts), VOCABULARY, interfaceNumbers);
    let matched = 0;
    for (let ms = 0; ms <= 2000; ms += 10) {
      evaluator.now = ms * 1e6;
      if (evaluator.match(program, 0, facts) >= 0) matched++;
    }
    expect(matched).toBe(10 + 2 * 5);
  });
});

describe('the words of a rule', () => {
  it.each([
    ['allow tcp from lan to web port 80,443', 'allow tcp from lan to web port 80,443'],
    ['accept tcp from lan port 1024-65535', 'allow tcp from lan source port 1024-65535'],
    ['DROP ip from any to 10.0.9.0/24 log', 'deny to 10.0.9.0/24 log'],
    ['reject tcp to web port 22 with reset', 'reject tcp to web port 22 with reset'],
    ['allow established,related', 'allow established,related'],
    ['allow icmp echo-request from any rate 5/s burst 10', 'allow icmp type echo-request rate 5/s burst 10'],
    ['forward,input deny not tcp in not eth0', 'forward,input deny protocol not tcp in not eth0'],
    ['allow icmpv6 packet-too-big', 'allow icmpv6 type packet-too-big'],
    ['mark 7 udp port domain', 'mark 7 udp port domain'],
    ['allow tcp flags syn not from 10.0.1.1', 'allow tcp from not 10.0.1.1 flags syn'],
    ['allow tcp flags syn not ack , rst new', 'allow tcp new flags syn not ack,rst'],
  ])('%s', (text, canonical) => expect(formatRule(read(text))).toBe(canonical));

  it.each([
    ['', 'column 1: it ends too early: expected what to do: allow, deny, reject, log, count or mark'],
    [
      'alow tcp',
      'column 1: "alow" cannot stand here: expected what to do: allow, deny, reject, log, count or mark; did you mean "allow"?',
    ],
    [
      'allow tcp form lan',
      'column 11: "form" cannot stand here: expected one of from, to, port, in, out, state, flags, type, rate, with, log, marked, comment, not, or a state; did you mean "from"?',
    ],
    [
      'allow tcp to wbe',
      'column 14: "wbe" cannot stand here: expected an address, a network like 10.0.1.0/24, or a name; did you mean "web"?',
    ],
    [
      'allow tcp to web port',
      'column 22: it ends too early: expected a port, a range like 8000-8010, or the name of a service',
    ],
    [
      'allow tcp port 80,',
      'column 19: it ends too early: expected a port, a range like 8000-8010, or the name of a service',
    ],
    ['deny icmp port 80', 'column 16: ports belong to tcp, udp and sctp, and to nothing else'],
    [
      'allow from 10.0.1.0/33',
      'column 12: "10.0.1.0/33" cannot stand here: expected an address, a network like 10.0.1.0/24, or a name',
    ],
    ['allow from lan from web', 'column 16: "from" stands twice'],
    ['allow rate 5', 'column 12: "5" cannot stand here: expected how often, as in 5/s, 10/m or 100/h'],
    ['allow tcp with reset', 'column 16: "with" belongs to reject'],
    ['reject udp with reset', 'column 17: a reset belongs to tcp, and to nothing else'],
    ['allow comment "no end', 'column 15: "\\"" cannot stand here: expected a quote that does not end'],
  ])('"%s" is wrong', (text, expected) => {
    const problem = parseRule(text, VOCABULARY);
    expect(isProblem(problem) && describeProblem(problem)).toBe(expected.replaceAll('\\"', '"'));
  });

  it('never throws, whatever they are', () => {
    const word = fc.constantFrom(
      'allow',
      'tcp',
      'from',
      'to',
      'not',
      ',',
      'port',
      '80',
      'lan',
      '10.0.0.0/8',
      'with',
      'rate',
      '5/s',
      'flags',
      '"',
      'type',
      'in',
      'mark',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          const rule = parseRule(text, NO_NAMES);
          if (!isProblem(rule)) expect(parseRule(formatRule(rule), NO_NAMES)).toEqual(rule);
          else expect(rule.column).toBeGreaterThanOrEqual(1);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('an empty rule allows everything', () => expect(read('allow')).toEqual(EMPTY_RULE));
});
