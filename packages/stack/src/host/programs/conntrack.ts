import { type FlowText, listFlows, type TupleText } from '../../l3-network/firewall/flow-list.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';

export const conntrack: Program = {
  name: 'conntrack',
  summary: 'show the conversations that the firewall tracks',
  usage: `usage: conntrack [-LCF] [-p PROTOCOL]
  -L  list them (the default)
  -C  only how many
  -F  forget them all
  -p  only of this protocol: tcp, udp, icmp`,
  async main(process) {
    const options = parseOptions(process.args, {
      flags: 'LCF',
      values: 'p',
      long: { dump: 'L', list: 'L', count: 'C', flush: 'F', proto: 'p' },
    });
    if (options.words.length > 0) throw new UsageError(`"${options.words[0]}" is too much`);
    if (!process.host.filtered) {
      say(process, 'no firewall and no address translation here: nothing is tracked');
      return 0;
    }
    const { table } = process.host.firewall.tracker;
    const { now } = process.host.node.clock;
    if (options.has('F')) {
      say(process, `${table.removeWhere(() => true)} conversations are forgotten`);
      return 0;
    }
    const wanted = options.text('p')?.toLowerCase();
    const flows = listFlows(table, now).filter(({ protocol }) => wanted === undefined || protocol === wanted);
    if (options.has('C')) say(process, `${flows.length}`);
    else for (const flow of flows) say(process, formatFlow(flow));
    return 0;
  },
};

/** As conntrack-tools have it. */
function formatFlow(flow: FlowText): string {
  const words = [flow.protocol.padEnd(8), `${flow.protocolNumber} ${flow.seconds}`];
  if (flow.state !== '') words.push(flow.state.toUpperCase().replaceAll('-', '_'));
  words.push(tuple(flow.original, flow.protocolNumber));
  if (!flow.replied) words.push('[UNREPLIED]');
  words.push(tuple(flow.reply, flow.protocolNumber));
  if (flow.assured) words.push('[ASSURED]');
  words.push(`mark=${flow.mark}`);
  return words.join(' ');
}

function tuple(each: TupleText, protocol: number): string {
  const words = [`src=${each.source}`, `dst=${each.destination}`];
  if (each.sourcePort >= 0) {
    const [first, second] = protocol === 1 || protocol === 58 ? ['id', 'type'] : ['sport', 'dport'];
    words.push(`${first}=${each.sourcePort}`, `${second}=${each.destinationPort}`);
  }
  words.push(`packets=${each.packets}`, `bytes=${each.bytes}`);
  return words.join(' ');
}

function say(process: Process, line: string): void {
  process.print(`${line}\n`);
}
