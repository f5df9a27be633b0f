import { civilTime, daysFromCivil } from '../calendar.ts';

/** The words of NNTP's commands (RFC 3977 9). */

const GROUP_NAME = /^[^\x00-\x20\x7f!*,?[\\\]]{1,200}$/;
const MESSAGE_ID = /^<[!-=?-~]{1,248}>$/;

export function isGroupName(text: string): boolean {
  return GROUP_NAME.test(text);
}

export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text);
}

/** `5`, `5-` or `5-9`; null: no range. */
export function parseRange(text: string): { first: number; last: number } | null {
  const found = /^([0-9]{1,16})(?:(-)([0-9]{1,16})?)?$/.exec(text);
  if (found === null) return null;
  const first = Number(found[1]);
  const last = found[2] === undefined ? first : found[3] === undefined ? Infinity : Number(found[3]);
  return { first, last };
}

/** A wildmat (RFC 3977 4): patterns between commas, `!` before one that takes away; the last that fits decides. */
export function matchesWildmat(wildmat: string, name: string): boolean {
  let matches = false;
  for (const part of wildmat.split(',')) {
    const negative = part.startsWith('!');
    if (matchesPattern(negative ? part.slice(1) : part, name)) matches = !negative;
  }
  return matches;
}

/** `*` and `?`, in time of the product of both lengths at most, whatever the pattern is. */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let starName = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      starName = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++starName;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** `[yy]yymmdd` and `hhmmss` (RFC 3977 7.3), in UTC, as seconds since 1970; null: no time. `now` decides on the century. */
export function parseNewsTime(date: string, time: string, now: number): number | null {
  if (!/^([0-9]{2})?[0-9]{6}$/.test(date) || !/^[0-9]{6}$/.test(time)) return null;
  const { year: thisYear } = civilTime(now);
  const day = Number(date.slice(-2));
  const month = Number(date.slice(-4, -2));
  let year = Number(date.slice(0, -4));
  if (date.length === 6) {
    year += Math.floor(thisYear / 100) * 100;
    if (year > thisYear) year -= 100;
  }
  const [hour, minute, second] = [0, 2, 4].map((at) => Number(time.slice(at, at + 2))) as [number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  return daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** `19700101000005`, DATE's answer. */
export function formatNewsTime(seconds: number): string {
  const { year, month, day, hour, minute, second } = civilTime(seconds);
  return (
    String(year).padStart(4, '0') + [month, day, hour, minute, second].map((n) => String(n).padStart(2, '0')).join('')
  );
}
