import { NetError } from '../../base/errors.ts';
import type { ClientWatcher } from '../../l7-application/dhcp/client-socket.ts';
import { ClientState } from '../../l7-application/dhcp/client-states.ts';
import { dhcpClientOf } from '../dhcp-clients.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { Alarm } from './alarm.ts';
import { interfaceCalled } from './dhcpd/interfaces.ts';
import { parseOptions } from './options.ts';

/** How long the program waits before it leaves the client to itself: dhclient's `timeout`. */
const TIMEOUT = 60;

export const dhclient: Program = {
  name: 'dhclient',
  summary: 'get an address for an interface by DHCP',
  usage: `usage: dhclient [-1rvx] [-t SECONDS] [DEV]
  -1  try once: without a lease in time, give up
  -r  give the lease back and stop
  -t  how long to wait for a lease (${TIMEOUT} s); the client goes on trying
  -v  tell what happens
  -x  stop without a word to the server
When it has a lease the program ends, and the client goes on by itself: it renews the lease until it is stopped.
exit: 0 with a lease, 2 without`,
  async main(process) {
    const options = parseOptions(process.args, { flags: '1rvx', values: 't' });
    const on = interfaceCalled(process.host, interfaceName(process, options.words));
    const client = dhcpClientOf(process.host, on);
    const alarm = new Alarm(process);
    const verbose = options.has('v');
    const watcher: ClientWatcher = {
      line: (text) => {
        if (verbose) process.complain(`${text}\n`);
      },
      entered: (state) => {
        if (state === ClientState.Bound || state === ClientState.Stopped) alarm.ring();
      },
    };
    client.watch(watcher);
    try {
      if (verbose) process.complain(heading(on.name, `${on.link.mac}`));
      if (options.has('r') || options.has('x')) {
        if (options.has('r')) client.release();
        else client.stop();
        while (client.running && process.signalled === null) await alarm.wait(Infinity);
        return 0;
      }
      client.start();
      const deadline = process.host.node.clock.now + options.seconds('t', TIMEOUT, 0, 1e6) * 1e9;
      while (client.client.state !== ClientState.Bound && process.signalled === null) {
        if (process.host.node.clock.now >= deadline) break;
        await alarm.wait(deadline);
      }
      if (client.client.state === ClientState.Bound) return 0;
      if (process.signalled !== null || options.has('1')) client.stop();
      const rest = options.has('1') ? 'Unable to obtain a lease on first try.  Exiting.' : 'No leases - sleeping.';
      process.complain(`No DHCPOFFERS received.\n${rest}\n`);
      return 2;
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`dhclient: ${error.syscall}: ${error.text}\n`);
      return 1;
    } finally {
      client.unwatch(watcher);
    }
  },
};

/** The interface that is named, or the only one that there is. */
function interfaceName(process: Process, words: readonly string[]): string {
  if (words.length > 1) throw new UsageError('one interface at a time');
  const [name] = words;
  if (name !== undefined) return name;
  const all = process.host.ip.interfaces().filter(({ loopback }) => !loopback);
  if (all.length === 1) return all[0]!.name;
  throw new UsageError(`which interface? There are ${all.map((each) => each.name).join(', ') || 'none'}`);
}

function heading(name: string, mac: string): string {
  return `Listening on LPF/${name}/${mac}\nSending on   LPF/${name}/${mac}\nSending on   Socket/fallback\n`;
}
