import type { DnsMessage, Question } from '../../../l7-application/dns/message.ts';
import { dataText, type ResourceRecord } from '../../../l7-application/dns/record.ts';
import { className, opcodeName, rcodeName, typeName } from '../../../l7-application/dns/types.ts';

/** Which parts of an answer are shown: what dig's `+[no]...` options choose. */
export interface Shown {
  comments: boolean;
  question: boolean;
  answer: boolean;
  authority: boolean;
  additional: boolean;
}

/** Where dig's columns begin: time to live, class, type, data. */
const COLUMNS = [24, 32, 40, 48] as const;
const TAB = 8;

const NSID = 3;
const EDE = 15;
/** RFC 8914 5.2. */
const EDE_NAMES: Readonly<Record<number, string>> = { 0: 'Other', 13: 'Cached Error', 22: 'No Reachable Authority' };

/** A message as dig prints it, header and sections. */
export function messageText(message: DnsMessage, shown: Shown): string {
  let text = shown.comments ? header(message) : '';
  if (message.edns !== null && shown.comments) text += edns(message);
  if (shown.question && message.questions.length > 0) {
    const lines = message.questions.map((question) => `;${questionLine(question)}\n`).join('');
    text += `${shown.comments ? ';; QUESTION SECTION:\n' : ''}${lines}\n`;
  }
  if (shown.answer) text += section('ANSWER', message.answers, shown);
  if (shown.authority) text += section('AUTHORITY', message.authority, shown);
  if (shown.additional) text += section('ADDITIONAL', message.additional, shown);
  return text;
}

/** The data of each record of the answer, a line each: `+short`. */
export function shortText(message: DnsMessage): string {
  return message.answers.map((record) => `${dataText(record)}\n`).join('');
}

function header(message: DnsMessage): string {
  const flags = [
    message.response ? 'qr' : '',
    message.authoritative ? 'aa' : '',
    message.truncated ? 'tc' : '',
    message.recursionDesired ? 'rd' : '',
    message.recursionAvailable ? 'ra' : '',
    message.authenticData ? 'ad' : '',
    message.checkingDisabled ? 'cd' : '',
  ].filter((flag) => flag !== '');
  const { questions, answers, authority, additional, edns } = message;
  const warning =
    message.recursionDesired && !message.recursionAvailable
      ? ';; WARNING: recursion requested but not available\n'
      : '';
  return (
    `;; ->>HEADER<<- opcode: ${opcodeName(message.opcode)}, status: ${rcodeName(message.rcode)}, id: ${message.id}\n` +
    `;; flags: ${flags.join(' ')}; QUERY: ${questions.length}, ANSWER: ${answers.length}, ` +
    `AUTHORITY: ${authority.length}, ADDITIONAL: ${additional.length + (edns === null ? 0 : 1)}\n${warning}\n`
  );
}

function edns(message: DnsMessage): string {
  const { version, dnssecOk, udpBytes, options } = message.edns!;
  let text = `;; OPT PSEUDOSECTION:\n; EDNS: version: ${version}, flags:${dnssecOk ? ' do' : ''}; udp: ${udpBytes}\n`;
  for (const { code, data } of options) {
    if (code === EDE && data.length >= 2) {
      const number = (data.charCodeAt(0) << 8) | data.charCodeAt(1);
      const extra = printable(data.slice(2));
      text += `; EDE: ${number}${EDE_NAMES[number] === undefined ? '' : ` (${EDE_NAMES[number]})`}`;
      text += extra === '' ? '\n' : `: (${extra})\n`;
    } else if (code === NSID) {
      text += `; NSID: ${hexOf(data)} ("${printable(data)}")\n`;
    } else {
      text += `; OPT=${code}: ${hexOf(data)}\n`;
    }
  }
  return text;
}

function hexOf(data: string): string {
  return [...data].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
}

/** What came off a wire goes to a terminal. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, '.');
}

function section(label: string, records: readonly ResourceRecord[], shown: Shown): string {
  if (records.length === 0) return '';
  const title = shown.comments ? `;; ${label} SECTION:\n` : '';
  return `${title}${records.map((record) => `${recordLine(record)}\n`).join('')}${shown.comments ? '\n' : ''}`;
}

/** A record in dig's columns. */
export function recordLine(record: ResourceRecord): string {
  const words = [String(record.ttl), className(record.class), typeName(record.type), dataText(record)];
  return columns(record.name.toString(), words, COLUMNS);
}

function questionLine({ name, type, class: klass }: Question): string {
  return columns(name.toString(), [className(klass), typeName(type)], COLUMNS.slice(1));
}

/** Words set apart so that each begins in its column, by tabs where there is room for one, else by a blank. */
function columns(first: string, words: readonly string[], starts: readonly number[]): string {
  let line = first;
  let at = first.length;
  for (const [i, word] of words.entries()) {
    const to = Math.max(starts[i]!, at + 1);
    const tabs = Math.floor(to / TAB) - Math.floor(at / TAB);
    const from = tabs > 0 ? Math.floor(to / TAB) * TAB : at;
    line += '\t'.repeat(tabs) + ' '.repeat(to - from) + word;
    at = to + word.length;
  }
  return line;
}
