import type { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';

/**
 * The states of an address (RFC 4862 2):
 *
 *     tentative --- nobody else has it ---> preferred --- preferred lifetime ends ---> deprecated --- valid lifetime --> gone
 *         |                                     ^                                          |
 *         |                                     +------- an advertisement renews it -------+
 *         +-------- somebody has it ----> duplicate
 */
export type AddressState = 'tentative' | 'preferred' | 'deprecated' | 'duplicate';

/** Where an address comes from. */
export type AddressOrigin = 'link-local' | 'static' | 'slaac' | 'loopback';

const MOST_ROUTERS = 8;

/** An IPv6 address of an interface, with what becomes of it in time. */
export class InterfaceAddress {
  readonly address: IpAddress;
  /** Bits of the prefix that it was made with or given with. */
  readonly length: number;
  readonly origin: AddressOrigin;
  state: AddressState;
  /** Until when it is used for new conversations, and until when at all; ns, Infinity: for ever. */
  preferredUntil = Infinity;
  validUntil = Infinity;
  /** Times that its prefix brought forth an address that somebody had already (RFC 7217 5's DAD_Counter). */
  conflicts = 0;
  /** Routers that told of its prefix: by them packets from here go best (RFC 6724 5, rule 5.5). */
  readonly routers: IpAddress[] = [];
  readonly prefix: Prefix;

  constructor(prefix: Prefix, origin: AddressOrigin, state: AddressState) {
    this.prefix = prefix;
    this.address = prefix.address;
    this.length = prefix.length;
    this.origin = origin;
    this.state = state;
  }

  /** Whether it is ours: packets for it are taken, and packets may have it as their source (RFC 4862 5.4). */
  get usable(): boolean {
    return this.state === 'preferred' || this.state === 'deprecated';
  }

  /** A router told of its prefix. Some are enough. */
  toldBy(router: IpAddress): void {
    if (this.routers.length < MOST_ROUTERS && !this.cameFrom(router)) this.routers.push(router);
  }

  cameFrom(router: IpAddress): boolean {
    return this.routers.some((each) => each.equals(router));
  }

  /** `2001:db8::1/64 tentative slaac`. */
  toString(): string {
    return `${this.prefix} ${this.state} ${this.origin}`;
  }
}

/** An address of a prefix; a shorthand for tests and for those that have both apart. */
export function interfaceAddress(
  address: IpAddress,
  length: number,
  origin: AddressOrigin,
  state: AddressState,
): InterfaceAddress {
  return new InterfaceAddress(new Prefix(address, length), origin, state);
}
