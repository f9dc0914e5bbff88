/**
 * `date`, `time`, `datetime`, `year` and `yearmonth`. The default formats are the standard's, strictly;
 * `any` takes the forms of `anyForms.ts`; everything else is a strptime pattern. Values are ISO 8601
 * texts, moments with an offset told in UTC; a year is an integer.
 */
import type { CellCode } from '../codes.ts';
import type { Json } from '../json.ts';
import type { FieldDescriptor } from '../schema.ts';
import { readAnyDate, readAnyDatetime, readAnyTime } from './anyForms.ts';
import { compareTemporal, digitsAt, isDigitAt, twoDigits } from './calendar.ts';
import type { TemporalRead, TemporalType } from './moment.ts';
import { emptyMoment, finish, temporalFaults } from './moment.ts';
import type { Fault, FieldProblem, TypeReader } from './reader.ts';
import { compileStrptime } from './strptime.ts';

const defaults = { date: readDate, time: readTime, datetime: readDatetime };
const anyForms = { date: readAnyDate, time: readAnyTime, datetime: readAnyDatetime };
const defaultForms = {
  date: 'YYYY-MM-DD',
  time: 'hh:mm:ss',
  datetime: 'YYYY-MM-DDThh:mm:ss, perhaps with offset',
};
const codes = { date: 'not_a_date', time: 'not_a_time', datetime: 'not_a_datetime' } as const;

export function temporalReader(
  type: TemporalType,
  field: FieldDescriptor,
  problems: FieldProblem[],
): TypeReader {
  const format = (field.format ?? 'default').replace(/^fmt:/, '');
  let read: (text: string) => TemporalRead = defaults[type];
  let form: string = defaultForms[type];
  if (format === 'any') {
    read = anyForms[type];
    form = 'a form that can be read in one way only';
  } else if (format !== 'default') {
    const compiled = compileStrptime(type, format);
    form = format;
    if ('read' in compiled) read = compiled.read;
    else problems.push({ property: 'format', code: 'format_unknown', message: compiled.problem });
  }
  return {
    trims: true,
    text: (cell) => {
      const value = read(cell);
      return typeof value === 'string' ? value : undefined;
    },
    native: () => undefined,
    explain: (value) => explain(type, form, typeof value === 'string' ? read(value) : temporalFaults.lexical),
    compare: compareTemporal,
  };
}

function explain(type: TemporalType, form: string, fault: TemporalRead): Fault {
  if (fault === temporalFaults.ambiguous) {
    return { code: 'date_ambiguous', message: 'day and month cannot be told apart: give the field a format' };
  }
  if (fault === temporalFaults.lexical) return { code: codes[type], message: `not a ${type} (${form})` };
  const code: CellCode = type === 'time' ? 'no_such_time' : 'no_such_date';
  return { code, message: `there is no such ${type === 'datetime' ? 'date or time' : type}` };
}

function readDate(text: string): TemporalRead {
  if (text.length !== 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45)
    return temporalFaults.lexical;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (Number.isNaN(year + month + day)) return temporalFaults.lexical;
  // Every month has 28 days, and the text is canonical already.
  if (year > 0 && month > 0 && month <= 12 && day > 0 && day <= 28) return text;
  return finish('date', { ...emptyMoment(), year, month, day });
}

function readTime(text: string): TemporalRead {
  if (text.length !== 8 || text.charCodeAt(2) !== 58 || text.charCodeAt(5) !== 58)
    return temporalFaults.lexical;
  const hour = twoDigits(text, 0);
  const minute = twoDigits(text, 3);
  const second = twoDigits(text, 6);
  if (Number.isNaN(hour + minute + second)) return temporalFaults.lexical;
  return hour <= 23 && minute <= 59 && second <= 59 ? text : temporalFaults.calendar;
}

function readDatetime(text: string): TemporalRead {
  if (text.charCodeAt(10) !== 84) return temporalFaults.lexical;
  const date = readDate(text.slice(0, 10));
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const colons = text.charCodeAt(13) === 58 && text.charCodeAt(16) === 58;
  if (!colons || Number.isNaN(hour + minute + second)) return temporalFaults.lexical;
  if (date === temporalFaults.lexical) return date;
  let end = 19;
  if (text.charCodeAt(19) === 46) {
    end = digitsAt(text, 20, 1, 30);
    if (end < 0) return temporalFaults.lexical;
  }
  const offset = offsetAt(text, end);
  if (offset === null) return temporalFaults.lexical;
  if (date === temporalFaults.calendar) return date;
  const isCanonical =
    (offset === undefined || text.endsWith('Z')) && (end === 19 || text.charAt(end - 1) !== '0');
  if (isCanonical && hour <= 23 && minute <= 59 && second <= 59) return text;
  return finish('datetime', {
    year: Number(text.slice(0, 4)),
    month: twoDigits(text, 5),
    day: twoDigits(text, 8),
    hour,
    minute,
    second,
    fraction: end > 19 ? text.slice(20, end) : '',
    offset,
  });
}

/** Minutes east of UTC of the `Z` or `+hh:mm` that ends the text; `null` where something else does. */
function offsetAt(text: string, at: number): number | undefined | null {
  if (at === text.length) return undefined;
  if (text.charAt(at) === 'Z') return at + 1 === text.length ? 0 : null;
  const sign = text.charAt(at);
  const hours = twoDigits(text, at + 1);
  const minutes = twoDigits(text, at + 4);
  if ((sign !== '+' && sign !== '-') || text.charAt(at + 3) !== ':' || text.length !== at + 6) return null;
  if (Number.isNaN(hours) || !(minutes <= 59)) return null;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
}

export function yearReader(): TypeReader {
  const inRange = (year: number) => (year >= 1 && year <= 9999 ? year : undefined);
  return {
    trims: true,
    text: (cell) => (cell.length === 4 && digitsAt(cell, 0, 4, 4) === 4 ? inRange(Number(cell)) : undefined),
    native: (value) => (typeof value === 'number' && Number.isInteger(value) ? inRange(value) : undefined),
    explain: () => ({ code: 'not_a_year', message: 'not a year (YYYY)' }),
    compare: (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : Number.NaN),
  };
}

export function yearmonthReader(): TypeReader {
  const isYearmonth = (cell: string) =>
    cell.length === 7 && cell.charCodeAt(4) === 45 && typeof readDate(`${cell}-01`) === 'string';
  return {
    trims: true,
    text: (cell): Json | undefined => (isYearmonth(cell) && isDigitAt(cell, 6) ? cell : undefined),
    native: () => undefined,
    explain: () => ({ code: 'not_a_yearmonth', message: 'not a year and month (YYYY-MM)' }),
    compare: compareTemporal,
  };
}
