import { type Dissection, type Field, hex } from './dissection.ts';

const Option = { Pad1: 0, PadN: 1, TunnelLimit: 4, RouterAlert: 5, Jumbo: 0xc2 } as const;

const NAMES = new Map<number, string>([
  [Option.Pad1, 'Pad1'],
  [Option.PadN, 'PadN'],
  [Option.TunnelLimit, 'Tunnel Encapsulation Limit'],
  [Option.RouterAlert, 'Router Alert'],
  [Option.Jumbo, 'Jumbo Payload'],
]);
/** What is to be done with an option that is not known (RFC 8200 4.2), by the two high bits of its type. */
const ACTIONS = [
  'Skip and continue',
  'Discard',
  'Discard and send ICMP Parameter Problem',
  'Discard and send ICMP if not multicast',
];
const ALERTS = new Map([
  [0, 'MLD'],
  [1, 'RSVP'],
  [2, 'Active Network'],
]);

/**
 * The options of a hop-by-hop or destination options header (RFC 8200 4.2), from `start` to `end`:
 *
 *     +---------------+---------------+- - - - - - - -
 *     |  Option Type  |  Data Length  |  Option Data         but Pad1, type 0, is one byte
 *     +---------------+---------------+- - - - - - - -
 */
export function dissectIpv6Options(dissection: Dissection, header: Field, start: number, end: number): void {
  const { bytes } = dissection;
  for (let at = start; at < end; ) {
    const type = bytes[at]!;
    const name = NAMES.get(type) ?? 'Unknown IPv6 Option';
    const length = type === Option.Pad1 ? 1 : at + 2 > end ? end - at : bytes[at + 1]! + 2;
    if (type !== Option.Pad1 && (at + 2 > end || at + length > end)) {
      const text = `an option of type ${type} does not fit its header`;
      dissection.problem(dissection.incomplete ? 'note' : 'error', 'malformed', text, at, end);
      dissection.raw(header, 'ipv6.opt.unknown', 'Data', at, end);
      return;
    }
    const option = dissection.field(header, 'ipv6.opt', name, at, at + length, null, '');
    const kind = dissection.number(option, 'ipv6.opt.type', 'Type', at, 1, `${name} (0x${hex(type, 2).slice(2)})`);
    dissection.bits(kind, 'ipv6.opt.type.action', 'Action', at, 1, 0xc0, `${ACTIONS[type >> 6]} (${type >> 6})`);
    dissection.flag(kind, 'ipv6.opt.type.change', 'May Change', at, 1, 0x20);
    dissection.bits(kind, 'ipv6.opt.type.rest', 'Low-Order Bits', at, 1, 0x1f, hex(type & 0x1f, 2));
    if (type !== Option.Pad1) {
      dissection.number(option, 'ipv6.opt.length', 'Length', at + 1, 1);
      optionData(dissection, option, type, at + 2, at + length);
    }
    at += length;
  }
}

function optionData(dissection: Dissection, option: Field, type: number, start: number, end: number): void {
  const length = end - start;
  if (type === Option.RouterAlert && length === 2) {
    const value = dissection.view.getUint16(start);
    const meaning = `${ALERTS.get(value) ?? 'Unknown'} (${value})`;
    dissection.number(option, 'ipv6.opt.router_alert', 'Router Alert', start, 2, meaning);
  } else if (type === Option.TunnelLimit && length === 1) {
    dissection.number(option, 'ipv6.opt.tel', 'Tunnel Encapsulation Limit', start, 1);
  } else if (type === Option.Jumbo && length === 4) {
    dissection.number(option, 'ipv6.opt.jumbo', 'Payload Length', start, 4);
  } else if (type === Option.PadN) {
    if (length > 0) dissection.raw(option, 'ipv6.opt.padn', 'PadN', start, end);
    else dissection.field(option, 'ipv6.opt.padn', 'PadN', start, end, '<none>', '<none>');
  } else if (length > 0) {
    dissection.raw(option, 'ipv6.opt.unknown', 'Data', start, end);
  }
}
