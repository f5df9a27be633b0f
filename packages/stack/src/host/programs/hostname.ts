import type { Program } from '../program.ts';
import { parseOptions } from './options.ts';

export const hostname: Program = {
  name: 'hostname',
  summary: "print this host's name",
  usage: 'usage: hostname [-I]\n  -I  its addresses instead',
  async main(process) {
    const options = parseOptions(process.args, { flags: 'I' });
    const addresses = process.host.addresses().map((prefix) => `${prefix.address} `);
    process.print(options.has('I') ? `${addresses.join('')}\n` : `${process.host.hostName}\n`);
    return 0;
  },
};
