import type { ExportOut, ExportRunPage } from '../../features/exports/routes.ts';
import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';
import { formatCount } from '../time.ts';
import type { Tone, View } from '../view.ts';
import { Icon, withQuery } from './parts.tsx';

type Run = ExportRunPage['items'][number];

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
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

/** A month of local nights, each a link to its files. Days of 23 and 25 hours say so. */
export function Calendar(props: { view: View; of: ExportOut; zone: string; month: string; runs: Run[] }) {
  const { view, of, zone, month, runs } = props;
  const byDate = new Map(runs.map((run) => [run.localDate, run]));
  const today = localDateAt(zone, view.ctx.now());
  const firstDate = localDateAt(zone, Date.parse(of.createdAt));
  const previous = addDays(`${month}-01`, -1).slice(0, 7);
  const next = addDays(`${month}-28`, 4).slice(0, 7);
  return (
    <section class="table" aria-label="Nights" tabindex={0}>
      <table class="calendar">
        <caption>
          <span class="pager">
            <a href={withQuery(view, { month: previous })}>← {monthName(previous)}</a>
            <strong>{monthName(month)}</strong>
            <a href={withQuery(view, { month: next })}>{monthName(next)} →</a>
          </span>
          Nights by their local date, {zone}
        </caption>
        <thead>
          <tr>
            {weekdays.map((day) => (
              <th scope="col">{day}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(month).map((week) => (
            <tr>
              {week.map((date) =>
                date === null ? (
                  <td class="blank" />
                ) : (
                  <Night
                    view={view}
                    href={view.at(`exports/${of.exportId}/nights/${date}`)}
                    date={date}
                    zone={zone}
                    run={byDate.get(date)}
                    state={nightOf({ ...of, firstDate }, byDate.get(date), date, today)}
                    isToday={date === today}
                  />
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Night(props: {
  view: View;
  href: string;
  date: string;
  zone: string;
  run: Run | undefined;
  state: { word: string; tone: Tone } | null;
  isToday: boolean;
}) {
  const { date, run, state } = props;
  const day = (
    <>
      <span class="day">{String(Number(date.slice(8)))}</span>
      {state === null ? null : (
        <span class={`state tone-${state.tone}`}>
          <Icon tone={state.tone} />
          {state.word}
        </span>
      )}
      {run === undefined ? null : <small>{formatCount(run.events)} events</small>}
      <DayLength date={date} zone={props.zone} />
    </>
  );
  return (
    <td aria-current={props.isToday ? 'date' : undefined} class={state === null ? 'blank' : undefined}>
      {run === undefined ? day : <a href={props.href}>{day}</a>}
    </td>
  );
}

/** A clock change is told, so that nobody wonders at a day's figures. */
function DayLength({ date, zone }: { date: string; zone: string }) {
  const hours = (instantOf(zone, addDays(date, 1)) - instantOf(zone, date)) / 3_600_000;
  return hours === 24 ? null : <small class="tone-attention change">{hours} h day</small>;
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
