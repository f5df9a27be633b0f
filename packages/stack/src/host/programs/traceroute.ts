import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../l5-session/constants.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { type Options, parseOptions } from './options.ts';
import { nameAndAddress, type ProbeAnswer, Prober, resolveTarget } from './traceroute/probes.ts';

const UDP_HEADER = 8;

export const traceroute: Program = {
  name: 'traceroute',
  summary: 'show the routers on the way to a host',
  usage: `usage: traceroute [-46In] [-f FIRST] [-m MAX] [-q PROBES] [-w SECONDS] HOST [BYTES]
  -4, -6  that address family only
  -f  begin at this hop (1)
  -I  probe with echo requests rather than UDP
  -m  give up after so many hops (30)
  -n  numbers only, no names
  -q  probes of each hop (3)
  -w  seconds to wait for an answer (5)
Behind a time: !H host, !N network, !P protocol unreachable, !X prohibited, !F too large, !S beyond the scope
exit: 0 the way was shown, 1 not`,
  async main(process) {
    const options = parseOptions(process.args, { flags: '46In', values: 'fmqw' });
    const [target, bytes, ...rest] = options.words;
    if (target === undefined) throw new UsageError('specify "host" missing argument');
    if (rest.length > 0) throw new UsageError(`extra argument: ${rest[0]}`);
    const family = options.has('6') ? AF_INET6 : options.has('4') ? AF_INET : AF_UNSPEC;
    const address = await resolveTarget(process, 'traceroute', target, family);
    if (address === null) return 1;
    const prober = new Prober(process, address, options.has('I'));
    const header = prober.remote.family === 6 ? 40 : 20;
    const size = packetSize(bytes, header);
    try {
      return await trace(process, prober, target, size, size - header - UDP_HEADER, options);
    } finally {
      prober.close();
    }
  },
};

async function trace(
  process: Process,
  prober: Prober,
  target: string,
  packet: number,
  payload: number,
  options: Options,
): Promise<number> {
  const last = options.integer('m', 30, 1, 255);
  const first = options.integer('f', 1, 1, 255);
  const probes = options.integer('q', 3, 1, 10);
  const seconds = options.seconds('w', 5, 0.001, 1e6);
  const size = options.has('I') ? payload + UDP_HEADER : payload;
  process.print(`traceroute to ${target} (${prober.remote}), ${last} hops max, ${packet} byte packets\n`);
  for (let ttl = first; ttl <= last; ttl++) {
    process.print(`${String(ttl).padStart(2)} `);
    let shown: IpAddress | null = null;
    let ended = false;
    for (let i = 0; i < probes; i++) {
      const answer = await send(process, prober, ttl, size, seconds);
      if (answer === null) return 1;
      const { from } = answer;
      if (from === null) {
        process.print(' *');
        continue;
      }
      if (shown === null || !shown.equals(from)) process.print(` ${nameAndAddress(process, from, options.has('n'))}`);
      shown = from;
      process.print(`  ${(answer.tripNs / 1e6).toFixed(3)} ms${remark(answer, from.family)}`);
      ended ||= answer.reached || remark(answer, from.family) !== '';
    }
    process.print('\n');
    if (ended) return 0;
  }
  return 0;
}

/** Null: it is over, and was told. */
async function send(
  process: Process,
  prober: Prober,
  ttl: number,
  size: number,
  seconds: number,
): Promise<ProbeAnswer | null> {
  try {
    return await prober.probe(ttl, size, seconds);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    if (process.signalled === null) process.complain(`\ntraceroute: send: ${error.text}\n`);
    return null;
  }
}

/** What an error other than "it died here" says, in traceroute's signs. */
function remark({ type, code, mtu }: ProbeAnswer, family: 4 | 6): string {
  if (family === 6) {
    if (type === 2) return ` !F-${mtu}`;
    return type === 1 ? (MARKS6[code] ?? ` !<${code}>`) : '';
  }
  if (type !== 3) return '';
  return code === 4 ? ` !F-${mtu}` : (MARKS4[code] ?? ` !<${code}>`);
}

const MARKS4 = [
  ' !N',
  ' !H',
  ' !P',
  '',
  ' !F',
  ' !S',
  ' !U',
  ' !W',
  ' !I',
  ' !A',
  ' !Z',
  ' !Q',
  ' !T',
  ' !X',
  ' !V',
  ' !C',
];
const MARKS6 = [' !N', ' !X', ' !S', ' !H', ''];

function packetSize(text: string | undefined, header: number): number {
  const least = header + UDP_HEADER;
  if (text === undefined) return least + 32;
  const size = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1;
  if (size < least || size > 65_000) throw new UsageError(`too big or small packet size: ${text} (${least} to 65000)`);
  return size;
}
