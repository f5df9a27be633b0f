import type { IpInterface } from './ip-interface.ts';

/** One of the ways. */
export interface Hop {
  readonly gateway: number;
  /** Where it leads out: never null for one of several. */
  readonly interface: IpInterface | null;
  readonly weight: number;
}

/** What a hash of a flow may be: 31 bits, so that bounds are small integers. */
const HASHES = 0x8000_0000;

/**
 * The equally good ways of one route (equal-cost multipath): which of them a packet takes is said by a hash of its flow,
 * so that the packets of a flow keep their order.
 *
 * Hash-threshold (RFC 2992 2): the hashes are cut into regions, one for each way, as large as its weight, and a packet
 * takes the way in whose region its hash falls. When a way dies the others grow into its region.
 *
 *     0            bound 0              bound 1       2^31
 *     |  way 0, weight 2  |  way 1, weight 1  | way 2  |
 */
export class NextHops<H extends Hop> {
  /** All of them, each a route of its own to the same prefix. */
  readonly all: readonly H[];
  /** Those whose interface is up, and of these, if there are any, those whose line is alive. */
  alive: readonly H[] = [];
  /** By place in `alive`: the first hash that is beyond its region. */
  private bounds: readonly number[] = [];

  constructor(all: readonly H[]) {
    this.all = all;
    this.renew();
  }

  /** An interface went up or down: who is alive now? */
  renew(): void {
    const up = this.all.filter((hop) => hop.interface!.up);
    const running = up.filter((hop) => hop.interface!.running);
    this.alive = running.length > 0 ? running : up;
    const sum = this.alive.reduce((total, hop) => total + hop.weight, 0);
    let before = 0;
    this.bounds = this.alive.map((hop) => {
      before += hop.weight;
      return Math.round((before / sum) * HASHES);
    });
  }

  /** The place in `alive` of the way for this hash (any 32 bits). Something must be alive. */
  placeOf(hash: number): number {
    const bounds = this.bounds;
    const wanted = hash >>> 1;
    let place = 0;
    while (place < bounds.length - 1 && wanted >= bounds[place]) place++;
    return place;
  }

  /** Whether these are the same ways in the same order. */
  equals(other: NextHops<H>): boolean {
    return (
      this.all.length === other.all.length &&
      this.all.every((hop, i) => {
        const same = other.all[i];
        return hop.gateway === same.gateway && hop.interface === same.interface && hop.weight === same.weight;
      })
    );
  }
}
