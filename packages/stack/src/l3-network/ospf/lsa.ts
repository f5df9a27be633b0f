import { SECOND } from '../../base/clock.ts';
import { MAX_AGE_SECONDS } from './constants.ts';
import { type LsaBody, readLsaBody, writeLsaBody } from './lsa-bodies.ts';
import {
  lsaAge,
  lsaChecksum,
  lsaId,
  lsaLength,
  lsaName,
  lsaOptions,
  lsaRouter,
  lsaSequence,
  lsaType,
  setLsaAge,
  writeLsaHeader,
} from './lsa-header.ts';

/** One instance of a link state advertisement, as a database holds it: its bytes, and what they say. */
export class Lsa {
  readonly type: number;
  /** Link state ID. */
  readonly id: number;
  /** The advertising router's ID. */
  readonly router: number;
  readonly sequence: number;
  readonly checksum: number;
  readonly options: number;
  readonly bytes: Uint8Array;
  readonly body: LsaBody;
  /** Age in seconds at `since` (ns). */
  private ageThen: number;
  private since: number;
  /** When it came into this router's database, or was made here, ns. */
  readonly installedAt: number;
  /** When it was last sent to somebody who had an older one, ns. */
  answeredAt = -Infinity;
  /** Our own, but made by somebody else: by this router before it was restarted. */
  foreign = false;
  /** When this router last made an instance of it, ns. */
  originatedAt = -Infinity;
  /** Taken out of use: it is here only until everybody has been told. */
  dying = false;
  /** On how many retransmission lists it is. */
  pending = 0;

  private constructor(bytes: Uint8Array, body: LsaBody, now: number) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    this.bytes = bytes;
    this.body = body;
    this.type = lsaType(view, 0);
    this.id = lsaId(view, 0);
    this.router = lsaRouter(view, 0);
    this.sequence = lsaSequence(view, 0);
    this.checksum = lsaChecksum(view, 0);
    this.options = lsaOptions(view, 0);
    this.ageThen = lsaAge(view, 0);
    this.since = now;
    this.installedAt = now;
  }

  /** From the wire: copies what stands at `at`, whose length and checksum are good; null when its body is not. */
  static read(view: DataView, at: number, now: number): Lsa | null {
    const length = lsaLength(view, at);
    const body = readLsaBody(view, at, length, lsaType(view, at));
    if (body === null) return null;
    const bytes = new Uint8Array(length);
    bytes.set(new Uint8Array(view.buffer, view.byteOffset + at, length));
    return new Lsa(bytes, body, now);
  }

  /** A new one of age 0. */
  static make(
    type: number,
    id: number,
    router: number,
    options: number,
    sequence: number,
    body: LsaBody,
    now: number,
  ): Lsa {
    const bytes = writeLsaBody(type, body);
    writeLsaHeader(bytes, new DataView(bytes.buffer), options, type, id, router, sequence);
    return new Lsa(bytes, body, now);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Seconds, 0 to MaxAge. */
  age(now: number): number {
    const age = this.ageThen + Math.floor((now - this.since) / SECOND);
    return age < MAX_AGE_SECONDS ? age : MAX_AGE_SECONDS;
  }

  isMaxAge(now: number): boolean {
    return this.age(now) >= MAX_AGE_SECONDS;
  }

  /** When it will be so many seconds old, ns. */
  timeOfAge(seconds: number): number {
    return this.since + (seconds - this.ageThen) * SECOND;
  }

  /** Takes it out of use before its time (RFC 2328 14.1). */
  ageNow(now: number): void {
    this.ageThen = MAX_AGE_SECONDS;
    this.since = now;
  }

  /** Copies it to a packet, `delay` seconds older than it is here (InfTransDelay). */
  write(bytes: Uint8Array, view: DataView, at: number, now: number, delay: number): void {
    bytes.set(this.bytes, at);
    setLsaAge(view, at, this.age(now) + delay);
  }

  /** Do both say the same, apart from instance and age? */
  saysTheSame(other: Lsa): boolean {
    const { bytes } = this;
    if (bytes.length !== other.bytes.length || this.options !== other.options) return false;
    for (let i = 20; i < bytes.length; i++) if (bytes[i] !== other.bytes[i]) return false;
    return true;
  }

  toString(): string {
    return lsaName(this.type, this.id, this.router);
  }
}
