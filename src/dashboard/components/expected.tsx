import type { Child } from 'hono/jsx';
import type { ExportOut } from '../../features/exports/routes.ts';
import type { MonitorOut } from '../../features/monitors/routes.ts';
import { addDays, localDateAt } from '../../platform/zones.ts';
import { formatDuration } from '../time.ts';
import type { Tone, View } from '../view.ts';
import { TimeAndAgo } from './moments.tsx';
import { State, Table } from './parts.tsx';

/** Something that was promised for a time, and whether it came. */
export interface Expectation {
  kind: 'watched' | 'night';
  what: Child;
  word: 'on time' | 'late' | 'not due' | 'paused';
  detail: string;
  tone: Tone;
  /** The moment; of a night, where to see those before it. */
  last: Child;
  dueAt: string | null;
  isDueSoon: boolean;
}

const dayMs = 86_400_000;
/** A night is begun within the minute; later than this it waits for something. */
const lateAfterMs = 10 * 60_000;

/** What monitors and exports expect: late before the rest, then what is due first. */
export function expectedOf(view: View, monitors: MonitorOut[], exports: ExportOut[]): Expectation[] {
  const now = view.ctx.now();
  const soon = (dueAt: string | null) => dueAt !== null && Date.parse(dueAt) - now < dayMs;
  const watched = monitors.map((one): Expectation => {
    const isLate = one.state === 'silent';
    const [[kind, ref] = ['', '']] = Object.entries(one.watches);
    return {
      kind: 'watched',
      what: (
        <>
          <a href={view.at('monitors')}>{one.name}</a>: the {kind} {ref}
        </>
      ),
      word: one.snoozed !== null ? 'paused' : isLate ? 'late' : 'on time',
      detail:
        one.snoozed !== null
          ? `snoozed: ${one.snoozed.reason}`
          : isLate
            ? formatDuration(now - Date.parse(one.dueAt))
            : '',
      tone: one.snoozed !== null ? 'attention' : isLate ? 'bad' : 'ok',
      last: one.lastSuccessAt === null ? '–' : <TimeAndAgo view={view} at={one.lastSuccessAt} />,
      dueAt: one.dueAt,
      isDueSoon: !isLate && soon(one.dueAt),
    };
  });
  const nights = exports.map((one): Expectation => {
    const lateMs = one.nextDueAt === null ? 0 : now - Date.parse(one.nextDueAt);
    const isLate = lateMs > lateAfterMs;
    const yesterday = addDays(localDateAt(one.timeZone ?? view.programZone, now), -1);
    const isThrough = one.lastLocalDate !== null && one.lastLocalDate >= yesterday;
    const word = !one.active ? 'paused' : isLate ? 'late' : isThrough ? 'on time' : 'not due';
    return {
      kind: 'night',
      what: (
        <>
          <a href={view.at(`exports/${one.exportId}`)}>{one.name}</a>
          {one.lastLocalDate === null ? null : `: the night of ${addDays(one.lastLocalDate, 1)}`}
        </>
      ),
      word,
      detail: isLate ? formatDuration(lateMs) : '',
      tone: { paused: 'attention', late: 'bad', 'on time': 'ok', 'not due': 'quiet' }[word] as Tone,
      last: <a href={view.at(`exports/${one.exportId}`)}>its nights</a>,
      dueAt: one.nextDueAt,
      isDueSoon: one.active && soon(one.nextDueAt),
    };
  });
  const rank = ({ word }: Expectation) => (word === 'late' ? 0 : word === 'paused' ? 1 : 2);
  return [...watched, ...nights].sort(
    (a, b) => rank(a) - rank(b) || (a.dueAt ?? '~').localeCompare(b.dueAt ?? '~'),
  );
}

/** Silence shown as the event that it is. */
export function Expected({ view, of }: { view: View; of: Expectation[] }) {
  return (
    <Table
      caption="Late before the rest, then by when it is due"
      rows={of}
      columns={[
        { head: 'What', kind: 'name', cell: ({ what }) => what },
        {
          head: 'State',
          cell: ({ word, detail, tone }) => (
            <State word={detail === '' ? word : `${detail} ${word}`} tone={tone} />
          ),
        },
        {
          head: 'Due',
          cell: ({ dueAt }) => (dueAt === null ? '–' : <TimeAndAgo view={view} at={dueAt} />),
        },
        {
          head: 'Last success',
          cell: ({ last }) => last,
        },
      ]}
      empty={
        <p>
          Nothing is expected yet. A <a href={view.at('monitors')}>monitor</a> says what must succeed by when,
          and tells when it does not.
        </p>
      }
    />
  );
}
