import type { ExportOut, ExportRunPage } from '../../features/exports/routes.ts';
import { addDays, instantOf, localDateAt } from '../../platform/zones.ts';
import { monthName, nightOf, weeksOf } from '../nights.ts';
import { formatCount } from '../time.ts';
import type { Tone, View } from '../view.ts';
import { Icon, withQuery } from './parts.tsx';

type Run = ExportRunPage['items'][number];

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
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
