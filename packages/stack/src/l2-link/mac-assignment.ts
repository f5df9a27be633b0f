import { MacAddress } from '../base/mac-address.ts';
import { Random } from '../base/random.ts';

/**
 * Gives every interface of a network a MAC address of its own.
 *
 *     02 : xx : xx : xx : xx : xx      locally administered, one station (IEEE 802 8.2.2); 40 bits are ours
 *
 * The bits come from the names of node and interface, and from nothing else: adding a host changes no other host's
 * address, and neither does another seed, so that captures of two runs can be compared. Only where two names fall on
 * the same bits (for a thousand interfaces: one chance in two million) does the order count.
 */
export class MacAssignment {
  private readonly taken = new Set<string>();

  /**
   * The address for an interface: `wanted`, if given, otherwise one from the names. null when `wanted` is not the
   * address of one station, or is taken.
   */
  assign(node: string, interfaceName: string, wanted?: string): MacAddress | null {
    if (wanted !== undefined) {
      const mac = MacAddress.parse(wanted);
      return mac !== null && this.reserve(mac) ? mac : null;
    }
    const random = Random.from('mac').fork(node).fork(interfaceName);
    for (;;) {
      const mac = new MacAddress(0x0200 | (random.u32() >>> 24), random.u32());
      if (this.reserve(mac)) return mac;
    }
  }

  /** Keeps an address from being assigned; false if it is taken, or not the address of one station. */
  reserve(mac: MacAddress): boolean {
    if (mac.isMulticast || (mac.hi === 0 && mac.lo === 0)) return false;
    const text = mac.toString();
    if (this.taken.has(text)) return false;
    this.taken.add(text);
    return true;
  }

  /** The interface is gone; its address may be assigned again. */
  release(mac: MacAddress): void {
    this.taken.delete(mac.toString());
  }
}
