import type { TraceOut } from '../../features/traces/routes.ts';
import { Copy, State, Table, Time, withQuery } from '../components/parts.tsx';
import { deliveryTones, jobTones } from '../states.ts';
import { formatCount, formatDuration } from '../time.ts';
import type { Page, Tone, View } from '../view.ts';

type Step = TraceOut['steps'][number];

/** One bar: a step, or many alike in one. */
interface Bar {
  step: Step;
  count: number;
  fromMs: number;
  workMs: number;
  untilMs: number;
}

/** Beyond so many steps those alike are drawn as one. */
const drawnOneByOne = 60;
/** Of one kind, on a page of its own. */
const shownOfKind = 50;

const plurals: Record<string, string> = {
  file: 'files',
  job: 'jobs',
  event: 'events',
  sync: 'synchronisations',
  export: 'nights',
  request: 'requests',
  delivery: 'deliveries',
};

/** Everything, or the page of one kind that the address names. */
function api(view: View): string {
  const query = new URLSearchParams({ program: view.programId });
  const kind = view.query.get('kind');
  const cursor = view.query.get('cursor');
  if (kind) {
    query.set('kind', kind);
    query.set('limit', String(shownOfKind));
  }
  if (cursor) query.set('cursor', cursor);
  return `/api/traces/${encodeURIComponent(view.params.traceId ?? '')}?${query}`;
}

/** What one file, event or request became, on one axis of time. */
export async function tracePage(view: View): Promise<Page> {
  const { traceId, steps, nextCursors } = await view.api.get<TraceOut>(api(view));
  const kind = view.query.get('kind');
  if (kind)
    return pageOfKind(view, kind, { traceId, steps, next: nextCursors[kind as Step['kind']] ?? null });
  const now = view.ctx.now();
  const bars = toBars(steps, now);
  const [first] = steps;
  const more = Object.keys(nextCursors);
  const isMoving = steps.some((step) => step.endedAt === null && isOpen(step));
  const startMs = Math.min(...bars.map(({ fromMs }) => fromMs));
  const spanMs = Math.max(1, Math.max(...bars.map(({ untilMs }) => untilMs)) - startMs);
  return {
    title: `Trace of ${first?.name ?? traceId}`,
    ...(isMoving ? { every: 2 } : {}),
    verdict: { tone: toneOf(steps), text: sentence(steps, more) },
    body: (
      <>
        <Table
          caption={`All that it became, over ${formatDuration(spanMs, true)}; hatched is waiting`}
          rows={bars}
          columns={[
            { head: 'What', kind: 'name', cell: (bar) => <Name view={view} bar={bar} /> },
            {
              head: 'State',
              cell: ({ step }) =>
                step.status === null ? '–' : <State word={step.status} tone={stepTone(step)} />,
            },
            { head: 'When', cell: (bar) => <Strip bar={bar} startMs={startMs} spanMs={spanMs} /> },
            { head: 'Began', cell: ({ step }) => <Time view={view} at={step.at} /> },
            {
              head: 'Took',
              kind: 'number',
              cell: ({ step, fromMs, untilMs }) =>
                step.endedAt === null
                  ? isOpen(step)
                    ? 'not ended'
                    : '–'
                  : untilMs === fromMs
                    ? 'at once'
                    : formatDuration(untilMs - fromMs, true),
            },
          ]}
          empty=""
        />
        {more.length === 0 ? null : (
          <nav class="pager" aria-label="All of each kind">
            {more.map((one) => (
              <a href={withQuery(view, { kind: one })}>All {plurals[one]}, page by page</a>
            ))}
          </nav>
        )}
        <Taken view={view} traceId={traceId} />
      </>
    ),
  };
}

/** One kind's steps, each by itself, and where they go on. */
function pageOfKind(
  view: View,
  kind: string,
  { traceId, steps, next }: { traceId: string; steps: Step[]; next: string | null },
): Page {
  const many = plurals[kind] ?? kind;
  const isFirst = !view.query.has('cursor');
  const failed = steps.filter((step) => stepTone(step) === 'bad').length;
  const count = `${formatCount(steps.length)} ${steps.length === 1 ? singularOf(kind) : many}`;
  return {
    title: `${many.charAt(0).toUpperCase()}${many.slice(1)} of a trace`,
    verdict: {
      tone: toneOf(steps),
      text: `${count} on this page${failed > 0 ? `, ${formatCount(failed)} of them failed` : ''}; ${
        next === null ? (isFirst ? 'these are all.' : 'these are the last.') : 'more follow.'
      }`,
    },
    body: (
      <>
        <Table
          caption={`The trace’s ${many}, in the order of time`}
          rows={steps}
          columns={[
            { head: 'What', kind: 'name', cell: (step) => <Name view={view} bar={{ step, count: 1 }} /> },
            {
              head: 'State',
              cell: (step) =>
                step.status === null ? '–' : <State word={step.status} tone={stepTone(step)} />,
            },
            { head: 'Began', cell: (step) => <Time view={view} at={step.at} /> },
            { head: 'Id', cell: (step) => <code>{step.id}</code> },
          ]}
          empty={<p>There are none among what this page looked through.</p>}
        />
        <nav class="pager" aria-label="Pages">
          <a href={withQuery(view, { kind: null, cursor: null })}>The whole trace</a>
          {isFirst ? null : <a href={withQuery(view, { cursor: null })}>First {many}</a>}
          {next === null ? null : <a href={withQuery(view, { cursor: next })}>Next {many}</a>}
        </nav>
        <Taken view={view} traceId={traceId} />
      </>
    ),
  };
}

/** The id to copy, and what the page shows as JSON. */
function Taken({ view, traceId }: { view: View; traceId: string }) {
  const query = withQuery(view, { tz: null, live: null }).split('?')[1];
  return (
    <p>
      Trace <Copy text={traceId} label="the trace id" />{' '}
      <a
        class="button"
        href={`${view.at(`t/${encodeURIComponent(traceId)}/trace.json`)}${query === undefined ? '' : `?${query}`}`}
      >
        Download as JSON
      </a>
    </p>
  );
}

/** The same as JSON, to take along. */
export async function openTrace(view: View): Promise<Response> {
  const answer = await view.api.ask('GET', api(view));
  const headers = {
    'content-disposition': 'attachment; filename="trace.json"',
    'content-type': 'application/json',
  };
  return new Response(answer.body, { headers });
}

const isOpen = ({ kind, status }: Step) => kind !== 'file' && kind !== 'event' && status !== 'ended';

function toBars(steps: Step[], nowMs: number): Bar[] {
  const groups = new Map<string, Bar>();
  for (const [index, step] of steps.entries()) {
    const fromMs = Date.parse(step.at);
    const workMs = step.startedAt === null ? fromMs : Date.parse(step.startedAt);
    const untilMs = step.endedAt === null ? (isOpen(step) ? nowMs : fromMs) : Date.parse(step.endedAt);
    const id = steps.length > drawnOneByOne ? `${step.kind}|${step.name}|${step.status}` : String(index);
    const known = groups.get(id);
    if (known === undefined) groups.set(id, { step, count: 1, fromMs, workMs, untilMs });
    else {
      known.count++;
      known.untilMs = Math.max(known.untilMs, untilMs);
    }
  }
  return [...groups.values()];
}

function Name({ view, bar: { step, count } }: { view: View; bar: Pick<Bar, 'step' | 'count'> }) {
  const to = placeOf(step);
  const text = `${step.kind}: ${step.name}`;
  return (
    <>
      {count > 1 ? `${formatCount(count)} × ` : ''}
      {to === null ? text : <a href={view.at(to)}>{text}</a>}
    </>
  );
}

/** The page of a step. */
function placeOf({ kind, id, name }: Step): string | null {
  switch (kind) {
    case 'job':
      return `jobs/${id}`;
    case 'event':
      return `events/${id}`;
    case 'delivery':
      return `deliveries/${id}`;
    case 'sync':
      return `subscriptions/${encodeURIComponent(name)}`;
    case 'request':
      return `flows/${name.replace('flow ', '')}`;
    case 'file':
      return `files?prefix=${encodeURIComponent(name)}`;
    case 'export':
      return 'exports';
  }
}

/** Waiting hatched, work filled, on the axis of all. */
function Strip({ bar, startMs, spanMs }: { bar: Bar; startMs: number; spanMs: number }) {
  const place = (atMs: number) => Math.round(((atMs - startMs) / spanMs) * 1_000) / 10;
  const [from, work, until] = [place(bar.fromMs), place(bar.workMs), place(bar.untilMs)];
  return (
    <svg
      class={`strip tone-${stepTone(bar.step)}`}
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {work > from ? <rect class="waiting" x={from} y={3.5} width={work - from} height={3} /> : null}
      <rect class="work" x={Math.min(work, 99)} y={1} width={Math.max(1, until - work)} height={8} />
    </svg>
  );
}

function stepTone({ kind, status }: Step): Tone {
  if (kind === 'delivery') return deliveryTones[status ?? ''] ?? 'quiet';
  if (kind === 'job') return jobTones[status ?? ''] ?? 'quiet';
  if (status === 'exhausted') return 'bad';
  if (status === 'open' || status === 'due' || status === 'writing' || status === 'delivering') return 'busy';
  return status === null ? 'quiet' : 'ok';
}

function toneOf(steps: Step[]): Tone {
  const tones = steps.map(stepTone);
  return (['bad', 'attention', 'busy'] as const).find((tone) => tones.includes(tone)) ?? 'ok';
}

const singularOf = (kind: string) => ({ sync: 'synchronisation', export: 'night' })[kind] ?? kind;

/** "This file became 1 job, 42 events and 84 deliveries; 2 are still waiting." Of some kinds there are more. */
function sentence(steps: Step[], more: string[]): string {
  const [first, ...rest] = steps;
  const count = (kind: string, among = rest) => among.filter((step) => step.kind === kind).length;
  const parts = Object.entries(plurals).flatMap(([kind, many]) => {
    const n = count(kind);
    if (kind === 'file' || n === 0) return [];
    if (more.includes(kind)) return [`${formatCount(n)} or more ${many}`];
    return [`${formatCount(n)} ${n === 1 ? singularOf(kind) : many}`];
  });
  const failed = rest.filter((step) => stepTone(step) === 'bad').length;
  const waiting = rest.filter((step) => ['attention', 'busy'].includes(stepTone(step))).length;
  const end = [
    failed > 0 ? `${failed} failed` : '',
    waiting > 0 ? `${waiting} ${waiting === 1 ? 'is' : 'are'} still waiting` : '',
  ].filter((part) => part !== '');
  const what = first === undefined ? 'trace' : singularOf(first.kind);
  const became =
    parts.length === 0 ? 'nothing else so far' : parts.join(', ').replace(/, ([^,]*)$/, ' and $1');
  return `This ${what} became ${became}${end.length === 0 ? '' : `; ${end.join(', ')}`}.`;
}
