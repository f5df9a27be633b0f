import { IpAddress } from '../../base/ip-address.ts';
import type { Choice } from './rule.ts';
import { parsePorts } from './rule.ts';
import { lookUp, parseRange, type Vocabulary } from './vocabulary.ts';
import { type Problem, Words, WordsError } from './words.ts';

/** A rule of address translation as data. Addresses are IPv4's. */
export interface NatRule {
  readonly kind: 'masquerade' | 'source' | 'forward' | 'map';
  /** Whose packets: for `masquerade` and `source`; null: all. For `map`: the inside. */
  readonly from: Choice | null;
  /** What they become, as written: `203.0.113.5`, a range; for `forward`: whom to; for `map`: the outside. */
  readonly to: string;
  readonly out: Choice | null;
  readonly in: Choice | null;
  /** For `forward`. */
  readonly protocols: readonly ('tcp' | 'udp')[];
  /** For `forward`: those that are forwarded; for `masquerade` and `source`: those to choose from; null: as it is fit. */
  readonly ports: readonly [first: number, last: number] | null;
  /** For `forward`: the first port there; 0: the same. */
  readonly toPort: number;
  /** For `forward`: only what is for this address; empty: for any of this host's. */
  readonly on: string;
  /** Endpoint-independent filtering (RFC 4787 5): anybody may answer. */
  readonly open: boolean;
}

const KINDS = ['masquerade', 'source', 'forward', 'map'] as const;
const EMPTY: NatRule = {
  kind: 'masquerade',
  from: null,
  to: '',
  out: null,
  in: null,
  protocols: [],
  ports: null,
  toPort: 0,
  on: '',
  open: false,
};

type Draft = { -readonly [Key in keyof NatRule]: NatRule[Key] };

/**
 * Reads one of
 *
 *     masquerade [from lan] out eth1 [ports 20000-30000] [open]
 *     source 10.0.1.0/24 to 203.0.113.5 [out eth1] [ports 20000-30000] [open]
 *     forward tcp port 8080 [on 203.0.113.5] [in eth1] to web:80
 *     map 10.0.1.80 to 203.0.113.80 [out eth1]
 */
export function parseNatRule(text: string, vocabulary: Vocabulary): NatRule | Problem {
  try {
    return new NatReader(text, vocabulary).read();
  } catch (error) {
    if (error instanceof WordsError) return error.problem;
    throw error;
  }
}

class NatReader {
  private readonly words: Words;
  private readonly vocabulary: Vocabulary;
  private readonly draft: Draft = { ...EMPTY };

  constructor(text: string, vocabulary: Vocabulary) {
    this.words = new Words(text);
    this.vocabulary = vocabulary;
  }

  read(): NatRule {
    const { words, draft } = this;
    const kind = KINDS.find((each) => each === words.next);
    if (kind === undefined) return words.fail('what to translate: masquerade, source, forward or map', KINDS);
    words.take();
    draft.kind = kind;
    if (kind === 'source' || kind === 'map') draft.from = this.addresses();
    if (kind === 'forward') this.protocols();
    while (!words.done) this.clause();
    if (kind === 'masquerade' && draft.out === null) words.complain('it does not say out of which interface: out eth1');
    if (kind !== 'masquerade' && draft.to === '') words.complain('it does not say to what: to ...');
    if (kind === 'forward' && draft.ports === null) words.complain('it does not say which port: port 8080');
    if (kind === 'map') this.checkMap();
    if (kind === 'forward' && draft.ports !== null && draft.toPort > 0) this.checkPorts(draft.ports);
    return draft;
  }

  private clause(): void {
    const { words, draft } = this;
    const { kind } = draft;
    const known = CLAUSES[kind];
    if (!known.includes(words.next)) this.words.fail(`${known.join(', ')}, or nothing more`, known);
    switch (words.take().toLowerCase()) {
      case 'from':
        draft.from = this.addresses();
        break;
      case 'to':
        if (kind === 'forward') this.target();
        else draft.to = this.outside();
        break;
      case 'on':
        draft.on = this.addressOf('an address of this host');
        break;
      case 'in':
        draft.in = this.interfaces();
        break;
      case 'out':
        draft.out = this.interfaces();
        break;
      case 'open':
        draft.open = true;
        break;
      default:
        draft.ports = this.ports();
    }
  }

  private protocols(): void {
    this.draft.protocols = this.words.list('tcp or udp', (word) =>
      word === 'tcp' || word === 'udp' ? null : ['tcp', 'udp'],
    ) as ('tcp' | 'udp')[];
  }

  private addresses(): Choice {
    const not = this.words.skip('not');
    const of = this.words.list('an address, a network like 10.0.1.0/24, or a name', (word) =>
      lookUp(word, this.vocabulary) === null ? [...this.vocabulary.names()] : null,
    );
    return { not, of };
  }

  private interfaces(): Choice {
    const known = this.vocabulary.interfaces();
    const of = this.words.list('the name of an interface', (word) =>
      known === null || known.includes(word) ? null : known,
    );
    return { not: false, of };
  }

  private ports(): readonly [number, number] {
    const { words, draft, vocabulary } = this;
    const named = vocabulary.service(words.next, draft.protocols[0] ?? 'tcp');
    const ports = parsePorts(words.next) ?? (named > 0 ? ([named, named] as const) : null);
    if (ports === null || ports[0] === 0) return words.fail('a port, or a range like 8000-8010', []);
    words.take();
    return ports;
  }

  /** `203.0.113.5`, a range or a network of IPv4. */
  private outside(): string {
    const { words } = this;
    const range = parseRange(words.next);
    if (range === null || range.first.family !== 4) return words.fail('an IPv4 address, a range or a network', []);
    return words.take();
  }

  private addressOf(expected: string): string {
    const { words } = this;
    if (IpAddress.parse(words.next)?.family !== 4) return words.fail(expected, []);
    return words.take();
  }

  /** `web`, `web:80`, `10.0.1.80:80`. */
  private target(): void {
    const { words, draft, vocabulary } = this;
    const found = /^([^:]+)(?::(\d{1,5}))?$/.exec(words.next);
    const known = found === null ? null : lookUp(found[1]!, vocabulary);
    const has4 = known?.some(({ first }) => first.family === 4) === true;
    const port = Number(found?.[2] ?? 0);
    if (found === null || !has4 || port > 65_535) {
      this.words.fail('whom to: an IPv4 address or a host, and a port, as in web:80', vocabulary.names());
    }
    words.take();
    draft.to = found[1]!;
    draft.toPort = port;
  }

  /** As many ports there as here. */
  private checkPorts([first, last]: readonly [number, number]): void {
    const { toPort } = this.draft;
    const count = last - first + 1;
    if (toPort + count - 1 > 65_535) this.words.complain(`there are no ${count} ports from ${toPort} on`);
  }

  /** Both sides have as many addresses. */
  private checkMap(): void {
    const inside = parseRange(this.draft.from!.of[0]!);
    const outside = parseRange(this.draft.to);
    if (inside === null || this.draft.from!.of.length > 1 || inside.first.family !== 4) {
      this.words.complain('map has one address or network of IPv4 on each side');
    }
    if (outside === null || inside.last.v4 - inside.first.v4 !== outside.last.v4 - outside.first.v4) {
      this.words.complain('both sides of map have as many addresses');
    }
  }
}

const CLAUSES: Readonly<Record<NatRule['kind'], readonly string[]>> = {
  masquerade: ['from', 'out', 'ports', 'open'],
  source: ['to', 'out', 'ports', 'open'],
  forward: ['port', 'ports', 'on', 'in', 'to'],
  map: ['to', 'out'],
};

/** A rule in words, as `parseNatRule` reads it. */
export function formatNatRule(rule: NatRule): string {
  const words: string[] = [rule.kind];
  const from = rule.from === null ? '' : `${rule.from.not ? 'not ' : ''}${rule.from.of.join(',')}`;
  if (rule.kind === 'forward') {
    words.push(rule.protocols.join(','), 'port', range(rule.ports!));
    if (rule.on !== '') words.push('on', rule.on);
    if (rule.in !== null) words.push('in', rule.in.of.join(','));
    words.push('to', rule.toPort === 0 ? rule.to : `${rule.to}:${rule.toPort}`);
    return words.join(' ');
  }
  if (rule.kind === 'masquerade' && from !== '') words.push('from');
  if (from !== '') words.push(from);
  if (rule.to !== '') words.push('to', rule.to);
  if (rule.out !== null) words.push('out', rule.out.of.join(','));
  if (rule.ports !== null) words.push('ports', range(rule.ports));
  if (rule.open) words.push('open');
  return words.join(' ');
}

function range([first, last]: readonly [number, number]): string {
  return first === last ? `${first}` : `${first}-${last}`;
}
