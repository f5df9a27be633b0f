import type { IpAddress } from '../../base/ip-address.ts';
import type { DnsMessage } from './message.ts';
import { HEADER_BYTES } from './message-reader.ts';
import type { DomainName } from './name.ts';
import { formatOf, type ResourceRecord } from './record.ts';
import { Type } from './types.ts';

/** The most that a message over TCP can have, whose length stands before it in 16 bits. */
export const MESSAGE_BYTES = 65_535;
/** OPT: the root's name, type, class, time to live, length. */
const OPT_BYTES = 11;
/** A pointer has 14 bits: names further on are nowhere pointed to. */
const POINTER_LIMIT = 0x4000;

const TC = 0x0200;

export interface WriteOptions {
  /** Bytes at most. */
  limit?: number;
  /** Addresses without which a referral leads nowhere: if they do not fit, that is told (RFC 9471 3). */
  glue?: boolean;
}

/**
 * Writes a message. What does not fit within the limit is left out by whole record sets (RFC 2181 9): then TC is set,
 * unless it was only additional.
 */
export function writeMessage(message: DnsMessage, options: WriteOptions = {}): Uint8Array {
  return new MessageWriter(message, options).write();
}

class MessageWriter {
  private readonly message: DnsMessage;
  private readonly glue: boolean;
  /** Bytes that records may take; what EDNS needs is kept free. */
  private readonly limit: number;
  private readonly ednsBytes: number;
  private bytes: Uint8Array;
  private view: DataView;
  private at = HEADER_BYTES;
  /** Where in the message a name, and each name above it, stands. */
  private readonly places = new Map<string, number>();
  private truncated: boolean;

  constructor(message: DnsMessage, options: WriteOptions) {
    this.message = message;
    this.glue = options.glue === true;
    this.truncated = message.truncated;
    let edns = 0;
    if (message.edns !== null) {
      edns = OPT_BYTES;
      for (const option of message.edns.options) edns += 4 + option.data.length;
    }
    this.ednsBytes = edns;
    this.limit = Math.min(options.limit ?? MESSAGE_BYTES, MESSAGE_BYTES) - edns;
    this.bytes = new Uint8Array(512);
    this.view = new DataView(this.bytes.buffer);
  }

  write(): Uint8Array {
    const { message } = this;
    for (const question of message.questions) {
      this.name(question.name, true);
      this.u16(question.type);
      this.u16(question.class);
    }
    const answers = this.section(message.answers);
    const complete = answers === message.answers.length;
    const authority = complete ? this.section(message.authority) : 0;
    const cut = !complete || authority < message.authority.length;
    const additional = cut ? 0 : this.section(message.additional);
    if (cut) this.truncated = true;
    if (this.glue && additional < message.additional.length) this.truncated = true;
    if (message.edns !== null) this.edns();
    const { view } = this;
    view.setUint16(0, message.id);
    view.setUint16(2, this.flags());
    view.setUint16(4, message.questions.length);
    view.setUint16(6, answers);
    view.setUint16(8, authority);
    view.setUint16(10, additional + (message.edns === null ? 0 : 1));
    return this.bytes.slice(0, this.at);
  }

  private flags(): number {
    const { message } = this;
    return (
      (message.response ? 0x8000 : 0) |
      ((message.opcode & 15) << 11) |
      (message.authoritative ? 0x0400 : 0) |
      (this.truncated ? TC : 0) |
      (message.recursionDesired ? 0x0100 : 0) |
      (message.recursionAvailable ? 0x0080 : 0) |
      (message.authenticData ? 0x0020 : 0) |
      (message.checkingDisabled ? 0x0010 : 0) |
      (message.rcode & 15)
    );
  }

  /** Writes records, sets whole, until one does not fit. Returns how many were written. */
  private section(records: readonly ResourceRecord[]): number {
    let setStart = this.at;
    let setFirst = 0;
    for (let i = 0; i < records.length; i++) {
      if (i > 0 && !records[i].isInSetOf(records[i - 1])) {
        setStart = this.at;
        setFirst = i;
      }
      this.record(records[i]);
      if (this.at > this.limit) {
        this.rollBack(setStart);
        return setFirst;
      }
    }
    return records.length;
  }

  /** Forgets what was written from `to` on, and that names stood there. */
  private rollBack(to: number): void {
    this.at = to;
    for (const [name, place] of this.places) if (place >= to) this.places.delete(name);
  }

  private record(record: ResourceRecord): void {
    this.name(record.name, true);
    this.u16(record.type);
    this.u16(record.class);
    this.u32(record.ttl);
    const lengthAt = this.at;
    this.u16(0);
    this.data(record);
    this.view.setUint16(lengthAt, this.at - lengthAt - 2);
  }

  private data(record: ResourceRecord): void {
    const format = formatOf(record.type, record.class);
    for (let i = 0; i < record.data.length; i++) {
      const field = record.data[i];
      switch (format[i] ?? 'strings') {
        case 'ipv4':
        case 'ipv6': {
          const address = field as IpAddress;
          const length = address.family === 4 ? 4 : 16;
          this.reserve(length);
          address.write(this.view, this.at);
          this.at += length;
          break;
        }
        case 'name':
          this.name(field as DomainName, true);
          break;
        case 'target':
          this.name(field as DomainName, false);
          break;
        case 'u8':
          this.text(String.fromCharCode(field as number));
          break;
        case 'u16':
          this.u16(field as number);
          break;
        case 'u32':
        case 'seconds':
          this.u32(field as number);
          break;
        case 'string':
        case 'tag':
        case 'strings':
          this.text(String.fromCharCode((field as string).length));
          this.text(field as string);
          break;
        case 'text':
        case 'bytes':
          this.text(field as string);
          break;
      }
    }
  }

  /**
   * A name: its first labels, until what follows has been written before, then a pointer to it. Names are pointed to in
   * the same case only, so that a name arrives as it was written.
   */
  private name(name: DomainName, compressed: boolean): void {
    const { wire } = name;
    let at = 0;
    while (wire.charCodeAt(at) !== 0) {
      const rest = wire.slice(at);
      const place = compressed ? this.places.get(rest) : undefined;
      if (place !== undefined) {
        this.u16(0xc000 | place);
        return;
      }
      if (this.at < POINTER_LIMIT && !this.places.has(rest)) this.places.set(rest, this.at);
      const next = at + 1 + wire.charCodeAt(at);
      this.text(wire.slice(at, next));
      at = next;
    }
    this.text('\0');
  }

  private edns(): void {
    const { udpBytes, version, dnssecOk, options } = this.message.edns!;
    this.text('\0');
    this.u16(Type.OPT);
    this.u16(udpBytes);
    this.u32((((this.message.rcode >>> 4) & 0xff) * 0x1000000 + (version << 16)) | (dnssecOk ? 0x8000 : 0));
    this.u16(this.ednsBytes - OPT_BYTES);
    for (const { code, data } of options) {
      this.u16(code);
      this.u16(data.length);
      this.text(data);
    }
  }

  private u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.at, value);
    this.at += 2;
  }

  private u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.at, value);
    this.at += 4;
  }

  /** A character for each byte. */
  private text(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text.charCodeAt(i);
  }

  private reserve(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.at + length));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
