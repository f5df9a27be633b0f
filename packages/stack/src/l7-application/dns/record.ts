import type { IpAddress } from '../../base/ip-address.ts';
import { DomainName } from './name.ts';
import { Class, className, Type, typeName } from './types.ts';

/**
 * One part of a record's data. A text has a character for each byte; data whose type nobody here knows is one such
 * text (RFC 3597).
 */
export type DataField = number | string | IpAddress | DomainName;

/** How one field is written, in messages and in master files. */
export type FieldKind =
  /** 4 or 16 bytes. */
  | 'ipv4'
  | 'ipv6'
  /** A name that messages may compress: those of the types of RFC 1035 (RFC 3597 4). */
  | 'name'
  /** A name that they may not. */
  | 'target'
  /** 8 bits, 16, and 32. */
  | 'u8'
  | 'u16'
  | 'u32'
  /** 32 bits of seconds, which master files may write as `1h30m`. */
  | 'seconds'
  /** A length of one byte and as many bytes; a `tag` is a word, and is written as one. */
  | 'string'
  | 'tag'
  /** At least one of these, to the end of the data. */
  | 'strings'
  /** What is left, which is a text for people, without a length. */
  | 'text'
  /** What is left. */
  | 'bytes';

/** The data of each type, field by field: all that messages and master files need to know of it. */
const FORMATS: Readonly<Record<number, readonly FieldKind[]>> = {
  [Type.A]: ['ipv4'],
  [Type.NS]: ['name'],
  [Type.CNAME]: ['name'],
  // Primary server, mailbox of who answers for it; serial number, refresh, retry, expire, minimum (RFC 1035 3.3.13).
  [Type.SOA]: ['name', 'name', 'u32', 'seconds', 'seconds', 'seconds', 'seconds'],
  [Type.PTR]: ['name'],
  [Type.HINFO]: ['string', 'string'],
  [Type.MX]: ['u16', 'name'],
  [Type.TXT]: ['strings'],
  [Type.AAAA]: ['ipv6'],
  // Priority, weight, port, target (RFC 2782).
  [Type.SRV]: ['u16', 'u16', 'u16', 'target'],
  // Flags, what is restricted, to whom (RFC 8659 4.1).
  [Type.CAA]: ['u8', 'tag', 'text'],
};

const OPAQUE: readonly FieldKind[] = ['bytes'];

/** What a type's data consists of; of a type, or a class, that nobody here knows, bytes. */
export function formatOf(type: number, klass: number): readonly FieldKind[] {
  // What A, AAAA, SRV mean, they mean in the Internet; the others mean the same everywhere.
  if (klass !== Class.IN && (type === Type.A || type === Type.AAAA || type === Type.SRV)) return OPAQUE;
  return FORMATS[type] ?? OPAQUE;
}

/** A resource record (RFC 1035 3.2.1). */
export class ResourceRecord {
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
  /** Seconds that it may be kept. */
  readonly ttl: number;
  readonly data: readonly DataField[];

  constructor(name: DomainName, type: number, klass: number, ttl: number, data: readonly DataField[]) {
    this.name = name;
    this.type = type;
    this.class = klass;
    this.ttl = ttl;
    this.data = data;
  }

  /** `new ResourceRecord` of class IN. */
  static of(name: DomainName, type: number, ttl: number, ...data: DataField[]): ResourceRecord {
    return new ResourceRecord(name, type, Class.IN, ttl, data);
  }

  /** The same with another owner or time to live. */
  with(name: DomainName, ttl = this.ttl): ResourceRecord {
    return new ResourceRecord(name, this.type, this.class, ttl, this.data);
  }

  /** Do both belong to one set: records that differ in their data only (RFC 2181 5)? */
  isInSetOf(other: ResourceRecord): boolean {
    return this.type === other.type && this.class === other.class && this.name.key === other.name.key;
  }

  /** The address of an A or AAAA record. */
  get address(): IpAddress {
    return this.data[0] as IpAddress;
  }

  /** The name that the data says, where it says one: NS, CNAME, PTR, MX, SRV, and the primary server of an SOA. */
  get target(): DomainName | null {
    for (const field of this.data) if (field instanceof DomainName) return field;
    return null;
  }

  /** Of an SOA record: how long its zone lets others believe that something is not there, seconds (RFC 2308 4, 5). */
  get absenceTtl(): number {
    return Math.min(this.ttl, this.data[6] as number);
  }

  /** A line of a master file, its parts set apart by blanks. */
  toString(): string {
    const { name, ttl, type } = this;
    return `${name} ${ttl} ${className(this.class)} ${typeName(type)} ${dataText(this)}`;
  }
}

/** The data as master files and tools write it (RFC 1035 5.1, RFC 3597 5). */
export function dataText(record: ResourceRecord): string {
  const format = formatOf(record.type, record.class);
  if (format === OPAQUE) {
    const bytes = record.data[0] as string;
    return bytes === '' ? '\\# 0' : `\\# ${bytes.length} ${hex(bytes)}`;
  }
  return record.data.map((field, i) => fieldText(field, format[i] ?? 'strings')).join(' ');
}

function fieldText(field: DataField, kind: FieldKind): string {
  if (typeof field !== 'string' || (kind === 'tag' && /^[A-Za-z0-9]+$/.test(field))) return String(field);
  return quote(field);
}

/** What tells the data of one record of a set from that of another: names in it compare as names do. */
export function dataKey(record: ResourceRecord): string {
  return record.data
    .map((field) => (field instanceof DomainName ? field.key : typeof field === 'string' ? quote(field) : field))
    .join(' ');
}

function quote(text: string): string {
  const escaped = text.replace(/[^ -~]|["\\]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0x1f && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`;
  });
  return `"${escaped}"`;
}

function hex(bytes: string): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += bytes.charCodeAt(i).toString(16).padStart(2, '0').toUpperCase();
  return text;
}
