import { formatIpv4, IpAddress } from '../../base/ip-address.ts';
import { IpOption, recordRouteOption, TimestampFlag, timestampOption } from '../../l3-network/ipv4-options.ts';
import { UsageError } from '../program.ts';

/** Four prespecified times fit into 40 bytes (RFC 791 3.1). */
const MOST_PRESPECIFIED = 4;

/** The options of the IP header that `-R` and `-T` ask for; null: none. `hosts` are those of `-T tsprespec`. */
export function headerOptions(route: boolean, times: string | null, hosts: readonly string[]): Uint8Array | null {
  if (route && times !== null) throw new UsageError('only one of -T or -R may be used');
  if (route) return recordRouteOption();
  switch (times) {
    case null:
      return null;
    case 'tsonly':
      return timestampOption(TimestampFlag.Only);
    case 'tsandaddr':
      return timestampOption(TimestampFlag.WithAddress);
    case 'tsprespec': {
      const addresses = hosts.map((host) => IpAddress.parse(host));
      if (hosts.length === 0 || hosts.length > MOST_PRESPECIFIED || addresses.some((each) => each?.family !== 4)) {
        throw new UsageError('-T tsprespec: one to four IPv4 addresses, and then the destination');
      }
      return timestampOption(
        TimestampFlag.Prespecified,
        addresses.map((each) => each!.v4),
      );
    }
    default:
      throw new UsageError(`invalid timestamp type: ${times}`);
  }
}

/** What an answer's options tell, in iputils' form: addresses below each other, times as differences. */
export function headerOptionsText(options: Uint8Array): string {
  const view = new DataView(options.buffer, options.byteOffset, options.length);
  let text = '';
  for (let at = 0; at < options.length; ) {
    const type = options[at];
    if (type === IpOption.EndOfList) break;
    const length = type === IpOption.NoOperation ? 1 : (options[at + 1] ?? 0);
    if (length === 0) break;
    if (type === IpOption.RecordRoute) text += routeText(view, at);
    else if (type === IpOption.Timestamp) text += timesText(view, at);
    at += length;
  }
  return text;
}

function routeText(view: DataView, at: number): string {
  const lines: string[] = [];
  for (let entry = 3; entry + 1 < view.getUint8(at + 2); entry += 4) {
    lines.push(`\t${formatIpv4(view.getUint32(at + entry))}\n`);
  }
  return lines.length === 0 ? '' : `RR: ${lines.join('')}`;
}

function timesText(view: DataView, at: number): string {
  const flags = view.getUint8(at + 3);
  const entryLength = (flags & 3) === TimestampFlag.Only ? 4 : 8;
  const lines: string[] = [];
  let before = -1;
  for (let entry = 4; entry + 1 < view.getUint8(at + 2); entry += entryLength) {
    const whose = entryLength === 8 ? `\t${formatIpv4(view.getUint32(at + entry))}` : '';
    const time = view.getUint32(at + entry + entryLength - 4);
    const isStandard = time < 0x80000000;
    const shown = isStandard && before >= 0 ? `${time - before}` : `${time & 0x7fffffff} absolute`;
    lines.push(`${whose}\t${shown}${isStandard ? '' : ' not-standard'}\n`);
    if (isStandard) before = time;
  }
  if (lines.length === 0) return '';
  const lost = flags >> 4 === 0 ? '' : `Unrecorded hops: ${flags >> 4}\n`;
  return `TS: ${lines.join('')}${lost}`;
}
