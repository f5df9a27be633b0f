import { fold, sum } from '../base/checksum.ts';
import { type Dissection, type Field, hex } from './dissection.ts';

/** Wireshark's values of the `.checksum.status` fields. */
export const ChecksumStatus = { Bad: 0, Good: 1, Unverified: 2, NotPresent: 3 } as const;
const STATUS_NAMES = ['Bad', 'Good', 'Unverified', 'Not present'];

/** The sum of the pseudo header in front of a transport packet (RFC 9293 3.1; RFC 8200 8.1), not folded. */
export function pseudoHeaderSum(dissection: Dissection, protocol: number, length: number): number {
  const { network } = dissection.facts;
  if (network === null) return 0;
  let total = protocol + length;
  for (const { w0, w1, w2, w3, family } of [network.source, network.destination]) {
    total += family === 4 ? w3 : w0 + w1 + w2 + w3;
  }
  return total;
}

/**
 * Adds the checksum field at `at` over `[start, end)` and judges it, unless bytes are missing. A stored sum over which
 * everything adds up to all ones is right. Returns its status.
 */
export function checksumField(
  dissection: Dissection,
  parent: Field,
  protocolName: string,
  label: string,
  at: number,
  start: number,
  end: number,
  pseudoSum: number,
  mayBeAbsent = false,
): number {
  const stored = dissection.view.getUint16(at);
  let status: number;
  if (mayBeAbsent && stored === 0) status = ChecksumStatus.NotPresent;
  else if (dissection.incomplete) status = ChecksumStatus.Unverified;
  else if (fold(sum(dissection.view, start, end, pseudoSum)) === 0xffff) status = ChecksumStatus.Good;
  else status = ChecksumStatus.Bad;
  const field = dissection.hex(parent, `${protocolName}.checksum`, 'Checksum', at, 2);
  field.text = `${hex(stored, 4)} [${['incorrect', 'correct', 'unverified', 'zero-value ignored'][status]}]`;
  dissection.generate(field, `${protocolName}.checksum.status`, 'Checksum Status', status, STATUS_NAMES[status]);
  if (status === ChecksumStatus.Bad) {
    dissection.problem('error', 'checksum', `${label}: the checksum ${hex(stored, 4)} is wrong`, at, at + 2);
  }
  return status;
}
