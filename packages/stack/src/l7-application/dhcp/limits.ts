/**
 * How much of DHCP is accepted and kept at most, each with its unit and its reason. A test lowers single values to stand
 * at a limit and one past it.
 */
export interface DhcpLimits {
  /** Bytes of a message that is read: what one Ethernet frame carries; nobody sends larger ones. */
  readonly messageBytes: number;
  /** Leases of one subnet, those that have run out included: a /16. Past it the one that ran out first is forgotten. */
  readonly leases: number;
  /** Addresses that the server may be probing at once, with a request waiting for each. */
  readonly probes: number;
  /** Relay agents that a message may have passed (RFC 1542 4.1.1: 4 by default, at most 16). */
  readonly hops: number;
  /** Addresses taken of one option (routers, name servers), routes of option 121: more than a host has use for. */
  readonly addresses: number;
  /** Bytes of a name that a message gives: RFC 1035 2.3.4. */
  readonly nameBytes: number;
}

export const DHCP_LIMITS: DhcpLimits = {
  messageBytes: 1500,
  leases: 65_536,
  probes: 256,
  hops: 4,
  addresses: 64,
  nameBytes: 255,
};
