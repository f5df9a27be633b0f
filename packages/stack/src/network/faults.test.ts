import { describe, expect, it } from 'vitest';
import type { FaultDescription, LinkDescription } from './description.ts';
import { Network } from './network.ts';

/** Two switches and a link with these faults; what `look` sees at each of the times, in seconds. */
function over<T>(
  faults: Omit<FaultDescription, 'link'>[],
  times: number[],
  look: (network: Network) => T,
  link: Omit<LinkDescription, 'endpoints'> = {},
): T[] {
  const network = new Network();
  network.switch('a');
  network.switch('b');
  network.link(['a', 'b'], { name: 'l', ...link });
  for (const fault of faults) network.fault({ link: 'l', ...fault });
  return times.map((time) => {
    network.queue.runUntil(time * 1e9);
    return look(network);
  });
}

const up = (network: Network) => network.cableNamed('l').up;
const lossAndDelay = (network: Network) => {
  const { loss, delayNs } = network.cableNamed('l').forward.options;
  return `${loss * 100}% ${delayNs / 1e6}ms`;
};

describe('a link that is cut', () => {
  it('for a time', () => {
    expect(over([{ at: 1, for: '2s', down: true }], [0, 0.999, 1, 2.999, 3, 9], up)).toEqual([
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  it('for good', () => {
    expect(over([{ at: '500ms', down: true }], [0, 0.5, 3600], up)).toEqual([true, false, false]);
  });

  it('is mended when the last of several faults is over', () => {
    const faults = [
      { at: 1, for: 5, down: true },
      { at: 2, for: 1, down: true },
      { at: 5, for: 3, down: true },
    ];
    expect(over(faults, [0.5, 1.5, 3.5, 5.5, 6.5, 8.5], up)).toEqual([true, false, false, false, false, true]);
    expect(over([...faults, { at: 7, down: true }], [8.5], up)).toEqual([false]);
  });

  it('one fault after the other, end to beginning', () => {
    const faults = [
      { at: 1, for: 1, down: true },
      { at: 2, for: 1, down: true },
    ];
    expect(over(faults, [1, 2, 2.5, 3], up)).toEqual([false, false, false, true]);
  });

  it('with both devices told', () => {
    const network = new Network();
    const host = network.host('h', { interfaces: { eth0: '10.0.0.1/24' } });
    network.link(['h', network.switch('sw').name]);
    network.fault({ at: 1, for: 1, link: 'sw:1', down: true });
    const running = [0, 1, 2].map((time) => {
      network.queue.runUntil(time * 1e9);
      return host.nics.get('eth0')!.running;
    });
    expect(running).toEqual([true, false, true]);
  });
});

describe("a link's properties", () => {
  const base = { loss: '1%', delay: '1ms' };

  it('are what the fault says, and then what they were', () => {
    const faults = [{ at: 1, for: 2, set: { loss: '20%' } }];
    expect(over(faults, [0, 1, 3], lossAndDelay, base)).toEqual(['1% 1ms', '20% 1ms', '1% 1ms']);
    expect(over([{ at: 1, set: { delay: '5ms' } }], [0, 1, 99], lossAndDelay, base)).toEqual([
      '1% 1ms',
      '1% 5ms',
      '1% 5ms',
    ]);
  });

  it('each direction comes back to its own', () => {
    const both = (network: Network) => {
      const { forward, backward } = network.cableNamed('l').options();
      return [forward.loss, backward.loss];
    };
    const link = { loss: '1%', backward: { loss: '2%' } };
    expect(over([{ at: 1, for: 1, set: { loss: '50%' } }], [0, 1, 2], both, link)).toEqual([
      [0.01, 0.02],
      [0.5, 0.5],
      [0.01, 0.02],
    ]);
  });

  it('of faults that overlap: the latest that lasts counts, the first to end restores nothing of it', () => {
    const faults = [
      { at: 1, for: 5, set: { loss: '10%', delay: '10ms' } },
      { at: 3, for: 10, set: { loss: '50%' } },
    ];
    expect(over(faults, [0, 1, 3, 6, 13], lossAndDelay, base)).toEqual([
      '1% 1ms',
      '10% 10ms',
      '50% 10ms',
      '50% 1ms',
      '1% 1ms',
    ]);
  });

  it('of a fault inside another', () => {
    const faults = [
      { at: 1, for: 10, set: { loss: '10%' } },
      { at: 3, for: 2, set: { loss: '50%', delay: '9ms' } },
    ];
    expect(over(faults, [1, 3, 5, 11], lossAndDelay, base)).toEqual(['10% 1ms', '50% 9ms', '10% 1ms', '1% 1ms']);
  });

  it('that were changed by hand stay, unless a fault names them', () => {
    const network = new Network();
    network.switch('a');
    network.switch('b');
    const cable = network.link(['a', 'b'], { name: 'l', ...base });
    network.fault({ at: 1, for: 2, link: 'l', set: { loss: '50%' } });
    network.queue.runUntil(2e9);
    cable.configure('both', { delayNs: 7e6 });
    network.queue.runUntil(3e9);
    expect(lossAndDelay(network)).toBe('1% 7ms');
    cable.configure('both', { loss: 0.03 });
    network.fault({ at: 4, for: 1, link: 'l', set: { loss: '50%' } });
    network.queue.runUntil(5e9);
    expect(lossAndDelay(network)).toBe('3% 7ms');
  });

  it('every word of a link can be set', () => {
    const set = {
      rate: '9600bit',
      delay: '2ms',
      queue: 5,
      loss: '1%',
      burst: { enter: '2%', leave: '3%' },
      bitErrors: 1e-9,
      corruption: '4%',
      duplication: '5%',
      reordering: '6%',
      reorderingDelay: '7ms',
      jitter: '8ms',
    };
    const [before, during, after] = over([{ at: 1, for: 1, set }], [0, 1, 2], (network) => ({
      ...network.cableNamed('l').forward.options,
    }));
    expect(during).toEqual({
      rateBps: 9600,
      delayNs: 2e6,
      queueFrames: 5,
      loss: 0.01,
      burst: { enter: 0.02, leave: 0.03, loss: 1 },
      bitErrors: 1e-9,
      corruption: 0.04,
      duplication: 0.05,
      reordering: 0.06,
      reorderingDelayNs: 7e6,
      jitterNs: 8e6,
    });
    expect(after).toEqual(before);
  });
});
