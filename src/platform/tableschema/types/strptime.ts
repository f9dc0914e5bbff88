/**
 * Patterns as Python and C have them for strptime, compiled to steps. Names are English in any letter
 * case. A number takes as many digits as it may (`%d` one or two, `%Y` four) and gives none back.
 *
 *   %Y %y %m %b %B %h %d %e %j   year, month, day (%y: 69–99 are 19xx, 00–68 are 20xx, as POSIX says)
 *   %H %I %p %M %S %f            time of day (%f: one to nine digits)
 *   %z %Z                        +hhmm, +hh:mm, Z · UTC, GMT, Z
 *   %a %A                        day of the week, read and not compared
 *   %D %F %R %T                  %m/%d/%y, %Y-%m-%d, %H:%M, %H:%M:%S
 *   %n %t, white space, %%       any white space · a percent sign
 */
import { digitsAt, isDigitAt, isLeap, type Moment, twoDigits } from './calendar.ts';
import type { TemporalRead, TemporalType } from './moment.ts';
import { dayNames, emptyMoment, finish, monthNames, temporalFaults } from './moment.ts';

interface Scan extends Moment {
  /** Where the next step reads; -1 after one failed. */
  at: number;
  dayOfYear: number;
  /** Undefined, or whether `%p` said PM. */
  afternoon: boolean | undefined;
  twelveHours: boolean;
}

type Step = (text: string, scan: Scan) => void;

const composed: Record<string, string> = { D: '%m/%d/%y', F: '%Y-%m-%d', R: '%H:%M', T: '%H:%M:%S' };

function number(min: number, max: number, store: (scan: Scan, value: number) => void): Step {
  return (text, scan) => {
    const end = digitsAt(text, scan.at, min, max);
    if (end >= 0) store(scan, Number(text.slice(scan.at, end)));
    scan.at = end;
  };
}

function word(names: readonly string[], store: (scan: Scan, index: number) => void): Step {
  return (text, scan) => {
    const rest = text.slice(scan.at, scan.at + 9).toLowerCase();
    const index = names.findIndex((name) => rest.startsWith(name));
    if (index >= 0) store(scan, index);
    scan.at = index < 0 ? -1 : scan.at + (names[index]?.length ?? 0);
  };
}

const short = (names: readonly string[]) => names.map((name) => name.slice(0, 3));

const directives: Record<string, Step> = {
  Y: number(4, 4, (scan, value) => {
    scan.year = value;
  }),
  y: number(2, 2, (scan, value) => {
    scan.year = value < 69 ? 2000 + value : 1900 + value;
  }),
  m: number(1, 2, (scan, value) => {
    scan.month = value;
  }),
  d: number(1, 2, (scan, value) => {
    scan.day = value;
  }),
  j: number(1, 3, (scan, value) => {
    scan.dayOfYear = value;
  }),
  H: number(1, 2, (scan, value) => {
    scan.hour = value;
  }),
  I: number(1, 2, (scan, value) => {
    scan.hour = value;
    scan.twelveHours = true;
  }),
  M: number(1, 2, (scan, value) => {
    scan.minute = value;
  }),
  S: number(1, 2, (scan, value) => {
    scan.second = value;
  }),
  B: word(monthNames, (scan, index) => {
    scan.month = index + 1;
  }),
  b: word(short(monthNames), (scan, index) => {
    scan.month = index + 1;
  }),
  A: word(dayNames, () => {}),
  a: word(short(dayNames), () => {}),
  p: word(['am', 'pm'], (scan, index) => {
    scan.afternoon = index === 1;
  }),
  Z: word(['utc', 'gmt', 'z'], (scan) => {
    scan.offset = 0;
  }),
  f: (text, scan) => {
    const end = digitsAt(text, scan.at, 1, 9);
    if (end >= 0) scan.fraction = text.slice(scan.at, end);
    scan.at = end;
  },
  z: (text, scan) => {
    readOffset(text, scan);
  },
  e: (text, scan) => {
    while (text.charAt(scan.at) === ' ') scan.at++;
    directives.d?.(text, scan);
  },
  n: skipSpace,
  t: skipSpace,
};
directives.h = directives.b ?? skipSpace;

function skipSpace(text: string, scan: Scan): void {
  while (/\s/.test(text.charAt(scan.at))) scan.at++;
}

/** `Z`, `+hh`, `+hhmm`, `+hh:mm`: how ISO 8601 writes an offset. */
function readOffset(text: string, scan: Scan): void {
  const sign = text.charAt(scan.at);
  if (sign === 'Z' || sign === 'z') {
    scan.offset = 0;
    scan.at++;
    return;
  }
  const hours = twoDigits(text, scan.at + 1);
  const colon = text.charAt(scan.at + 3) === ':' ? 1 : 0;
  const hasMinutes = colon === 1 || isDigitAt(text, scan.at + 3);
  const minutes = hasMinutes ? twoDigits(text, scan.at + 3 + colon) : 0;
  if ((sign !== '+' && sign !== '-') || !(hours <= 14) || !(minutes <= 59)) {
    scan.at = -1;
    return;
  }
  scan.offset = (sign === '-' ? -1 : 1) * (hours * 60 + minutes);
  scan.at += hasMinutes ? 5 + colon : 3;
}

function literal(char: string): Step {
  return (text, scan) => {
    scan.at = text.startsWith(char, scan.at) ? scan.at + char.length : -1;
  };
}

/** A reader of texts in `format`, or the sentence that says why there can be none. */
export function compileStrptime(
  type: TemporalType,
  format: string,
): { read: (text: string) => TemporalRead } | { problem: string } {
  const pattern = format.replace(/%([DFRT])/g, (whole, letter: string) => composed[letter] ?? whole);
  const steps: Step[] = [];
  const used = new Set<string>();
  for (const [token] of pattern.matchAll(/%.|\s+|[^%\s]+|%$/gsu)) {
    const letter = token.charAt(1);
    if (token === '%%') steps.push(literal('%'));
    else if (!token.startsWith('%')) steps.push(token.trim() === '' ? skipSpace : literal(token));
    else if (!Object.hasOwn(directives, letter)) {
      return { problem: `${JSON.stringify(token)} is no directive of strptime that is read here` };
    } else {
      if (used.has(letter)) return { problem: `${token} stands there twice` };
      used.add(letter);
      steps.push(directives[letter] ?? skipSpace);
    }
  }
  const problem = contradiction(type, used);
  return problem === undefined ? { read: (text) => run(type, steps, text) } : { problem };
}

function contradiction(type: TemporalType, used: Set<string>): string | undefined {
  const any = (letters: string) => [...letters].some((letter) => used.has(letter));
  const count = (letters: string) => [...letters].filter((letter) => used.has(letter)).length;
  if (used.size === 0) return 'the format has no directive such as %Y';
  if (count('Yy') > 1 || count('mbBh') > 1 || count('de') > 1 || count('HI') > 1 || count('zZ') > 1) {
    return 'the format reads one part of a date or time twice';
  }
  if (used.has('j') && any('mbBhde')) return '%j is month and day already';
  if (used.has('I') !== used.has('p')) return '%I (twelve hours) and %p (am or pm) need each other';
  if (type !== 'time' && !(any('Yy') && (used.has('j') || (any('mbBh') && any('de'))))) {
    return `a ${type} needs year, month and day`;
  }
  if (type === 'date' && any('HIMSfpzZ')) return 'a date has no time: let the type be datetime';
  if (type === 'time' && any('YymbBhdejaAzZ')) return 'a time has no date and no offset';
  if (type === 'time' && !any('HI')) return 'a time needs its hour';
  if (
    (used.has('M') && !any('HI')) ||
    (used.has('S') && !used.has('M')) ||
    (used.has('f') && !used.has('S'))
  ) {
    return 'minutes need hours, seconds minutes and fractions seconds';
  }
  return undefined;
}

function run(type: TemporalType, steps: readonly Step[], text: string): TemporalRead {
  const scan: Scan = { ...emptyMoment(), at: 0, dayOfYear: 0, afternoon: undefined, twelveHours: false };
  for (const step of steps) {
    step(text, scan);
    if (scan.at < 0) return temporalFaults.lexical;
  }
  if (scan.at !== text.length) return temporalFaults.lexical;
  if (scan.twelveHours) {
    if (scan.hour < 1 || scan.hour > 12) return temporalFaults.calendar;
    scan.hour = (scan.hour % 12) + (scan.afternoon ? 12 : 0);
  }
  if (scan.hour > 23) return temporalFaults.calendar;
  if (scan.dayOfYear > 0 && !setDayOfYear(scan)) return temporalFaults.calendar;
  return finish(type, scan);
}

function setDayOfYear(scan: Scan): boolean {
  if (scan.dayOfYear > (isLeap(scan.year) ? 366 : 365)) return false;
  const day = new Date(0);
  day.setUTCFullYear(scan.year, 0, scan.dayOfYear);
  scan.month = day.getUTCMonth() + 1;
  scan.day = day.getUTCDate();
  return true;
}
