import { type Dissection, type Field, named } from './dissection.ts';

/**
 * RIP of versions 1 and 2 (RFC 1058, RFC 2453 4): a header, and entries of 20 bytes.
 *
 *      0         1         2                  4         6      8      12     16         20
 *     +---------+---------+------------------+---------+------+------+------+----------+--------
 *     | command | version |        0         | family  | tag  | IP   | mask | next hop | metric     and the next entry
 *     +---------+---------+------------------+---------+------+------+------+----------+--------
 *
 * The family 0xffff is authentication: a password, or (RFC 4822) where a digest behind the entries stands.
 */
const HEADER = 4;
const ENTRY = 20;
const AUTHENTICATION = 0xffff;
const PASSWORD = 2;
const DIGEST = 3;
const LABEL = 'Routing Information Protocol';
const COMMANDS = ['', 'Request', 'Response'] as const;
const FAMILIES = new Map([
  [0, 'Unspecified'],
  [2, 'IP'],
]);

export function dissectRip(dissection: Dissection, start: number, end: number): boolean {
  const { view } = dissection;
  dissection.protocol = 'RIP';
  if (end - start < HEADER) {
    dissection.malformed(7, 'rip', LABEL, start, end, `${end - start} bytes do not hold its header of 4`);
    return true;
  }
  const command = view.getUint8(start);
  const version = view.getUint8(start + 1);
  dissection.protocol = version === 1 ? 'RIPv1' : 'RIPv2';
  const name = COMMANDS[command];
  const layer = dissection.layer(7, 'rip', LABEL, start, end);
  dissection.info = name || `Unknown command (${command})`;
  dissection.number(layer, 'rip.command', 'Command', start, 1, named(command, name));
  dissection.number(layer, 'rip.version', 'Version', start + 1, 1, named(version, `RIPv${version}`));
  dissection.raw(layer, 'rip.zero', 'Zero', start + 2, start + 4);
  let at = start + HEADER;
  let networks = 0;
  let trailer = end;
  while (at + ENTRY <= Math.min(end, trailer)) {
    const family = view.getUint16(at);
    if (family === AUTHENTICATION) trailer = Math.min(trailer, authentication(dissection, layer, start, at, end));
    else {
      network(dissection, layer, at, family, version);
      networks++;
    }
    at += ENTRY;
  }
  layer.text = `${name || `command ${command}`}, ${networks} ${networks === 1 ? 'network' : 'networks'}`;
  if (at < end && at === trailer && end - at > HEADER) {
    const digest = dissection.field(layer, 'rip.authentication_data', 'Authentication Data', at, end, null, '');
    dissection.hex(digest, 'rip.family', 'Address Family', at, 2);
    dissection.number(digest, 'rip.auth.type', 'Authentication type', at + 2, 2);
    dissection.raw(digest, 'rip.digest', 'Digest', at + 4, end);
  } else if (at < end) {
    const text = `${LABEL}: ${end - at} bytes are left, which is no entry`;
    dissection.raw(layer, 'rip.data', 'Data', at, end);
    if (!dissection.incomplete) dissection.problem('error', 'malformed', text, at, end);
  }
  return true;
}

function network(dissection: Dissection, layer: Field, at: number, family: number, version: number): void {
  const { view } = dissection;
  const metric = view.getUint32(at + 16);
  const entry = dissection.field(layer, 'rip.entry', 'IP Address', at, at + ENTRY, null, '');
  dissection.number(entry, 'rip.family', 'Address Family', at, 2, named(family, FAMILIES.get(family)));
  if (version > 1) dissection.number(entry, 'rip.route_tag', 'Route Tag', at + 2, 2);
  const address = dissection.ipv4(entry, 'rip.ip', 'IP Address', at + 4);
  if (version > 1) {
    dissection.ipv4(entry, 'rip.netmask', 'Netmask', at + 8);
    dissection.ipv4(entry, 'rip.next_hop', 'Next Hop', at + 12);
  }
  dissection.number(entry, 'rip.metric', 'Metric', at + 16, 4);
  entry.text = `${address}, Metric: ${metric}${metric === 16 ? ' (not reachable)' : ''}`;
}

/** Returns where the entries end, if it says so. */
function authentication(dissection: Dissection, layer: Field, start: number, at: number, end: number): number {
  const { view } = dissection;
  const type = view.getUint16(at + 2);
  const entry = dissection.field(layer, 'rip.auth', 'Authentication', at, at + ENTRY, null, '');
  const name = type === PASSWORD ? 'Simple Password' : type === DIGEST ? 'Keyed Message Digest' : '';
  entry.text = name;
  dissection.number(entry, 'rip.auth.type', 'Authentication type', at + 2, 2, named(type, name));
  if (type === PASSWORD) {
    let text = '';
    for (let i = at + 4; i < at + ENTRY && dissection.bytes[i] !== 0; i++)
      text += String.fromCharCode(dissection.bytes[i]!);
    dissection.field(entry, 'rip.auth.passwd', 'Password', at + 4, at + ENTRY, text);
    return end;
  }
  if (type !== DIGEST) return end;
  const offset = view.getUint16(at + 4);
  dissection.number(entry, 'rip.digest_offset', 'Digest Offset', at + 4, 2);
  dissection.number(entry, 'rip.key_id', 'Key ID', at + 6, 1);
  dissection.number(entry, 'rip.auth_data_len', 'Auth Data Len', at + 7, 1);
  dissection.number(entry, 'rip.auth_seq_num', 'Seq num', at + 8, 4);
  dissection.raw(entry, 'rip.zero_padding', 'Zero Padding', at + 12, at + ENTRY);
  return offset >= HEADER + ENTRY && start + offset <= end ? start + offset : end;
}
