import { type DropReasonName, dropReasons } from '@netarium/stack/base/drop-reasons';
import { EventQueue } from '@netarium/stack/base/event-queue';
import { LIMITS } from '@netarium/stack/base/limits';
import { PacketPool } from '@netarium/stack/base/packet-buffer';
import { RecordingDevice } from '@netarium/stack/testing/recording-device';
import type { Wire, WireNetwork } from '../wire.ts';

/** What a wire needs of a network, and no network: what comes from outside is delivered at once. */
export class WireBench implements WireNetwork {
  readonly queue: EventQueue = new EventQueue();
  readonly pool: PacketPool;
  /** How often something came from outside: batches. */
  externals = 0;
  readonly scheduler = {
    external: (deliver: () => void): void => {
      this.externals++;
      deliver();
    },
  };

  constructor(limits: { poolBytes?: number } = {}) {
    this.pool = new PacketPool({ ...LIMITS, ...limits });
    this.pool.track();
  }

  /** A device that writes down what arrives over `wire`. */
  device(wire: Wire): RecordingDevice {
    return new RecordingDevice(this.queue).plugInto(wire);
  }
}

/** Waits until `condition` holds; fails after twenty seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited for 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets the sockets of this process do what they have to do: for what must not happen. */
export async function aWhile(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** What a wire dropped, by name: `{ LINK_DOWN: 2 }`. */
export function dropsOf(wire: Wire): Partial<Record<DropReasonName, number>> {
  const drops: Partial<Record<DropReasonName, number>> = {};
  for (const { number, name } of dropReasons) {
    if (name !== 'NONE' && wire.drops[number]! > 0) drops[name] = wire.drops[number]!;
  }
  return drops;
}
