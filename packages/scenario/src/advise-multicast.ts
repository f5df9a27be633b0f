/** What is wrong with a multicast group, or with the sources of one. */
import { type Advice, readAddress, readPrefix } from './addresses.ts';
import { quoted } from './problem.ts';

export const GROUP = 'a multicast group such as 239.1.2.3, or a network of them such as 239.1.0.0/16';
export const SOURCE = 'an address such as 10.0.1.10, or a network such as 10.0.1.0/24';

/** The address of `239.1.2.3` or `239.1.0.0/16`; null if it is neither. */
function addressOf(text: string): number | null {
  return text.includes('/') ? (readPrefix(text)?.address ?? null) : readAddress(text);
}

export function adviseGroup(text: string): Advice | null {
  const address = addressOf(text);
  if (address === null) return { message: `${quoted(text)} is not a group`, expected: GROUP };
  if (address >>> 28 !== 0xe) return { message: `${quoted(text)} is not in 224.0.0.0/4`, expected: GROUP };
  if (address >>> 8 !== 0xe00000) return null;
  return { message: `${quoted(text)} stays on its link (RFC 5771)`, expected: 'a group beyond 224.0.0.0/24' };
}

export function adviseSource(text: string): Advice | null {
  return addressOf(text) === null ? { message: `${quoted(text)} is not an address`, expected: SOURCE } : null;
}
