import { SECOND, type Task, Timer } from '../base/clock.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { Prefix } from '../base/prefix.ts';
import { Random } from '../base/random.ts';
import type { AddressClaim, AddressClaims, ClaimOwner } from './address-claims.ts';
import type { IpInterface } from './ip-interface.ts';

/** RFC 3927 2.1: the first and the last 256 addresses are kept free. */
const FIRST = 0xa9fe0100;
const COUNT = 0xfe00;
/** RFC 3927 9: after so many conflicts, one try a minute. */
const MOST_CONFLICTS = 10;
const RATE_LIMIT_NS = 60 * SECOND;

/** Who gives addresses to interfaces. */
export interface AddressKeeper {
  addAddress(link: IpInterface['link'], prefix: Prefix): number;
  removeAddress(link: IpInterface['link'], address: IpAddress): number;
}

/**
 * An address that an interface gives itself, from 169.254.0.0/16 (RFC 3927): drawn at random, the same after each start,
 * for the MAC address is the seed; asked for as RFC 5227 has it; and given up for another when somebody else has it.
 */
export class LinkLocal implements ClaimOwner, Task {
  readonly on: IpInterface;
  /** The address in use (32 bits), or 0. */
  address = 0;
  private conflicts = 0;
  private claim: AddressClaim | null = null;
  private readonly node: NodeContext;
  private readonly claims: AddressClaims;
  private readonly keeper: AddressKeeper;
  private readonly random: Random;
  private readonly timer: Timer;

  constructor(node: NodeContext, on: IpInterface, claims: AddressClaims, keeper: AddressKeeper) {
    this.node = node;
    this.on = on;
    this.claims = claims;
    this.keeper = keeper;
    this.random = Random.from(`link-local ${on.link.mac}`);
    this.timer = new Timer(node.clock, this, 0);
  }

  start(): void {
    this.run();
  }

  stop(): void {
    this.timer.dispose();
    this.claim?.cancel();
    this.claim = null;
  }

  run(): void {
    this.claim = this.claims.claim(this.on, FIRST + this.random.below(COUNT), this);
  }

  claimed({ address }: AddressClaim): void {
    this.address = address;
    this.keeper.addAddress(this.on.link, new Prefix(IpAddress.v4(address), 16));
  }

  refused(claim: AddressClaim, _by: MacAddress): void {
    if (this.address === claim.address) {
      this.keeper.removeAddress(this.on.link, IpAddress.v4(claim.address));
      this.address = 0;
    }
    this.claim = null;
    this.conflicts++;
    if (this.conflicts > MOST_CONFLICTS) this.timer.set(this.node.clock.now + RATE_LIMIT_NS);
    else this.run();
  }
}
