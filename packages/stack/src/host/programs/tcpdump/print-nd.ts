import { MacAddress } from '../../../base/mac-address.ts';
import { address6, hex, type Piece, type PrintOptions } from './printing.ts';

const NAMES: Readonly<Record<number, string>> = {
  1: 'source link-address',
  2: 'destination link-address',
  3: 'prefix info',
  4: 'redirected header',
  5: 'mtu',
  24: 'route info',
  25: 'rdnss',
  31: 'dnssl',
};

/** What `-v` tells of messages of neighbour discovery behind `, length N`: what they say, and their options. */
export function printDiscovery(options: PrintOptions, piece: Piece, type: number): string {
  const { view, at, end } = piece;
  if (type === 133) return optionLines(options, piece, 8);
  if (type === 134 && at + 16 <= end) return advertisementText(piece) + optionLines(options, piece, 16);
  if (at + 24 > end) return '';
  const target = address6(options, view, at + 8);
  if (type === 135) return `, who has ${target}${optionLines(options, piece, 24)}`;
  if (type === 137) {
    const to = at + 40 <= end ? address6(options, view, at + 24) : '';
    return `, ${to} to ${target}${optionLines(options, piece, 40)}`;
  }
  const flags = flagNames(view.getUint8(at + 4), [
    [0x80, 'router'],
    [0x40, 'solicited'],
    [0x20, 'override'],
  ]);
  return `, tgt is ${target}, Flags [${flags}]${optionLines(options, piece, 24)}`;
}

function advertisementText({ view, at }: Piece): string {
  const bits = view.getUint8(at + 5);
  const flags = flagNames(bits, [
    [0x80, 'managed'],
    [0x40, 'other stateful'],
    [0x20, 'home agent'],
  ]);
  const preference = ['medium', 'high', 'reserved', 'low'][(bits >> 3) & 3];
  const times = `reachable time ${view.getUint32(at + 8)}ms, retrans timer ${view.getUint32(at + 12)}ms`;
  return (
    `\n\thop limit ${view.getUint8(at + 4)}, Flags [${flags}], pref ${preference}, ` +
    `router lifetime ${view.getUint16(at + 6)}s, ${times}`
  );
}

/** Each option on a line of its own; what is no whole option ends them. */
function optionLines(options: PrintOptions, { view, bytes, at, end }: Piece, from: number): string {
  let text = '';
  for (let place = at + from; place + 8 <= end; ) {
    const type = view.getUint8(place);
    const units = view.getUint8(place + 1);
    if (units === 0 || place + units * 8 > end) break;
    const name = NAMES[type] === undefined ? `unknown option (${type})` : `${NAMES[type]} option (${type})`;
    const told = optionText(options, view, bytes, place, type, units * 8);
    text += `\n\t  ${name}, length ${units * 8} (${units}): ${told}`;
    place += units * 8;
  }
  return text;
}

function optionText(
  options: PrintOptions,
  view: DataView,
  bytes: Uint8Array,
  at: number,
  type: number,
  length: number,
): string {
  const address = (offset: number) => (offset + 16 <= length ? address6(options, view, at + offset) : '');
  const seconds = (offset: number) => {
    const value = view.getUint32(at + offset);
    return value === 0xffffffff ? 'infinity' : `${value}s`;
  };
  switch (type) {
    case 1:
    case 2:
      return `${MacAddress.read(view, at + 2)}`;
    case 3: {
      if (length < 32) return '';
      const flags = flagNames(view.getUint8(at + 3), [
        [0x80, 'onlink'],
        [0x40, 'auto'],
        [0x20, 'router'],
      ]);
      return (
        `${address(16)}/${view.getUint8(at + 2)}, Flags [${flags}], ` +
        `valid time ${seconds(4)}, pref. time ${seconds(8)}`
      );
    }
    case 4:
      return '';
    case 5:
      return ` ${view.getUint32(at + 4)}`;
    case 25: {
      const servers = [];
      for (let offset = 8; offset + 16 <= length; offset += 16) servers.push(`addr: ${address(offset)}`);
      return ` lifetime ${view.getUint32(at + 4)}s, ${servers.join(' ')}`;
    }
    default:
      return hexLines(bytes.subarray(at + 2, at + length));
  }
}

function hexLines(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const pairs = [];
    for (let i = at; i < Math.min(at + 16, bytes.length); i += 2) {
      pairs.push(hex(bytes[i]!, 2) + (i + 1 < bytes.length ? hex(bytes[i + 1]!, 2) : ''));
    }
    text += `\n\t  0x${hex(at, 4)}:  ${pairs.join(' ')}`;
  }
  return text;
}

function flagNames(bits: number, names: readonly (readonly [bit: number, name: string])[]): string {
  const set = names.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  return set.length === 0 ? 'none' : set.join(', ');
}
