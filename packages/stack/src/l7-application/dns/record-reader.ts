import { IpAddress } from '../../base/ip-address.ts';
import { latin1Decode } from '../../base/utf8.ts';
import { readName } from './name.ts';
import { type DataField, formatOf } from './record.ts';

/**
 * The fields of a record's data in `[start, end)` of a message, which they must fill; null when they do not. `view` is
 * of the same bytes.
 */
export function readData(
  bytes: Uint8Array,
  view: DataView,
  type: number,
  klass: number,
  start: number,
  end: number,
): DataField[] | null {
  const fields: DataField[] = [];
  let at = start;
  for (const kind of formatOf(type, klass)) {
    switch (kind) {
      case 'ipv4':
      case 'ipv6': {
        const length = kind === 'ipv4' ? 4 : 16;
        if (end - at < length) return null;
        fields.push(kind === 'ipv4' ? IpAddress.read4(view, at) : IpAddress.read6(view, at));
        at += length;
        break;
      }
      case 'name':
      case 'target': {
        // One that may not be compressed is understood all the same if it is (RFC 3597 4).
        const name = readName(bytes, at, end);
        if (name === null) return null;
        fields.push(name.name);
        at = name.end;
        break;
      }
      case 'u8':
        if (end - at < 1) return null;
        fields.push(bytes[at]);
        at++;
        break;
      case 'u16':
        if (end - at < 2) return null;
        fields.push(view.getUint16(at));
        at += 2;
        break;
      case 'u32':
      case 'seconds':
        if (end - at < 4) return null;
        fields.push(view.getUint32(at));
        at += 4;
        break;
      case 'string':
      case 'tag':
      case 'strings':
        do {
          if (at >= end || end - at - 1 < bytes[at]) return null;
          fields.push(latin1Decode(bytes, at + 1, at + 1 + bytes[at]));
          at += 1 + bytes[at];
        } while (kind === 'strings' && at < end);
        break;
      case 'text':
      case 'bytes':
        fields.push(latin1Decode(bytes, at, end));
        at = end;
        break;
    }
  }
  return at === end ? fields : null;
}
