import type { EventOut } from '../../features/events/routes.ts';
import type { EventFateOut } from '../../features/traces/fates/routes.ts';
import { KeyHint } from '../components/command.tsx';
import { EventFate, fateWords } from '../components/fate.tsx';
import { Confirm, Field, Filters, Pager, Table, Time } from '../components/parts.tsx';
import { field, listQuery, programApi } from '../components/query.ts';
import { formatCount } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

/** The program's own events, newest first, and what became of each. */
export async function eventsPage(view: View): Promise<Page> {
  const query = listQuery(view, ['type', 'category'], { limit: '50', order: 'newest' });
  const answer = await view.api.ask('GET', `/api/events/${encodeURIComponent(view.programId)}${query}`);
  const events = await answer.json<EventOut[]>();
  const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  const cursor = next === undefined ? null : new URL(next).searchParams.get('cursor');
  const fates = await fatesOf(
    view,
    events.map(({ EventId }) => EventId),
  );
  const isFiltered = view.query.has('type') || view.query.has('category');
  return {
    title: 'Events',
    every: 15,
    verdict: verdictOf(view, events, [...fates.values()], isFiltered),
    body: (
      <>
        <Filters view={view}>
          <label>
            Type <input name="type" value={view.query.get('type') ?? ''} autocomplete="off" />
          </label>
          <label>
            Category <input name="category" value={view.query.get('category') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        {view.can('events:publish') ? <PublishTest view={view} /> : null}
        <Table
          caption={
            isFiltered
              ? 'Events like that, newest first; a page looks at 2,000 of the log'
              : 'Events, newest first'
          }
          rows={events}
          columns={[
            {
              head: 'Event',
              kind: 'name',
              cell: (event) => <a href={view.at(`events/${event.EventId}`)}>{event.PublisherEventId}</a>,
            },
            { head: 'Sequence', kind: 'number', cell: (event) => formatCount(event.Sequence) },
            { head: 'Type', cell: (event) => event.EventType },
            { head: 'Category', cell: (event) => event.PublisherEventCategory?.value ?? '–' },
            { head: 'Came', cell: (event) => <Time view={view} at={event.ReceivedUtc} /> },
            { head: 'Fate', cell: (event) => <EventFate of={fates.get(event.EventId)} /> },
          ]}
          empty={<NoEvents view={view} isFiltered={isFiltered} />}
        />
        <Pager view={view} next={cursor} />
      </>
    ),
  };
}

export async function fatesOf(view: View, eventIds: string[]): Promise<Map<string, EventFateOut>> {
  if (eventIds.length === 0) return new Map();
  const { items } = await view.api.get<{ items: EventFateOut[] }>(
    programApi(view, `fates?events=${eventIds.join(',')}`),
  );
  return new Map(items.map((one) => [one.eventId, one]));
}

function verdictOf(
  view: View,
  events: EventOut[],
  fates: EventFateOut[],
  isFiltered: boolean,
): Page['verdict'] {
  const [latest] = events;
  if (latest === undefined)
    return { tone: 'quiet', text: isFiltered ? 'No event looked at is like that.' : 'No event yet.' };
  const count = (fate: EventFateOut['fate']) => fates.filter((one) => one.fate === fate).length;
  const parts = (['failed', 'waiting'] as const)
    .filter((fate) => count(fate) > 0)
    .map((fate) => `${formatCount(count(fate))} ${fateWords[fate].word}`);
  const of = `of the ${events.length === 1 ? 'one event' : `${formatCount(events.length)} events`} shown`;
  return {
    tone: count('failed') > 0 ? 'bad' : count('waiting') > 0 ? 'attention' : 'ok',
    text: (
      <>
        {parts.length === 0 ? `None ${of} failed or waits.` : `${parts.join(', ')} ${of}.`} The newest came at{' '}
        <Time view={view} at={latest.ReceivedUtc} />.
      </>
    ),
  };
}

function PublishTest({ view }: { view: View }) {
  return (
    <div class="actions">
      <Confirm
        view={view}
        to={view.at('events/publish')}
        label="Publish a test event…"
        button="Publish it"
        effect="It is an event like any: it stays in the log, and whoever wants its type and category is told."
      >
        <Field view={view} name="EventType" label="Type" value="test" required />
        <Field view={view} name="category" label="Category" hint="May be left out." />
        <Field view={view} name="data" label="Data, as JSON" rows={4} value="{}" required />
      </Confirm>
    </div>
  );
}

/** One made-up event through the same door as every other; the page of it tells its fate. */
export async function publishTest(view: View): Promise<Outcome> {
  const at = new Date(view.ctx.now()).toISOString();
  const category = field(view, 'category');
  // The data are given on as they were typed: numbers of any length stay as they are.
  const envelope = JSON.stringify({
    PublisherProgramId: view.programId,
    PublisherEventId: `test-${at}`,
    EventType: field(view, 'EventType') ?? '',
    EventStartUtc: at,
    ...(category === undefined ? {} : { PublisherEventCategory: category }),
  });
  const body = `${envelope.slice(0, -1)},"PublisherEventData":${field(view, 'data') ?? 'null'}}`;
  const answer = await view.api.ask('POST', '/api/events', new Blob([body]), {
    'content-type': 'application/json',
  });
  const eventId = (answer.headers.get('location') ?? '').split('/').at(-1) ?? '';
  return { to: view.at(`events/${eventId}`), done: 'published' };
}

function NoEvents({ view, isFiltered }: { view: View; isFiltered: boolean }) {
  if (isFiltered)
    return (
      <p>
        <a href={view.at('events')}>Show all events</a>
      </p>
    );
  const event = { PublisherProgramId: view.programId, PublisherEventId: '1', EventType: 'test' };
  return (
    <>
      <p>No event has been published. This publishes one:</p>
      <pre
        tabindex={0}
      >{`curl -X POST ${view.ctx.config.PUBLIC_URL}/api/events -H "Authorization: Bearer $KEY" \\
  -H 'content-type: application/json' -d '${JSON.stringify(event).slice(0, -1)},"EventStartUtc":"'$(date -u +%FT%TZ)'"}'`}</pre>
      <KeyHint view={view} />
    </>
  );
}
