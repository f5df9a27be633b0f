import { dropReasons } from '../base/drop-reasons.ts';
import { EventQueue } from '../base/event-queue.ts';
import { LIMITS, type Limits } from '../base/limits.ts';
import { NodeContext } from '../base/node-context.ts';
import { PacketPool } from '../base/packet-buffer.ts';
import { Random } from '../base/random.ts';

export interface TestNode {
  node: NodeContext;
  queue: EventQueue;
  pool: PacketPool;
}

/** A node's world for a test of one part: a queue at time 0, a pool that remembers who acquired what, a fixed seed. */
export function testNode(name = 'test', limits: Partial<Limits> = {}): TestNode {
  const queue = new EventQueue();
  const all = { ...LIMITS, ...limits };
  const pool = new PacketPool(all);
  pool.track();
  return { node: new NodeContext(name, queue, Random.from(1), pool, all), queue, pool };
}

/** Fails when a packet was not released, and says where each of them was acquired. */
export function expectNoLeaks(pool: PacketPool): void {
  if (pool.outstanding === 0) return;
  throw new Error(`${pool.outstanding} packets were not released\n${pool.leaks().slice(0, 5).join('\n')}`);
}

/** What a node dropped, by name: `{ IP_NO_ROUTE: 2 }`. */
export function dropsOf(node: NodeContext): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { number, name } of dropReasons) if (node.drops[number] > 0) drops[name] = node.drops[number];
  return drops;
}
