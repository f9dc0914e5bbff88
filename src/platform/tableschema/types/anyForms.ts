/**
 * The format `any`, which the standard leaves to its readers: the forms that can be read in one way only.
 *
 *   2024-01-26 · 2024/1/26 · 2024.1.26 · 20240126 · 26 Jan 2024 · 26-Jan-2024 · January 26, 2024
 *   26/1/2024 · 1/26/2024     where one number is over 12 or both are equal, else `date_ambiguous`
 *   15:00 · 15:00:00 · 15:00:00.5 · 3:00 pm
 *   a date, a `T`, comma or space, a time, and perhaps an offset or Z
 */
import type { Moment } from './calendar.ts';
import type { TemporalFault, TemporalRead } from './moment.ts';
import { emptyMoment, finish, monthNames, temporalFaults } from './moment.ts';

const yearFirst = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/;
const compact = /^(\d{4})(\d{2})(\d{2})$/;
const yearLast = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$/;
const dayNamed = /^(\d{1,2})[ -]([A-Za-z]{3,9})\.?[ -](\d{4})$/;
const monthNamed = /^([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})$/;
const timeForm = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?$/;
const offsetForm = /^(.*\d|.*[Mm]) ?(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2}))$/;

/** Longer than any form above. */
const maxLength = 64;

export function readAnyDate(text: string): TemporalRead {
  const at = emptyMoment();
  const fault = readDate(text, at);
  return fault ?? finish('date', at);
}

export function readAnyTime(text: string): TemporalRead {
  const at = emptyMoment();
  const fault = readTime(text, at);
  return fault ?? finish('time', at);
}

export function readAnyDatetime(text: string): TemporalRead {
  if (text.length > maxLength) return temporalFaults.lexical;
  const at = emptyMoment();
  // The time begins at the last T, space or comma before the first colon.
  const colon = text.indexOf(':');
  let split = colon;
  while (split > 0 && !/[Tt\s,]/.test(text.charAt(split))) split--;
  if (split <= 0) {
    const fault = readDate(text, at);
    return fault ?? finish('datetime', at);
  }
  const date = text.slice(0, split).replace(/[\s,]+$/, '');
  const clock = readOffset(text.slice(split + 1), at);
  const fault = readDate(date, at) ?? readTime(clock, at);
  return fault ?? finish('datetime', at);
}

/** Takes the offset off a time's end. */
function readOffset(text: string, at: Moment): string {
  const match = offsetForm.exec(text);
  if (match === null) return text;
  const minutes = Number(match[4] ?? 0) * 60 + Number(match[5] ?? 0);
  at.offset = match[3] === '-' ? -minutes : minutes;
  return match[1] ?? '';
}

function readTime(text: string, at: Moment): TemporalFault | undefined {
  const match = text.length > maxLength ? null : timeForm.exec(text);
  if (match === null) return temporalFaults.lexical;
  at.hour = Number(match[1]);
  at.minute = Number(match[2]);
  at.second = Number(match[3] ?? 0);
  at.fraction = match[4] ?? '';
  const half = match[5]?.toLowerCase();
  if (half === undefined) return at.hour > 23 ? temporalFaults.calendar : undefined;
  if (at.hour < 1 || at.hour > 12) return temporalFaults.calendar;
  at.hour = (at.hour % 12) + (half === 'p' ? 12 : 0);
  return undefined;
}

function readDate(text: string, at: Moment): TemporalFault | undefined {
  if (text.length > maxLength) return temporalFaults.lexical;
  let match = yearFirst.exec(text);
  if (match !== null) return set(at, match[1], match[3], match[4]);
  match = compact.exec(text);
  if (match !== null) return set(at, match[1], match[2], match[3]);
  match = dayNamed.exec(text);
  if (match !== null) return set(at, match[3], monthNumber(match[2]), match[1]);
  match = monthNamed.exec(text);
  if (match !== null) return set(at, match[3], monthNumber(match[1]), match[2]);
  match = yearLast.exec(text);
  if (match === null) return temporalFaults.lexical;
  const first = Number(match[1]);
  const second = Number(match[3]);
  if (first <= 12 && second <= 12 && first !== second) return temporalFaults.ambiguous;
  return first > 12 ? set(at, match[4], second, first) : set(at, match[4], first, second);
}

/** Zero where no month is called so, which no calendar has. */
function monthNumber(name = ''): number {
  const lower = name.toLowerCase();
  return 1 + monthNames.findIndex((month) => month === lower || month.slice(0, 3) === lower);
}

function set(
  at: Moment,
  year: string | undefined,
  month: string | number | undefined,
  day: string | number | undefined,
): TemporalFault | undefined {
  at.year = Number(year);
  at.month = Number(month);
  at.day = Number(day);
  return at.month === 0 && typeof month === 'number' ? temporalFaults.lexical : undefined;
}
