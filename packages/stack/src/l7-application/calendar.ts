/**
 * The Gregorian calendar in UTC, as plain arithmetic: no time zone and no clock of the machine has a say. What a network
 * calls now is its clock's nanoseconds after an epoch, a number of seconds since 1970 that somebody hands in.
 */
export const DAY_NAMES: readonly string[] = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ');
export const MONTH_NAMES: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
export const DAY_SECONDS = 86_400;

/** A moment as people write it: month 1 to 12, weekday 0 (Sunday) to 6. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
}

/** `seconds` since 1970; what is less than a second is cut off. */
export function civilTime(seconds: number): CivilTime {
  const days = Math.floor(seconds / DAY_SECONDS);
  const rest = Math.floor(seconds) - days * DAY_SECONDS;
  return {
    ...civilFromDays(days),
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
  };
}

const ISO = /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?Z?)?$/;

/** `2026-11-21` or `2026-11-21T12:00:00Z`, or seconds as `@1795262400`, in seconds since 1970; null: neither. */
export function parseMoment(text: string): number | null {
  if (/^@[0-9]{1,11}$/.test(text)) return Number(text.slice(1));
  const found = ISO.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map((part) => Number(part ?? 0)) as [
    ...[number, number, number, number, number, number],
  ];
  const days = daysFromCivil(year, month, day);
  const back = civilFromDays(days);
  if (back.day !== day || back.month !== month || hour > 23 || minute > 59 || second > 59) return null;
  return days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

/** Days since 1970 of a date of the Gregorian calendar: years counted from March, so that the leap day comes last. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
