import { type Program, UsageError } from '../program.ts';
import { routeTable } from './netstat/tables.ts';
import { parseOptions } from './options.ts';

export const route: Program = {
  name: 'route',
  summary: 'show the routing table',
  usage: 'usage: route [-n]\n  -n  numbers, no names\nTo change it: ip route',
  async main(process) {
    const options = parseOptions(process.args, { flags: 'ne' });
    if (options.words.length > 0) throw new UsageError("this route only shows; 'ip route' changes");
    process.print(routeTable(process.host, options.has('n'), 'route'));
    return 0;
  },
};
