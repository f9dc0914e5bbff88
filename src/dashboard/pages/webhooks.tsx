import type { StandingOut, StandingPage } from '../../features/deliveries/standings/routes.ts';
import type { EndpointCreated, EndpointOut, EndpointPage } from '../../features/webhooks/routes.ts';
import { hoursOfEndpoint, RowStrip } from '../components/chart.tsx';
import { Command } from '../components/command.tsx';
import { type Column, Copy, Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { listQuery, programApi } from '../components/query.ts';
import { deliveryTones, endpointTones } from '../states.ts';
import { formatDuration, formatRelative } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

const base = (view: View) => programApi(view, 'webhooks');

type Endpoint = EndpointOut & { standing: StandingOut | undefined };

/** Who gets told of what, and how each takes it. */
export async function webhooksPage(view: View): Promise<Page> {
  // A row holds a strip: more of them would make a page heavier than it may be.
  const list = await view.api.get<EndpointPage>(`${base(view)}${listQuery(view, [], { limit: '25' })}`);
  const standings = await standingsOf(view, list.items);
  const rows = list.items.map((one): Endpoint => ({ ...one, standing: standings.get(one.webhookId) }));
  return {
    title: 'Webhooks',
    every: 15,
    verdict: verdictOf(rows),
    body: (
      <>
        <Table
          caption="Endpoints"
          rows={rows}
          columns={columnsOf(view)}
          empty={
            <>
              <p>Register one below, or from a shell:</p>
              <Command
                view={view}
                method="POST"
                path={base(view)}
                body={{ url: 'https://hooks.school.example/hub', events: ['job.*', 'event.published'] }}
              />
            </>
          }
        />
        <Pager view={view} next={list.nextCursor} by="name" />
        {view.can('webhooks') ? (
          <>
            <h2>A new endpoint</h2>
            <PostForm view={view} to={view.at('webhooks')}>
              <Field view={view} name="url" label="URL" type="url" hint="https, a public host." required />
              <Field
                view={view}
                name="events"
                label="Messages"
                hint="Types or patterns, separated by spaces, such as: job.* event.published"
                value="*"
                required
              />
              <Field view={view} name="description" label="What it is for" />
              <button type="submit" class="primary">
                Register it
              </button>
            </PostForm>
          </>
        ) : null}
      </>
    ),
  };
}

async function standingsOf(view: View, endpoints: EndpointOut[]): Promise<Map<string, StandingOut>> {
  if (endpoints.length === 0) return new Map();
  const ids = endpoints.map(({ webhookId }) => webhookId).join(',');
  const { items } = await view.api.get<StandingPage>(
    `${programApi(view, 'webhook-standings')}?webhooks=${encodeURIComponent(ids)}`,
  );
  return new Map(items.map((one) => [one.webhookId, one]));
}

/** The state in words, and since when: what an active endpoint takes is said by its latest attempts. */
function stateOf({ state, stateReason, stateSince, standing }: Endpoint) {
  const failingSince = state === 'active' ? (standing?.failingSince ?? null) : null;
  if (failingSince !== null)
    return { word: 'failing', tone: endpointTones.degraded, why: '', since: failingSince };
  const why = state !== 'disabled' ? '' : /\b410\b/.test(stateReason ?? '') ? 'because 410' : stateReason;
  return { word: state, tone: endpointTones[state], why: why ?? '', since: stateSince };
}

const columnsOf = (view: View): Column<Endpoint>[] => [
  {
    head: 'URL',
    kind: 'name',
    cell: (one) => (
      <>
        <a href={view.at(`webhooks/${one.webhookId}`)}>{one.url}</a>
        {one.description === '' ? null : <small class="dim beneath">{one.description}</small>}
        <small class="dim beneath">hears {one.events.join(', ')}</small>
      </>
    ),
  },
  {
    head: 'State',
    cell: (one) => {
      const { word, tone = 'quiet', why, since } = stateOf(one);
      return (
        <>
          <State word={word} tone={tone} />
          <small class="dim beneath">
            {why} since <Time view={view} at={since} />
          </small>
        </>
      );
    },
  },
  {
    head: 'Last 24 hours',
    cell: (one) => (
      <RowStrip label={one.url} bars={hoursOfEndpoint(one.standing?.hours ?? [], view.ctx.now())} />
    ),
  },
  { head: 'Last delivery', cell: (one) => <LastDelivery view={view} of={one} /> },
  {
    head: 'Next attempt',
    cell: ({ standing }) => {
      const at = standing?.nextAttemptAt ?? null;
      if (at === null) return <span class="none">–</span>;
      return <Moment at={at} text={formatRelative(Date.parse(at), view.ctx.now())} />;
    },
  },
  {
    head: 'Secret',
    cell: ({ standing }) => {
      const at = standing?.secretSetAt ?? null;
      if (at === null) return <span class="none">none</span>;
      return <Moment at={at} text={`${formatDuration(view.ctx.now() - Date.parse(at))} old`} />;
    },
  },
];

/** A time as people say it; its other forms are shown by the script. */
const Moment = ({ at, text }: { at: string; text: string }) => (
  <hub-time>
    <time datetime={at}>{text}</time>
  </hub-time>
);

function LastDelivery({ view, of }: { view: View; of: Endpoint }) {
  const last = of.standing?.lastDelivery ?? null;
  if (last === null) return <span class="none">none yet</span>;
  return (
    <>
      <a href={view.at(`deliveries/${last.deliveryId}`)}>
        <State word={last.status} tone={deliveryTones[last.status] ?? 'quiet'} />
      </a>
      <small class="dim beneath">
        <Time view={view} at={last.endedAt} />
      </small>
    </>
  );
}

function verdictOf(endpoints: Endpoint[]): Page['verdict'] {
  if (endpoints.length === 0) return { tone: 'quiet', text: 'No endpoint is told of anything yet.' };
  const words = endpoints.map((one) => stateOf(one).word);
  const count = (word: string) => words.filter((one) => one.startsWith(word)).length;
  const parts = ['disabled', 'failing', 'paused']
    .filter((word) => count(word) > 0)
    .map((word) => `${count(word)} ${word}`);
  if (parts.length === 0)
    return { tone: 'ok', text: 'Every endpoint shown is active, and takes what it is sent.' };
  return {
    tone: count('disabled') > 0 ? 'bad' : 'attention',
    text: `Of ${endpoints.length} ${endpoints.length === 1 ? 'endpoint' : 'endpoints'}: ${parts.join(', ')}.`,
  };
}

/** The secret is shown once here; the API shows it again to whoever may see it. */
export async function createWebhook(view: View): Promise<Outcome> {
  const made = await view.api.send<EndpointCreated>('POST', base(view), {
    url: view.form.url?.[0] ?? '',
    events: (view.form.events?.[0] ?? '').split(/[\s,]+/).filter((pattern) => pattern !== ''),
    description: view.form.description?.[0] ?? '',
  });
  return {
    title: 'A new endpoint',
    secret: true,
    verdict: { tone: 'attention', text: 'Copy its signing secret now: this page shows it once.' },
    body: (
      <>
        <Copy text={made?.secret ?? ''} label="the signing secret" />
        <p>
          <a href={view.at(`webhooks/${made?.webhookId ?? ''}`)}>To the endpoint</a>
        </p>
      </>
    ),
  };
}
