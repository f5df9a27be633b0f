import { latin1Decode } from '../../base/utf8.ts';
import type { DnsMessage, Edns, EdnsOption, Question } from './message.ts';
import { readName } from './name.ts';
import { ResourceRecord } from './record.ts';
import { readData } from './record-reader.ts';
import { Type } from './types.ts';

/*
 *      0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
 *     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 *   0 |                      ID                       |
 *   2 |QR|   Opcode  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
 *   4 |  QDCOUNT   | 6 ANCOUNT | 8 NSCOUNT | 10 ARCOUNT
 *     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 */
export const HEADER_BYTES = 12;
/** Between the name of a record and its data: type, class, time to live, length. */
const FIXED_BYTES = 10;

/** Why bytes are no message; as much of it as could be read is in `id` and `flags`, for whoever answers. */
export interface MessageProblem {
  readonly problem: string;
  /** -1 when not even the header is there. */
  readonly id: number;
  readonly flags: number;
}

/** Reads a message. Total: any bytes give a message or a problem, in time proportional to their number. */
export function readMessage(bytes: Uint8Array): DnsMessage | MessageProblem {
  return new MessageReader(bytes).read();
}

export function isProblem(read: DnsMessage | MessageProblem): read is MessageProblem {
  return 'problem' in read;
}

class MessageReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = HEADER_BYTES;
  private edns: Edns | null = null;
  /** The upper 8 of the response code's 12 bits. */
  private extendedRcode = 0;
  private problem = '';

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  read(): DnsMessage | MessageProblem {
    const { view, bytes } = this;
    if (bytes.length < HEADER_BYTES) return { problem: 'shorter than a header', id: -1, flags: 0 };
    const id = view.getUint16(0);
    const flags = view.getUint16(2);
    const questions = this.questions(view.getUint16(4));
    const answers = this.records(view.getUint16(6), false);
    const authority = this.records(view.getUint16(8), false);
    const additional = this.records(view.getUint16(10), true);
    if (this.problem === '' && this.at < bytes.length) this.problem = 'bytes after the last record';
    if (this.problem !== '') return { problem: this.problem, id, flags };
    return {
      id,
      response: (flags & 0x8000) !== 0,
      opcode: (flags >>> 11) & 15,
      authoritative: (flags & 0x0400) !== 0,
      truncated: (flags & 0x0200) !== 0,
      recursionDesired: (flags & 0x0100) !== 0,
      recursionAvailable: (flags & 0x0080) !== 0,
      authenticData: (flags & 0x0020) !== 0,
      checkingDisabled: (flags & 0x0010) !== 0,
      rcode: (this.extendedRcode << 4) | (flags & 15),
      questions,
      answers,
      authority,
      additional,
      edns: this.edns,
    };
  }

  private questions(count: number): Question[] {
    const questions: Question[] = [];
    for (let i = 0; i < count && this.problem === ''; i++) {
      const name = readName(this.bytes, this.at, this.bytes.length);
      if (name === null || this.bytes.length - name.end < 4) {
        this.problem = `question ${i + 1} of ${count} is cut off, or its name is none`;
        break;
      }
      const type = this.view.getUint16(name.end);
      questions.push({ name: name.name, type, class: this.view.getUint16(name.end + 2) });
      this.at = name.end + 4;
    }
    return questions;
  }

  private records(count: number, additional: boolean): ResourceRecord[] {
    const records: ResourceRecord[] = [];
    for (let i = 0; i < count && this.problem === ''; i++) {
      const record = this.record(additional);
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** The next record; null when it is EDNS, or there is a problem. */
  private record(additional: boolean): ResourceRecord | null {
    const { bytes, view } = this;
    const owner = readName(bytes, this.at, bytes.length);
    if (owner === null || bytes.length - owner.end < FIXED_BYTES)
      return this.fail('a record is cut off, or its name is none');
    const fixed = owner.end;
    const type = view.getUint16(fixed);
    const klass = view.getUint16(fixed + 2);
    const ttl = view.getUint32(fixed + 4);
    const start = fixed + FIXED_BYTES;
    const end = start + view.getUint16(fixed + 8);
    if (end > bytes.length) return this.fail('the data of a record is cut off');
    this.at = end;
    if (type === Type.OPT) {
      // RFC 6891 6.1.1: one at most, in the additional section, of the root.
      if (!additional || this.edns !== null || !owner.name.isRoot) return this.fail('an OPT record where none may be');
      return this.readEdns(klass, ttl, start, end);
    }
    const data = readData(bytes, view, type, klass, start, end);
    if (data === null) return this.fail(`the data of a record of type ${type} is not what its type says`);
    // RFC 2181 8: a time to live with its highest bit set is none.
    return new ResourceRecord(owner.name, type, klass, ttl > 0x7fffffff ? 0 : ttl, data);
  }

  private readEdns(udpBytes: number, flags: number, start: number, end: number): null {
    const options: EdnsOption[] = [];
    let at = start;
    while (end - at >= 4) {
      const length = this.view.getUint16(at + 2);
      if (end - at - 4 < length) break;
      options.push({ code: this.view.getUint16(at), data: latin1Decode(this.bytes, at + 4, at + 4 + length) });
      at += 4 + length;
    }
    if (at !== end) return this.fail('an EDNS option is cut off');
    this.extendedRcode = flags >>> 24;
    this.edns = { udpBytes, version: (flags >>> 16) & 0xff, dnssecOk: (flags & 0x8000) !== 0, options };
    return null;
  }

  private fail(problem: string): null {
    if (this.problem === '') this.problem = problem;
    return null;
  }
}
