import { describe, expect, it } from 'vitest';
import { PingStatistics, tripTime } from './ping-statistics.ts';

describe('the statistics of ping', () => {
  it('are told as iputils tells them', () => {
    const statistics = new PingStatistics();
    for (const [sequence, us] of [
      [1, 42],
      [2, 54],
      [3, 51],
    ] as const) {
      statistics.transmitted++;
      statistics.reply(sequence, us, false);
    }
    expect(statistics.summary('127.0.0.1', 2003)).toBe(
      '\n--- 127.0.0.1 ping statistics ---\n' +
        '3 packets transmitted, 3 received, 0% packet loss, time 2003ms\n' +
        'rtt min/avg/max/mdev = 0.042/0.049/0.054/0.005 ms\n',
    );
  });

  it('count what is lost, doubled and refused, and how many were on their way', () => {
    const statistics = new PingStatistics();
    statistics.transmitted = 3;
    statistics.reply(1, 2_500_000, false);
    statistics.reply(1, null, true);
    statistics.error(2);
    expect(statistics.summary('web', 2000)).toBe(
      '\n--- web ping statistics ---\n' +
        '3 packets transmitted, 1 received, +1 duplicates, +1 errors, 66.6667% packet loss, time 2000ms\n' +
        'rtt min/avg/max/mdev = 2500.000/2500.000/2500.000/0.000 ms, pipe 3\n',
    );
  });

  it('leave a line empty when there is nothing to say', () => {
    const statistics = new PingStatistics();
    expect(statistics.summary('x', 0)).toBe(
      '\n--- x ping statistics ---\n0 packets transmitted, 0 received, time 0ms\n',
    );
    statistics.transmitted = 2;
    expect(statistics.summary('x', 1000)).toMatch(
      /2 packets transmitted, 0 received, 100% packet loss, time 1000ms\n\n$/,
    );
  });

  it.each([
    [0, '0.000'],
    [7, '0.007'],
    [412, '0.412'],
    [999, '0.999'],
    [1000, '1.00'],
    [4124, '4.12'],
    [4125, '4.13'],
    [9994, '9.99'],
    [9995, '10.0'],
    [41_250, '41.3'],
    [99_949, '99.9'],
    [99_950, '100'],
    [412_500, '413'],
  ])('%i us is %s ms', (us, text) => {
    expect(tripTime(us)).toBe(text);
  });
});
