import type { DnsMessage, EdnsOption } from './message.ts';
import { DomainName } from './name.ts';
import { ResourceRecord } from './record.ts';
import { Class, Rcode, Type } from './types.ts';

/** What a server tells about itself to those who ask: which of several answered, and what it is. */
export interface ServerIdentity {
  /** `hostname.bind`, `id.server` (RFC 4892), NSID (RFC 5001). */
  readonly name: string;
  /** `version.bind`, `version.server`. */
  readonly version: string;
}

/** EDNS option: name server identifier (RFC 5001 2.3). */
const NSID = 3;

const NAMES = new Map<string, keyof ServerIdentity>(
  Object.entries({
    'version.bind': 'version',
    'version.server': 'version',
    'hostname.bind': 'name',
    'id.server': 'name',
  } as const).map(([name, what]) => [DomainName.parse(name)!.key, what]),
);

/** The answer to a question in class CHAOS, whose few names stand for no place in any network; REFUSED for others. */
export function chaosAnswer(asked: DnsMessage, identity: ServerIdentity): Partial<DnsMessage> {
  const [{ name, type }] = asked.questions;
  const what = NAMES.get(name.key);
  if (what === undefined) return { rcode: Rcode.Refused };
  const told = type === Type.TXT || type === Type.ANY;
  return {
    authoritative: true,
    answers: told ? [new ResourceRecord(name, Type.TXT, Class.CH, 0, [identity[what].slice(0, 255)])] : [],
  };
}

/** The option that says who answers, if the question has it (empty, RFC 5001 2.1). */
export function nsidFor(asked: DnsMessage, { name }: ServerIdentity): EdnsOption | null {
  const wanted = asked.edns?.options.some(({ code }) => code === NSID) === true;
  return wanted ? { code: NSID, data: name.slice(0, 255) } : null;
}
