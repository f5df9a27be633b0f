import type { Prefix } from '../base/prefix.ts';
import type { AddressClaim, AddressClaims, ClaimOwner } from './address-claims.ts';
import type { IpInterface } from './ip-interface.ts';
import type { AddressKeeper } from './link-local.ts';

/** Who waits for an address to become usable. */
export interface AddressWaiter {
  addressUsed(prefix: Prefix): void;
}

/**
 * An address that a person gave, and that is used only when nobody else has it (RFC 5227). When somebody takes it later
 * and will not give it up, this host does (2.4 (b)).
 */
export class ClaimedAddress implements ClaimOwner {
  readonly on: IpInterface;
  readonly prefix: Prefix;
  private readonly keeper: AddressKeeper;
  private readonly waiter: AddressWaiter | null;

  constructor(on: IpInterface, prefix: Prefix, keeper: AddressKeeper, waiter: AddressWaiter | null) {
    this.on = on;
    this.prefix = prefix;
    this.keeper = keeper;
    this.waiter = waiter;
  }

  start(claims: AddressClaims): AddressClaim {
    return claims.claim(this.on, this.prefix.address.v4, this);
  }

  claimed(): void {
    if (this.keeper.addAddress(this.on.link, this.prefix) === 0) this.waiter?.addressUsed(this.prefix);
  }

  refused(): void {
    this.keeper.removeAddress(this.on.link, this.prefix.address);
  }
}
