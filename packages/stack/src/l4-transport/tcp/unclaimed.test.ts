import { expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { ProtocolHandler } from '../../l3-network/network-layer.ts';
import { dropsOf } from '../../testing/test-node.ts';
import type { ControlBlock } from './control-block.ts';
import { type Acceptor, SOCKET_OPTIONS } from './tcp.ts';
import { Conversation } from './testing/conversation.ts';

/** Keeps what nobody claims, until the test says what becomes of it. */
class Keeper implements ProtocolHandler {
  readonly kept: PacketBuffer[] = [];
  errors = 0;

  input(packet: PacketBuffer): void {
    this.kept.push(packet);
  }

  icmpError(): void {
    this.errors++;
  }
}

function keeperOf(t: Conversation): Keeper {
  const keeper = new Keeper();
  t.tcp.unclaimed = keeper;
  return keeper;
}

/** Opens single connections, and writes down what it is told. */
function acceptorOf(t: Conversation): Acceptor & { heard: string[] } {
  const binding = t.tcp.ports.bind(null, t.ourPort, { privileged: true });
  if (typeof binding === 'number') throw new Error(`bind ${binding}`);
  const heard: string[] = [];
  return {
    binding,
    options: SOCKET_OPTIONS,
    heard,
    established: (c: ControlBlock) => {
      heard.push(`established ${c.remotePort}`);
      c.listener = null;
      return true;
    },
    ended: (c: ControlBlock) => heard.push(`ended ${c.remotePort}`),
  };
}

it('holds a SYN for as long as somebody thinks about it, and answers then', () => {
  const t = new Conversation();
  const keeper = keeperOf(t);
  const acceptor = acceptorOf(t);
  t.say({ flags: 'S', mss: 1000, ws: 3, sackOk: true, ts: [1, 0] });
  t.silence();
  t.wait(2e9);
  const c = t.tcp.answer(keeper.kept.pop()!, acceptor)!;
  expect(c.stateName).toBe('SYN-RECEIVED');
  t.hear({ flags: 'SA', seq: 0, ack: 1, mss: 1460, sackOk: true });
  t.say({ flags: 'A', seq: 1, ack: 1, ts: [2, -1], data: 'hello' });
  expect(acceptor.heard).toEqual(['established 5000']);
  expect(c.info().options).toEqual({ timestamps: true, sack: true, wscale: true });
  expect(c.available).toBe(5);
  t.say({ flags: 'R', seq: 6 });
  expect(c.takeError()).toBe(Errno.ECONNRESET);
  expect(acceptor.heard).toEqual(['established 5000']);
  c.close();
  acceptor.binding.release();
  t.end();
});

it('refuses with a RST, and discards a RST; listeners and connections come first', () => {
  const t = new Conversation();
  const keeper = keeperOf(t);
  const listener = t.listen();
  t.say({ flags: 'S' });
  t.hear({ flags: 'SA' });
  listener.close();
  t.hear({ flags: 'RA' });
  expect(keeper.kept).toEqual([]);
  t.say({ flags: 'S', seq: 1000 });
  t.say({ flags: 'A', seq: 7, ack: 9 });
  t.say({ flags: 'R', seq: 7 });
  t.silence();
  expect(keeper.kept).toHaveLength(3);
  for (const packet of keeper.kept.splice(0)) t.tcp.refuse(packet);
  t.hear({ flags: 'RA', ack: 1001 });
  t.hear({ flags: 'R', seq: 9 });
  t.silence();
  expect(dropsOf(t.node)).toEqual({ TCP_NO_PORT: 1, TCP_NO_CONNECTION: 2, TCP_DONE: 1 });
  t.end();
});

it('tells the opener of a handshake that came to nothing', () => {
  const t = new Conversation();
  const keeper = keeperOf(t);
  const acceptor = acceptorOf(t);
  t.say({ flags: 'S' });
  t.tcp.answer(keeper.kept.pop()!, acceptor);
  t.hear({ flags: 'SA' });
  t.say({ flags: 'R', seq: 1 });
  expect(acceptor.heard).toEqual(['ended 5000']);
  acceptor.binding.release();
  t.end();
});

it('a new SYN for a connection in TIME-WAIT is unclaimed too; its answer begins beyond the old numbers', () => {
  const t = new Conversation();
  const keeper = keeperOf(t);
  const acceptor = acceptorOf(t);
  t.say({ flags: 'S' });
  const old = t.tcp.answer(keeper.kept.pop()!, acceptor)!;
  t.hear({ flags: 'SA' });
  t.say({ flags: 'A', seq: 1, ack: 1 });
  old.close();
  t.hear({ flags: 'FA', seq: 1 });
  t.say({ flags: 'FA', seq: 1, ack: 2 });
  t.hear({ flags: 'A' });
  expect([...t.tcp.timeWaits]).toHaveLength(1);
  t.say({ flags: 'A', seq: 2, ack: 2 }); // an old segment is TIME-WAIT's
  expect(keeper.kept).toEqual([]);
  t.say({ flags: 'S', seq: 5000 });
  const [syn] = keeper.kept.splice(0);
  expect([...t.tcp.timeWaits]).toHaveLength(1);
  const before = old.sndNxt;
  const c = t.tcp.answer(syn!, acceptor)!;
  expect([...t.tcp.timeWaits]).toEqual([]);
  expect((c.iss - before) | 0).toBeGreaterThan(65535);
  t.hear({ flags: 'SA' });
  acceptor.binding.release();
  c.abort();
  t.flush();
  t.end();
});

it('passes on ICMP errors about segments that are no connection’s', () => {
  const t = new Conversation();
  const keeper = keeperOf(t);
  const packet = t.make({ flags: 'S' });
  packet.l3 = packet.start;
  packet.start += 20;
  t.tcp.icmpError(packet, 3, 4, 1400, t.peer);
  packet.release();
  expect(keeper.errors).toBe(1);
  t.end();
});
