import { describe, expect, it } from 'vitest';
import { QUEUE_FULL, Transmitter } from './transmitter.ts';

function transmitter(rateBps: number, queueFrames = 1000): Transmitter {
  const sender = new Transmitter();
  sender.configure(rateBps, queueFrames);
  return sender;
}

describe('a frame on the line', () => {
  it('takes preamble, FCS and gap as well: 1,514 bytes are 1,538 byte times', () => {
    expect(transmitter(100e6).reserve(0, 1514)).toBe(123_040);
    expect(transmitter(1e9).reserve(0, 1514)).toBe(12_304);
    expect(transmitter(10e6).reserve(0, 1514)).toBe(1_230_400);
  });

  it('is padded to 60 bytes', () => {
    const sender = transmitter(1e9);
    expect(sender.reserve(0, 1)).toBe(672);
    expect(sender.reserve(672, 60)).toBe(1344);
    expect(sender.reserve(1344, 61)).toBe(1344 + 680);
  });

  it('takes no time at an unlimited rate', () => {
    const sender = transmitter(Infinity);
    expect([sender.reserve(5, 60), sender.reserve(5, 9000), sender.reserve(7, 60)]).toEqual([5, 5, 7]);
  });

  it('at 9,600 bit/s takes its 1.28 seconds, to the nanosecond', () => {
    expect(transmitter(9600).reserve(0, 1514)).toBe(Math.floor((1538 * 8 * 1e9) / 9600));
  });
});

describe('a busy line', () => {
  it('sends one frame after the other', () => {
    const sender = transmitter(1e9);
    expect([sender.reserve(0, 60), sender.reserve(0, 60), sender.reserve(100, 60)]).toEqual([672, 1344, 2016]);
    expect(sender.start).toBe(1344);
  });

  it('begins anew after a pause', () => {
    const sender = transmitter(1e9);
    sender.reserve(0, 60);
    expect(sender.reserve(5000, 60)).toBe(5672);
  });

  it('does not drift where a frame takes no whole number of nanoseconds: at 10 Gbit/s, 67.2 ns', () => {
    const sender = transmitter(10e9, 10_000);
    const ends = Array.from({ length: 1000 }, () => sender.reserve(0, 60));
    expect(ends.slice(0, 6)).toEqual([67, 134, 201, 268, 336, 403]);
    expect(ends[999]).toBe(67_200);
  });

  it.each([3, 7, 9600, 33_600, 1_544_000, 2_048_000, 7_000_003, 25e9, 40e9, 100e9, 999_999_999_999])(
    'is exact at %d bit/s, frame by frame',
    (rate) => {
      const sender = transmitter(rate, 10_000);
      let bits = 0n;
      for (let i = 0; i < 500; i++) {
        const length = 60 + ((i * 367) % 1455);
        bits += BigInt(length + 24) * 8n;
        const exact = (bits * 1_000_000_000n) / BigInt(rate);
        if (exact > 2n ** 53n) break;
        expect(sender.reserve(0, length)).toBe(Number(exact));
      }
    },
  );

  it('forgets what a frame left over when the line was idle', () => {
    const sender = transmitter(10e9);
    sender.reserve(0, 60); // until 67.2
    expect(sender.reserve(68, 60)).toBe(68 + 67);
    expect(sender.reserve(135, 60)).toBe(68 + 134); // 135.2 is still ahead: back to back
  });
});

describe('the queue', () => {
  it('takes as many as may wait, besides the one that is being sent, and not one more', () => {
    const sender = transmitter(1e9, 3);
    const ends = [1, 2, 3, 4, 5].map(() => sender.reserve(0, 60));
    expect(ends).toEqual([672, 1344, 2016, 2688, QUEUE_FULL]);
    expect(sender.queued(0)).toBe(3);
  });

  it('has room again when the next frame starts', () => {
    const sender = transmitter(1e9, 1);
    sender.reserve(0, 60);
    sender.reserve(0, 60);
    expect(sender.reserve(671, 60)).toBe(QUEUE_FULL);
    expect(sender.reserve(672, 60)).toBe(2016);
    expect(sender.reserve(672, 60)).toBe(QUEUE_FULL);
  });

  it('of no frame leaves a line that sends only while it is idle', () => {
    const sender = transmitter(1e9, 0);
    expect([sender.reserve(0, 60), sender.reserve(671, 60), sender.reserve(672, 60)]).toEqual([672, QUEUE_FULL, 1344]);
  });

  it('of any length counts right, however far it has turned', () => {
    const sender = transmitter(1e9, 100);
    let now = 0;
    for (let round = 0; round < 50; round++) {
      let taken = 0;
      while (sender.reserve(now, 60) !== QUEUE_FULL) taken++;
      expect(taken).toBe(round === 0 ? 101 : 37);
      expect(sender.queued(now)).toBe(100);
      now += 37 * 672;
      expect(sender.queued(now)).toBe(63);
    }
  });

  it('may be made longer, or shorter, at any time', () => {
    const sender = transmitter(1e9, 2);
    for (let i = 0; i < 3; i++) sender.reserve(0, 60);
    sender.configure(1e9, 4);
    expect([sender.reserve(0, 60), sender.reserve(0, 60), sender.reserve(0, 60)]).toEqual([2688, 3360, QUEUE_FULL]);
    sender.configure(1e9, 1);
    expect(sender.reserve(672 * 3, 60)).toBe(QUEUE_FULL);
    expect(sender.reserve(672 * 4, 60)).toBe(672 * 6);
  });
});

it('asserts that rates and queues are possible', () => {
  for (const rate of [0, -1, 1.5, Number.NaN]) expect(() => transmitter(rate)).toThrow('rateBps');
  for (const queue of [-1, 0.5, Infinity]) expect(() => transmitter(1e9, queue)).toThrow('queueFrames');
});
