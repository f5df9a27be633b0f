import { IpAddress } from '../../base/ip-address.ts';
import type { MacAddress } from '../../base/mac-address.ts';
import type { Prefix } from '../../base/prefix.ts';
import type { Random } from '../../base/random.ts';
import { sipHash24 } from '../../base/siphash.ts';

/** Bits of the prefix that an interface identifier completes (RFC 4291 2.5.1). */
export const IDENTIFIER_PREFIX = 64;

/**
 * Interface identifiers that are always the same in one network and tell nothing, neither what the host was called
 * elsewhere nor whose card it has (RFC 7217): a keyed hash of prefix, interface, and the number of tries before.
 */
export class StableIdentifiers {
  private readonly key: Uint32Array;

  /** @param random the host's: its first words are the secret */
  constructor(random: Random) {
    this.key = Uint32Array.from([random.u32(), random.u32(), random.u32(), random.u32()]);
  }

  /**
   * The address of `prefix` (64 bits) for an interface. `conflicts` is how many addresses made so somebody else had
   * already (RFC 7217's DAD_Counter).
   */
  addressIn(prefix: Prefix, mac: MacAddress, conflicts: number): IpAddress {
    const { w0, w1 } = prefix.network;
    for (let retry = 0; ; retry++) {
      const message = [w0, w1, mac.hi, mac.lo, conflicts, retry];
      const high = sipHash24(this.key, [...message, 0]);
      const low = sipHash24(this.key, [...message, 1]);
      if (!isReserved(high, low)) return IpAddress.v6(w0, w1, high, low);
    }
  }
}

/** Identifiers that mean something to everybody (RFC 5453): the routers of a network, anycast groups, IANA's block. */
export function isReserved(high: number, low: number): boolean {
  if (high === 0 && low === 0) return true;
  if (high === 0xfdffffff && low >= 0xffffff80) return true;
  return high === 0x02005eff && low >>> 24 === 0xfe;
}
