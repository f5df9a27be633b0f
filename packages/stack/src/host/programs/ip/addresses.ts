import { formatIpv4 } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { briefLine, chosen, linkText } from './links.ts';
import { answered, interfaceNamed, pairs } from './words.ts';

export function ipAddress(process: Process, [verb = 'show', ...words]: readonly string[], brief: boolean): number {
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) {
    const names = words[0] === 'dev' ? words.slice(1) : words;
    for (const each of chosen(process, names[0])) {
      process.print(
        brief
          ? briefLine(each, each.addresses.map((prefix) => `${prefix.address}/${prefix.length}`).join(' '))
          : linkText(each) + addressLines(each),
      );
    }
    return 0;
  }
  const adds = 'add'.startsWith(verb);
  if (!adds && !'delete'.startsWith(verb)) throw new UsageError(`"${verb}" is none of show, add and del`);
  const [text = '', ...rest] = words;
  const prefix = Prefix.parse(text.includes('/') ? text : `${text}/32`);
  if (prefix === null) throw new UsageError(`"${text}" is not an address like 10.0.0.1/24`);
  const { link } = interfaceNamed(process, pairs(rest, ['dev', 'brd', 'broadcast', 'label']).get('dev'));
  const { ip } = process.host;
  return answered(process, adds ? ip.addAddress(link, prefix) : ip.removeAddress(link, prefix.address));
}

function addressLines(each: IpInterface): string {
  let text = '';
  for (const prefix of each.addresses) {
    const { address, length } = prefix;
    const broadcast =
      address.family === 4 && !each.loopback && length < 31 ? ` brd ${formatIpv4(prefix.broadcast4)}` : '';
    const scope = address.isLoopback ? 'host' : address.isLinkLocal ? 'link' : 'global';
    text += `    ${address.family === 4 ? 'inet' : 'inet6'} ${address}/${length}${broadcast} scope ${scope} ${each.name}\n`;
    text += '       valid_lft forever preferred_lft forever\n';
  }
  return text;
}
