import { type Program, UsageError } from '../program.ts';
import { routeTable6 } from './netstat/routes6.ts';
import { routeTable } from './netstat/tables.ts';
import { parseOptions } from './options.ts';

export const route: Program = {
  name: 'route',
  summary: 'show the routing table',
  usage: 'usage: route [-6n]\n  -6  of IPv6\n  -n  numbers, no names\nTo change it: ip route',
  async main(process) {
    const options = parseOptions(process.args, { flags: 'ne46' });
    if (options.words.length > 0) throw new UsageError("this route only shows; 'ip route' changes");
    if (options.has('6')) process.print(routeTable6(process.host));
    else process.print(routeTable(process.host, options.has('n'), 'route'));
    return 0;
  },
};
