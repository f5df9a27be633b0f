import { dissectDnsRecord, dnsTypeName } from './dissect-dns-record.ts';
import { type Dissection, type Field, hex, named } from './dissection.ts';
import { readDnsName } from './dns-name.ts';

/**
 * A DNS message (RFC 1035 4.1):
 *
 *      0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
 *     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 *   0 |                      ID                       |
 *   2 |QR|   Opcode  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
 *   4 |  questions   | 6 answers    | 8 authority     |
 *  10 |  additional  | 12 questions, then records      |
 *     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 *
 * Over TCP each message has its length in front, two bytes (RFC 7766 8).
 */
const HEADER = 12;
const LABEL = 'Domain Name System';
/** Questions and records that are taken apart; the rest of a message beyond them is shown as bytes. */
const RECORD_LIMIT = 512;

const OPCODES = [
  'Standard query',
  'Inverse query',
  'Server status request',
  'Unused',
  'Zone change notification',
  'Dynamic update',
];
const REPLY_CODES = [
  'No error',
  'Format error',
  'Server failure',
  'No such name',
  'Not implemented',
  'Refused',
  'YX Domain',
  'YX RR Set',
  'NX RR Set',
  'Not authoritative',
  'Not in zone',
];

export function dissectDns(dissection: Dissection, start: number, end: number): boolean {
  if (dissection.facts.transport?.kind !== 'tcp') {
    dissectMessage(dissection, start, start, end);
    return true;
  }
  let at = start;
  while (end - at >= 2 + HEADER) {
    const length = dissection.view.getUint16(at);
    if (length < HEADER || length > end - at - 2) break; // goes on in other segments
    dissectMessage(dissection, at, at + 2, at + 2 + length);
    at += 2 + length;
  }
  if (at === start) return false;
  if (at < end) {
    const rest = dissection.layer(7, 'dns', LABEL, at, end, 'a part of another message');
    dissection.raw(rest, 'dns.rest', 'Bytes', at, end);
  }
  return true;
}

/** The message in `[at, end)`; over TCP its length stands before it, at `start`. */
function dissectMessage(dissection: Dissection, start: number, at: number, end: number): void {
  dissection.protocol = 'DNS';
  if (end - at < HEADER) {
    dissection.malformed(7, 'dns', LABEL, start, end, `${end - at} bytes do not hold its header of 12`);
    return;
  }
  const { view } = dissection;
  const flags = view.getUint16(at + 2);
  const isResponse = (flags & 0x8000) !== 0;
  const layer = dissection.layer(7, 'dns', LABEL, start, end, isResponse ? 'response' : 'query');
  if (at > start) dissection.number(layer, 'dns.length', 'Length', start, 2);
  const id = view.getUint16(at);
  dissection.hex(layer, 'dns.id', 'Transaction ID', at, 2);
  flagFields(dissection, layer, at + 2, flags);
  const counts = ['queries', 'answers', 'auth_rr', 'add_rr'].map((name, index) => {
    const label = ['Questions', 'Answer RRs', 'Authority RRs', 'Additional RRs'][index]!;
    return dissection.number(layer, `dns.count.${name}`, label, at + 4 + index * 2, 2).value as number;
  });

  const message: Message = { start: at, end, at: at + HEADER, left: RECORD_LIMIT, info: '' };
  const complete =
    questions(dissection, layer, message, counts[0]!) &&
    records(dissection, layer, message, counts[1]!, 'Answers') &&
    records(dissection, layer, message, counts[2]!, 'Authoritative nameservers') &&
    records(dissection, layer, message, counts[3]!, 'Additional records');
  if (!complete && message.left > 0) {
    const severity = dissection.incomplete ? 'note' : 'error';
    dissection.problem(severity, 'malformed', `${LABEL}: a record ends after the message`, message.at, end);
  }
  if (message.at < end) dissection.raw(layer, 'dns.rest', 'Bytes after the records', message.at, end);

  const opcode = OPCODES[(flags >>> 11) & 15] ?? 'Unknown operation';
  const code = flags & 15;
  const failed = isResponse && code !== 0 ? ` ${REPLY_CODES[code] ?? `code ${code}`}` : '';
  dissection.info = `${opcode}${isResponse ? ' response' : ''} ${hex(id, 4)}${failed}${message.info}`;
  layer.text = dissection.info;
  dissection.facts.application = { protocol: 'dns', text: dissection.info, isRequest: !isResponse };
}

/** Where the reader of one message stands. Offsets are into the packet; names count from the message's start. */
interface Message {
  readonly start: number;
  readonly end: number;
  at: number;
  /** Records that may still be taken apart. */
  left: number;
  /** What questions and answers add to the summary. */
  info: string;
}

function flagFields(dissection: Dissection, layer: Field, at: number, flags: number): void {
  const opcode = (flags >>> 11) & 15;
  const isResponse = (flags & 0x8000) !== 0;
  const code = flags & 15;
  const group = dissection.hex(layer, 'dns.flags', 'Flags', at, 2);
  group.text += ` ${OPCODES[opcode] ?? `opcode ${opcode}`}${isResponse ? ` response, ${REPLY_CODES[code] ?? code}` : ''}`;
  dissection.flag(group, 'dns.flags.response', 'Response', at, 2, 0x8000);
  dissection.bits(group, 'dns.flags.opcode', 'Opcode', at, 2, 0x7800, named(opcode, OPCODES[opcode]));
  if (isResponse) dissection.flag(group, 'dns.flags.authoritative', 'Authoritative', at, 2, 0x0400);
  dissection.flag(group, 'dns.flags.truncated', 'Truncated', at, 2, 0x0200);
  dissection.flag(group, 'dns.flags.recdesired', 'Recursion desired', at, 2, 0x0100);
  if (isResponse) dissection.flag(group, 'dns.flags.recavail', 'Recursion available', at, 2, 0x0080);
  dissection.flag(group, 'dns.flags.z', 'Z: reserved', at, 2, 0x0040);
  if (isResponse) dissection.flag(group, 'dns.flags.authenticated', 'Answer authenticated', at, 2, 0x0020);
  dissection.flag(group, 'dns.flags.checkdisable', 'Non-authenticated data', at, 2, 0x0010);
  if (isResponse) {
    dissection.bits(group, 'dns.flags.rcode', 'Reply code', at, 2, 0x000f, named(code, REPLY_CODES[code]));
  }
}

/** False when a question does not fit into the message. */
function questions(dissection: Dissection, layer: Field, message: Message, count: number): boolean {
  if (count === 0) return true;
  const group = dissection.field(layer, 'dns.queries', 'Queries', message.at, message.end, null, '');
  for (let i = 0; i < count; i++) {
    group.end = message.at;
    if (message.left-- <= 0) return false;
    const name = readDnsName(dissection.bytes, message.start, message.at, message.end);
    if (name === null || message.end - name.end < 4) return false;
    const type = dissection.view.getUint16(name.end);
    const text = `${name.text}: type ${dnsTypeName(type)}`;
    const question = dissection.field(group, 'dns.qry', 'Query', message.at, name.end + 4, null, text);
    dissection.field(question, 'dns.qry.name', 'Name', message.at, name.end, name.text);
    dissection.number(question, 'dns.qry.type', 'Type', name.end, 2, named(type, dnsTypeName(type)));
    dissection.hex(question, 'dns.qry.class', 'Class', name.end + 2, 2);
    message.info += ` ${dnsTypeName(type)} ${name.text}`;
    message.at = name.end + 4;
    group.end = message.at;
  }
  return true;
}

/** Resource records (RFC 1035 4.1.3): name, type, class, time to live, length, data. */
function records(dissection: Dissection, layer: Field, message: Message, count: number, label: string): boolean {
  if (count === 0) return true;
  const group = dissection.field(
    layer,
    `dns.${label.toLowerCase().replaceAll(' ', '_')}`,
    label,
    message.at,
    message.at,
    null,
    '',
  );
  for (let i = 0; i < count; i++) {
    if (message.left-- <= 0) return false;
    const record = dissectDnsRecord(dissection, group, message.start, message.at, message.end);
    if (record === null) return false;
    message.at = record.end;
    group.end = record.end;
    message.info += ` ${record.summary}`;
  }
  return true;
}
