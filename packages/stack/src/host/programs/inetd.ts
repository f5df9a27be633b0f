import { NetError } from '../../base/errors.ts';
import { parseMoment } from '../../l7-application/calendar.ts';
import { type ServiceEndpoint, SmallServer } from '../../l7-application/small-services/server.ts';
import { SMALL_SERVICES } from '../../l7-application/small-services/services.ts';
import { type Program, UsageError } from '../program.ts';
import { nearest, parseOptions } from './options.ts';

const NAMES = SMALL_SERVICES.map(({ name }) => name);

export const inetd: Program = {
  name: 'inetd',
  summary: 'serve echo, discard, daytime, chargen and time',
  usage: `usage: inetd [-v] [-e DATE] [SERVICE[/tcp|/udp]...]
  SERVICE: echo (7), discard (9), daytime (13), chargen (19), time (37); none: all of them, over both transports
  -e  the date at the network's time 0: 2026-11-21, 2026-11-21T12:00:00Z or @SECONDS since 1970 (1970-01-01)
  -v  log connections`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'v', values: 'e', long: { epoch: 'e' } });
    const epochSeconds = parseMoment(options.text('e') ?? '@0');
    if (epochSeconds === null) throw new UsageError(`-e: "${options.text('e')}" is no date like 2026-11-21T12:00:00Z`);
    const words = options.words.length === 0 ? NAMES : options.words;
    const endpoints = [...new Set(words.flatMap(expanded))].map(endpoint);
    let server: SmallServer;
    try {
      server = new SmallServer(process.sockets, endpoints, {
        node: process.host.node,
        epochSeconds,
        dualStack: process.host.ip6.interfaces().length > 1,
        log: (line) => {
          if (options.has('v')) process.print(`${line}\n`);
        },
        onError: (error) => process.complain(`inetd: ${error instanceof Error ? error.message : String(error)}\n`),
      });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`inetd: ${error.message}\n`);
      return 1;
    }
    await Promise.race([server.serve(), process.untilSignal()]);
    // Over UDP alone `serve` has nothing to wait for.
    await process.untilSignal();
    return 0;
  },
};

/** `echo` is `echo/tcp` and `echo/udp`. */
function expanded(word: string): string[] {
  return word.includes('/') ? [word] : [`${word}/tcp`, `${word}/udp`];
}

function endpoint(word: string): ServiceEndpoint {
  const [name = '', protocol = '', ...more] = word.split('/');
  const service = SMALL_SERVICES.find((known) => known.name === name);
  if (service === undefined) {
    const near = nearest(name, NAMES);
    throw new UsageError(
      `no service '${name}'${near === null ? `; there are ${NAMES.join(', ')}` : `; did you mean ${near}?`}`,
    );
  }
  if ((protocol !== 'tcp' && protocol !== 'udp') || more.length > 0) {
    throw new UsageError(`'${word}': a service is over tcp or udp, like ${name}/udp`);
  }
  return { service, protocol };
}
