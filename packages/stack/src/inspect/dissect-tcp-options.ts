import { type Dissection, type Field, named } from './dissection.ts';

/** What TCP's options say; -1 for what is not there. */
export interface TcpOptions {
  readonly mss: number;
  readonly windowScale: number;
  readonly sackPermitted: boolean;
  readonly timestampValue: number;
  readonly timestampEcho: number;
  readonly sack: readonly number[];
  /** For the summary, SACK blocks left out: ` MSS=1460 SACK_PERM WS=128`. */
  readonly text: string;
}

/** Option kinds (RFC 9293 3.1, RFC 7323, RFC 2018) and what they are called. */
export const TcpOption = {
  End: 0,
  NoOperation: 1,
  MaximumSegmentSize: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
  FastOpen: 34,
} as const;

/** What each option is called, and its field's name. */
const NAMES = new Map<number, readonly [label: string, field: string]>([
  [TcpOption.End, ['End of Option List', 'tcp.options.eol']],
  [TcpOption.NoOperation, ['No-Operation', 'tcp.options.nop']],
  [TcpOption.MaximumSegmentSize, ['Maximum Segment Size', 'tcp.options.mss']],
  [TcpOption.WindowScale, ['Window Scale', 'tcp.options.wscale']],
  [TcpOption.SackPermitted, ['SACK Permitted', 'tcp.options.sack_perm']],
  [TcpOption.Sack, ['SACK', 'tcp.options.sack']],
  [TcpOption.Timestamps, ['Timestamps', 'tcp.options.timestamp']],
  [19, ['MD5 Signature', 'tcp.options.md5']],
  [28, ['User Timeout', 'tcp.options.user_to']],
  [29, ['TCP Authentication', 'tcp.options.ao']],
  [30, ['Multipath TCP', 'tcp.options.mptcp']],
  [TcpOption.FastOpen, ['TCP Fast Open', 'tcp.options.tfo']],
  [253, ['Experiment 1', 'tcp.options.experimental']],
  [254, ['Experiment 2', 'tcp.options.experimental']],
]);

/** RFC 7323 2.3: larger shift counts are used as 14. */
export const MAX_WINDOW_SHIFT = 14;

/** A kind byte alone, or kind, length (of all of it), data: `[start, end)` is what the header has room for. */
export function tcpOptions(dissection: Dissection, layer: Field, start: number, end: number): TcpOptions {
  const { bytes, view } = dissection;
  const found = {
    mss: -1,
    windowScale: -1,
    sackPermitted: false,
    timestampValue: -1,
    timestampEcho: -1,
    sack: [] as number[],
    text: '',
  };
  const group = dissection.field(layer, 'tcp.options', 'Options', start, end, bytes.subarray(start, end), '');
  const shown: string[] = [];
  let at = start;
  while (at < end) {
    const kind = bytes[at]!;
    const single = kind <= TcpOption.NoOperation;
    const length = single ? 1 : at + 1 < end ? bytes[at + 1]! : 0;
    if (!single && (length < 2 || length > end - at)) {
      dissection.raw(group, 'tcp.options.unknown', 'Malformed option', at, end);
      dissection.problem('error', 'malformed', 'TCP: an option is longer than the options', at, end);
      break;
    }
    const [name, fieldName] = NAMES.get(kind) ?? [`kind ${kind}`, 'tcp.options.unknown'];
    shown.push(name);
    const option = dissection.field(group, fieldName, 'TCP Option', at, at + length, null, name);
    dissection.number(option, 'tcp.option_kind', 'Kind', at, 1, named(kind, name));
    if (!single) dissection.number(option, 'tcp.option_len', 'Length', at + 1, 1);
    const value = at + 2;
    const valueEnd = at + length;
    if (kind === TcpOption.MaximumSegmentSize && length === 4) {
      dissection.number(option, 'tcp.options.mss_val', 'MSS Value', value, 2);
      found.mss = view.getUint16(value);
      found.text += ` MSS=${found.mss}`;
    } else if (kind === TcpOption.WindowScale && length === 3) {
      found.windowScale = view.getUint8(value);
      const multiplier = 1 << Math.min(found.windowScale, MAX_WINDOW_SHIFT);
      dissection.number(option, 'tcp.options.wscale.shift', 'Shift count', value, 1);
      dissection.generate(option, 'tcp.options.wscale.multiplier', 'Multiplier', multiplier);
      found.text += ` WS=${multiplier}`;
    } else if (kind === TcpOption.SackPermitted && length === 2) {
      found.sackPermitted = true;
      found.text += ' SACK_PERM';
    } else if (kind === TcpOption.Timestamps && length === 10) {
      dissection.number(option, 'tcp.options.timestamp.tsval', 'Timestamp value', value, 4);
      dissection.number(option, 'tcp.options.timestamp.tsecr', 'Timestamp echo reply', value + 4, 4);
      found.timestampValue = view.getUint32(value);
      found.timestampEcho = view.getUint32(value + 4);
      found.text += ` TSval=${found.timestampValue} TSecr=${found.timestampEcho}`;
    } else if (kind === TcpOption.Sack && length > 2 && (length - 2) % 8 === 0) {
      for (let edge = value; edge < valueEnd; edge += 8) {
        dissection.number(option, 'tcp.options.sack_le', 'Left edge (raw)', edge, 4);
        dissection.number(option, 'tcp.options.sack_re', 'Right edge (raw)', edge + 4, 4);
        found.sack.push(view.getUint32(edge), view.getUint32(edge + 4));
      }
    } else if (valueEnd > value && !single) {
      dissection.raw(option, `${fieldName}.value`, 'Value', value, valueEnd);
    }
    at += length;
    if (kind === TcpOption.End && at < end) {
      dissection.raw(group, 'tcp.options.padding', 'Padding', at, end);
      break;
    }
  }
  group.text = `${end - start} bytes: ${shown.join(', ')}`;
  return found;
}
