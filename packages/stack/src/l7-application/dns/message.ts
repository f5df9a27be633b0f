import type { DomainName } from './name.ts';
import type { ResourceRecord } from './record.ts';
import { Class, className, Opcode, Rcode, typeName } from './types.ts';

/**
 * A message of the DNS (RFC 1035 4.1), the same for questions and answers:
 *
 *     +---------------------+
 *     |        Header       |  id, flags, how many of each
 *     +---------------------+
 *     |       Question      |  what is asked
 *     +---------------------+
 *     |        Answer       |  records that answer it
 *     +---------------------+
 *     |      Authority      |  who knows more, or why there is nothing
 *     +---------------------+
 *     |      Additional     |  what will be asked for next; EDNS
 *     +---------------------+
 */
export interface DnsMessage {
  readonly id: number;
  /** QR: an answer. */
  readonly response: boolean;
  readonly opcode: number;
  /** AA: the server answers for the zone of the name that was asked for. */
  readonly authoritative: boolean;
  /** TC: not all of it fitted. */
  readonly truncated: boolean;
  /** RD: the server shall ask others; RA: it would. */
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** AD and CD (RFC 4035 3.1.6): read and shown; there is no DNSSEC here. */
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** With EDNS of 12 bits, else of 4. */
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  /** OPT, which is no record, is in `edns` instead. */
  readonly additional: readonly ResourceRecord[];
  readonly edns: Edns | null;
}

export interface Question {
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
}

/**
 * Extension mechanisms, version 0 (RFC 6891): an OPT pseudo-record, whose fields mean other things than a record's.
 *
 *     name 0 | type 41 | class: UDP payload size | TTL: upper 8 bits of the rcode, version, DO and 15 flags | options
 */
export interface Edns {
  /** Bytes of the longest datagram that its sender takes. */
  readonly udpBytes: number;
  readonly version: number;
  /** DO (RFC 3225): signatures are welcome. */
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface EdnsOption {
  readonly code: number;
  /** A character for each byte. */
  readonly data: string;
}

export interface QueryOptions {
  recursionDesired?: boolean;
  class?: number;
  /** Bytes of UDP that the asker takes, told by EDNS; 0: no EDNS, and so 512. */
  udpBytes?: number;
  /** Options of EDNS, if there is any. */
  options?: readonly EdnsOption[];
}

/** A question. */
export function query(id: number, name: DomainName, type: number, options: QueryOptions = {}): DnsMessage {
  const { recursionDesired = false, class: klass = Class.IN, udpBytes = 0 } = options;
  const edns = { udpBytes, version: 0, dnssecOk: false, options: options.options ?? [] };
  return {
    id,
    response: false,
    opcode: Opcode.Query,
    authoritative: false,
    truncated: false,
    recursionDesired,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: Rcode.NoError,
    questions: [{ name, type, class: klass }],
    answers: [],
    authority: [],
    additional: [],
    edns: udpBytes === 0 ? null : edns,
  };
}

/** An answer to a question, empty but for what is given. EDNS is answered with EDNS (RFC 6891 6.1.1). */
export function answerTo(asked: DnsMessage, parts: Partial<DnsMessage>, udpBytes: number): DnsMessage {
  return {
    ...asked,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: false,
    authenticData: false,
    rcode: Rcode.NoError,
    answers: [],
    authority: [],
    additional: [],
    edns: asked.edns === null ? null : { udpBytes, version: 0, dnssecOk: asked.edns.dnssecOk, options: [] },
    ...parts,
  };
}

/** Do two messages ask the same? Names without regard to case, unless `exact`. */
export function sameQuestion(one: DnsMessage, other: DnsMessage, exact = false): boolean {
  const [a] = one.questions;
  const [b] = other.questions;
  if (one.questions.length !== 1 || other.questions.length !== 1) return false;
  const sameName = exact ? a.name.wire === b.name.wire : a.name.key === b.name.key;
  return sameName && a.type === b.type && a.class === b.class;
}

/** `www.example.com. IN A` */
export function questionText({ name, type, class: klass }: Question): string {
  return `${name} ${className(klass)} ${typeName(type)}`;
}
