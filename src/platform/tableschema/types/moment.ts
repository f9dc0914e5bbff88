import type { Moment } from './calendar.ts';
import { isDate, isMoment, isTime, printDate, printMoment, printTime, trimZeros } from './calendar.ts';

export type TemporalType = 'date' | 'time' | 'datetime';

/** Why a text is no date or time; codes of cells are made of it only where it is told. */
export const temporalFaults = { lexical: 0, calendar: 1, ambiguous: 2 } as const;
export type TemporalFault = (typeof temporalFaults)[keyof typeof temporalFaults];

/** The canonical text, or what is wrong. */
export type TemporalRead = string | TemporalFault;

export function emptyMoment(): Moment {
  return { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: '', offset: undefined };
}

/** What was read, as the canonical text of its type, if the calendar and the clock have it. */
export function finish(type: TemporalType, at: Moment): TemporalRead {
  at.fraction = trimZeros(at.fraction);
  if (type === 'date') {
    if (!isDate(at.year, at.month, at.day)) return temporalFaults.calendar;
    return printDate(at.year, at.month, at.day);
  }
  if (type === 'time') {
    if (!isTime(at.hour, at.minute, at.second)) return temporalFaults.calendar;
    return printTime(at.hour, at.minute, at.second, at.fraction);
  }
  return isMoment(at) ? (printMoment(at) ?? temporalFaults.calendar) : temporalFaults.calendar;
}

export const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

export const dayNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
