import { errnoText } from '../../../base/errors.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import { Nic } from '../../../l2-link/nic.ts';
import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';

/** The exit code of ip(8) when the kernel refused. */
const REFUSED = 2;

/** `['dev', 'eth0', 'metric', '5']` as a map. Throws a UsageError for a word that is none of `known`. */
export function pairs(words: readonly string[], known: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    const [key, value] = [words[i]!, words[i + 1]];
    if (!known.includes(key)) throw new UsageError(`either "${known.join('", "')}" is expected, "${key}" is garbage`);
    if (value === undefined) throw new UsageError(`"${key}" needs a value`);
    found.set(key, value);
  }
  return found;
}

export function interfaceNamed(process: Process, name: string | undefined): IpInterface {
  if (name === undefined) throw new UsageError('a device is needed: dev eth0');
  const found = process.host.ip.interfaceNamed(name);
  if (found !== null) return found;
  const known = process.host.ip.interfaces().map((each) => each.name);
  throw new UsageError(`Cannot find device "${name}"; there are ${known.join(', ')}`);
}

/** Which address family a command is about; 0: both, or IPv4 where there can be one only. */
export type Family = 0 | 4 | 6;

/** Is this word an IPv6 address or prefix? */
export function isIpv6(word: string): boolean {
  return (Prefix.parse(word)?.address ?? IpAddress.parse(word.split('%')[0]!))?.family === 6;
}

/** The exit code for what a call returned; what went wrong is said in ip(8)'s words. */
export function answered(process: Process, result: number): number {
  if (result >= 0) return 0;
  process.complain(`RTNETLINK answers: ${errnoText(result)}\n`);
  return REFUSED;
}

/** What `ip route` says of a route whose interface is down (`dead`), or has no carrier. */
export function deadText(on: IpInterface | null): string[] {
  if (on === null || !(on.link instanceof Nic)) return [];
  return on.up ? (on.link.running ? [] : ['linkdown']) : ['dead'];
}
