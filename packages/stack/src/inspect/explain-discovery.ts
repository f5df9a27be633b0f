import { IpAddress } from '../base/ip-address.ts';
import type { Dissection, Field } from './dissection.ts';
import type { Names } from './explain-names.ts';
import type { IcmpFacts } from './packet-facts.ts';

/** What a message of neighbour discovery (RFC 4861) or multicast listener discovery (RFC 3810) says; null: it is neither. */
export function discoverySentence(dissection: Dissection, icmp: IcmpFacts, names: Names): string | null {
  const layer = dissection.layers.find(({ name }) => name === 'icmpv6');
  const { network } = dissection.facts;
  if (icmp.version !== 6 || layer === undefined || network === null) return null;
  const who = network.source.isUnspecified ? 'somebody' : named(names, network.source.toString());
  const mac = textOf(layer, 'icmpv6.opt.linkaddr');
  switch (icmp.type) {
    case 133:
      return `${network.source.isUnspecified ? 'a host without an address' : who} asks which routers this link has`;
    case 134:
      return routerSentence(layer, who);
    case 135: {
      const target = named(names, textOf(layer, 'icmpv6.nd.ns.target_address'));
      if (network.source.isUnspecified) return `somebody wants to use ${target} and asks whether anybody has it`;
      return `${who}${mac === '' ? '' : `, at ${mac},`} asks: who has ${target}`;
    }
    case 136: {
      const target = named(names, textOf(layer, 'icmpv6.nd.na.target_address'));
      const answers = flag(layer, 'icmpv6.nd.na.flag.s') ? 'it answers' : 'it tells everybody';
      const router = flag(layer, 'icmpv6.nd.na.flag.r') ? ', and is a router' : '';
      return `${target} is ${mac === '' ? 'here' : `at ${mac}`}${router}; ${answers}`;
    }
    case 137: {
      const target = textOf(layer, 'icmpv6.nd.rd.target_address');
      const destination = textOf(layer, 'icmpv6.rd.na.destination_address');
      const told = `router ${who} tells ${named(names, network.destination.toString())}`;
      if (target === destination) return `${told}: ${named(names, destination)} is your neighbour, on this very link`;
      return `${told}: packets for ${named(names, destination)} go a shorter way by ${named(names, target)}`;
    }
    case 130: {
      const group = textOf(layer, 'icmpv6.mld.multicast_address');
      return `router ${who} asks ${group === '::' ? 'who is in which groups' : `whether anybody is in ${group}`}`;
    }
    case 131:
    case 132: {
      const group = textOf(layer, 'icmpv6.mld.multicast_address');
      return `${who} ${icmp.type === 131 ? 'is in' : 'leaves'} the group ${group}`;
    }
    case 143: {
      const records = all(layer, 'icmpv6.mldr.mar').map(({ text }) => text);
      return `${who} tells routers and switches its groups: it ${records.join(', ')}`;
    }
    default:
      return null;
  }
}

function routerSentence(layer: Field, who: string): string {
  const lifetime = Number(firstValue(layer, 'icmpv6.nd.ra.router_lifetime'));
  const parts = [`router ${who}`];
  const preference = textOf(layer, 'icmpv6.nd.ra.flag.prf').toLowerCase();
  const preferred = preference === 'medium' ? '' : `, with ${preference} preference`;
  parts.push(lifetime === 0 ? 'is no default router' : `is a default router for ${lifetime} s${preferred}`);
  for (const option of all(layer, 'icmpv6.opt')) {
    const prefix = `${textOf(option, 'icmpv6.opt.prefix')}/${textOf(option, 'icmpv6.opt.prefix.length')}`;
    const type = Number(firstValue(option, 'icmpv6.opt.type'));
    if (type === 3) {
      const own = flag(option, 'icmpv6.opt.prefix.flag.a') ? 'hosts make themselves addresses of it' : '';
      const near = flag(option, 'icmpv6.opt.prefix.flag.l') ? 'its addresses are neighbours' : '';
      parts.push(`${prefix}: ${[own, near].filter((word) => word !== '').join(', ') || 'nothing'}`);
    } else if (type === 5) parts.push(`the link carries ${textOf(option, 'icmpv6.opt.mtu')} bytes`);
    else if (type === 24 && all(option, 'icmpv6.opt.prefix').length > 0) parts.push(`it is the way to ${prefix}`);
    else if (type === 25) parts.push(`name servers ${list(option, 'icmpv6.opt.rdnss')}`);
    else if (type === 31) parts.push(`short names are looked for in ${list(option, 'icmpv6.opt.dnssl')}`);
  }
  const [first, second, ...rest] = parts;
  return [`${first} ${second}`, ...rest].join('; ');
}

/** All fields of this name, in the order of their bytes. */
function all(field: Field, name: string): Field[] {
  const found: Field[] = field.name === name ? [field] : [];
  for (const child of field.children) found.push(...all(child, name));
  return found;
}

function firstValue(field: Field, name: string): Field['value'] {
  return all(field, name)[0]?.value ?? null;
}

function textOf(field: Field, name: string): string {
  return all(field, name)[0]?.text ?? '';
}

function flag(field: Field, name: string): boolean {
  return firstValue(field, name) === true;
}

function list(field: Field, name: string): string {
  return all(field, name)
    .map(({ text }) => text)
    .join(', ');
}

/** `alice (2001:db8::1)`, or the address alone. */
function named(names: Names, address: string): string {
  const parsed = IpAddress.parse(address);
  const name = parsed === null ? undefined : names.known(parsed);
  return name === undefined ? address : `${name} (${address})`;
}
