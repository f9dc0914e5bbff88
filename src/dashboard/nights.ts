import type { ExportOut, ExportRunPage } from '../features/exports/routes.ts';
import { addDays } from '../platform/zones.ts';
import type { Tone } from './view.ts';

type Run = Pick<ExportRunPage['items'][number], 'status' | 'sends' | 'events'>;

const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** `2026-05` of the address, else of today. */
export function monthOf(asked: string | null, today: string): string {
  return asked !== null && /^(19|20)\d\d-(0[1-9]|1[0-2])$/.test(asked) ? asked : today.slice(0, 7);
}

/** `May 2026`. */
export const monthName = (month: string) => `${monthNames[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`;

/** What a local date is to an export. Pure: `today` is the date where the export's clock hangs. */
export function nightOf(
  of: Pick<ExportOut, 'active' | 'lastLocalDate'> & { firstDate: string },
  run: Run | undefined,
  date: string,
  today: string,
): { word: string; tone: Tone } | null {
  if (run !== undefined) {
    if (run.status === 'exhausted') return { word: 'failed', tone: 'bad' };
    if (run.status !== 'delivered') return { word: run.status, tone: 'busy' };
    if (run.sends > 1) return { word: 'sent again', tone: 'ok' };
    return run.events === 0 ? { word: 'empty day', tone: 'quiet' } : { word: 'sent', tone: 'ok' };
  }
  if (date < of.firstDate) return null;
  if (of.lastLocalDate !== null && date <= of.lastLocalDate) return { word: 'past retention', tone: 'quiet' };
  if (date >= today) return date === today && of.active ? { word: 'tonight', tone: 'quiet' } : null;
  if (!of.active) return { word: 'waits', tone: 'attention' };
  // Yesterday's file goes out in the small hours: until then it is due, and after that it is late.
  return date === addDays(today, -1) ? { word: 'due', tone: 'quiet' } : { word: 'late', tone: 'bad' };
}

/** The weeks of a month, Mondays first; null for the days of its neighbours. */
export function weeksOf(month: string): (string | null)[][] {
  const first = `${month}-01`;
  const lead = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
  const days: (string | null)[] = Array.from({ length: lead }, () => null);
  for (let date = first; date.startsWith(month); date = addDays(date, 1)) days.push(date);
  while (days.length % 7 !== 0) days.push(null);
  return Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7));
}
