import { formatIpv4 } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import type { InterfaceAddress } from '../../../l3-network/ipv6/interface-address.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { briefLine, chosen, linkText } from './links.ts';
import { answered, type Family, interfaceNamed, pairs } from './words.ts';

export function ipAddress(
  process: Process,
  [verb = 'show', ...words]: readonly string[],
  brief: boolean,
  family: Family,
): number {
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) {
    const names = words[0] === 'dev' ? words.slice(1) : words;
    for (const each of chosen(process, names[0])) {
      const told = family === 6 ? [] : each.addresses;
      const told6 = family === 4 ? [] : (each.v6?.addresses ?? []);
      if (family === 6 && told6.length === 0) continue;
      const lines = () => addressLines(each, told) + addressLines6(process, told6);
      const all = [...told, ...told6.map(({ prefix }) => prefix)];
      process.print(
        brief
          ? briefLine(each, all.map((prefix) => `${prefix.address}/${prefix.length}`).join(' '))
          : linkText(each) + lines(),
      );
    }
    return 0;
  }
  const adds = 'add'.startsWith(verb);
  if (!adds && !'delete'.startsWith(verb)) throw new UsageError(`"${verb}" is none of show, add and del`);
  const [text = '', ...rest] = words;
  const prefix = Prefix.parse(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
  if (prefix === null) throw new UsageError(`"${text}" is not an address like 10.0.0.1/24`);
  const { link } = interfaceNamed(process, pairs(rest, ['dev', 'brd', 'broadcast', 'label']).get('dev'));
  const ip = prefix.address.family === 6 ? process.host.ip6 : process.host.ip;
  return answered(process, adds ? ip.addAddress(link, prefix) : ip.removeAddress(link, prefix.address));
}

function addressLines(each: IpInterface, addresses: readonly Prefix[]): string {
  let text = '';
  for (const prefix of addresses) {
    const { address, length } = prefix;
    const broadcast =
      address.family === 4 && !each.loopback && length < 31 ? ` brd ${formatIpv4(prefix.broadcast4)}` : '';
    const scope = address.isLoopback ? 'host' : address.isLinkLocal ? 'link' : 'global';
    text += `    ${address.family === 4 ? 'inet' : 'inet6'} ${address}/${length}${broadcast} scope ${scope} ${each.name}\n`;
    text += '       valid_lft forever preferred_lft forever\n';
  }
  return text;
}

function addressLines6(process: Process, addresses: readonly InterfaceAddress[]): string {
  const { now } = process.host.node.clock;
  const left = (until: number) =>
    until === Infinity ? 'forever' : `${Math.max(0, Math.floor((until - now) / 1e9))}sec`;
  let text = '';
  for (const own of addresses) {
    const { address, prefix, state, origin } = own;
    const scope = address.isLoopback ? 'host' : address.isLinkLocal ? 'link' : 'global';
    const flags = [origin === 'slaac' ? 'dynamic' : '', FLAGS[state]].filter((flag) => flag !== '').join(' ');
    text += `    inet6 ${prefix} scope ${scope} ${flags}${flags === '' ? '' : ' '}\n`;
    text += `       valid_lft ${left(own.validUntil)} preferred_lft ${left(own.preferredUntil)}\n`;
  }
  return text;
}

const FLAGS = { tentative: 'tentative', preferred: '', deprecated: 'deprecated', duplicate: 'dadfailed tentative' };
