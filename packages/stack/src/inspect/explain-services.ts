import { formatDuration } from '../base/units.ts';
import type { CapturedPacket } from './capture-file.ts';
import type { PacketAnalysis } from './conversations.ts';
import { findField } from './dissect.ts';
import type { Dissection } from './dissection.ts';
import type { Names } from './explain-names.ts';

/** A packet with all that is known of it. */
interface Known {
  readonly packet: CapturedPacket;
  readonly dissection: Dissection;
  readonly analysis: PacketAnalysis;
}

/** Something that a client did or was told, and the packets that say so: what is said again and again is told once. */
interface Deed {
  readonly what: string;
  readonly packets: number[];
}

/** So many packets of one deed are named. */
const NAMED = 3;

/** What each client was told by DHCP: a sentence each, with the numbers of its packets. */
export function addressesGiven(known: readonly Known[], names: Names): string[] {
  const clients = new Map<string, Deed[]>();
  const called = new Map<string, string>();
  for (const { packet, dissection, analysis } of known) {
    if (dissection.facts.application?.protocol !== 'dhcp' || analysis.copyOf > 0) continue;
    const client = text(dissection, 'dhcp.hw.mac_addr');
    const what = dhcpDeed(dissection, names);
    if (client === null || what === '') continue;
    const name = text(dissection, 'dhcp.option.hostname');
    if (name !== null) called.set(client, name);
    const deeds = clients.get(client) ?? [];
    clients.set(client, deeds);
    // A lease that is renewed is a question and an answer, over and over.
    const before = deeds.slice(-2).find((deed) => deed.what === what);
    if (before === undefined) deeds.push({ what, packets: [packet.number] });
    else before.packets.push(packet.number);
  }
  return [...clients].map(([client, deeds]) => {
    const name = called.get(client);
    return `${client}${name === undefined ? '' : ` (${name})`}: ${deeds.map(told).join(', ')}`;
  });
}

function told({ what, packets }: Deed): string {
  const rest = packets.length > NAMED + 1 ? ` ... ${packets.at(-1)}: ${packets.length} times` : '';
  return `${what} (${(rest === '' ? packets : packets.slice(0, NAMED)).join(', ')}${rest})`;
}

function dhcpDeed(dissection: Dissection, names: Names): string {
  const type = findField(dissection, 'dhcp.option.dhcp')?.value ?? 0;
  const address = text(dissection, 'dhcp.ip.your');
  const wanted = text(dissection, 'dhcp.option.requested_ip_address') ?? text(dissection, 'dhcp.ip.client');
  const { network } = dissection.facts;
  const by = network === null ? '' : ` by ${names.host(network.source)}`;
  const lease = findField(dissection, 'dhcp.option.ip_address_lease_time')?.value;
  const time =
    typeof lease !== 'number' ? '' : lease === 0xffffffff ? ' for ever' : ` for ${formatDuration(lease * 1e9)}`;
  const why = text(dissection, 'dhcp.option.message');
  switch (type) {
    case 1:
      return 'asks who gives addresses';
    case 2:
      return `is offered ${address}${by}`;
    case 3:
      return `asks for ${wanted}`;
    case 4:
      return `will not have ${wanted}, which somebody else has`;
    case 5:
      return address === '0.0.0.0' ? `is told the rest${by}` : `is given ${address}${time}${by}`;
    case 6:
      return `is refused${by}${why === null ? '' : `: ${why}`}`;
    case 7:
      return `gives ${wanted} back`;
    case 8:
      return `has ${wanted} and asks for the rest`;
    default:
      return dissection.facts.application?.isRequest === true ? 'asks by BOOTP' : `is given ${address} by BOOTP${by}`;
  }
}

/** Each question to the DNS, and what was answered after how long. */
export function namesAskedFor(known: readonly Known[], names: Names): string[] {
  const lines: string[] = [];
  /** By conversation and message's number: the line of the question, and when it was asked. */
  const open = new Map<string, { line: number; timeNs: number }>();
  for (const { packet, dissection, analysis } of known) {
    const { application, network } = dissection.facts;
    if (application?.protocol !== 'dns' || analysis.copyOf > 0 || network === null) continue;
    const [, response, id, said] = /^Standard query (response )?(0x[0-9a-f]{4}) ?(.*)$/.exec(application.text) ?? [];
    if (id === undefined) continue;
    const key = `${analysis.conversation?.kind} ${analysis.conversation?.index} ${id}`;
    if (response === undefined) {
      if (open.has(key)) continue; // asked again
      open.set(key, { line: lines.length, timeNs: packet.timeNs });
      const ends = `${names.host(network.source)} asks ${names.host(network.destination)}`;
      lines.push(`${ends}: ${withoutEdns(said)} (${packet.number})`);
      continue;
    }
    const question = open.get(key);
    if (question === undefined) continue;
    open.delete(key);
    const after = formatDuration(packet.timeNs - question.timeNs);
    lines[question.line] += ` -> ${answerOf(lines[question.line]!, said)}, after ${after} (${packet.number})`;
  }
  for (const { line } of open.values()) lines[line] += ': no answer in this capture';
  return lines;
}

/** What an answer says beside the question, which it repeats. */
function answerOf(line: string, said: string | undefined): string {
  const question = / asks [^:]*: (.*) \(\d+\)$/.exec(line)?.[1] ?? '';
  const rest = withoutEdns(said);
  const at = question === '' ? -1 : rest.indexOf(question);
  const told = at < 0 ? rest : `${rest.slice(0, at)}${rest.slice(at + question.length)}`;
  return told.trim() === '' ? 'nothing of that kind' : told.trim().replace(/ {2,}/g, ' ');
}

/** EDNS is no question and no answer. */
function withoutEdns(said: string | undefined): string {
  return (said ?? '').replace(/ OPT$/, '');
}

function text(dissection: Dissection, name: string): string | null {
  const value = findField(dissection, name)?.value;
  return typeof value === 'string' && value !== '' ? value : null;
}
