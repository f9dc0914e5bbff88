import { recordAudit } from '../../features/audit/index.ts';
import type { DeliveryPage } from '../../features/deliveries/routes.ts';
import type { EventOut } from '../../features/events/routes.ts';
import type { EventFateOut } from '../../features/traces/fates/routes.ts';
import type { EndpointPage } from '../../features/webhooks/routes.ts';
import { commit } from '../../platform/d1.ts';
import { Facts } from '../components/facts.tsx';
import { fateWords } from '../components/fate.tsx';
import { Choice } from '../components/forms.tsx';
import { Confirm, Copy, PostForm, State, Table, Time } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { deliveryTones } from '../states.ts';
import { formatCount } from '../time.ts';
import { masked, maySee, whoSees } from '../values.ts';
import type { Outcome, Page, View } from '../view.ts';
import { fatesOf } from './events.tsx';

const id = (view: View) => encodeURIComponent(view.params.eventId ?? '');

/** One event: what became of it, at the program's endpoints and at each subscriber. */
export function eventPage(view: View): Promise<Page> {
  return showEventPage(view, false);
}

/** With its data and its participant: personal, shown on demand, and the showing is on record. */
export async function showEvent(view: View): Promise<Outcome> {
  const page = await showEventPage(view, true);
  await commit(view.ctx.db, [
    recordAudit(view.ctx, {
      programId: view.programId,
      action: 'event.shown',
      target: view.params.eventId ?? '',
    }),
  ]);
  return page;
}

async function showEventPage(view: View, isShown: boolean): Promise<Page> {
  const event = await view.api.get<EventOut>(`/api/events/${id(view)}`);
  const [fates, deliveries, endpoints] = await Promise.all([
    fatesOf(view, [event.EventId]),
    view.api.get<DeliveryPage>(
      programApi(view, `deliveries?about=${id(view)}&traceId=${encodeURIComponent(event.TraceId)}&limit=50`),
    ),
    view.can('webhooks')
      ? view.api.get<EndpointPage>(programApi(view, 'webhooks?limit=100'))
      : Promise.resolve({ items: [] }),
  ]);
  const fate = fates.get(event.EventId);
  const active = endpoints.items.filter(({ state }) => state === 'active');
  return {
    title: event.PublisherEventId,
    secret: isShown,
    ...(isShown || event.DeletedUtc !== null ? {} : { every: 15 }),
    verdict: verdictOf(view, event, fate),
    body: (
      <>
        <div class="actions">
          {isShown || event.DeletedUtc !== null ? null : !maySee(view, 'events') ? (
            <p class="dim">Its data are masked. {whoSees('events')} can show them.</p>
          ) : (
            <PostForm view={view} to={view.at(`events/${event.EventId}/show`)}>
              <button type="submit">Show data</button>
            </PostForm>
          )}
          {active.length === 0 || event.DeletedUtc !== null ? null : (
            <Confirm
              view={view}
              to={view.at(`events/${event.EventId}/replay`)}
              label="Tell an endpoint again…"
              button="Send it"
              effect="It is sent at once to this endpoint alone, whatever it listens to; a receiver that keeps to the message id takes it once."
            >
              <Choice
                view={view}
                name="webhookId"
                label="Endpoint"
                options={active.map(({ webhookId, url }): [string, string] => [webhookId, url])}
              />
            </Confirm>
          )}
        </div>
        {isShown ? (
          <>
            <h2>Its data</h2>
            <pre tabindex={0}>{JSON.stringify(event.PublisherEventData, null, 2)}</pre>
            <AsCommand view={view} event={event} />
          </>
        ) : null}
        <h2>Who was told</h2>
        <Table
          caption="Its deliveries to the program’s own endpoints"
          rows={deliveries.items}
          columns={[
            {
              head: 'To',
              kind: 'name',
              cell: (one) => <a href={view.at(`deliveries/${one.deliveryId}`)}>{one.target}</a>,
            },
            {
              head: 'State',
              cell: (one) => <State word={one.status} tone={deliveryTones[one.status] ?? 'quiet'} />,
            },
            { head: 'Message', cell: (one) => one.type },
            { head: 'Attempts', kind: 'number', cell: (one) => String(one.attemptCount) },
            { head: 'Ended', cell: (one) => <Time view={view} at={one.endedAt} /> },
          ]}
          empty={<p>{fate === undefined ? 'Nobody.' : fateWords[fate.fate].says}</p>}
        />
        <Subscribers of={fate?.subscribers ?? []} />
        <Facts
          of={[
            ['Type', event.EventType],
            ['Category', event.PublisherEventCategory?.value ?? '–'],
            ['System', event.PublisherSystemId ?? '–'],
            [
              'Participant',
              event.PublisherParticipantId === null ? '–' : isShown ? event.PublisherParticipantId : masked,
            ],
            ['Began', <Time view={view} at={event.EventStartUtc} />],
            ['Ended', <Time view={view} at={event.EventEndUtc} />],
            ['Change', event.Change ?? '–'],
            ['Members of its data', membersOf(event)],
            [
              'Known by',
              <code>
                {[
                  event.PublisherProgramId,
                  event.PublisherSystemId ?? '',
                  event.EventType,
                  event.PublisherEventId,
                ].join(' · ')}
              </code>,
            ],
            ['Event id', <Copy text={event.EventId} label="the event id" />],
            ['Trace', <a href={view.at(`t/${encodeURIComponent(event.TraceId)}`)}>{event.TraceId}</a>],
          ]}
        />
        <p class="dim">
          “Known by” is what makes a second event of the same publisher, system, type and id a duplicate.
        </p>
      </>
    ),
  };
}

function verdictOf(view: View, event: EventOut, fate: EventFateOut | undefined): Page['verdict'] {
  if (event.DeletedUtc !== null)
    return {
      tone: 'quiet',
      text: (
        <>
          Deleted by its publisher at <Time view={view} at={event.DeletedUtc} />.
        </>
      ),
    };
  const said = fate === undefined ? null : fateWords[fate.fate];
  return {
    tone: said?.tone ?? 'ok',
    text: (
      <>
        Came at <Time view={view} at={event.ReceivedUtc} />, as number {formatCount(event.Sequence)} of the
        log. {said?.says ?? ''}
      </>
    ),
  };
}

function membersOf({ PublisherEventData: data }: EventOut): string {
  const members = typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.keys(data) : [];
  return members.length === 0 ? '–' : members.join(', ');
}

/** What each subscriber's template makes of it, and how far the subscriber has come. */
function Subscribers({ of }: { of: EventFateOut['subscribers'] }) {
  if (of.length === 0) return null;
  return (
    <>
      <h2>What its subscribers make of it</h2>
      <Table
        caption="By their templates as they are now"
        rows={of}
        columns={[
          { head: 'Subscriber', kind: 'name', cell: (one) => one.programId ?? 'a program' },
          {
            head: 'Template',
            cell: (one) => <State word={one.decision} tone={one.decision === 'imported' ? 'ok' : 'quiet'} />,
          },
          {
            head: 'Row',
            cell: (one) => {
              if (one.quarantined !== null)
                return (
                  <State
                    word={`none: ${one.quarantined.code}${one.quarantined.line === null ? '' : `, line ${one.quarantined.line}, column ${one.quarantined.column}`}`}
                    tone="bad"
                  />
                );
              if (one.decision !== 'imported') return '–';
              if (one.synchronised) return <State word="synchronised" tone="ok" />;
              if (one.pulled) return <State word="pulled" tone="ok" />;
              return <State word="waits for the next synchronisation" tone="quiet" />;
            },
          },
        ]}
        empty=""
      />
    </>
  );
}

/** The same event, to publish it from a shell; under the same id it is a duplicate. */
function AsCommand({ view, event }: { view: View; event: EventOut }) {
  const body = {
    PublisherProgramId: event.PublisherProgramId,
    ...(event.PublisherSystemId === null ? {} : { PublisherSystemId: event.PublisherSystemId }),
    PublisherEventId: event.PublisherEventId,
    EventType: event.EventType,
    EventStartUtc: event.EventStartUtc,
    ...(event.EventEndUtc === null ? {} : { EventEndUtc: event.EventEndUtc }),
    ...(event.PublisherParticipantId === null
      ? {}
      : { PublisherParticipantId: event.PublisherParticipantId }),
    ...(event.PublisherEventCategory === null
      ? {}
      : { PublisherEventCategory: event.PublisherEventCategory }),
    PublisherEventData: event.PublisherEventData,
  };
  const text = JSON.stringify(body).replaceAll("'", `'\\''`);
  return (
    <details>
      <summary>As a command that publishes the same</summary>
      <hub-copy>
        <pre
          tabindex={0}
        >{`curl -i -X POST ${view.ctx.config.PUBLIC_URL}/api/events -H "Authorization: Bearer $KEY" \\
  -H 'content-type: application/json' --data-binary '${text}'`}</pre>
        <button type="button" class="copy" hidden aria-label="Copy the command">
          Copy
        </button>
      </hub-copy>
    </details>
  );
}

export async function replayEvent(view: View): Promise<Outcome> {
  const webhookId = encodeURIComponent(field(view, 'webhookId') ?? '');
  const made = await view.api.send<{ deliveryId: string }>(
    'POST',
    programApi(view, `webhooks/${webhookId}/replay`),
    { eventId: view.params.eventId ?? '' },
  );
  return { to: view.at(`deliveries/${made?.deliveryId ?? ''}`), done: 'delivery-retry' };
}
