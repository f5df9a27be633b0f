import { IpAddress as Ip, type IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { PacketFacts } from './packet-facts.ts';
import { printable } from './text-layout.ts';

export type FieldValue = number | string | boolean | Uint8Array | null;

/** One field of a packet, or a group of them. */
export interface Field {
  /** Wireshark's display filter name, where Wireshark has one: `tcp.srcport`. */
  readonly name: string;
  /** What people call it: `Source Port`. */
  readonly label: string;
  readonly value: FieldValue;
  /** The value as it is shown. */
  text: string;
  /** Where its bytes are: `[start, end)` of the packet. A child's lie within its parent's. */
  readonly start: number;
  end: number;
  /** Which bits of those bytes, as a mask over them read as one big-endian number; 0: all. */
  readonly mask: number;
  /** Not in the packet: computed from it, or from others. */
  readonly generated: boolean;
  readonly children: Field[];
}

/** The part of a packet that one protocol added: a header, or the data that headers carry. */
export interface Layer extends Field {
  /** Its OSI layer, 2 to 7. */
  readonly layer: number;
}

/** Wireshark's four: `chat` is normal and worth telling, `error` means that something is broken. */
export type Severity = 'chat' | 'note' | 'warning' | 'error';
export type ProblemGroup = 'malformed' | 'checksum' | 'protocol' | 'sequence' | 'reassemble' | 'response';

export interface Problem {
  readonly severity: Severity;
  readonly group: ProblemGroup;
  readonly text: string;
  /** Which bytes it is about. */
  readonly start: number;
  readonly end: number;
}

/**
 * Adds what it understands of `bytes[start, end)` to the dissection and hands the rest on. False when these bytes are
 * not its own: it has then added nothing, and they are shown as data.
 */
export type Dissector = (dissection: Dissection, start: number, end: number) => boolean;

/** Dissectors by the number that names their protocol in the layer below. */
export class DissectorTable {
  private readonly entries = new Map<number, { name: string; dissector: Dissector }>();

  /** Replaces whoever had the number. `name` as in field names: `tcp`, `http`. */
  register(number: number, name: string, dissector: Dissector): this {
    this.entries.set(number, { name, dissector });
    return this;
  }
  get(number: number): Dissector | undefined {
    return this.entries.get(number)?.dissector;
  }
  /** The protocol's name, or undefined. */
  name(number: number): string | undefined {
    return this.entries.get(number)?.name;
  }
  /** The number that a name was first registered for, or -1. */
  number(name: string): number {
    for (const [number, entry] of this.entries) if (entry.name === name) return number;
    return -1;
  }
}

/** Who dissects what. A protocol plugs in by registering itself with the layer that carries it. */
export class DissectorRegistry {
  readonly linkTypes = new DissectorTable();
  readonly etherTypes = new DissectorTable();
  /** Service access points of IEEE 802.2, by the destination's. */
  readonly llcSaps = new DissectorTable();
  readonly ipProtocols = new DissectorTable();
  readonly tcpPorts = new DissectorTable();
  readonly udpPorts = new DissectorTable();
}

export interface DissectOptions {
  /** Bytes of the packet on the wire, when not all were captured. */
  originalLength?: number;
  /** Bytes of Ethernet's frame check sequence at the end: 0 or 4; default 0. */
  fcsLength?: number;
  /** Default: all dissectors that netarium has. */
  registry?: DissectorRegistry;
}

/** Protocols inside protocols: more than any honest packet has, fewer than a stack of calls could hold. */
const DEPTH_LIMIT = 24;

/**
 * One packet taken apart: layers, each a tree of fields with the bytes that they are made of, a line that sums the
 * packet up, and what is wrong with it. Dissectors fill it in; whoever has got it from `dissect` only reads.
 */
export class Dissection {
  readonly linkType: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly originalLength: number;
  readonly fcsLength: number;
  readonly registry: DissectorRegistry;
  /** From the outermost header to the data. */
  readonly layers: Layer[] = [];
  readonly problems: Problem[] = [];
  facts: PacketFacts = noFacts();
  /** The columns of a packet list. */
  protocol = '';
  source = '';
  destination = '';
  info = '';

  /** For dissectors: bytes may be missing at the end (not captured, quoted, a fragment): no length is blamed for it. */
  incomplete: boolean;
  /** For dissectors: where the packet within the frame ends; what follows is padding. */
  claimedEnd: number;
  private depth = 0;
  /** Where layers are put while a quoted packet is dissected. */
  private quotedIn: Field | null = null;

  constructor(bytes: Uint8Array, linkType: number, registry: DissectorRegistry, options: DissectOptions) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.linkType = linkType;
    this.registry = registry;
    this.originalLength = Math.max(bytes.length, options.originalLength ?? 0);
    this.fcsLength = options.fcsLength ?? 0;
    this.incomplete = this.originalLength > bytes.length;
    this.claimedEnd = bytes.length;
  }

  /** True inside the packet that an ICMP error quotes. */
  get quoted(): boolean {
    return this.quotedIn !== null;
  }

  /** Hands bytes to the dissector that is registered for `number`; false when there is none, or it refused. */
  handOn(table: DissectorTable, number: number, start: number, end: number): boolean {
    const dissector = table.get(number);
    if (dissector === undefined || this.depth >= DEPTH_LIMIT) return false;
    this.depth++;
    const accepted = dissector(this, start, end);
    this.depth--;
    return accepted;
  }

  /** Dissects the packet that an error message quotes into `parent`, and returns its facts. Columns stay as they are. */
  quote(parent: Field, dissector: Dissector, start: number, end: number): PacketFacts {
    const { facts, protocol, source, destination, info, claimedEnd, quotedIn } = this;
    const quotedFacts = noFacts();
    this.facts = quotedFacts;
    this.quotedIn = parent;
    this.claimedEnd = end;
    if (this.depth < DEPTH_LIMIT) {
      this.depth++;
      dissector(this, start, end);
      this.depth--;
    } else {
      this.claimedEnd = start;
    }
    // What was quoted beyond the packet: its padding, or an extension of the message (RFC 4884).
    if (this.claimedEnd < end) this.raw(parent, `${parent.name}.rest`, 'After the packet', this.claimedEnd, end);
    this.facts = facts;
    this.protocol = protocol;
    this.source = source;
    this.destination = destination;
    this.info = info;
    this.claimedEnd = claimedEnd;
    this.quotedIn = quotedIn;
    return quotedFacts;
  }

  layer(layer: number, name: string, label: string, start: number, end: number, text = ''): Layer {
    const made: Layer = { layer, name, label, value: null, text, start, end, mask: 0, generated: false, children: [] };
    if (this.quotedIn === null) this.layers.push(made);
    else this.quotedIn.children.push(made);
    return made;
  }

  /** A field whose value the caller has read. */
  field(
    parent: Field,
    name: string,
    label: string,
    start: number,
    end: number,
    value: FieldValue,
    text = String(value),
  ): Field {
    // Only what was taken from the packet as text can hold control characters.
    const shown = typeof value === 'string' ? printable(text) : text;
    const made: Field = { name, label, value, text: shown, start, end, mask: 0, generated: false, children: [] };
    parent.children.push(made);
    return made;
  }

  /** An unsigned big-endian number of `size` bytes (1 to 6), shown in decimal unless `text` says otherwise. */
  number(parent: Field, name: string, label: string, at: number, size: number, text?: string): Field {
    const value = this.read(at, size);
    return this.field(parent, name, label, at, at + size, value, text ?? String(value));
  }

  /** The same, shown in hexadecimal: `0x0800`. */
  hex(parent: Field, name: string, label: string, at: number, size: number, meaning = ''): Field {
    const value = this.read(at, size);
    return this.field(parent, name, label, at, at + size, value, named(hex(value, size * 2), meaning));
  }

  /** Some bits of `size` bytes (at most 4), shifted down; `scale` multiplies what is kept as the value. */
  bits(
    parent: Field,
    name: string,
    label: string,
    at: number,
    size: number,
    mask: number,
    text?: string,
    scale = 1,
  ): Field {
    let value = (this.read(at, size) & mask) >>> 0;
    for (let rest = mask >>> 0; (rest & 1) === 0 && rest !== 0; rest >>>= 1) value >>>= 1;
    value *= scale;
    const made: Field = {
      name,
      label,
      value,
      text: text ?? String(value),
      start: at,
      end: at + size,
      mask: mask >>> 0,
      generated: false,
      children: [],
    };
    parent.children.push(made);
    return made;
  }

  /** One bit: `Set` or `Not set`. */
  flag(parent: Field, name: string, label: string, at: number, size: number, mask: number): Field {
    const value = (this.read(at, size) & mask) !== 0;
    const made: Field = {
      name,
      label,
      value,
      text: value ? 'Set' : 'Not set',
      start: at,
      end: at + size,
      mask: mask >>> 0,
      generated: false,
      children: [],
    };
    parent.children.push(made);
    return made;
  }

  mac(parent: Field, name: string, label: string, at: number): MacAddress {
    const address = MacAddress.read(this.view, at);
    this.field(parent, name, label, at, at + 6, address.toString());
    return address;
  }

  ipv4(parent: Field, name: string, label: string, at: number): IpAddress {
    const address = Ip.read4(this.view, at);
    this.field(parent, name, label, at, at + 4, address.toString());
    return address;
  }

  ipv6(parent: Field, name: string, label: string, at: number): IpAddress {
    const address = Ip.read6(this.view, at);
    this.field(parent, name, label, at, at + 16, address.toString());
    return address;
  }

  /** Bytes that mean nothing more here: shown in hexadecimal, the first few of them. */
  raw(parent: Field, name: string, label: string, start: number, end: number): Field {
    const shown = hexBytes(this.bytes, start, Math.min(end, start + 32));
    const text = end - start > 32 ? `${shown}...` : shown;
    return this.field(parent, name, label, start, end, this.bytes.subarray(start, end), text);
  }

  /** A field that is not in the packet; its range is its parent's. */
  generate(parent: Field, name: string, label: string, value: FieldValue, text = String(value)): Field {
    const { start, end } = parent;
    const made: Field = { name, label, value, text, start, end, mask: 0, generated: true, children: [] };
    parent.children.push(made);
    return made;
  }

  problem(severity: Severity, group: ProblemGroup, text: string, start: number, end: number): void {
    // A quoted packet was judged where it arrived: whoever quotes it is not to blame.
    this.problems.push({ severity: this.quoted ? 'note' : severity, group, text, start, end });
  }

  /**
   * A header that is cut short or contradicts itself: what is left of it becomes one field, so that no byte is lost.
   * Where bytes are expected to be missing, it is a note instead of an error.
   */
  malformed(layer: number, name: string, label: string, start: number, end: number, text: string): void {
    const excused = this.incomplete || this.quoted;
    const made = this.layer(layer, name, label, start, end, excused ? 'cut short' : 'malformed');
    if (end > start) this.raw(made, `${name}.data`, 'Bytes', start, end);
    if (excused) this.problem('note', 'malformed', `${label}: ${text} (not all of the packet is here)`, start, end);
    else this.problem('error', 'malformed', `${label}: ${text}`, start, end);
  }

  /** Reads an unsigned big-endian number of 1 to 6 bytes. */
  read(at: number, size: number): number {
    switch (size) {
      case 1:
        return this.view.getUint8(at);
      case 2:
        return this.view.getUint16(at);
      case 4:
        return this.view.getUint32(at);
      default: {
        let value = 0;
        for (let i = 0; i < size; i++) value = value * 256 + this.view.getUint8(at + i);
        return value;
      }
    }
  }
}

function noFacts(): PacketFacts {
  return { link: null, arp: null, network: null, transport: null, application: null };
}

/** `0x0800`. */
export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** `IPv4 (0x0800)`, or the number alone when it has no name. */
export function named(number: string | number, name: string | undefined): string {
  return name ? `${name} (${number})` : String(number);
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** `45000054`; with a separator `45 00 00 54`. */
export function hexBytes(bytes: Uint8Array, start: number, end: number, separator = ''): string {
  let text = '';
  for (let at = start; at < end; at++) text += (at > start ? separator : '') + HEX_BYTES[bytes[at]!];
  return text;
}
