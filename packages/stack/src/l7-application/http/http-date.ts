import { civilFromDays, DAY_NAMES, DAY_SECONDS, daysFromCivil, MONTH_NAMES } from '../calendar.ts';

/**
 * Dates of HTTP (RFC 9110 5.6.7). They are always in UTC, and so the calendar is plain arithmetic: no time zone and no
 * clock has a say.
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate, what is written
 *     Sunday, 06-Nov-94 08:49:37 GMT    RFC 850, obsolete, read
 *     Sun Nov  6 08:49:37 1994          asctime(), obsolete, read
 */

const FIXDATE = /^[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/;
const RFC850 = /^[A-Z][a-z]{5,8}, ([0-9]{2})-([A-Z][a-z]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})$/;

/** `seconds` since 1970 (whole, not negative) as `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(seconds: number): string {
  const days = Math.floor(seconds / DAY_SECONDS);
  const rest = seconds - days * DAY_SECONDS;
  const { year, month, day } = civilFromDays(days);
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(':');
  return `${DAY_NAMES[(days + 4) % 7]}, ${two(day)} ${MONTH_NAMES[month - 1]} ${String(year).padStart(4, '0')} ${time} GMT`;
}

/** Seconds since 1970, or null: a date that cannot be read is ignored, not refused (RFC 9110 13.1.3). */
export function parseHttpDate(text: string): number | null {
  const fixed = FIXDATE.exec(text);
  if (fixed !== null) return seconds(fixed[3]!, fixed[2]!, fixed[1]!, fixed[4]!, fixed[5]!, fixed[6]!);
  const old = RFC850.exec(text);
  if (old !== null) {
    // Two digits of a year: RFC 9110 5.6.7 says "not more than 50 years ahead", which needs a clock; POSIX's rule does not.
    const century = Number(old[3]) < 69 ? '20' : '19';
    return seconds(century + old[3]!, old[2]!, old[1]!, old[4]!, old[5]!, old[6]!);
  }
  const unix = ASCTIME.exec(text);
  return unix === null ? null : seconds(unix[6]!, unix[1]!, unix[2]!, unix[3]!, unix[4]!, unix[5]!);
}

function seconds(
  year: string,
  monthName: string,
  day: string,
  hour: string,
  minute: string,
  second: string,
): number | null {
  const month = MONTH_NAMES.indexOf(monthName) + 1;
  if (month === 0) return null;
  const days = daysFromCivil(Number(year), month, Number(day));
  const back = civilFromDays(days);
  if (back.day !== Number(day) || back.month !== month) return null; // 30 Feb
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  return days * DAY_SECONDS + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}

function two(value: number | string): string {
  return String(value).padStart(2, '0');
}
