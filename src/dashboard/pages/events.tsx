import type { EventOut } from '../../features/events/routes.ts';
import { Copy, Facts, Filters, State, Table, Time, withQuery } from '../components/parts.tsx';
import { formatCount } from '../time.ts';
import type { Page, View } from '../view.ts';

/** The program's own events. The log is read forwards, so the page begins at a time rather than at the end. */
export async function eventsPage(view: View): Promise<Page> {
  const query = new URLSearchParams({ limit: '50' });
  for (const name of ['type', 'category', 'cursor']) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  const since = view.query.get('since') ?? new Date(view.ctx.now() - 86_400_000).toISOString();
  if (since !== 'beginning') query.set('since', since);
  const answer = await view.api.ask('GET', `/api/events/${encodeURIComponent(view.programId)}?${query}`);
  const events = await answer.json<EventOut[]>();
  const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  const cursor = next === undefined ? null : new URL(next).searchParams.get('cursor');
  const latest = events.at(-1);
  return {
    title: 'Events',
    every: 15,
    verdict:
      latest === undefined
        ? { tone: 'quiet', text: since === 'beginning' ? 'No event yet.' : 'No event since then.' }
        : {
            tone: 'ok',
            text: `${events.length}${cursor === null ? '' : ' and more'} since then, in the order in which they came.`,
          },
    body: (
      <>
        <Filters view={view}>
          <label>
            Since (UTC, or “beginning”){' '}
            <input
              name="since"
              value={since.slice(0, 16) + (since.length > 16 ? 'Z' : '')}
              autocomplete="off"
            />
          </label>
          <label>
            Type <input name="type" value={view.query.get('type') ?? ''} autocomplete="off" />
          </label>
          <label>
            Category <input name="category" value={view.query.get('category') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        <Table
          caption="Events, in the order of the log"
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
            {
              head: 'State',
              cell: (event) => (event.DeletedUtc === null ? '–' : <State word="deleted" tone="quiet" />),
            },
          ]}
          empty={
            <p>
              None. <a href={view.at('events?since=beginning')}>From the beginning of the log</a>
            </p>
          }
        />
        {cursor === null ? null : (
          <nav class="pager" aria-label="Pages">
            <span />
            <a href={withQuery(view, { cursor })}>Later</a>
          </nav>
        )}
      </>
    ),
  };
}

/** One event without its data, which is personal: the API shows it to whoever may read it. */
export async function eventPage(view: View): Promise<Page> {
  const event = await view.api.get<EventOut>(`/api/events/${encodeURIComponent(view.params.eventId ?? '')}`);
  const data = event.PublisherEventData;
  const members = typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.keys(data) : [];
  return {
    title: event.PublisherEventId,
    verdict:
      event.DeletedUtc === null
        ? {
            tone: 'ok',
            text: (
              <>
                Came at <Time view={view} at={event.ReceivedUtc} />, as number {formatCount(event.Sequence)}{' '}
                of the log.
              </>
            ),
          }
        : {
            tone: 'quiet',
            text: (
              <>
                Deleted by its publisher at <Time view={view} at={event.DeletedUtc} />.
              </>
            ),
          },
    body: (
      <>
        <Facts
          of={[
            ['Type', event.EventType],
            ['Category', event.PublisherEventCategory?.value ?? '–'],
            ['System', event.PublisherSystemId ?? '–'],
            ['Participant', event.PublisherParticipantId === null ? '–' : '•••'],
            ['Began', <Time view={view} at={event.EventStartUtc} />],
            ['Ended', <Time view={view} at={event.EventEndUtc} />],
            ['Change', event.Change ?? '–'],
            ['Members of its data', members.length === 0 ? '–' : members.join(', ')],
            ['Event id', <Copy text={event.EventId} label="the event id" />],
            ['Trace', <Copy text={event.TraceId} label="the trace id" />],
          ]}
        />
        <p>
          <a
            href={view.at(
              `deliveries?about=${encodeURIComponent(event.EventId)}&traceId=${encodeURIComponent(event.TraceId)}`,
            )}
          >
            Who was told of it
          </a>
        </p>
      </>
    ),
  };
}
