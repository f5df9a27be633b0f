import { MacAddress } from '../base/mac-address.ts';
import { formatDuration } from '../base/units.ts';
import { OPTIONS, type OptionForm } from './dhcp-options.ts';
import { type Dissection, type Field, hex, named } from './dissection.ts';
import { readDnsName } from './dns-name.ts';

/**
 * A BOOTP message (RFC 951 3), which is DHCP when its options say so (RFC 2131 2):
 *
 *      0               1               2               3
 *     +---------------+---------------+---------------+---------------+
 *   0 |  op           | htype         | hlen          | hops          |
 *   4 |                              xid                              |
 *   8 |             secs              |B            flags             |
 *  12 | ciaddr, 16 yiaddr, 20 siaddr, 24 giaddr                       |
 *  28 | chaddr, 16 bytes; 44 sname, 64 bytes; 108 file, 128 bytes     |
 * 236 | 99, 130, 83, 99; then options: code, length, value            |
 *     +---------------------------------------------------------------+
 */
const HEADER = 236;
const COOKIE = 0x63825363;
const LABEL = 'Dynamic Host Configuration Protocol';
const PAD = 0;
const END = 255;

const OPERATIONS = ['', 'Boot Request', 'Boot Reply'];
const TYPES = ['', 'Discover', 'Offer', 'Request', 'Decline', 'ACK', 'NAK', 'Release', 'Inform'];
const HARDWARE = ['', 'Ethernet'];
const MESSAGE_TYPE = 53;

export function dissectDhcp(dissection: Dissection, start: number, end: number): boolean {
  const { view, bytes } = dissection;
  const op = end > start ? bytes[start]! : 0;
  if (end > start && op !== 1 && op !== 2) return false;
  dissection.protocol = 'DHCP';
  if (end - start < HEADER) {
    dissection.malformed(7, 'dhcp', LABEL, start, end, `${end - start} bytes do not hold its header of ${HEADER}`);
    return true;
  }
  const layer = dissection.layer(7, 'dhcp', LABEL, start, end);
  dissection.number(layer, 'dhcp.type', 'Message type', start, 1, named(op, OPERATIONS[op]));
  const htype = bytes[start + 1]!;
  dissection.number(layer, 'dhcp.hw.type', 'Hardware type', start + 1, 1, named(hex(htype, 2), HARDWARE[htype]));
  const hlen = dissection.number(layer, 'dhcp.hw.len', 'Hardware address length', start + 2, 1).value as number;
  dissection.number(layer, 'dhcp.hops', 'Hops', start + 3, 1);
  const id = dissection.hex(layer, 'dhcp.id', 'Transaction ID', start + 4, 4).value as number;
  dissection.number(layer, 'dhcp.secs', 'Seconds elapsed', start + 8, 2);
  const flags = dissection.hex(layer, 'dhcp.flags', 'Bootp flags', start + 10, 2);
  flags.text += view.getUint16(start + 10) & 0x8000 ? ' (Broadcast)' : ' (Unicast)';
  dissection.flag(flags, 'dhcp.flags.bc', 'Broadcast flag', start + 10, 2, 0x8000);
  dissection.bits(flags, 'dhcp.flags.reserved', 'Reserved flags', start + 10, 2, 0x7fff);
  dissection.ipv4(layer, 'dhcp.ip.client', 'Client IP address', start + 12);
  const yours = dissection.ipv4(layer, 'dhcp.ip.your', 'Your (client) IP address', start + 16);
  dissection.ipv4(layer, 'dhcp.ip.server', 'Next server IP address', start + 20);
  dissection.ipv4(layer, 'dhcp.ip.relay', 'Relay agent IP address', start + 24);
  hardwareAddress(dissection, layer, start + 28, htype === 1 ? hlen : 0);
  fixedText(dissection, layer, 'dhcp.server', 'Server host name', start + 44, 64);
  fixedText(dissection, layer, 'dhcp.file', 'Boot file name', start + 108, 128);
  const type = options(dissection, layer, start + HEADER, end);
  const name = type > 0 && type < TYPES.length ? TYPES[type]! : '';
  const what = name === '' ? (OPERATIONS[op] ?? '') : `DHCP ${name}`;
  // As packet lists have it.
  if (name === '') {
    dissection.protocol = 'BOOTP';
    const whose = htype === 1 && hlen === 6 ? MacAddress.read(view, start + 28).toString() : '';
    dissection.info = op === 1 && whose !== '' ? `${what} from ${whose} (${whose})` : what;
  } else {
    dissection.info = `${what.padEnd(13)} - Transaction ID ${hex(id, 8)}`;
  }
  layer.text = what;
  const given = op === 2 && !yours.isUnspecified ? ` of ${yours}` : '';
  dissection.facts.application = {
    protocol: 'dhcp',
    text: `${what}${given}, transaction ${hex(id, 8)}`,
    isRequest: op === 1,
  };
  return true;
}

function hardwareAddress(dissection: Dissection, layer: Field, at: number, length: number): void {
  if (length !== 6) {
    dissection.raw(layer, 'dhcp.hw.addr', 'Client hardware address', at, at + 16);
    return;
  }
  dissection.mac(layer, 'dhcp.hw.mac_addr', 'Client MAC address', at);
  dissection.raw(layer, 'dhcp.hw.addr_padding', 'Client hardware address padding', at + 6, at + 16);
}

/** A text that is filled up with zeros. */
function fixedText(
  dissection: Dissection,
  layer: Field,
  name: string,
  label: string,
  at: number,
  length: number,
): void {
  const zero = dissection.bytes.subarray(at, at + length).indexOf(0);
  const text = asText(dissection, at, at + (zero < 0 ? length : zero));
  dissection.field(layer, name, label, at, at + length, text, text === '' ? 'not given' : text);
}

/** The options; the value of option 53, 0 without one. */
function options(dissection: Dissection, layer: Field, start: number, end: number): number {
  const { view, bytes } = dissection;
  if (end - start < 4 || view.getUint32(start) !== COOKIE) {
    // BOOTP before RFC 1497, or with a vendor's own words.
    if (end > start) dissection.raw(layer, 'dhcp.vendor', 'Vendor area', start, end);
    return 0;
  }
  dissection.field(layer, 'dhcp.cookie', 'Magic cookie', start, start + 4, '99.130.83.99', 'DHCP');
  let type = 0;
  let at = start + 4;
  while (at < end) {
    const code = bytes[at]!;
    if (code === PAD || code === END) break;
    if (at + 1 === end || at + 2 + bytes[at + 1]! > end) {
      const severity = dissection.incomplete ? 'note' : 'error';
      dissection.problem(severity, 'malformed', `${LABEL}: option ${code} ends after the message`, at, end);
      break;
    }
    const length = bytes[at + 1]!;
    if (code === MESSAGE_TYPE && length === 1) type = bytes[at + 2]!;
    option(dissection, layer, code, at, at + 2 + length);
    at += 2 + length;
  }
  if (at < end && bytes[at] === END) {
    dissection.field(layer, 'dhcp.option.end', 'Option', at, at + 1, END, '(255) End');
    at++;
  }
  if (at < end) dissection.raw(layer, 'dhcp.option.padding', 'Padding', at, end);
  return type;
}

function option(dissection: Dissection, layer: Field, code: number, at: number, end: number): void {
  const known = OPTIONS.get(code);
  const label = known?.label ?? 'Unknown';
  const group = dissection.field(layer, 'dhcp.option', 'Option', at, end, null, `(${code}) ${label}`);
  dissection.number(group, 'dhcp.option.type', 'Option type', at, 1, String(code));
  dissection.number(group, 'dhcp.option.length', 'Length', at + 1, 1);
  const start = at + 2;
  if (start === end) return;
  const form = known !== undefined && fits(known.form, end - start) ? known.form : 'bytes';
  const name = known?.name ?? 'dhcp.bytes';
  switch (form) {
    case 'addresses':
      for (let here = start; here < end; here += 4) group.text += ` ${dissection.ipv4(group, name, label, here)}`;
      break;
    case 'type': {
      const type = dissection.bytes[start]!;
      dissection.number(group, name, label, start, 1, named(type, TYPES[type]));
      group.text += ` (${TYPES[type] ?? type})`;
      break;
    }
    case 'number':
      group.text += ` ${dissection.number(group, name, label, start, end - start).value}`;
      break;
    case 'seconds': {
      const seconds = dissection.read(start, 4);
      const text = seconds === 0xffffffff ? 'for ever' : formatDuration(seconds * 1e9);
      dissection.field(group, name, label, start, end, seconds, `${seconds} (${text})`);
      group.text += ` (${text})`;
      break;
    }
    case 'text': {
      const text = asText(dissection, start, end);
      group.text += ` ${dissection.field(group, name, label, start, end, text).text}`;
      break;
    }
    case 'codes':
      for (let here = start; here < end; here++) {
        const item = dissection.bytes[here]!;
        dissection.number(group, name, label, here, 1, named(item, OPTIONS.get(item)?.label));
      }
      break;
    case 'client':
      client(dissection, group, start, end);
      break;
    case 'domains':
      domains(dissection, group, name, start, end);
      break;
    default:
      dissection.raw(group, name, known === undefined ? 'Value' : label, start, end);
  }
}

/** A value that does not have its option's form is shown as bytes. */
function fits(form: OptionForm, length: number): boolean {
  switch (form) {
    case 'addresses':
      return length % 4 === 0;
    case 'seconds':
      return length === 4;
    case 'number':
      return length === 1 || length === 2 || length === 4;
    case 'type':
      return length === 1;
    default:
      return true;
  }
}

/** Option 61: a MAC address behind its hardware type, or whatever the client calls itself. */
function client(dissection: Dissection, group: Field, start: number, end: number): void {
  if (end - start === 7 && dissection.bytes[start] === 1) {
    dissection.number(group, 'dhcp.hw.type', 'Hardware type', start, 1, '0x01 (Ethernet)');
    const mac = MacAddress.read(dissection.view, start + 1).toString();
    dissection.field(group, 'dhcp.hw.mac_addr', 'Client MAC address', start + 1, end, mac);
    group.text += ` ${mac}`;
  } else {
    dissection.raw(group, 'dhcp.client_id_undef', 'Client identifier', start, end);
  }
}

/** Option 119 (RFC 3397): names as the DNS has them, pointers counted from the option's value. */
function domains(dissection: Dissection, group: Field, name: string, start: number, end: number): void {
  let at = start;
  while (at < end) {
    const read = readDnsName(dissection.bytes, start, at, end);
    if (read === null || read.end <= at) break;
    dissection.field(group, name, 'FQDN', at, read.end, read.text);
    group.text += ` ${read.text}`;
    at = read.end;
  }
  if (at < end) dissection.raw(group, 'dhcp.bytes', 'Value', at, end);
}

function asText(dissection: Dissection, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(dissection.bytes[at]!);
  return text;
}
