import type { RipInterface } from './rip-interface.ts';
import { RIP_INFINITY } from './rip-message.ts';

/** A way to a network that a neighbour told of. */
export interface RipWay {
  /** Who told. */
  readonly from: number;
  /** Where packets go: the same, unless it named another on the link. */
  gateway: number;
  readonly on: RipInterface;
  /** When it is dead unless told of again, ns. */
  expiresAt: number;
}

/** A network that RIP knows of: this router's own, or told of by neighbours. */
export class RipRoute {
  readonly network: number;
  readonly length: number;
  /** Hops, this one included; 16: it cannot be reached, and others are told so until `forgetAt`. */
  metric = RIP_INFINITY;
  tag = 0;
  /** Own: from elsewhere than RIP. */
  own = false;
  /** Of an own route: the next hop, which others on its link may use directly; 0: none. */
  gateway = 0;
  /** Of an own route: the number of the interface that leads there. */
  device = 0;
  /** Of a learnt one: equally good ways. */
  ways: RipWay[] = [];
  /** When it is forgotten, ns; Infinity while it is alive. */
  forgetAt = Infinity;
  /** Others were not told yet. */
  changed = false;

  constructor(network: number, length: number) {
    this.network = network;
    this.length = length;
  }

  get alive(): boolean {
    return this.metric < RIP_INFINITY;
  }

  /** Nobody leads there any more. */
  die(forgetAt: number): void {
    this.metric = RIP_INFINITY;
    this.own = false;
    this.ways = [];
    this.gateway = 0;
    this.device = 0;
    this.forgetAt = forgetAt;
    this.changed = true;
  }
}

export function ripKey(network: number, length: number): number {
  return network * 64 + length;
}
