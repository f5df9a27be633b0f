import type { Clock } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { DnsLimits } from './limits.ts';
import type { DnsMessage } from './message.ts';
import { Rcode } from './types.ts';

export const Verdict = { Send: 0, Slip: 1, Drop: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

interface Account {
  /** Answers that may still be sent. */
  left: number;
  countedNs: number;
  /** The last that was too many came truncated; the next does not come. */
  slipped: boolean;
}

/**
 * Response rate limiting: who forges a victim's address and asks the same again and again gets the victim few answers
 * (BIND's and NSD's "RRL"; there is no RFC). What is counted is one kind of answer to one network of clients: /24 or
 * /56, for the forger has the choice within the victim's network.
 *
 * Half of what is too many is answered with a truncated message, no longer than the question: the victim's own
 * resolver, if it is one that asks, comes again over TCP, which cannot be forged.
 */
export class RateLimiter {
  private readonly clock: Clock;
  private readonly limits: DnsLimits;
  private readonly accounts = new Map<string, Account>();

  constructor(clock: Clock, limits: DnsLimits) {
    this.clock = clock;
    this.limits = limits;
  }

  check(client: IpAddress, answer: DnsMessage): Verdict {
    const rate = this.limits.responsesPerSecond;
    const { now } = this.clock;
    const key = `${networkOf(client)} ${kindOf(answer)}`;
    let account = this.accounts.get(key);
    if (account === undefined) account = { left: rate, countedNs: now, slipped: false };
    else this.accounts.delete(key);
    // Those that were not used for the longest time stand first.
    this.accounts.set(key, account);
    if (this.accounts.size > this.limits.rateEntries) this.accounts.delete(this.accounts.keys().next().value!);
    account.left = Math.min(rate, account.left + ((now - account.countedNs) / 1e9) * rate);
    account.countedNs = now;
    if (account.left >= 1) {
      account.left--;
      return Verdict.Send;
    }
    account.slipped = !account.slipped;
    return account.slipped ? Verdict.Slip : Verdict.Drop;
  }
}

function networkOf(client: IpAddress): string {
  return client.family === 4 ? `${client.v4 >>> 8}` : `${client.w0} ${client.w1 >>> 8}`;
}

/** Answers for a name are of one kind; so are all that say no, for there is no end of names that do not exist. */
function kindOf(answer: DnsMessage): string {
  return answer.rcode === Rcode.NoError ? (answer.questions[0]?.name.key ?? '') : String(answer.rcode);
}
