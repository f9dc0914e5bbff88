/**
 * The proleptic Gregorian calendar, years 0001 to 9999, as XSD 1.0 and Python have it. There is no second
 * 60: XSD knows none, and records carry civil times.
 */

/** A moment being read. `offset` is minutes east of UTC, `fraction` the digits after the second's point. */
export interface Moment {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  fraction: string;
  offset: number | undefined;
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

export function isDate(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  return day <= (month === 2 && isLeap(year) ? 29 : (monthLengths[month - 1] ?? 0));
}

export function isTime(hour: number, minute: number, second: number): boolean {
  return hour <= 23 && minute <= 59 && second <= 59;
}

/** `hour` 24 is the end of the day, and only with nothing after it. XSD bounds offsets at 14 hours. */
export function isMoment(at: Moment): boolean {
  if (!isDate(at.year, at.month, at.day)) return false;
  if (at.offset !== undefined && Math.abs(at.offset) > 14 * 60) return false;
  if (at.hour === 24) return at.minute === 0 && at.second === 0 && at.fraction === '';
  return isTime(at.hour, at.minute, at.second);
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function four(value: number): string {
  return String(value).padStart(4, '0');
}

export function printDate(year: number, month: number, day: number): string {
  return `${four(year)}-${two(month)}-${two(day)}`;
}

export function printTime(hour: number, minute: number, second: number, fraction: string): string {
  const time = `${two(hour)}:${two(minute)}:${two(second)}`;
  return fraction === '' ? time : `${time}.${fraction}`;
}

/**
 * XSD's canonical form: a moment with an offset is told in UTC with `Z`, one without stays as it is,
 * fractions lose their trailing zeros. `undefined` where UTC leaves the years there are.
 */
export function printMoment(at: Moment): string | undefined {
  if (at.hour < 24 && (at.offset === undefined || at.offset === 0)) {
    const local = `${printDate(at.year, at.month, at.day)}T${printTime(at.hour, at.minute, at.second, at.fraction)}`;
    return at.offset === undefined ? local : `${local}Z`;
  }
  const utc = new Date(0);
  utc.setUTCFullYear(at.year, at.month - 1, at.day);
  utc.setUTCHours(at.hour, at.minute - (at.offset ?? 0), at.second);
  const year = utc.getUTCFullYear();
  if (year < 1 || year > 9999) return undefined;
  const date = printDate(year, utc.getUTCMonth() + 1, utc.getUTCDate());
  const time = printTime(utc.getUTCHours(), utc.getUTCMinutes(), utc.getUTCSeconds(), at.fraction);
  return `${date}T${time}${at.offset === undefined ? '' : 'Z'}`;
}

/** Orders canonical texts; a moment without an offset compares as if it were UTC. */
export function compareTemporal(a: unknown, b: unknown): number {
  if (typeof a !== 'string' || typeof b !== 'string') return Number.NaN;
  const left = a.endsWith('Z') ? a.slice(0, -1) : a;
  const right = b.endsWith('Z') ? b.slice(0, -1) : b;
  return left < right ? -1 : left > right ? 1 : 0;
}

export function trimZeros(fraction: string): string {
  let end = fraction.length;
  while (fraction.charCodeAt(end - 1) === 48) end--;
  return fraction.slice(0, end);
}

/** The digits from `at`, at least `min` and at most `max` of them; -1 where there are fewer. */
export function digitsAt(text: string, at: number, min: number, max: number): number {
  let end = at;
  while (end < at + max && isDigitAt(text, end)) end++;
  return end - at < min ? -1 : end;
}

export function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** The two digits at `at`; NaN where there are none. */
export function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
