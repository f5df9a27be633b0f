import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../l5-session/constants.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';
import { Prober, resolveTarget } from './traceroute/probes.ts';

const UDP_HEADER = 8;
/** As iputils': how often a hop is asked that does not answer, and how long it is waited for. */
const TRIES = 3;
const SECONDS = 1;

export const tracepath: Program = {
  name: 'tracepath',
  summary: 'show the way to a host, and how large a packet it carries',
  usage: `usage: tracepath [-46n] [-m MAX] HOST
  -4, -6  that address family only
  -m  give up after so many hops (30)
  -n  numbers only, no names
exit: 0 the host was reached, 1 not`,
  async main(process) {
    const options = parseOptions(process.args, { flags: '46n', values: 'm' });
    const [target, ...rest] = options.words;
    if (target === undefined) throw new UsageError('destination required');
    if (rest.length > 0) throw new UsageError(`one destination, not ${options.words.length}`);
    const family = options.has('6') ? AF_INET6 : options.has('4') ? AF_INET : AF_UNSPEC;
    const address = await resolveTarget(process, 'tracepath', target, family);
    if (address === null) return 1;
    const prober = new Prober(process, address, false);
    prober.neverFragment();
    try {
      return await new Tracepath(process, prober, address[3] ?? 0, options.has('n')).run(
        options.integer('m', 30, 1, 255),
      );
    } finally {
      prober.close();
    }
  },
};

class Tracepath {
  private readonly process: Process;
  private readonly prober: Prober;
  private readonly scope: number;
  private readonly numeric: boolean;
  private mtu = 0;

  constructor(process: Process, prober: Prober, scope: number, numeric: boolean) {
    this.process = process;
    this.prober = prober;
    this.scope = scope;
    this.numeric = numeric;
  }

  async run(last: number): Promise<number> {
    const { process } = this;
    const mtu = this.pathMtu();
    if (typeof mtu === 'string') {
      process.complain(`tracepath: send failed: ${mtu}\n`);
      return 1;
    }
    this.mtu = mtu;
    process.print(` 1?: ${'[LOCALHOST]'.padEnd(37)}pmtu ${mtu}\n`);
    for (let ttl = 1; ttl <= last; ttl++) {
      const how = await this.hop(ttl);
      if (how === 'signal') return 1;
      if (how !== 'on') {
        if (how === 'reached') process.print(`     Resume: pmtu ${this.mtu} hops ${ttl} back ${ttl} \n`);
        return how === 'reached' ? 0 : 1;
      }
    }
    process.print(`     Too many hops: pmtu ${this.mtu}\n     Resume: pmtu ${this.mtu} \n`);
    return 1;
  }

  private async hop(ttl: number): Promise<'on' | 'reached' | 'failed' | 'signal'> {
    const { process, prober } = this;
    const line = `${String(ttl).padStart(2)}:  `;
    for (let tries = 0; tries < TRIES; ) {
      const header = (prober.remote.family === 6 ? 40 : 20) + UDP_HEADER;
      try {
        const answer = await prober.probe(ttl, this.mtu - header, SECONDS);
        if (answer === null) return 'signal';
        if (answer.from === null) {
          tries++;
          continue;
        }
        const who = this.who(answer.from).padEnd(37);
        const time = `${(answer.tripNs / 1e6).toFixed(3)}ms`;
        if (this.mtuFell()) {
          process.print(`${line}${who}${time} pmtu ${this.mtu}\n`);
          continue;
        }
        const isV6 = prober.remote.family === 6;
        const expired = answer.type === (isV6 ? 3 : 11);
        process.print(`${line}${who}${time}${answer.reached ? ' reached' : expired ? ' ' : ' !'}\n`);
        if (answer.reached) return 'reached';
        return expired ? 'on' : 'failed';
      } catch (error) {
        if (!(error instanceof NetError) || process.signalled !== null) throw error;
        // What was learnt a moment ago makes this probe too long.
        if (error.code === 'EMSGSIZE' && this.mtuFell()) continue;
        process.complain(`tracepath: send failed: ${error.text}\n`);
        return 'failed';
      }
    }
    process.print(`${line}no reply\n`);
    return 'on';
  }

  private mtuFell(): boolean {
    const mtu = this.pathMtu();
    if (typeof mtu === 'string' || mtu >= this.mtu) return false;
    this.mtu = mtu;
    return true;
  }

  /** What the path is known to carry, or why there is none. */
  private pathMtu(): number | string {
    const { network } = this.process.host;
    const options = this.scope === 0 ? {} : { interfaceIndex: this.scope };
    const flow = network.open(this.prober.remote, 17, null, options);
    return typeof flow === 'number' ? new NetError(flow, 'send').text : flow.mtu;
  }

  private who(address: IpAddress): string {
    return (this.numeric ? null : this.process.host.names.reverse(address)) ?? address.toString();
  }
}
