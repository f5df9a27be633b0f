import { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';

/**
 * Which of several addresses to use (RFC 6724): pure functions over what is known of them. IPv4 addresses take part as
 * IPv4-mapped ones (2.1), so that both families are put in one order.
 */

/** Scopes of addresses (RFC 6724 3.1; RFC 4291 2.7): the numbers of multicast's. */
export const Scope = { Interface: 1, Link: 2, Admin: 4, Site: 5, Organization: 8, Global: 14 } as const;

interface Policy {
  readonly prefix: Prefix;
  readonly precedence: number;
  readonly label: number;
}

/** RFC 6724 2.1's default table; the longest prefix that matches counts. */
const POLICIES: readonly Policy[] = [
  policy('::1/128', 50, 0),
  policy('::ffff:0:0/96', 35, 4),
  policy('::/96', 1, 3),
  policy('2001::/32', 5, 5),
  policy('2002::/16', 30, 2),
  policy('3ffe::/16', 1, 12),
  policy('fec0::/10', 1, 11),
  policy('fc00::/7', 3, 13),
  policy('::/0', 40, 1),
];

function policy(prefix: string, precedence: number, label: number): Policy {
  return { prefix: Prefix.parse(prefix)!, precedence, label };
}

function policyOf(address: IpAddress): Policy {
  const words = address.family === 6 ? address : IpAddress.v6(address.w0, address.w1, address.w2, address.w3);
  let best = POLICIES[POLICIES.length - 1];
  for (const each of POLICIES) {
    if (each.prefix.length > best.prefix.length && each.prefix.contains(words)) best = each;
  }
  return best;
}

export function precedenceOf(address: IpAddress): number {
  return policyOf(address).precedence;
}

export function labelOf(address: IpAddress): number {
  return policyOf(address).label;
}

/** RFC 6724 3.1, 3.2: of IPv4, loopback and 169.254.0.0/16 are link-local, everything else is global. */
export function scopeOf(address: IpAddress): number {
  if (address.family === 4) return address.isLoopback || address.isLinkLocal ? Scope.Link : Scope.Global;
  if (address.isMulticast) return (address.w0 >>> 16) & 0xf;
  if (address.isLoopback || address.isLinkLocal) return Scope.Link;
  if (address.w0 >>> 22 === 0x3fb) return Scope.Site; // fec0::/10, deprecated by RFC 3879
  if (address.isMapped) return scopeOf(IpAddress.v4(address.w3));
  return Scope.Global;
}

/** Leading bits that two addresses share, of at most the source's prefix (RFC 6724 2.2). */
export function commonPrefixLength(a: IpAddress, b: IpAddress, prefixLength: number): number {
  const differing = [a.w0 ^ b.w0, a.w1 ^ b.w1, a.w2 ^ b.w2, a.w3 ^ b.w3];
  let bits = 0;
  for (const word of differing) {
    bits += Math.clz32(word);
    if (word !== 0) break;
  }
  return Math.min(bits, prefixLength);
}

/** An address that a packet might leave with. */
export interface SourceCandidate {
  readonly address: IpAddress;
  /** Bits of its prefix (of an IPv4 address: 96 and its own). */
  readonly length: number;
  readonly deprecated: boolean;
  /** It belongs to the interface that the packet leaves by (rule 5). */
  readonly onOutgoing: boolean;
  /** Its prefix was advertised by the next hop (rule 5.5). */
  readonly fromNextHop?: boolean;
  /** It changes from time to time, so that its host is not followed (RFC 8981; rule 7). */
  readonly temporary?: boolean;
}

/** Whether `a` is the better source for `destination` (RFC 6724 5); -1, 1, or 0: no rule tells. */
export function compareSources(a: SourceCandidate, b: SourceCandidate, destination: IpAddress): number {
  // Rule 1: the same address.
  const sameA = a.address.equals(destination);
  if (sameA !== b.address.equals(destination)) return sameA ? -1 : 1;
  // Rule 2: the smallest scope that reaches far enough.
  const scope = scopeOf(destination);
  const scopeA = scopeOf(a.address);
  const scopeB = scopeOf(b.address);
  if (scopeA < scopeB) return scopeA < scope ? 1 : -1;
  if (scopeB < scopeA) return scopeB < scope ? -1 : 1;
  // Rule 3: no deprecated ones.
  if (a.deprecated !== b.deprecated) return a.deprecated ? 1 : -1;
  // Rule 4 is about mobile hosts. Rules 5 and 5.5: the outgoing interface's, the next hop's.
  if (a.onOutgoing !== b.onOutgoing) return a.onOutgoing ? -1 : 1;
  const hopA = a.fromNextHop === true;
  if (hopA !== (b.fromNextHop === true)) return hopA ? -1 : 1;
  // Rule 6: the same label.
  const label = labelOf(destination);
  const labelA = labelOf(a.address) === label;
  if (labelA !== (labelOf(b.address) === label)) return labelA ? -1 : 1;
  // Rule 7: temporary ones.
  const temporaryA = a.temporary === true;
  if (temporaryA !== (b.temporary === true)) return temporaryA ? -1 : 1;
  // Rule 8: the longest matching prefix.
  return commonPrefixLength(b.address, destination, b.length) - commonPrefixLength(a.address, destination, a.length);
}

/** The best source for `destination`, the first of those that are equally good; null when there is none. */
export function selectSource(candidates: readonly SourceCandidate[], destination: IpAddress): SourceCandidate | null {
  let best: SourceCandidate | null = null;
  for (const each of candidates) {
    if (best === null || compareSources(each, best, destination) < 0) best = each;
  }
  return best;
}

/** An address that might be connected to. */
export interface DestinationCandidate {
  readonly address: IpAddress;
  /** What would be spoken from; null: it cannot be reached (rule 1). */
  readonly source: IpAddress | null;
  /** Bits of the source's prefix; default 64. */
  readonly sourceLength?: number;
  readonly sourceDeprecated?: boolean;
}

/** Whether `a` should be tried before `b` (RFC 6724 6); -1, 1, or 0: no rule tells. */
export function compareDestinations(a: DestinationCandidate, b: DestinationCandidate): number {
  // Rule 1: those that can be reached.
  if (a.source === null || b.source === null) {
    if (a.source === b.source) return 0;
    return a.source === null ? 1 : -1;
  }
  // Rule 2: those whose source has their scope.
  const scopeA = scopeOf(a.address);
  const scopeB = scopeOf(b.address);
  const fitsA = scopeA === scopeOf(a.source);
  if (fitsA !== (scopeB === scopeOf(b.source))) return fitsA ? -1 : 1;
  // Rule 3: no deprecated sources.
  const oldA = a.sourceDeprecated === true;
  if (oldA !== (b.sourceDeprecated === true)) return oldA ? 1 : -1;
  // Rule 4 is about mobile hosts. Rule 5: the source's label.
  const labelA = labelOf(a.address) === labelOf(a.source);
  if (labelA !== (labelOf(b.address) === labelOf(b.source))) return labelA ? -1 : 1;
  // Rule 6: higher precedence.
  const precedence = precedenceOf(b.address) - precedenceOf(a.address);
  if (precedence !== 0) return precedence;
  // Rule 7 is about tunnels. Rule 8: smaller scope.
  if (scopeA !== scopeB) return scopeA - scopeB;
  // Rule 9: the longest matching prefix, within one family.
  if (a.address.family === b.address.family && a.address.family === 6) {
    return (
      commonPrefixLength(b.source, b.address, b.sourceLength ?? 64) -
      commonPrefixLength(a.source, a.address, a.sourceLength ?? 64)
    );
  }
  return 0; // Rule 10: as they came
}

/** The candidates in the order in which they should be tried; those that no rule tells apart stay as they came. */
export function sortDestinations<T extends DestinationCandidate>(candidates: readonly T[]): T[] {
  return [...candidates].sort(compareDestinations);
}
