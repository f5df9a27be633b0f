import { expect, test } from 'vitest';
import { testNode } from '../../testing/test-node.ts';
import { PacketFacts, UDP } from './packet-facts.ts';

/** An IPv6 packet with a chain of `count` destination options, then UDP to port 53. */
function behind(count: number): Uint8Array {
  const bytes = new Uint8Array(40 + 8 * count + 8);
  bytes[0] = 0x60;
  bytes[5] = 8 * count + 8;
  bytes[6] = count > 0 ? 60 : UDP;
  for (let i = 0; i < count; i++) {
    bytes[40 + 8 * i] = i + 1 < count ? 60 : UDP;
    bytes[42 + 8 * i] = 1; // PadN
    bytes[43 + 8 * i] = 4;
  }
  bytes[43 + 8 * count] = 53;
  bytes[45 + 8 * count] = 8;
  return bytes;
}

test('however long the chain of extension headers is, rules see the transport behind it (RFC 8200 4)', () => {
  const node = testNode();
  const facts = new PacketFacts();
  for (const count of [0, 1, 8, 9, 16, 25]) {
    const packet = node.pool.from(behind(count));
    facts.read(packet, packet.start, packet.end);
    expect([facts.protocol, facts.destinationPort, facts.malformed]).toEqual([UDP, 53, false]);
    packet.release();
  }
});
