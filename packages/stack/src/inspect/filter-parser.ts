import { IpAddress, parseIpv4 } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import { SumParser } from './filter-sums.ts';
import type { Carrier, FilterError, FilterNode, Side } from './filter-tree.ts';
import { CONSTANTS, ETHER_TYPES, IP_PROTOCOLS, isKeyword, nearestKeyword, SERVICES, tokens } from './filter-words.ts';
import { nearestWord } from './nearest-word.ts';

/** What a filter may call by name. */
export interface FilterNames {
  /** The addresses of a host, IPv4 and IPv6; none when the name is unknown. */
  host?(name: string): readonly IpAddress[];
  /** A service's port; -1 when the name is unknown. A few well-known ones are known in any case. */
  port?(name: string): number;
}

/** Parentheses and negations within each other: more than anybody writes. */
const DEPTH_LIMIT = 200;

/** Qualifiers in front of an identifier; where the next one has none, the last ones hold: `port 80 or 443`. */
interface Qualifiers {
  readonly protocol: string;
  readonly side: Side;
  readonly type: 'host' | 'net' | 'port' | 'portrange' | 'proto';
}

/** Reads a filter's text into a tree. */
export function parseFilter(text: string, names: FilterNames = {}): FilterNode | FilterError {
  const cut = tokens(text);
  if (typeof cut === 'number') return { message: `"${text[cut]}" has no place in a filter`, position: cut, length: 1 };
  const parser = new FilterParser(cut, names);
  try {
    return parser.whole();
  } catch (error) {
    if (error instanceof Mistake) return error.error;
    throw error;
  }
}

export function isFilterError(result: FilterNode | FilterError): result is FilterError {
  return 'message' in result;
}

/** How the parser gives up: it never leaves `parseFilter`. */
class Mistake extends Error {
  readonly error: FilterError;
  constructor(error: FilterError) {
    super(error.message);
    this.error = error;
  }
}

class FilterParser extends SumParser {
  private readonly names: FilterNames;
  private last: Qualifiers | null = null;
  private depth = 0;

  constructor(cut: Exclude<ReturnType<typeof tokens>, number>, names: FilterNames) {
    super(cut);
    this.names = names;
  }

  whole(): FilterNode {
    if (this.atEnd) return { kind: 'all' };
    const node = this.expression();
    if (this.atEnd) return node;
    if (this.is(')')) this.fail('this parenthesis was never opened');
    const nearest =
      this.token.kind === 'word' && !isKeyword(this.token.text) ? nearestKeyword(this.token.text) : undefined;
    this.fail(`expected "and" or "or" before "${this.token.text}"`, this.token, nearest);
  }

  /** pcap-filter(7): "Alternation and concatenation have equal precedence and associate left to right." */
  private expression(): FilterNode {
    let left = this.term();
    for (;;) {
      let kind: 'and' | 'or';
      if (this.take('and') || this.take('&&')) kind = 'and';
      else if (this.take('or') || this.take('||')) kind = 'or';
      else return left;
      left = { kind, left, right: this.term() };
    }
  }

  private term(): FilterNode {
    if (++this.depth > DEPTH_LIMIT) this.fail('this is nested too deeply');
    const node = this.termWithin();
    this.depth--;
    return node;
  }

  private termWithin(): FilterNode {
    if (this.take('not') || this.take('!')) return { kind: 'not', operand: this.term() };
    if (this.beginsSum()) return this.comparison();
    if (this.take('(')) {
      const node = this.expression();
      if (!this.take(')')) this.fail('expected ")"');
      return node;
    }
    return this.primitive();
  }

  private primitive(): FilterNode {
    const { token } = this;
    if (token.kind !== 'word') {
      this.fail(
        token.kind === 'end' ? 'the filter ends where something is expected' : `"${token.text}" has no place here`,
      );
    }
    if (!token.escaped) {
      if (this.take('less')) return this.length('<=');
      if (this.take('greater')) return this.length('>=');
      if (this.take('vlan'))
        return { kind: 'vlan', id: this.isNumber() ? this.number(0, 4095, 'a VLAN identifier') : -1 };
      if (this.take('broadcast')) return { kind: 'cast', layer: 'ether', cast: 'broadcast' };
      if (this.take('multicast')) return { kind: 'cast', layer: 'ether', cast: 'multicast' };
      if (CONSTANTS[token.text] !== undefined) this.fail(`"${token.text}" is a number: compare something with it`);
    }
    return this.qualified();
  }

  /** [protocol] [direction] [type] identifier, or a protocol alone. */
  private qualified(): FilterNode {
    const first = this.token;
    let protocol = '';
    if (!first.escaped && (first.text === 'ether' || this.protocolNumber(first.text) !== null)) {
      protocol = first.text;
      this.next();
    }
    const side = this.side();
    const typed = this.type();
    if (typed === null && side === null && protocol !== '') {
      const cast = this.take('broadcast') ? 'broadcast' : this.take('multicast') ? 'multicast' : null;
      if (cast !== null) {
        if (protocol === 'ether' || protocol === 'ip' || protocol === 'ip6')
          return { kind: 'cast', layer: protocol, cast };
        this.fail(`"${protocol} ${cast}" is not known; ether, ip and ip6 have it`, first);
      }
      if (protocol === 'ether') this.fail('expected host, src, dst, proto, broadcast or multicast after "ether"');
      this.last = null;
      return this.protocolAlone(protocol);
    }
    if (protocol === '' && side === null && typed === null) return this.bare();
    const qualifiers: Qualifiers = { protocol, side: side ?? 'either', type: typed ?? 'host' };
    const node = this.identifier(qualifiers, first);
    this.last = qualifiers;
    return node;
  }

  /** An identifier without qualifiers: those of the one before hold, otherwise it is a host. */
  private bare(): FilterNode {
    const { token } = this;
    if (isKeyword(token.text) && !token.escaped) this.fail(`"${token.text}" has no place here`);
    if (this.last !== null) return this.identifier(this.last, token);
    const qualifiers: Qualifiers = { protocol: '', side: 'either', type: 'host' };
    const addresses = this.addresses(token.text);
    if (addresses.length === 0) {
      const nearest = nearestKeyword(token.text);
      this.fail(`"${token.text}" is no word of the filter language, no address and no known host`, token, nearest);
    }
    const node = this.identifier(qualifiers, token);
    this.last = qualifiers;
    return node;
  }

  private side(): Side | null {
    const first = this.take('src') ? 'src' : this.take('dst') ? 'dst' : null;
    if (first === null) return null;
    const back = this.at;
    const joined = this.take('or') || this.take('||') ? 'either' : this.take('and') || this.take('&&') ? 'both' : null;
    if (joined !== null && this.take(first === 'src' ? 'dst' : 'src')) return joined;
    this.at = back;
    return first;
  }

  private type(): Qualifiers['type'] | null {
    for (const type of ['host', 'net', 'portrange', 'port', 'proto'] as const) if (this.take(type)) return type;
    return null;
  }

  private protocolNumber(word: string): number | null {
    return ETHER_TYPES[word] ?? IP_PROTOCOLS[word] ?? null;
  }

  private protocolAlone(word: string): FilterNode {
    if (IP_PROTOCOLS[word] === undefined) return { kind: 'ether-type', type: ETHER_TYPES[word]! };
    return { kind: 'ip-protocol', version: versionOf(word), protocol: IP_PROTOCOLS[word]! };
  }

  private identifier(qualifiers: Qualifiers, first = this.token): FilterNode {
    const { token } = this;
    if (token.kind !== 'word') this.fail(`expected ${article(qualifiers.type)}`);
    const { protocol, side, type } = qualifiers;
    if (type === 'proto') return this.proto(protocol, first);
    if (type === 'port' || type === 'portrange') {
      const number = protocol === '' ? 0 : IP_PROTOCOLS[protocol];
      if (number === undefined || ![0, 6, 17, 132].includes(number)) this.fail(`"${protocol}" has no ports`, first);
      return this.port(type, side, number);
    }
    if (protocol === 'ether') {
      if (type !== 'host') this.fail('Ethernet has no networks', first);
      const address = MacAddress.parse(token.text);
      if (address === null) this.fail(`"${token.text}" is no MAC address`);
      this.next();
      return { kind: 'ether-host', side, address };
    }
    if (protocol !== '' && !isCarrier(protocol)) {
      this.fail(`"${protocol}" has no ${type}s; say "${protocol} and ${type} ${token.text}"`, first);
    }
    const carrier: Carrier = protocol === '' ? 'any' : (protocol as Carrier);
    return type === 'net' ? this.net(side, carrier) : this.host(side, carrier);
  }

  private host(side: Side, carrier: Carrier): FilterNode {
    const { token } = this;
    const all = this.addresses(token.text);
    const wanted = carrier === 'any' ? all : all.filter((each) => (each.family === 6) === (carrier === 'ip6'));
    if (wanted.length === 0) {
      if (all.length > 0) this.fail(`${token.text} is not an address that "${carrier}" carries`);
      const nearest = nearestKeyword(token.text);
      this.fail(`"${token.text}" is no address and no known host`, token, nearest);
    }
    this.next();
    return wanted
      .map((address): FilterNode => ({ kind: 'host', side, carrier, address }))
      .reduce((left, right) => ({ kind: 'or', left, right }));
  }

  /** `10.0.1.0/24`, `10.0.1.0 mask 255.255.255.0`, `10.0.1`, `2001:db8::/32`. */
  private net(side: Side, carrier: Carrier): FilterNode {
    const { token } = this;
    const parts = /^\d+(\.\d+){0,3}$/.test(token.text) ? token.text.split('.').length : 0;
    const padded = parts === 0 ? token.text : token.text + '.0'.repeat(4 - parts);
    const address = IpAddress.parse(padded);
    if (address === null) this.fail(`"${token.text}" is no network's address`);
    this.next();
    const bits = address.family === 4 ? 32 : 128;
    let length = parts > 0 && parts < 4 ? parts * 8 : bits;
    if (this.take('/')) {
      length = this.number(0, bits, 'a prefix length');
    } else if (this.take('mask')) {
      const mask = parseIpv4(this.token.text);
      length = mask < 0 || address.family === 6 ? -1 : prefixLength(mask);
      if (length < 0) this.fail(`"${this.token.text}" is no mask of leading ones`);
      this.next();
    }
    const network = hostBitsCleared(address, length);
    if (!network.equals(address)) {
      this.fail(`${address}/${length} has host bits: the network is ${network}/${length}`, token);
    }
    return { kind: 'net', side, carrier, address, length };
  }

  private port(type: 'port' | 'portrange', side: Side, protocol: number): FilterNode {
    const { token } = this;
    let ports: readonly number[] = [this.portNumber(token.text)];
    if (type === 'portrange' && ports[0]! < 0) {
      const dash = token.text.indexOf('-');
      ports = [this.portNumber(token.text.slice(0, dash)), this.portNumber(token.text.slice(dash + 1))];
    }
    if (ports.some((port) => port < 0)) {
      const nearest = nearestWord(token.text, Object.keys(SERVICES));
      const example = type === 'port' ? 'a port number or service' : 'a range of ports such as 6000-6008';
      this.fail(`"${token.text}" is not ${example}`, token, nearest);
    }
    this.next();
    return { kind: 'port', side, protocol, low: Math.min(...ports), high: Math.max(...ports) };
  }

  private portNumber(text: string): number {
    if (/^\d{1,5}$/.test(text)) return Number(text) <= 65535 ? Number(text) : -1;
    return SERVICES[text] ?? this.names.port?.(text) ?? -1;
  }

  /** `ether proto 0x88b5`, `ip proto tcp`, `proto 17`. */
  private proto(carrier: string, first: { position: number; text: string }): FilterNode {
    const { token } = this;
    if (carrier === 'ether') {
      const type = ETHER_TYPES[token.text] ?? parseNumber(token.text);
      if (type < 0 || type > 0xffff) this.fail(`"${token.text}" is no EtherType`, token, nearestKeyword(token.text));
      this.next();
      return { kind: 'ether-type', type };
    }
    if (carrier !== '' && carrier !== 'ip' && carrier !== 'ip6') this.fail(`"${carrier} proto" is not known`, first);
    const protocol = IP_PROTOCOLS[token.text] ?? parseNumber(token.text);
    if (protocol < 0 || protocol > 255) {
      this.fail(`"${token.text}" is no IP protocol`, token, nearestKeyword(token.text));
    }
    this.next();
    return { kind: 'ip-protocol', version: carrier === 'ip' ? 4 : carrier === 'ip6' ? 6 : 0, protocol };
  }

  private length(operator: '<=' | '>='): FilterNode {
    const value = this.number(0, 0xffffffff, 'a length in bytes');
    return { kind: 'compare', operator, left: { kind: 'length' }, right: { kind: 'number', value } };
  }

  private addresses(text: string): readonly IpAddress[] {
    const address = IpAddress.parse(text);
    return address === null ? (this.names.host?.(text) ?? []) : [address];
  }

  protected override fail(
    message: string,
    at: { position: number; text: string } = this.token,
    nearest?: string,
  ): never {
    const length = Math.max(1, at.text.length);
    throw new Mistake({ message, position: at.position, length, ...(nearest === undefined ? {} : { nearest }) });
  }
}

function isCarrier(word: string): word is Carrier {
  return word === 'ip' || word === 'ip6' || word === 'arp' || word === 'rarp';
}

/** ICMP and ICMPv6 belong to one version each, the others to both. */
function versionOf(word: string): 0 | 4 | 6 {
  return word === 'icmp' || word === 'igmp' ? 4 : word === 'icmp6' ? 6 : 0;
}

function article(type: Qualifiers['type']): string {
  return {
    host: 'an address or a host name',
    net: 'a network such as 10.0.1.0/24',
    port: 'a port number or service',
    portrange: 'a range of ports such as 6000-6008',
    proto: 'a protocol',
  }[type];
}

/** Decimal, or hexadecimal with 0x; -1 for anything else. */
function parseNumber(text: string): number {
  return /^(\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(text) ? Number(text) : -1;
}

/** How many leading ones; -1 when others follow a zero. */
function prefixLength(mask: number): number {
  const length = Math.clz32(~mask);
  return length === 32 || mask << length === 0 ? length : -1;
}

function hostBitsCleared(address: IpAddress, length: number): IpAddress {
  const keep = (word: number, bits: number): number =>
    bits <= 0 ? 0 : bits >= 32 ? word : (word & (-1 << (32 - bits))) >>> 0;
  const { w0, w1, w2, w3 } = address;
  if (address.family === 4) return IpAddress.v4(keep(w3, length));
  return IpAddress.v6(keep(w0, length), keep(w1, length - 32), keep(w2, length - 64), keep(w3, length - 96));
}
