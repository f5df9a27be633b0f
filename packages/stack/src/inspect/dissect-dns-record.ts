import { latin1Decode } from '../base/utf8.ts';
import { type Dissection, type Field, named } from './dissection.ts';
import { readDnsName } from './dns-name.ts';

/** Record types that are taken apart or at least named (IANA "Resource Record (RR) TYPEs"). */
const TYPES: Record<number, string> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  13: 'HINFO',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  35: 'NAPTR',
  41: 'OPT',
  43: 'DS',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  251: 'IXFR',
  252: 'AXFR',
  255: 'ANY',
  257: 'CAA',
};

/** `AAAA`; `Unknown (n)` for what has no name here. */
export function dnsTypeName(type: number): string {
  return TYPES[type] ?? `Unknown (${type})`;
}

/** Type, class, time to live, length: between the name and the data. */
const FIXED = 10;
const OPT = 41;

/** Adds one resource record to `parent`; null when it does not fit into the message. */
export function dissectDnsRecord(
  dissection: Dissection,
  parent: Field,
  messageStart: number,
  start: number,
  messageEnd: number,
): { end: number; summary: string } | null {
  const { bytes, view } = dissection;
  const name = readDnsName(bytes, messageStart, start, messageEnd);
  if (name === null || messageEnd - name.end < FIXED) return null;
  const at = name.end;
  const type = view.getUint16(at);
  const dataStart = at + FIXED;
  const end = dataStart + view.getUint16(at + 8);
  if (end > messageEnd) return null;
  const typeName = dnsTypeName(type);
  const record = dissection.field(parent, 'dns.resp', 'Record', start, end, null);
  dissection.field(record, 'dns.resp.name', 'Name', start, at, name.text);
  dissection.number(record, 'dns.resp.type', 'Type', at, 2, named(type, typeName));
  if (type === OPT) {
    // RFC 6891 6.1.2: class and time to live mean other things here.
    dissection.number(record, 'dns.rr.udp_payload_size', 'UDP payload size', at + 2, 2);
    dissection.hex(record, 'dns.resp.ext_rcode', 'Higher bits in extended RCODE', at + 4, 1);
    dissection.number(record, 'dns.resp.edns0_version', 'EDNS0 version', at + 5, 1);
    const flags = dissection.hex(record, 'dns.resp.z', 'Z', at + 6, 2);
    dissection.flag(flags, 'dns.resp.z.do', 'DO bit', at + 6, 2, 0x8000);
  } else {
    dissection.hex(record, 'dns.resp.class', 'Class', at + 2, 2);
    dissection.number(record, 'dns.resp.ttl', 'Time to live', at + 4, 4, `${view.getUint32(at + 4)} seconds`);
  }
  dissection.number(record, 'dns.resp.len', 'Data length', at + 8, 2);
  const value = recordData(dissection, record, type, messageStart, dataStart, end);
  record.text = `${name.text}: type ${typeName}${value === '' ? '' : `, ${value}`}`;
  return { end, summary: value === '' ? typeName : `${typeName} ${value}` };
}

/** The data as its type says; as bytes when it does not fit. Returns it in short. */
function recordData(
  dissection: Dissection,
  record: Field,
  type: number,
  messageStart: number,
  start: number,
  end: number,
): string {
  const { bytes } = dissection;
  const length = end - start;
  /** A name that fills the data from `at`, or null. */
  const nameAt = (at: number): { text: string; end: number } | null => readDnsName(bytes, messageStart, at, end);
  const single: Record<number, [string, string]> = {
    2: ['dns.ns', 'Name Server'],
    5: ['dns.cname', 'CNAME'],
    12: ['dns.ptr.domain_name', 'Domain Name'],
  };
  const fieldOfName = single[type];
  if (type === 1 && length === 4) return dissection.ipv4(record, 'dns.a', 'Address', start).toString();
  if (type === 28 && length === 16) return dissection.ipv6(record, 'dns.aaaa', 'AAAA Address', start).toString();
  if (fieldOfName !== undefined) {
    const name = nameAt(start);
    if (name !== null && name.end === end) {
      dissection.field(record, fieldOfName[0], fieldOfName[1], start, end, name.text);
      return name.text;
    }
  }
  if (type === 15 && length > 2) {
    const name = nameAt(start + 2);
    if (name !== null && name.end === end) {
      const preference = dissection.number(record, 'dns.mx.preference', 'Preference', start, 2);
      dissection.field(record, 'dns.mx.mail_exchange', 'Mail Exchange', start + 2, end, name.text);
      return `${preference.text} ${name.text}`;
    }
  }
  if (type === 33 && length > 6) {
    const name = nameAt(start + 6);
    if (name !== null && name.end === end) {
      const numbers = ['Priority', 'Weight', 'Port'].map((label, index) => {
        return dissection.number(record, `dns.srv.${label.toLowerCase()}`, label, start + 2 * index, 2).text;
      });
      dissection.field(record, 'dns.srv.target', 'Target', start + 6, end, name.text);
      return `${numbers.join(' ')} ${name.text}`;
    }
  }
  if (type === 16 && texts(dissection, record, start, end)) return '';
  if (type === 6) {
    const summary = startOfAuthority(dissection, record, start, end, nameAt);
    if (summary !== null) return summary;
  }
  if (length > 0) dissection.raw(record, 'dns.data', 'Data', start, end);
  return '';
}

/** RFC 1035 3.3.14: strings, each with its length in front. False when they do not fill the data. */
function texts(dissection: Dissection, record: Field, start: number, end: number): boolean {
  let last = start;
  while (last < end) last += dissection.bytes[last]! + 1;
  if (last !== end) return false;
  for (let at = start; at < end; ) {
    const length = dissection.bytes[at]!;
    dissection.number(record, 'dns.txt.length', 'TXT Length', at, 1);
    const text = latin1Decode(dissection.bytes, at + 1, at + 1 + length);
    dissection.field(record, 'dns.txt', 'TXT', at + 1, at + 1 + length, text);
    at += length + 1;
  }
  return true;
}

/** RFC 1035 3.3.13: two names and five numbers. */
function startOfAuthority(
  dissection: Dissection,
  record: Field,
  start: number,
  end: number,
  nameAt: (at: number) => { text: string; end: number } | null,
): string | null {
  const primary = nameAt(start);
  const mailbox = primary === null ? null : nameAt(primary.end);
  if (primary === null || mailbox === null || end - mailbox.end !== 20) return null;
  dissection.field(record, 'dns.soa.mname', 'Primary name server', start, primary.end, primary.text);
  dissection.field(record, 'dns.soa.rname', "Responsible authority's mailbox", primary.end, mailbox.end, mailbox.text);
  const numbers = [
    ['dns.soa.serial_number', 'Serial Number'],
    ['dns.soa.refresh_interval', 'Refresh Interval'],
    ['dns.soa.retry_interval', 'Retry Interval'],
    ['dns.soa.expire_limit', 'Expire limit'],
    ['dns.soa.minimum_ttl', 'Minimum TTL'],
  ] as const;
  for (const [index, [name, label]] of numbers.entries()) {
    dissection.number(record, name, label, mailbox.end + 4 * index, 4);
  }
  return primary.text;
}
