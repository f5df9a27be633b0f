import { Unreachable } from '@netarium/stack/l3-network/icmp-header';

/** By Node's error code: what a host of the inside's own network would have been told, as a code of "unreachable". */
const CODES: Readonly<Record<string, number>> = {
  ECONNREFUSED: Unreachable.Port,
  ECONNRESET: Unreachable.Port,
  ENETUNREACH: Unreachable.Net,
  EHOSTUNREACH: Unreachable.Host,
  EHOSTDOWN: Unreachable.Host,
  EACCES: Unreachable.Prohibited,
  EPERM: Unreachable.Prohibited,
};

/**
 * The ICMP code that says inside why the real host was not reached; -1 when there is nothing to say: it is silent
 * (ETIMEDOUT), or the gateway itself lacks something (EMFILE, EADDRNOTAVAIL).
 */
export function unreachableCode(nodeCode: string): number {
  return CODES[nodeCode] ?? -1;
}
