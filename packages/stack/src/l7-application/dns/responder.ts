import type { Clock } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { answerTo, type DnsMessage, type EdnsOption } from './message.ts';
import { isProblem, type MessageProblem, readMessage } from './message-reader.ts';
import { MESSAGE_BYTES, writeMessage } from './message-writer.ts';
import type { DomainName } from './name.ts';
import { RateLimiter, Verdict } from './rate-limiter.ts';
import type { ResourceRecord } from './record.ts';
import { chaosAnswer, nsidFor, type ServerIdentity } from './server-identity.ts';
import { traceMessage } from './trace.ts';
import { Class, isQuestionType, Opcode, Rcode, Type } from './types.ts';
import type { Answer, Zones } from './zones.ts';

/** What a resolver found out. */
export interface Resolution {
  readonly rcode: number;
  /** The aliases on the way, in order, and the records at its end. */
  readonly answers: readonly ResourceRecord[];
  /** The SOA that says how long an absence holds. */
  readonly authority: readonly ResourceRecord[];
  /** Why there is no answer (SERVFAIL), for people: RFC 8914's number and a clause. */
  readonly failure: { readonly code: number; readonly text: string } | null;
}

/** Who asks others for those who may have it done. */
export interface Recursion {
  resolve(name: DomainName, type: number): Promise<Resolution>;
  mayAsk(client: IpAddress): boolean;
}

export interface ResponderOptions {
  readonly clock: Clock;
  /** Null: only what the zones say. */
  readonly recursion?: Recursion | null;
  readonly limits?: DnsLimits;
  /** What it tells about itself; absent: nothing. */
  readonly identity?: ServerIdentity;
  /** Whose trace is told of questions and answers; absent: nobody's. */
  readonly node?: NodeContext;
  /** Each question and what became of it. */
  readonly log?: (client: IpAddress, asked: DnsMessage, answer: DnsMessage) => void;
}

/** What UDP carries when nothing was agreed upon (RFC 1035 4.2.1). */
const UDP_BYTES = 512;
/** EDNS option: extended DNS errors (RFC 8914 2). */
const EDE = 15;

/**
 * What a server answers: bytes in, bytes out, from zones and, where it may, from a resolver. It knows no sockets.
 *
 * Null is no answer: to what is no question, and to floods.
 */
export class DnsResponder {
  readonly zones: Zones;
  private readonly recursion: Recursion | null;
  private readonly limits: DnsLimits;
  private readonly identity: ServerIdentity | null;
  private readonly node: NodeContext | null;
  private readonly log: ResponderOptions['log'];
  private readonly rates: RateLimiter | null;
  /** Questions that wait for the resolver. */
  private waiting = 0;

  constructor(zones: Zones, options: ResponderOptions) {
    this.zones = zones;
    this.recursion = options.recursion ?? null;
    this.limits = options.limits ?? DNS_LIMITS;
    this.identity = options.identity ?? null;
    this.node = options.node ?? null;
    this.log = options.log;
    this.rates = this.limits.responsesPerSecond > 0 ? new RateLimiter(options.clock, this.limits) : null;
  }

  respond(bytes: Uint8Array, client: IpAddress, tcp: boolean): Uint8Array | null | Promise<Uint8Array | null> {
    const asked = readMessage(bytes);
    if (isProblem(asked)) return formatError(asked);
    // An answer that is answered comes back for ever.
    if (asked.response) return null;
    if (this.node !== null) traceMessage(this.node, What.Receive, asked, client.toString(), bytes.length);
    const recursion = this.recursion?.mayAsk(client) ? this.recursion : null;
    const refusal = whyNot(asked);
    if (refusal !== Rcode.NoError) return this.finish(asked, { rcode: refusal }, client, tcp, false);
    const { name, type, class: klass } = asked.questions[0];
    if (klass === Class.CH && this.identity !== null) {
      return this.finish(asked, chaosAnswer(asked, this.identity), client, tcp, false);
    }
    if (klass !== Class.IN && klass !== Class.ANY) {
      return this.finish(asked, { rcode: Rcode.Refused }, client, tcp, false);
    }
    const recursionAvailable = recursion !== null;
    this.zones.refresh();
    const known = this.zones.answer(name, type, tcp, this.limits);
    if (recursion !== null && asked.recursionDesired) {
      if (!known.authoritative || known.leadsTo !== null || known.referral) {
        return this.ask(recursion, asked, known, client, tcp);
      }
    }
    return this.finish(asked, { ...partsOf(known), recursionAvailable }, client, tcp, known.referral);
  }

  /** Has the resolver find what the zones do not say. */
  private async ask(
    recursion: Recursion,
    asked: DnsMessage,
    known: Answer,
    client: IpAddress,
    tcp: boolean,
  ): Promise<Uint8Array | null> {
    const busy = { rcode: Rcode.ServFail, recursionAvailable: true };
    if (this.waiting >= this.limits.recursiveClients) return this.finish(asked, busy, client, tcp, false);
    const { name, type } = asked.questions[0];
    this.waiting++;
    try {
      const found = await recursion.resolve(known.leadsTo ?? name, type);
      const parts = {
        rcode: found.rcode,
        recursionAvailable: true,
        authoritative: known.leadsTo !== null,
        answers: [
          ...(known.leadsTo === null ? [] : known.answers),
          ...found.answers.map((each) => inCaseOf(each, name)),
        ],
        authority: found.authority,
      };
      return this.finish(asked, parts, client, tcp, false, found.failure);
    } finally {
      this.waiting--;
    }
  }

  private finish(
    asked: DnsMessage,
    parts: Partial<DnsMessage>,
    client: IpAddress,
    tcp: boolean,
    glue: boolean,
    failure: Resolution['failure'] = null,
  ): Uint8Array | null {
    const { limits } = this;
    let answer = answerTo(asked, parts, limits.udpBytes);
    if (answer.edns !== null) {
      const nsid = this.identity === null ? null : nsidFor(asked, this.identity);
      const options = nsid === null ? [] : [nsid];
      if (failure !== null) options.push(extendedError(failure.code, failure.text));
      if (options.length > 0) answer = { ...answer, edns: { ...answer.edns, options } };
    }
    if (!tcp && this.rates !== null) {
      const verdict = this.rates.check(client, answer);
      if (verdict === Verdict.Drop) return null;
      if (verdict === Verdict.Slip) {
        answer = { ...answer, truncated: true, answers: [], authority: [], additional: [] };
      }
    }
    this.log?.(client, asked, answer);
    const taken = asked.edns === null ? UDP_BYTES : Math.max(UDP_BYTES, Math.min(asked.edns.udpBytes, limits.udpBytes));
    const bytes = writeMessage(answer, { limit: tcp ? MESSAGE_BYTES : taken, glue });
    if (this.node !== null) traceMessage(this.node, What.Send, answer, client.toString(), bytes.length);
    return bytes;
  }
}

/** A response code for what is not answered whoever asks; NoError for a question. */
function whyNot(asked: DnsMessage): number {
  if (asked.opcode !== Opcode.Query) return Rcode.NotImp;
  if (asked.questions.length !== 1) return Rcode.FormErr; // RFC 9619
  if (asked.edns !== null && asked.edns.version > 0) return Rcode.BadVers;
  const [{ type }] = asked.questions;
  if (type === Type.OPT) return Rcode.FormErr;
  // Zones are not handed out whole (AXFR, IXFR); the others never came into use.
  if (isQuestionType(type) && type !== Type.ANY) return Rcode.Refused;
  return Rcode.NoError;
}

function partsOf(known: Answer): Partial<DnsMessage> {
  const { rcode, authoritative, answers, authority, additional, referral } = known;
  return { rcode, authoritative: authoritative && (!referral || answers.length > 0), answers, authority, additional };
}

/** Others may have asked for the same in other letters, and the answer is one for all of them. */
function inCaseOf(record: ResourceRecord, name: DomainName): ResourceRecord {
  return record.name.key === name.key ? record.with(name) : record;
}

/**
 * To bytes that are no message: the header alone, if there was as much, and if it was a question. Of other opcodes
 * nobody here knows what their messages look like.
 */
function formatError({ id, flags }: MessageProblem): Uint8Array | null {
  if (id < 0 || (flags & 0x8000) !== 0) return null;
  const isQuery = ((flags >>> 11) & 15) === Opcode.Query;
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, 0x8000 | (flags & 0x7900) | (isQuery ? Rcode.FormErr : Rcode.NotImp)); // opcode and RD as they came
  return bytes;
}

function extendedError(code: number, text: string): EdnsOption {
  return { code: EDE, data: String.fromCharCode(code >> 8, code & 0xff) + text.slice(0, 200) };
}
