import type { MacAddress } from '../../base/mac-address.ts';
import type { ClientLease } from './client-lease.ts';
import type { DhcpMessage } from './message.ts';

/**
 * The states of a client: RFC 2131 4.4, figure 5, with the check of the address as a state of its own.
 *
 *     INIT --DISCOVER--> SELECTING --OFFER, REQUEST--> REQUESTING --ACK--> CHECKING --nobody has it--> BOUND
 *      ^  ^                                                |                  |                        ^  |
 *      |  +--------------------NAK, no answer--------------+                  +--somebody: DECLINE--+  |  | T1
 *      |  +-----------------------------------------------------------------------------------------+  |  v
 *      |                                                                                         ACK RENEWING
 *      +--- NAK, or the lease ran out: the address is given back --- REBINDING <--- T2 -------------------+
 *
 *     INIT-REBOOT --REQUEST--> REBOOTING --ACK--> CHECKING (INIT after NAK, or without an answer)
 *     any with an address --RELEASE--> RELEASING --> STOPPED
 */
export const ClientState = {
  Stopped: 'STOPPED',
  Init: 'INIT',
  Selecting: 'SELECTING',
  Requesting: 'REQUESTING',
  Checking: 'CHECKING',
  Bound: 'BOUND',
  Renewing: 'RENEWING',
  Rebinding: 'REBINDING',
  InitReboot: 'INIT-REBOOT',
  Rebooting: 'REBOOTING',
  Releasing: 'RELEASING',
} as const;
export type ClientState = (typeof ClientState)[keyof typeof ClientState];

export interface ClientOptions {
  readonly mac: MacAddress;
  /** The name that the server is told (option 12). */
  readonly hostName?: string;
  /** Option 61; absent: the server knows us by our MAC address. */
  readonly clientId?: Uint8Array;
  /** Waits up to so long before the first DISCOVER, ns, so that a street does not ask in step after a power cut. */
  readonly desynchronizeNs?: number;
  /** How long offers are collected, ns; 0: the first one is taken. */
  readonly selectNs?: number;
  /** How often it asks by ARP whether somebody has the address, a second apart; 0: not at all. Default 2. */
  readonly probes?: number;
}

/** What is to be done, in this order. */
export type ClientAction =
  | { readonly kind: 'send'; readonly message: DhcpMessage; readonly to: number }
  /** Ask by ARP who has the address; tell `taken` when somebody answers. */
  | { readonly kind: 'ask'; readonly address: number }
  /** The interface is to be set up so; `before` is what it is set up with, if it is. */
  | { readonly kind: 'bind'; readonly lease: ClientLease; readonly before: ClientLease | null }
  /** What was set up is to be taken back. */
  | { readonly kind: 'unbind'; readonly lease: ClientLease }
  /** The state is another one; `why` in words. */
  | { readonly kind: 'state'; readonly from: ClientState; readonly to: ClientState; readonly why: string }
  /** A line of dhclient's. */
  | { readonly kind: 'say'; readonly line: string };
