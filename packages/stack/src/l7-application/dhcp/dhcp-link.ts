import type { MacAddress } from '../../base/mac-address.ts';

/** What a server or relay needs of one of its host's interfaces, beyond sockets. */
export interface DhcpLink {
  /** `eth0`. */
  readonly name: string;
  /** The first address there, 32 bits; 0: none. */
  readonly address: number;
  /**
   * From now on what is sent to `address` there goes to `mac`: its owner does not know yet that it is its own, and would
   * not answer ARP. What Linux's servers do by SIOCSARP.
   */
  introduce(address: number, mac: MacAddress): void;
}
