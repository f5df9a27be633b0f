import type { LinkEnd } from '../base/link.ts';

/** What a hub's port and a switch's port have in common. */
export interface NumberedPort {
  /** From 1. */
  readonly number: number;
  readonly link: LinkEnd | null;
}

/** The ports of a box: a fixed number of them, or as many as cables are plugged in. */
export class PortList<P extends NumberedPort> {
  /** In order of their numbers; which are 1, 2, 3, ... unless ports were asked for by number. */
  readonly ports: P[] = [];
  private readonly byNumber: (P | undefined)[] = [undefined];
  private readonly count: number;
  private readonly max: number;
  private readonly create: (number: number) => P;

  /** `count` 0: ports come into being when they are asked for, `max` at most. */
  constructor(count: number, max: number, create: (number: number) => P) {
    this.count = count;
    this.max = max;
    this.create = create;
    for (let number = 1; number <= Math.min(count, max); number++) this.add(number);
  }

  /** The port of this number; null if there is none and none can be made. */
  port(number: number): P | null {
    const found = this.byNumber[number];
    if (found !== undefined) return found;
    if (this.count > 0 || !Number.isInteger(number) || number < 1 || number > this.max) return null;
    return this.add(number);
  }

  /** The number of the first port without a cable, perhaps one that is yet to be made; 0 when there is none. */
  freePort(): number {
    let number = 1;
    for (const port of this.ports) {
      if (port.number > number) break; // a gap: that number can still be made
      if (port.link === null) return port.number;
      number = port.number + 1;
    }
    return this.count > 0 || number > this.max ? 0 : number;
  }

  private add(number: number): P {
    const port = this.create(number);
    while (this.byNumber.length <= number) this.byNumber.push(undefined);
    this.byNumber[number] = port;
    this.ports.push(port);
    this.ports.sort((one, other) => one.number - other.number);
    return port;
  }
}
