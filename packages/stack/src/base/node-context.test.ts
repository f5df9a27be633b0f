import { describe, expect, it } from 'vitest';
import { dropsOf, expectNoLeaks, testNode } from '../testing/test-node.ts';
import { Drop } from './drop-reasons.ts';
import { LIMITS } from './limits.ts';

describe('NodeContext', () => {
  it('counts a drop by its reason, and releases the packet', () => {
    const { node, pool } = testNode();
    node.drop(pool.acquire(1), Drop.IP_NO_ROUTE);
    node.drop(pool.acquire(1), Drop.IP_NO_ROUTE, 'to 10.0.0.1');
    node.drop(pool.acquire(1), Drop.UDP_NO_PORT);
    node.dropped(Drop.FRAGMENT_TIMEOUT);
    expect(dropsOf(node)).toEqual({ IP_NO_ROUTE: 2, UDP_NO_PORT: 1, FRAGMENT_TIMEOUT: 1 });
    expectNoLeaks(pool);
  });

  it('keeps what others hold', () => {
    const { node, pool } = testNode();
    const packet = pool.acquire(1);
    packet.retain();
    node.drop(packet, Drop.LINK_LOSS);
    expect([packet.refs, pool.outstanding]).toEqual([1, 1]);
    packet.release();
  });

  it('tells who watches: before the packet is gone, with layer and source of the reason', () => {
    const { node, pool } = testNode('alice');
    const events: unknown[][] = [];
    node.trace = {
      event: (name, layer, what, packet, reason, detail, source) =>
        events.push([name, layer, what, packet?.refs ?? null, reason, detail, source]),
    };
    node.drop(pool.acquire(1), Drop.IP_NO_ROUTE, 'to 10.0.0.1');
    node.dropped(Drop.LINK_QUEUE_FULL);
    expect(events).toEqual([
      ['alice', 3, 'drop', 1, Drop.IP_NO_ROUTE, 'to 10.0.0.1', 'RFC 1812 5.2.7.1'],
      ['alice', 1, 'drop', null, Drop.LINK_QUEUE_FULL, '', ''],
    ]);
    expectNoLeaks(pool);
  });

  it('has what it was handed', () => {
    const { node, queue, pool } = testNode('bob', { sockets: 3 });
    expect([node.name, node.clock, node.pool]).toEqual(['bob', queue, pool]);
    expect(node.limits).toEqual({ ...LIMITS, sockets: 3 });
    expect(node.random.u32()).toBe(testNode().node.random.u32());
  });
});

describe('LIMITS', () => {
  it('are positive whole numbers', () => {
    for (const [name, value] of Object.entries(LIMITS)) {
      expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
    }
  });
});
