import { formatIpv4, parseIpv4 } from '../../base/ip-address.ts';
import { Lease, LeaseState } from './leases.ts';
import { hostNameOf } from './options.ts';

/**
 * Leases as a file, so that a server that is started again knows whom it gave what (RFC 2131 4.2, "persistent storage").
 * A line for each, fields between blanks, `-` for none; times are nanoseconds of the network's clock:
 *
 *     # address     state   ends            client              hardware             name
 *     10.0.1.100    bound   43200000000000  hw:1:020000000001   02:00:00:00:00:01    alice
 */
const HEADING = '# address state ends client hardware name\n';
const STATES = Object.values(LeaseState);

export function leasesText(leases: readonly Lease[]): string {
  return HEADING + leases.map(lineOf).join('');
}

function lineOf({ address, state, endsNs, client, hardware, hostName }: Lease): string {
  const ends = endsNs === Infinity ? 'never' : String(endsNs);
  return `${formatIpv4(address)} ${state} ${ends} ${client || '-'} ${hardware.replace(/\s/g, '') || '-'} ${hostName ?? '-'}\n`;
}

/** What a file says; a line that cannot be read is told, and the others count. */
export function readLeases(text: string): { leases: Lease[]; problems: { line: number; what: string }[] } {
  const leases: Lease[] = [];
  const problems: { line: number; what: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const lease = leaseOf(line.trim().split(/\s+/));
    if (typeof lease === 'string') problems.push({ line: index + 1, what: lease });
    else leases.push(lease);
  }
  return { leases, problems };
}

function leaseOf(fields: readonly string[]): Lease | string {
  const [addressText = '', stateText = '', endsText = '', client = '', hardware = '', name = ''] = fields;
  if (fields.length !== 6) return `${fields.length} fields where a lease has 6`;
  const address = parseIpv4(addressText);
  if (address < 0) return `"${addressText}" is no address`;
  const state = STATES.find((known) => known === stateText);
  if (state === undefined) return `"${stateText}" is no state; there are ${STATES.join(', ')}`;
  const endsNs = endsText === 'never' ? Infinity : /^[0-9]{1,16}$/.test(endsText) ? Number(endsText) : -1;
  if (endsNs < 0) return `"${endsText}" is no time`;
  if (client !== '-' && !/^(hw:[0-9]{1,3}|id):[0-9a-f]*$/.test(client)) return `"${client}" is no client`;
  const lease = new Lease(address, client === '-' ? '' : client);
  lease.state = state;
  lease.endsNs = endsNs;
  lease.hardware = hardware === '-' ? '' : hardware;
  lease.hostName = name === '-' ? null : hostNameOf(name);
  return lease;
}
