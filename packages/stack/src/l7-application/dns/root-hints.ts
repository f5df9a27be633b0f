import type { IpAddress } from '../../base/ip-address.ts';
import { type MasterProblem, readMasterFile } from './master-file.ts';
import { DomainName } from './name.ts';
import type { NameServer } from './reply-meaning.ts';
import { Type } from './types.ts';

/**
 * The servers of the root, from a master file with the root's NS records and their addresses (`named.root`):
 *
 *     .                 3600000  NS  a.root-servers.
 *     a.root-servers.   3600000  A   10.0.0.53
 */
export function readRootHints(text: string): NameServer[] | { readonly problems: readonly MasterProblem[] } {
  const { records, problems } = readMasterFile(text, DomainName.ROOT);
  if (problems.length > 0) return { problems };
  const hints: NameServer[] = [];
  for (const { record } of records) {
    if (record.type !== Type.NS || !record.name.isRoot) continue;
    const name = record.target!;
    const addresses: IpAddress[] = [];
    for (const { record: other } of records) {
      if ((other.type === Type.A || other.type === Type.AAAA) && other.name.equals(name)) addresses.push(other.address);
    }
    hints.push({ name, addresses });
  }
  if (hints.some((hint) => hint.addresses.length > 0)) return hints;
  return { problems: [{ line: 1, column: 1, what: 'it names no server of the root with its address' }] };
}
