import { RenderFault } from '../errors.ts';
import type { Run } from '../scope.ts';
import { type Library, readText } from './entry.ts';

const isoDate =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/;

/** Milliseconds since 1970 of an ISO 8601 text (UTC where it names no offset) or of such a number; else null. */
export function readMoment(value: unknown): number | null {
  if (typeof value === 'number') return Math.abs(value) <= 8.64e15 ? value : null;
  if (typeof value !== 'string' || value.length > 64) return null;
  const parts = isoDate.exec(value.trim());
  if (parts === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  );
  const date = new Date(local);
  // A day that the month does not have would be one of the next.
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== Number(month) - 1 || Number(hour) > 23)
    return null;
  if (zone === 'Z') return local;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return local - (digits[0] === '-' ? -minutes : minutes) * 60_000;
}

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
];
months.push('November', 'December');
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const named: Readonly<Record<string, string>> = {
  d: 'MM/dd/yyyy',
  o: "yyyy-MM-dd'T'HH:mm:ss.fffK",
  s: "yyyy-MM-dd'T'HH:mm:ss",
  u: "yyyy-MM-dd HH:mm:ss'Z'",
};

/** The clock's face at a moment: a date whose UTC fields are the local ones, and the offset in minutes. */
interface Face {
  date: Date;
  offset: number;
  isUtc: boolean;
}

const two = (number: number): string => String(number).padStart(2, '0');

function offsetText({ offset }: Face): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** The pattern letters of .NET. */
const letters: Readonly<Record<string, (face: Face, count: number) => string>> = {
  y: ({ date }, count) =>
    count <= 2 ? two(date.getUTCFullYear() % 100) : String(date.getUTCFullYear()).padStart(count, '0'),
  M({ date }, count) {
    const name = months[date.getUTCMonth()] ?? '';
    if (count > 2) return count === 3 ? name.slice(0, 3) : name;
    return String(date.getUTCMonth() + 1).padStart(count, '0');
  },
  d({ date }, count) {
    const name = days[date.getUTCDay()] ?? '';
    if (count > 2) return count === 3 ? name.slice(0, 3) : name;
    return String(date.getUTCDate()).padStart(count, '0');
  },
  H: ({ date }, count) => String(date.getUTCHours()).padStart(Math.min(count, 2), '0'),
  h: ({ date }, count) => String(date.getUTCHours() % 12 || 12).padStart(Math.min(count, 2), '0'),
  m: ({ date }, count) => String(date.getUTCMinutes()).padStart(Math.min(count, 2), '0'),
  s: ({ date }, count) => String(date.getUTCSeconds()).padStart(Math.min(count, 2), '0'),
  f: ({ date }, count) =>
    String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(7, '0').slice(0, Math.min(count, 7)),
  t: ({ date }, count) => (date.getUTCHours() < 12 ? 'AM' : 'PM').slice(0, Math.min(count, 2)),
  z: offsetText2,
  K: (face) => (face.isUtc ? 'Z' : offsetText(face)),
};

function offsetText2(face: Face, count: number): string {
  return count >= 3 ? offsetText(face) : offsetText(face).slice(0, 3);
}

/** Writes a moment by a pattern. `YYYY` and `DD`, of other pattern languages, are `yyyy` and `dd`. */
function writeMoment(face: Face, pattern: string): string {
  let text = '';
  for (let i = 0; i < pattern.length; ) {
    const char = pattern[i] as string;
    if (char === "'" || char === '"') {
      const end = pattern.indexOf(char, i + 1);
      text += pattern.slice(i + 1, end < 0 ? undefined : end);
      i = end < 0 ? pattern.length : end + 1;
    } else if (char === '\\') {
      text += pattern[i + 1] ?? '';
      i += 2;
    } else {
      const letter = char === 'Y' ? 'y' : char === 'D' ? 'd' : char;
      const write = Object.hasOwn(letters, letter) ? letters[letter] : undefined;
      let end = i + 1;
      if (write) while (pattern[end] === char) end += 1;
      text += write ? write(face, end - i) : char;
      i = end;
    }
  }
  return text;
}

const zones = new Map<string, Intl.DateTimeFormat>();
const maxZones = 64;

function zoneOf(name: string, run: Run): Intl.DateTimeFormat {
  const known = zones.get(name);
  if (known) return known;
  // Making one costs about 50 µs.
  run.charge(500);
  const options = { hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' } as const;
  const time = { hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
  try {
    const zone = new Intl.DateTimeFormat('en-US', { timeZone: name, ...options, ...time });
    if (zones.size >= maxZones) zones.clear();
    zones.set(name, zone);
    return zone;
  } catch {
    throw new RenderFault('bad_value', 'There is no such time zone; write one as "Europe/Berlin".', run.at);
  }
}

function faceAt(moment: number, timeZone: string | null, run: Run): Face {
  if (timeZone === null) return { date: new Date(moment), offset: 0, isUtc: true };
  run.charge(100);
  const fields: Record<string, number> = {};
  for (const { type, value } of zoneOf(timeZone, run).formatToParts(moment)) fields[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  const ms = ((moment % 1000) + 1000) % 1000;
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  return { date: new Date(local), offset: Math.round((local - moment) / 60_000), isUtc: false };
}

export function formatMoment([value, format, timeZone]: readonly unknown[], run: Run): string | null {
  const moment = readMoment(value);
  if (moment === null) return null;
  const given = format == null ? 'o' : readText(format, run);
  const pattern = Object.hasOwn(named, given) ? (named[given] ?? '') : given;
  return writeMoment(faceAt(moment, timeZone == null ? null : readText(timeZone, run), run), pattern);
}

/** Helpers of dates. */
export const dates = {
  formatDate: {
    least: 1,
    most: 3,
    usage: 'formatDate date pattern timeZone',
    gives: 'an ISO 8601 date by a pattern (yyyy MM dd HH mm ss fff MMM dddd tt zzz; "o") in a zone (UTC)',
    apply: formatMoment,
  },
  now: {
    least: 0,
    most: 0,
    usage: 'now',
    gives: 'the time of the render, in ISO 8601',
    apply: (_args, run) => new Date(run.now).toISOString(),
  },
} satisfies Library;
