import { formatIpv4 } from '../../../base/ip-address.ts';
import { LsaType } from '../../../l3-network/ospf/constants.ts';
import type { Lsa } from '../../../l3-network/ospf/lsa.ts';
import {
  type ExternalBody,
  FLAG_AREA_BORDER,
  FLAG_AS_BORDER,
  LinkType,
  type NetworkBody,
  type RouterBody,
  type SummaryBody,
} from '../../../l3-network/ospf/lsa-bodies.ts';
import type { Ospf } from '../../../l3-network/ospf/ospf.ts';
import type { Area } from '../../../l3-network/ospf/router-state.ts';
import { maskLength } from '../../../l3-network/ospf/shortest-paths.ts';
import { UsageError } from '../../program.ts';

/** Of each type: its name in commands, and the heading of its list. */
const KINDS = [
  { type: LsaType.Router, word: 'router', title: 'Router Link States' },
  { type: LsaType.Network, word: 'network', title: 'Net Link States' },
  { type: LsaType.Summary, word: 'summary', title: 'Summary Link States' },
  { type: LsaType.AsbrSummary, word: 'asbr-summary', title: 'ASBR-Summary Link States' },
  { type: LsaType.External, word: 'external', title: 'AS External Link States' },
] as const;
type Kind = (typeof KINDS)[number];

const LINK_WORDS = [
  '',
  'another Router (point-to-point)',
  'a Transit Network',
  'Stub Network',
  'a Virtual Link',
] as const;

/** The databases, as FRRouting's `show ip ospf database`: a line each, or of one type all that they say. */
export function ospfDatabase(ospf: Ospf, [word]: readonly string[]): string {
  const own = word === 'self-originate';
  const only = own || word === undefined ? null : (KINDS.find((kind) => kind.word.startsWith(word)) ?? undefined);
  if (only === undefined) {
    throw new UsageError(`database ${word}: there is ${KINDS.map((kind) => kind.word).join(', ')}, self-originate`);
  }
  const lines = ['', `       OSPF Router with ID (${formatIpv4(ospf.routerId)})`];
  const list = (kind: Kind, area: Area | null): void => {
    const lsas = (area?.database ?? ospf.externals)
      .list(kind.type)
      .filter((lsa) => !own || lsa.router === ospf.routerId)
      .sort((a, b) => a.id - b.id || a.router - b.router);
    if (lsas.length === 0) return;
    const where = area === null ? '' : ` (Area ${formatIpv4(area.id)})`;
    lines.push('', `                ${kind.title}${where}`, '');
    if (only === null) lines.push(heading(kind), ...lsas.map((lsa) => summaryLine(ospf, lsa)));
    else for (const lsa of lsas) lines.push(...detailLines(ospf, lsa), '');
  };
  for (const area of ospf.areas.values()) {
    for (const kind of KINDS) if (kind.type !== LsaType.External && (only ?? kind) === kind) list(kind, area);
  }
  for (const kind of KINDS) if (kind.type === LsaType.External && (only ?? kind) === kind) list(kind, null);
  return `${lines.join('\n')}\n\n`;
}

function heading(kind: Kind): string {
  const more =
    kind.type === LsaType.Router
      ? ' Link count'
      : kind.type === LsaType.Summary || kind.type === LsaType.External
        ? ' Route'
        : '';
  return `Link ID         ADV Router      Age  Seq#       CkSum ${more}`.trimEnd();
}

const hex = (value: number, digits: number): string => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;

function summaryLine(ospf: Ospf, lsa: Lsa): string {
  const words = [
    formatIpv4(lsa.id).padEnd(15),
    formatIpv4(lsa.router).padEnd(15),
    String(lsa.age(ospf.node.clock.now)).padStart(4),
    hex(lsa.sequence, 8),
    hex(lsa.checksum, 4),
  ];
  if (lsa.type === LsaType.Router) words.push(String((lsa.body as RouterBody).links.length));
  if (lsa.type === LsaType.Summary) words.push(prefixOf(lsa, (lsa.body as SummaryBody).mask));
  if (lsa.type === LsaType.External) {
    const { mask, type2, tag } = lsa.body as ExternalBody;
    words.push(`E${type2 ? 2 : 1} ${prefixOf(lsa, mask)} [0x${tag.toString(16)}]`);
  }
  return words.join(' ');
}

function prefixOf(lsa: Lsa, mask: number): string {
  return `${formatIpv4((lsa.id & mask) >>> 0)}/${maskLength(mask)}`;
}

function detailLines(ospf: Ospf, lsa: Lsa): string[] {
  return [
    `  LS age: ${lsa.age(ospf.node.clock.now)}`,
    `  Options: ${hex(lsa.options, 1)}`,
    `  LS Type: ${lsa.type}`,
    `  Link State ID: ${formatIpv4(lsa.id)}`,
    `  Advertising Router: ${formatIpv4(lsa.router)}`,
    `  LS Seq Number: ${hex(lsa.sequence, 8).slice(2)}`,
    `  Checksum: ${hex(lsa.checksum, 4)}`,
    `  Length: ${lsa.length}`,
    ...bodyLines(lsa),
  ];
}

function bodyLines(lsa: Lsa): string[] {
  switch (lsa.type) {
    case LsaType.Router:
      return routerLines(lsa.body as RouterBody);
    case LsaType.Network: {
      const { mask, routers } = lsa.body as NetworkBody;
      return [
        `  Network Mask: /${maskLength(mask)}`,
        ...routers.map((id) => `        Attached Router: ${formatIpv4(id)}`),
      ];
    }
    case LsaType.External: {
      const { mask, type2, metric, forwarding, tag } = lsa.body as ExternalBody;
      return [
        `  Network Mask: /${maskLength(mask)}`,
        `        Metric Type: ${type2 ? '2 (Larger than any link state path)' : '1'}`,
        `        Metric: ${metric}`,
        `        Forward Address: ${formatIpv4(forwarding)}`,
        `        External Route Tag: ${tag}`,
      ];
    }
    default: {
      const { mask, metric } = lsa.body as SummaryBody;
      return [`  Network Mask: /${maskLength(mask)}`, `        TOS: 0  Metric: ${metric}`];
    }
  }
}

function routerLines({ flags, links }: RouterBody): string[] {
  const lines = [`  Flags: ${hex(flags, 1)}`];
  if ((flags & FLAG_AREA_BORDER) !== 0) lines.push('  : ABR');
  if ((flags & FLAG_AS_BORDER) !== 0) lines.push('  : ASBR');
  lines.push(`   Number of Links: ${links.length}`);
  for (const { type, id, data, metric } of links) {
    const stub = type === LinkType.Stub;
    lines.push('', `    Link connected to: ${LINK_WORDS[type] ?? `type ${type}`}`);
    lines.push(
      `     (Link ID) ${stub ? 'Net' : type === LinkType.Transit ? 'Designated Router address' : 'Neighboring Router ID'}: ${formatIpv4(id)}`,
    );
    lines.push(`     (Link Data) ${stub ? 'Network Mask' : 'Router Interface address'}: ${formatIpv4(data)}`);
    lines.push(`        TOS 0 Metric: ${metric}`);
  }
  return lines;
}
