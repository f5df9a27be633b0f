import { maskOf } from './rip-message.ts';
import type { RipInterfaceSettings } from './rip-settings.ts';

/** An interface of the machine, as RIP needs it. */
export interface RipLink {
  /** What the machine calls it, 1 and up. */
  readonly index: number;
  readonly name: string;
  /** Its IPv4 addresses (32 bits), the first of each network, with their prefix lengths. */
  readonly addresses: readonly { readonly address: number; readonly length: number }[];
}

/** An interface on which RIP is spoken. */
export class RipInterface {
  readonly link: RipLink;
  readonly settings: RipInterfaceSettings;
  up = false;
  /** Messages sent and taken, and those refused. */
  sent = 0;
  received = 0;
  refused = 0;

  constructor(link: RipLink, settings: RipInterfaceSettings) {
    this.link = link;
    this.settings = settings;
  }

  /** Whether the address is a neighbour's here: of one of its networks, and not its own. */
  isNeighbour(address: number): boolean {
    return this.networkOf(address) !== null && !this.isOwn(address);
  }

  isOwn(address: number): boolean {
    return this.link.addresses.some((own) => own.address === address);
  }

  /** This interface's address in the network that the other is in; null: it is in none. */
  networkOf(address: number): { readonly address: number; readonly length: number } | null {
    return this.link.addresses.find((own) => ((own.address ^ address) & maskOf(own.length)) === 0) ?? null;
  }
}
