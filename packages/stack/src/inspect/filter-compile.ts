import type { IpAddress } from '../base/ip-address.ts';
import type { Carrier, FilterNode, LoadLayer, Side, Sum } from './filter-tree.ts';
import { LinkType } from './link-types.ts';

/** A part of a filter, ready to run: over `bytes[0, captured)` of a packet that was `length` bytes on the wire. */
type Test = (bytes: Uint8Array, captured: number, length: number) => boolean;
/** A number, or -1 when a byte that it needs is not there: whatever is compared with it is false. */
type Value = (bytes: Uint8Array, captured: number, length: number) => number;

const IPV4 = 0x0800;
const ARP = 0x0806;
const RARP = 0x8035;
const IPV6 = 0x86dd;
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100];
const IPV6_FRAGMENT = 44;
/** TCP, UDP, SCTP: those that have ports, at the same place. */
const WITH_PORTS = [6, 17, 132];

/**
 * Turns a filter's tree into a predicate: closures over constants, one call a node.
 *
 * It does what the filter machine of tcpdump does, with one difference: where a test would read beyond what was
 * captured, that test is false, instead of the whole filter.
 */
export class FilterCompiler {
  private readonly linkType: number;
  /** Where the EtherType and the network header stand; a `vlan` on the way moves them. -1: there is no EtherType. */
  private typeAt: number;
  private networkAt: number;

  constructor(linkType: number) {
    this.linkType = linkType;
    this.typeAt = linkType === LinkType.Ethernet ? 12 : -1;
    this.networkAt = linkType === LinkType.Ethernet ? 14 : 0;
  }

  compile(node: FilterNode): Test {
    switch (node.kind) {
      case 'all':
        return () => true;
      case 'and': {
        const left = this.compile(node.left);
        const right = this.compile(node.right);
        return (bytes, captured, length) => left(bytes, captured, length) && right(bytes, captured, length);
      }
      case 'or': {
        const left = this.compile(node.left);
        const right = this.compile(node.right);
        return (bytes, captured, length) => left(bytes, captured, length) || right(bytes, captured, length);
      }
      case 'not': {
        const operand = this.compile(node.operand);
        return (bytes, captured, length) => !operand(bytes, captured, length);
      }
      case 'ether-type':
        return this.carries(node.type);
      case 'ip-protocol':
        return this.protocol(node.version, node.protocol);
      case 'ether-host': {
        if (this.linkType !== LinkType.Ethernet) return never;
        const { hi, lo } = node.address;
        const same = (at: number): Test => {
          return (bytes, captured) => captured >= at + 6 && u16(bytes, at) === hi && u32(bytes, at + 2) === lo;
        };
        return sided(node.side, same(6), same(0));
      }
      case 'host':
        return this.address(node.side, node.carrier, node.address, node.address.family === 4 ? 32 : 128);
      case 'net':
        return this.address(node.side, node.carrier, node.address, node.length);
      case 'port':
        return this.port(node.side, node.protocol, node.low, node.high);
      case 'cast':
        return this.cast(node.layer, node.cast);
      case 'vlan':
        return this.vlan(node.id);
      case 'compare': {
        const left = this.sum(node.left);
        const right = this.sum(node.right);
        const compare = COMPARE[node.operator];
        return (bytes, captured, length) => {
          const a = left(bytes, captured, length);
          const b = right(bytes, captured, length);
          return a >= 0 && b >= 0 && compare(a, b);
        };
      }
    }
  }

  /** The frame's EtherType; without a link's header, the IP version. */
  private carries(type: number): Test {
    const { typeAt, networkAt } = this;
    if (typeAt >= 0) return (bytes, captured) => captured >= typeAt + 2 && u16(bytes, typeAt) === type;
    if (type !== IPV4 && type !== IPV6) return never;
    const version = type === IPV4 ? 4 : 6;
    return (bytes, captured) => captured > networkAt && bytes[networkAt]! >>> 4 === version;
  }

  private protocol(version: 0 | 4 | 6, protocol: number): Test {
    const at = this.networkAt;
    const isIpv4 = this.carries(IPV4);
    const isIpv6 = this.carries(IPV6);
    const in4: Test = (bytes, captured, length) =>
      isIpv4(bytes, captured, length) && captured > at + 9 && bytes[at + 9] === protocol;
    const in6: Test = (bytes, captured, length) => {
      if (!isIpv6(bytes, captured, length) || captured <= at + 6) return false;
      const next = bytes[at + 6];
      return next === protocol || (next === IPV6_FRAGMENT && captured > at + 40 && bytes[at + 40] === protocol);
    };
    return version === 4 ? in4 : version === 6 ? in6 : (b, c, l) => in4(b, c, l) || in6(b, c, l);
  }

  private address(side: Side, carrier: Carrier, address: IpAddress, bits: number): Test {
    const at = this.networkAt;
    if (address.family === 6) {
      const same = (offset: number): Test => samePrefix6(offset, address, bits);
      return both(this.carries(IPV6), sided(side, same(at + 8), same(at + 24)));
    }
    const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
    const wanted = (address.v4 & mask) >>> 0;
    const same = (offset: number): Test => {
      return (bytes, captured) => captured >= offset + 4 && (u32(bytes, offset) & mask) >>> 0 === wanted;
    };
    const inIp = both(this.carries(IPV4), sided(side, same(at + 12), same(at + 16)));
    // ARP's sender and target protocol addresses, for Ethernet and IPv4.
    const inArp = sided(side, same(at + 14), same(at + 24));
    if (carrier === 'ip') return inIp;
    if (carrier === 'arp') return both(this.carries(ARP), inArp);
    if (carrier === 'rarp') return both(this.carries(RARP), inArp);
    const isArp = this.carries(ARP);
    const isRarp = this.carries(RARP);
    return (b, c, l) => inIp(b, c, l) || ((isArp(b, c, l) || isRarp(b, c, l)) && inArp(b, c, l));
  }

  private port(side: Side, protocol: number, low: number, high: number): Test {
    const at = this.networkAt;
    const isIpv4 = this.carries(IPV4);
    const isIpv6 = this.carries(IPV6);
    const known = protocol === 0 ? WITH_PORTS : [protocol];
    return (bytes, captured, length) => {
      let transport: number;
      if (isIpv4(bytes, captured, length)) {
        transport = transport4(bytes, captured, at);
        if (transport < 0 || !known.includes(bytes[at + 9]!)) return false;
      } else if (isIpv6(bytes, captured, length)) {
        if (captured < at + 40 || !known.includes(bytes[at + 6]!)) return false;
        transport = at + 40;
      } else return false;
      const source = captured >= transport + 2 ? u16(bytes, transport) : -1;
      const destination = captured >= transport + 4 ? u16(bytes, transport + 2) : -1;
      const inSource = source >= low && source <= high;
      const inDestination = destination >= low && destination <= high;
      if (side === 'src') return inSource;
      if (side === 'dst') return inDestination;
      return side === 'both' ? inSource && inDestination : inSource || inDestination;
    };
  }

  private cast(layer: 'ether' | 'ip' | 'ip6', cast: 'broadcast' | 'multicast'): Test {
    const at = this.networkAt;
    if (layer === 'ether') {
      if (this.linkType !== LinkType.Ethernet) return never;
      if (cast === 'multicast') return (bytes, captured) => captured > 0 && (bytes[0]! & 1) === 1;
      return (bytes, captured) => captured >= 6 && u16(bytes, 0) === 0xffff && u32(bytes, 2) === 0xffffffff;
    }
    if (layer === 'ip6') {
      if (cast === 'broadcast') return never;
      return both(this.carries(IPV6), (bytes, captured) => captured > at + 24 && bytes[at + 24] === 0xff);
    }
    if (cast === 'multicast') {
      return both(this.carries(IPV4), (bytes, captured) => captured > at + 16 && bytes[at + 16]! >= 224);
    }
    // Which addresses end in a network's ones only its mask could tell: this is the one that needs none.
    return both(this.carries(IPV4), (bytes, captured) => captured >= at + 20 && u32(bytes, at + 16) === 0xffffffff);
  }

  /** Tests for a tag, and from here on looks behind it. */
  private vlan(id: number): Test {
    const { typeAt, networkAt } = this;
    if (typeAt < 0) return never;
    this.typeAt += 4;
    this.networkAt += 4;
    return (bytes, captured) => {
      if (captured < typeAt + 2 || !VLAN_TYPES.includes(u16(bytes, typeAt))) return false;
      return id < 0 || (captured >= networkAt + 2 && (u16(bytes, networkAt) & 0x0fff) === id);
    };
  }

  private sum(sum: Sum): Value {
    switch (sum.kind) {
      case 'number':
        return () => sum.value;
      case 'length':
        return (_bytes, _captured, length) => length;
      case 'load':
        return this.load(sum.layer, this.sum(sum.offset), sum.size);
      case 'operation': {
        const left = this.sum(sum.left);
        const right = this.sum(sum.right);
        const operate = OPERATE[sum.operator];
        return (bytes, captured, length) => {
          const a = left(bytes, captured, length);
          const b = right(bytes, captured, length);
          return a < 0 || b < 0 ? -1 : operate(a, b);
        };
      }
    }
  }

  private load(layer: LoadLayer, offset: Value, size: 1 | 2 | 4): Value {
    const base = this.base(layer);
    return (bytes, captured, length) => {
      const start = base(bytes, captured, length);
      const within = offset(bytes, captured, length);
      if (start < 0 || within < 0 || start + within + size > captured) return -1;
      const at = start + within;
      return size === 1 ? bytes[at]! : size === 2 ? u16(bytes, at) : u32(bytes, at);
    };
  }

  /** Where a layer's header begins in this packet; -1 when it has none. */
  private base(layer: LoadLayer): Value {
    const at = this.networkAt;
    if (layer === 'ether') return this.linkType === LinkType.Ethernet ? () => 0 : () => -1;
    const types: Partial<Record<LoadLayer, number>> = { ip: IPV4, ip6: IPV6, arp: ARP, rarp: RARP };
    const type = types[layer];
    if (type !== undefined) {
      const carried = this.carries(type);
      return (bytes, captured, length) => (carried(bytes, captured, length) ? at : -1);
    }
    if (layer === 'icmp6') {
      const isIpv6 = this.carries(IPV6);
      return (bytes, captured, length) =>
        isIpv6(bytes, captured, length) && captured >= at + 40 && bytes[at + 6] === 58 ? at + 40 : -1;
    }
    const protocol = { tcp: 6, udp: 17, icmp: 1, igmp: 2, sctp: 132 }[layer as 'tcp'];
    const isIpv4 = this.carries(IPV4);
    return (bytes, captured, length) => {
      if (!isIpv4(bytes, captured, length)) return -1;
      const transport = transport4(bytes, captured, at);
      return transport >= 0 && bytes[at + 9] === protocol ? transport : -1;
    };
  }
}

const never: Test = () => false;

function both(a: Test, b: Test): Test {
  return (bytes, captured, length) => a(bytes, captured, length) && b(bytes, captured, length);
}

function sided(side: Side, source: Test, destination: Test): Test {
  if (side === 'src') return source;
  if (side === 'dst') return destination;
  if (side === 'both') return both(source, destination);
  return (bytes, captured, length) => source(bytes, captured, length) || destination(bytes, captured, length);
}

/** Where IPv4's payload begins; -1 in a fragment that is not the first, which has no transport header. */
function transport4(bytes: Uint8Array, captured: number, at: number): number {
  if (captured < at + 20 || (u16(bytes, at + 6) & 0x1fff) !== 0) return -1;
  return at + (bytes[at]! & 0x0f) * 4;
}

function samePrefix6(offset: number, address: IpAddress, bits: number): Test {
  const words = [address.w0, address.w1, address.w2, address.w3];
  const masks = words.map((_, index) => {
    const left = Math.max(0, Math.min(32, bits - 32 * index));
    return left === 0 ? 0 : (-1 << (32 - left)) >>> 0;
  });
  return (bytes, captured) => {
    if (captured < offset + 16) return false;
    for (let i = 0; i < 4; i++) {
      if (((u32(bytes, offset + 4 * i) ^ words[i]!) & masks[i]!) !== 0) return false;
    }
    return true;
  };
}

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** Unsigned, 32 bits wide; what has no result makes the comparison false. */
const OPERATE: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => (a + b) >>> 0,
  '-': (a, b) => (a - b) >>> 0,
  '*': (a, b) => Math.imul(a, b) >>> 0,
  '/': (a, b) => (b === 0 ? -1 : Math.floor(a / b)),
  '%': (a, b) => (b === 0 ? -1 : a % b),
  '&': (a, b) => (a & b) >>> 0,
  '|': (a, b) => (a | b) >>> 0,
  '^': (a, b) => (a ^ b) >>> 0,
  '<<': (a, b) => (b > 31 ? 0 : (a << b) >>> 0),
  '>>': (a, b) => (b > 31 ? 0 : a >>> b),
};

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
