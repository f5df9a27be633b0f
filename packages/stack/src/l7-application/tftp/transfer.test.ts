import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { ackPacket, parseTftp } from './packet.ts';
import { TftpReceiver, TftpSender } from './transfer.ts';

function bytes(size: number): Uint8Array {
  return new Uint8Array(size).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
}

/** What a line does to the packets of one direction. */
interface Line {
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
}

/** Carries a file over two bad lines; time is up whenever nothing is on the way. How much was sent. */
function carry(file: Uint8Array, block: number, window: number, line: Line, seed: number) {
  const random = new Random(seed);
  const way: { to: 'sender' | 'receiver'; packet: Uint8Array }[] = [];
  const put = (to: 'sender' | 'receiver') => (packet: Uint8Array) => {
    if (random.chance(line.loss)) return;
    way.push({ to, packet });
    if (random.chance(line.duplication)) way.push({ to, packet });
  };
  const sender = new TftpSender(file, block, window, put('receiver'));
  const receiver = new TftpReceiver(block, window, ackPacket(0), put('sender'));
  let timeouts = 0;
  let finished = false;
  sender.sendWindow();
  while (!sender.done) {
    if (way.length === 0) {
      timeouts++;
      if (timeouts > 100_000) throw new Error('it never ends');
      sender.sendWindow();
      if (random.chance(0.5)) receiver.acknowledge();
      continue;
    }
    const index = way.length > 1 && random.chance(line.reordering) ? 1 + random.below(Math.min(way.length, 4) - 1) : 0;
    const [{ to, packet }] = way.splice(index, 1) as [(typeof way)[0]];
    const parsed = parseTftp(packet);
    if (typeof parsed === 'string') throw new Error(parsed);
    if (to === 'sender' && parsed.op === 4) sender.acknowledge(parsed.block);
    if (to === 'receiver' && parsed.op === 3) {
      receiver.take(parsed.block, parsed.data);
      if (receiver.complete && !finished) {
        finished = true;
        receiver.finish();
      }
    }
  }
  return { file: receiver.file(), sent: sender.sent, timeouts };
}

const GOOD: Line = { loss: 0, duplication: 0, reordering: 0 };

describe('a transfer', () => {
  it('ends with a block that is not full, which may be empty', () => {
    for (const [size, blocks] of [
      [0, 1],
      [1, 1],
      [511, 1],
      [512, 2],
      [513, 2],
      [1024, 3],
    ] as const) {
      for (const window of [1, 2, 8]) {
        const { file, sent, timeouts } = carry(bytes(size), 512, window, GOOD, 1);
        expect(file).toEqual(bytes(size));
        expect([sent, timeouts]).toEqual([blocks, 0]);
      }
    }
  });

  it('counts on past block 65,535', () => {
    for (const window of [1, 16]) {
      const { file, sent } = carry(bytes(70_000 * 8 + 3), 8, window, GOOD, 1);
      expect(file).toEqual(bytes(70_000 * 8 + 3));
      expect(sent).toBe(70_001);
    }
  });

  it('is whole after any loss, duplication and reordering', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Random(seed);
      const line = {
        loss: random.fraction() * 0.4,
        duplication: random.fraction() * 0.4,
        reordering: random.fraction() * 0.4,
      };
      const size = random.below(3000);
      const window = 1 + random.below(12);
      expect(carry(bytes(size), 16, window, line, seed).file, `seed ${seed}`).toEqual(bytes(size));
    }
  });

  it("is no Sorcerer's Apprentice: with every packet doubled, each block is sent once", () => {
    const { sent, timeouts } = carry(bytes(100 * 512), 512, 1, { loss: 0, duplication: 1, reordering: 0 }, 1);
    expect([sent, timeouts]).toEqual([101, 0]);
  });

  it('sends nothing because of an old, a doubled or a future acknowledgement', () => {
    let sent = 0;
    const sender = new TftpSender(bytes(5000), 512, 1, () => sent++);
    sender.sendWindow();
    expect([sender.acknowledge(1), sender.acknowledge(1), sender.acknowledge(0), sender.acknowledge(3)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(sent).toBe(2);
  });

  it('tells of a gap once, and the sender goes back to it (RFC 7440 4)', () => {
    const acks: number[] = [];
    const receiver = new TftpReceiver(8, 4, ackPacket(0), (packet) => acks.push(packet[3]!));
    receiver.take(1, bytes(8));
    for (const block of [3, 4, 5]) receiver.take(block, bytes(8));
    expect(acks).toEqual([1]);
    const blocks: number[] = [];
    const sender = new TftpSender(bytes(100), 8, 4, (packet) => blocks.push(packet[3]!));
    sender.sendWindow();
    sender.acknowledge(1);
    expect(blocks).toEqual([1, 2, 3, 4, 2, 3, 4, 5]);
  });

  it('has one answer for a window that is sent again', () => {
    const acks: number[] = [];
    const receiver = new TftpReceiver(8, 4, ackPacket(0), (packet) => acks.push(packet[3]!));
    for (const block of [1, 2, 3, 4, 1, 2, 3, 4]) receiver.take(block, bytes(8));
    expect(acks).toEqual([4, 4]);
    for (const block of [5, 6, 7, 8]) receiver.take(block, bytes(8));
    expect(acks).toEqual([4, 4, 8]);
  });

  it('takes no block longer than what was agreed, and acknowledges the last one when it is kept', () => {
    const acks: number[] = [];
    const receiver = new TftpReceiver(8, 1, ackPacket(0), (packet) => acks.push(packet[3]!));
    expect(receiver.take(1, bytes(9))).toBeNull();
    expect(receiver.take(1, bytes(3))).toBe(true);
    receiver.take(1, bytes(3));
    expect(acks).toEqual([]);
    receiver.finish();
    receiver.take(1, bytes(3));
    expect(acks).toEqual([1, 1]);
    expect(receiver.file()).toEqual(bytes(3));
  });
});
