/** Where an address of either family may stand: advice on what is wrong with it. */
import { adviseAddress, adviseDestination } from './addresses.ts';
import { adviseLength, isIpv6, readAddress6, readPrefix6, unusable6 } from './addresses6.ts';
import type { Advice } from './advice.ts';
import { quoted } from './problem.ts';

const ADDRESS = 'an address such as 10.0.1.1 or 2001:db8:1::1';
const NETWORK = 'a network such as 2001:db8:2::/64, or default';

/** What is wrong with an address of either family as that of somebody else. */
export function adviseEitherAddress(text: string): Advice | null {
  if (!isIpv6(text)) {
    const advice = adviseAddress(text);
    return advice === null ? null : { ...advice, expected: ADDRESS };
  }
  const address = readAddress6(text);
  if (address !== null) {
    const special = unusable6(address);
    return special === null ? null : { message: `${text} is ${special}`, expected: ADDRESS };
  }
  const prefix = readPrefix6(text);
  if (prefix === null) return { message: `${quoted(text)} is not an address`, expected: ADDRESS };
  const suggestion = `${prefix.address}`;
  return { message: `${quoted(text)} has a prefix length, which does not belong here`, expected: ADDRESS, suggestion };
}

/** What is wrong with a network of either family as where a route leads. */
export function adviseEitherDestination(text: string): Advice | null {
  if (!isIpv6(text)) return adviseDestination(text);
  const prefix = readPrefix6(text);
  if (prefix === null) return adviseLength(text, NETWORK, '/128');
  if (prefix.address.equals(prefix.network)) return null;
  const suggestion = `${prefix.network}/${prefix.length}`;
  return { message: `${quoted(text)} has bits set behind its prefix`, expected: NETWORK, suggestion };
}
