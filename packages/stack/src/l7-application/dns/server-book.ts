import type { Clock } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { Random } from '../../base/random.ts';
import type { DnsLimits } from './limits.ts';

interface Page {
  /** Smoothed round-trip time, ns; 0 while it never answered. */
  srttNs: number;
  /** Questions in a row that it did not answer, and when it did not answer the last of them, ns. */
  failures: number;
  failedNs: number;
  /** Zones that it does not serve, whatever their parents say, and until when that is believed. */
  readonly lame: Map<string, number>;
}

/** Zones of which one server is remembered to be lame. */
const LAME_ZONES = 100;
/** Servers that were never heard of seem this fast at most, so that each is tried some time. */
const UNKNOWN_NS = 10e6;

/** What a resolver remembers of servers: how fast each is, and what it does not serve (RFC 1035 7.1: "match count"). */
export class ServerBook {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly limits: DnsLimits;
  private readonly pages = new Map<string, Page>();

  constructor(clock: Clock, random: Random, limits: DnsLimits) {
    this.clock = clock;
    this.random = random;
    this.limits = limits;
  }

  get size(): number {
    return this.pages.size;
  }

  /** The fastest first, those that were never heard of somewhere among them, and last those that do not serve the zone. */
  inOrder(addresses: readonly IpAddress[], zoneKey: string): IpAddress[] {
    return addresses
      .map((address) => {
        return { address, score: this.isLame(address, zoneKey) ? Infinity : this.score(address) };
      })
      .sort((a, b) => (a.score === b.score ? 0 : a.score - b.score))
      .map(({ address }) => address);
  }

  /** How long to wait for it, ns: several times what it usually takes, twice as long each time that it is asked again. */
  timeoutNs(address: IpAddress, attempt: number): number {
    const srttNs = this.pages.get(address.toString())?.srttNs ?? 0;
    const { firstTimeoutMs, lastTimeoutMs } = this.limits;
    const first = Math.max(firstTimeoutMs * 1e6, srttNs * 2);
    return Math.round(Math.min(first * 2 ** attempt, lastTimeoutMs * 1e6));
  }

  answered(address: IpAddress, tookNs: number): void {
    const page = this.page(address);
    page.failures = 0;
    page.srttNs = page.srttNs === 0 ? tookNs : page.srttNs * 0.7 + tookNs * 0.3;
  }

  /** It did not answer: those that do come before it, until that was long ago. */
  failed(address: IpAddress): void {
    const page = this.page(address);
    page.failures++;
    page.failedNs = this.clock.now;
  }

  notServing(address: IpAddress, zoneKey: string): void {
    const { lame } = this.page(address);
    lame.delete(zoneKey);
    lame.set(zoneKey, this.clock.now + this.limits.lameSeconds * 1e9);
    if (lame.size > LAME_ZONES) lame.delete(lame.keys().next().value!);
  }

  isLame(address: IpAddress, zoneKey: string): boolean {
    const until = this.pages.get(address.toString())?.lame.get(zoneKey);
    return until !== undefined && until > this.clock.now;
  }

  /** What it seems to cost to ask it, ns. */
  private score(address: IpAddress): number {
    const page = this.pages.get(address.toString());
    if (page === undefined) return this.random.below(UNKNOWN_NS);
    const forgotten = this.clock.now - page.failedNs > this.limits.lameSeconds * 1e9;
    return page.srttNs + (forgotten ? 0 : page.failures * this.limits.firstTimeoutMs * 1e6);
  }

  private page(address: IpAddress): Page {
    const key = address.toString();
    let page = this.pages.get(key);
    if (page === undefined) page = { srttNs: 0, failures: 0, failedNs: 0, lame: new Map() };
    else this.pages.delete(key);
    this.pages.set(key, page);
    if (this.pages.size > this.limits.serverEntries) this.pages.delete(this.pages.keys().next().value!);
    return page;
  }
}
