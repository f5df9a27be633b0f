import type { MacAddress } from '../../base/mac-address.ts';
import type { Prefix } from '../../base/prefix.ts';
import { identitiesOf } from './client-identity.ts';
import { Option } from './option-codes.ts';
import { DhcpOptions } from './options.ts';

/** From the first to the last address, both included; 32 bits each. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** An address that belongs to one client for ever. */
export interface Reservation {
  readonly mac: MacAddress;
  /** 32 bits; in the subnet's network. */
  readonly address: number;
  /** The name that the client is told (option 12). */
  readonly hostName?: string;
}

/** What clients of one network are given. */
export interface SubnetConfig {
  readonly network: Prefix;
  /** Where addresses come from that nobody has reserved. */
  readonly ranges?: readonly AddressRange[];
  readonly reservations?: readonly Reservation[];
  /** Addresses in the ranges that are nobody's to have: the server's own, the router's. 32 bits each. */
  readonly excluded?: readonly number[];
  /** Routers, name servers, names, MTU, anything: by their codes. Mask and broadcast address come by themselves. */
  readonly options?: DhcpOptions;
  /** Seconds that a lease lasts when the client does not ask for less; 0xffffffff: for ever. Default 1 day. */
  readonly leaseSeconds?: number;
  /** BOOTP clients without a reservation get an address, too, and keep it for ever (RFC 1534 3). */
  readonly bootp?: boolean;
}

export interface ServerConfig {
  readonly subnets: readonly SubnetConfig[];
  /** There is no other server here: who asks for an address that we know nothing of is told so (DHCPNAK). */
  readonly authoritative?: boolean;
  /** Asks by ICMP echo whether somebody has an address before it is offered (RFC 2131 2.2). */
  readonly probe?: boolean;
}

const DAY = 86_400;
/** A client may ask for less than `leaseSeconds`, not for less than this: a renewal a minute is enough. */
const LEAST_LEASE = 120;

/** A subnet with what follows from its configuration. */
export class Subnet {
  readonly network: Prefix;
  readonly ranges: readonly AddressRange[];
  readonly options: DhcpOptions = new DhcpOptions();
  readonly leaseSeconds: number;
  readonly bootp: boolean;
  private readonly byClient = new Map<string, Reservation>();
  /** Nobody but who has it reserved may have it. */
  private readonly reserved: Set<number>;

  constructor(config: SubnetConfig) {
    const { network } = config;
    this.network = network;
    this.ranges = config.ranges ?? [];
    this.leaseSeconds = config.leaseSeconds ?? DAY;
    this.bootp = config.bootp === true;
    // RFC 2132 3.3: the mask stands before the routers.
    this.options.setAddress(Option.SubnetMask, network.mask4);
    if (network.length < 31) this.options.setAddress(Option.BroadcastAddress, network.broadcast4);
    if (config.options !== undefined) {
      for (const code of config.options.codes()) this.options.set(code, config.options.bytes(code)!);
    }
    this.reserved = new Set([...(config.excluded ?? []), ...this.options.addresses(Option.Routers)]);
    for (const reservation of config.reservations ?? []) {
      this.reserved.add(reservation.address);
      for (const client of identitiesOf(reservation.mac)) this.byClient.set(client, reservation);
    }
  }

  holds(address: number): boolean {
    return ((address ^ this.network.network.v4) & this.network.mask4) === 0;
  }

  reservationOf(client: string): Reservation | null {
    return this.byClient.get(client) ?? null;
  }

  /** May be given to anybody: in a range, not reserved, not the network's own two addresses. */
  isFree(address: number): boolean {
    if (this.reserved.has(address) || !this.holds(address)) return false;
    if (this.network.length < 31 && (address === this.network.network.v4 || address === this.network.broadcast4)) {
      return false;
    }
    return this.ranges.some(({ first, last }) => address >= first && address <= last);
  }

  /** How long a lease lasts for a client that asks for `wanted` seconds (null: it does not say). */
  secondsFor(wanted: number | null): number {
    if (wanted === null) return this.leaseSeconds;
    return Math.min(Math.max(wanted, LEAST_LEASE), this.leaseSeconds);
  }
}
