import { dissectArp } from './dissect-arp.ts';
import { dissectData } from './dissect-data.ts';
import { dissectDhcp } from './dissect-dhcp.ts';
import { dissectDns } from './dissect-dns.ts';
import { dissectEthernet, EtherType } from './dissect-ethernet.ts';
import { dissectHttp } from './dissect-http.ts';
import { dissectIcmp } from './dissect-icmp.ts';
import { dissectIcmpv6 } from './dissect-icmpv6.ts';
import { dissectIgmp } from './dissect-igmp.ts';
import { dissectIpv4 } from './dissect-ipv4.ts';
import { dissectIpv6 } from './dissect-ipv6.ts';
import { dissectOspf } from './dissect-ospf.ts';
import { dissectRip } from './dissect-rip.ts';
import { dissectTcp } from './dissect-tcp.ts';
import { dissectUdp } from './dissect-udp.ts';
import { Dissection, type DissectOptions, type Dissector, DissectorRegistry, type Field } from './dissection.ts';
import { LinkType, linkTypeName } from './link-types.ts';

/** All dissectors that netarium has, in a registry of the caller's own, to which it may add. */
export function standardDissectors(): DissectorRegistry {
  const registry = new DissectorRegistry();
  registry.linkTypes
    .register(LinkType.Ethernet, 'eth', dissectEthernet)
    .register(LinkType.RawIp, 'raw', dissectRawIp)
    .register(LinkType.Ipv4, 'ip', dissectIpv4)
    .register(LinkType.Ipv6, 'ipv6', dissectIpv6);
  registry.etherTypes
    .register(EtherType.Ipv4, 'ip', dissectIpv4)
    .register(EtherType.Arp, 'arp', dissectArp)
    .register(EtherType.Ipv6, 'ipv6', dissectIpv6);
  registry.ipProtocols
    .register(1, 'icmp', dissectIcmp)
    .register(4, 'ip', dissectIpv4)
    .register(6, 'tcp', dissectTcp)
    .register(2, 'igmp', dissectIgmp)
    .register(89, 'ospf', dissectOspf)
    .register(17, 'udp', dissectUdp)
    .register(41, 'ipv6', dissectIpv6)
    .register(58, 'icmpv6', dissectIcmpv6);
  registry.udpPorts.register(53, 'dns', dissectDns).register(67, 'dhcp', dissectDhcp).register(68, 'dhcp', dissectDhcp);
  registry.udpPorts.register(520, 'rip', dissectRip);
  registry.tcpPorts.register(53, 'dns', dissectDns);
  for (const port of [80, 8000, 8080, 3128]) registry.tcpPorts.register(port, 'http', dissectHttp);
  return registry;
}

/** What `dissect` uses when it is given no registry: a later protocol registers itself here. */
export const dissectors = standardDissectors();

/**
 * Takes one packet apart. Any bytes end in a tree in which every byte has its place; what is wrong with them stands in
 * `problems`. `linkType` is one of `LinkType`.
 */
export function dissect(bytes: Uint8Array, linkType: number, options: DissectOptions = {}): Dissection {
  const dissection = new Dissection(bytes, linkType, options.registry ?? dissectors, options);
  if (!dissection.handOn(dissection.registry.linkTypes, linkType, 0, bytes.length)) {
    dissection.protocol = linkTypeName(linkType);
    dissectData(dissection, 0, bytes.length);
  }
  return dissection;
}

/**
 * Takes bytes apart that begin with one protocol's header, without what is below it: a packet as a layer sees it. They
 * may be cut short, and no checksum that needs the layer below is judged.
 */
export function dissectFrom(bytes: Uint8Array, dissector: Dissector, options: DissectOptions = {}): Dissection {
  const dissection = new Dissection(bytes, -1, options.registry ?? dissectors, options);
  dissection.incomplete = true;
  if (!dissector(dissection, 0, bytes.length)) dissectData(dissection, 0, bytes.length);
  return dissection;
}

/** IPv4 or IPv6 without a link's header: the version tells. */
function dissectRawIp(dissection: Dissection, start: number, end: number): boolean {
  const version = end > start ? dissection.bytes[start]! >>> 4 : 0;
  const accepted = version === 6 ? dissectIpv6(dissection, start, end) : dissectIpv4(dissection, start, end);
  if (dissection.claimedEnd < end) dissectData(dissection, dissection.claimedEnd, end);
  return accepted;
}

/** The first field of this name, in the packet's order; undefined when there is none. */
export function findField(dissection: Dissection, name: string): Field | undefined {
  return findFields(dissection, name)[0];
}

/** All fields of this name, those of quoted packets included, in the packet's order. */
export function findFields(dissection: Dissection, name: string): Field[] {
  const found: Field[] = [];
  const visit = (fields: readonly Field[]): void => {
    for (const field of fields) {
      if (field.name === name) found.push(field);
      visit(field.children);
    }
  };
  visit(dissection.layers);
  return found;
}

/** The fields that the byte at `offset` belongs to, from the layer down to the finest: what a hex view points at. */
export function fieldsAt(dissection: Dissection, offset: number): Field[] {
  const path: Field[] = [];
  let fields: readonly Field[] = dissection.layers;
  for (;;) {
    const field = fields.find((each) => !each.generated && each.start <= offset && offset < each.end);
    if (field === undefined) return path;
    path.push(field);
    fields = field.children;
  }
}

/** `Source Port: 52344`; for some bits of a byte, which ones: `.... .1.. = More fragments: Set`. */
export function formatField(dissection: Dissection, field: Field): string {
  const isLayer = 'layer' in field;
  const body = field.text === '' ? field.label : `${field.label}${isLayer ? ', ' : ': '}${field.text}`;
  if (field.generated) return `[${body}]`;
  return field.mask === 0 ? body : `${bitPattern(dissection, field)} = ${body}`;
}

/** `.... .1..`: the field's bits within its bytes. */
function bitPattern(dissection: Dissection, field: Field): string {
  const size = field.end - field.start;
  const word = dissection.read(field.start, size);
  let text = '';
  for (let bit = size * 8 - 1; bit >= 0; bit--) {
    text += (field.mask >>> bit) & 1 ? (word >>> bit) & 1 : '.';
    if (bit % 4 === 0 && bit > 0) text += ' ';
  }
  return text;
}

/** The whole tree as lines, indented by two spaces a level. */
export function formatTree(dissection: Dissection): string[] {
  const lines: string[] = [];
  const visit = (fields: readonly Field[], indent: string): void => {
    for (const field of fields) {
      lines.push(indent + formatField(dissection, field));
      visit(field.children, `${indent}  `);
    }
  };
  visit(dissection.layers, '');
  return lines;
}
