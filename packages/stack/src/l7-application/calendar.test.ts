import { describe, expect, it } from 'vitest';
import { civilTime, parseMoment } from './calendar.ts';

describe('the calendar', () => {
  it('reads dates, seconds, and refuses what is none', () => {
    expect(parseMoment('1970-01-01')).toBe(0);
    expect(parseMoment('2026-11-21T12:00:00Z')).toBe(1_795_262_400);
    expect(parseMoment('2026-11-21 12:00')).toBe(1_795_262_400);
    expect(parseMoment('@17')).toBe(17);
    expect(parseMoment('2024-02-29')).toBe(1_709_164_800);
    for (const wrong of ['2026-02-29', '2026-13-01', '2026-00-10', '2026-01-01T24:00', 'now', '@', '@-1', '']) {
      expect(parseMoment(wrong), wrong).toBeNull();
    }
  });

  it('gives back every day of four centuries, with its weekday', () => {
    for (let days = -150_000; days < 150_000; days += 61) {
      const { year, month, day, weekday } = civilTime(days * 86_400 + 3723);
      const date = new Date(days * 86_400_000);
      expect([year, month, day, weekday]).toEqual([
        date.getUTCFullYear(),
        date.getUTCMonth() + 1,
        date.getUTCDate(),
        date.getUTCDay(),
      ]);
    }
    expect(civilTime(3723.9)).toMatchObject({ hour: 1, minute: 2, second: 3 });
  });
});
