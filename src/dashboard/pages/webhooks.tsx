import type { DeliveryPage } from '../../features/deliveries/routes.ts';
import type { EndpointCreated, EndpointOut, EndpointPage } from '../../features/webhooks/routes.ts';
import { Confirm, Copy, Facts, Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { deliveryTones, endpointTones } from '../states.ts';
import type { Outcome, Page, View } from '../view.ts';

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}/webhooks`;
const onePath = (view: View) => `${base(view)}/${encodeURIComponent(view.params.webhookId ?? '')}`;

/** Who gets told of what. */
export async function webhooksPage(view: View): Promise<Page> {
  const cursor = view.query.get('cursor');
  const list = await view.api.get<EndpointPage>(
    `${base(view)}${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
  );
  const off = list.items.filter(({ state }) => state !== 'active');
  return {
    title: 'Webhooks',
    every: 15,
    verdict:
      list.items.length === 0
        ? { tone: 'quiet', text: 'No endpoint is told of anything yet.' }
        : off.length === 0
          ? { tone: 'ok', text: 'Every endpoint shown is active.' }
          : {
              tone: 'attention',
              text: `${off.length} of ${list.items.length} ${off.length === 1 ? 'is' : 'are'} not active.`,
            },
    body: (
      <>
        <Table
          caption="Endpoints"
          rows={list.items}
          columns={[
            {
              head: 'URL',
              kind: 'name',
              cell: (one) => <a href={view.at(`webhooks/${one.webhookId}`)}>{one.url}</a>,
            },
            {
              head: 'State',
              cell: (one) => <State word={one.state} tone={endpointTones[one.state] ?? 'quiet'} />,
            },
            { head: 'Since', cell: (one) => <Time view={view} at={one.stateSince} /> },
            { head: 'Hears', cell: (one) => one.events.join(', ') },
            { head: 'For', cell: (one) => one.description || '–' },
          ]}
          empty={
            <p>
              Register one below, or with <code>POST {base(view)}</code>.
            </p>
          }
        />
        <Pager view={view} next={list.nextCursor} />
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

/** One endpoint: whether it works, and what it was sent lately. */
export async function webhookPage(view: View): Promise<Page> {
  const one = await view.api.get<EndpointOut>(onePath(view));
  const deliveries = await view.api.get<DeliveryPage>(
    `/api/programs/${encodeURIComponent(view.programId)}/deliveries?channel=webhook&limit=50`,
  );
  const sent = deliveries.items.filter(({ target }) => target === one.url);
  const to = (rest: string) => view.at(`webhooks/${one.webhookId}/${rest}`);
  return {
    title: one.url,
    every: 15,
    verdict: {
      tone: endpointTones[one.state] ?? 'quiet',
      text:
        one.state === 'active'
          ? 'Active: what becomes due is sent at once.'
          : `${one.state === 'paused' ? 'Paused: what becomes due waits.' : 'Disabled: nothing is sent.'} ${one.stateReason ?? ''}`,
    },
    body: (
      <>
        {view.can('webhooks') ? (
          <div class="actions">
            {one.state === 'active' ? (
              <Confirm
                view={view}
                to={to('pause')}
                label="Pause…"
                button="Pause it"
                effect="What becomes due waits here, and goes out when it is resumed."
              />
            ) : (
              <Confirm
                view={view}
                to={to('resume')}
                label="Resume…"
                button="Resume it"
                effect="What waited goes out now, no faster than its rate allows."
              />
            )}
            <Confirm
              view={view}
              to={to('delete')}
              label="Delete…"
              button="Delete the endpoint"
              danger
              effect="What is still due to it is cancelled, and says so in the ledger."
            />
          </div>
        ) : null}
        <Facts
          of={[
            ['State', <State word={one.state} tone={endpointTones[one.state] ?? 'quiet'} />],
            ['Since', <Time view={view} at={one.stateSince} />],
            ['Hears', one.events.join(', ')],
            ['Categories', one.categories === null ? 'all' : one.categories.join(', ')],
            ['Own headers', one.headerNames.length === 0 ? 'none' : one.headerNames.join(', ')],
            [
              'Rate',
              one.rateLimitPerSecond === null ? 'as it answers' : `${one.rateLimitPerSecond} a second`,
            ],
            ['For', one.description || '–'],
            ['Id', <Copy text={one.webhookId} label="the endpoint’s id" />],
          ]}
        />
        <h2>Sent to it lately</h2>
        <Table
          caption="Of the program’s latest 50 webhooks"
          rows={sent}
          columns={[
            {
              head: 'Message',
              kind: 'name',
              cell: (d) => <a href={view.at(`deliveries/${d.deliveryId}`)}>{d.type}</a>,
            },
            {
              head: 'State',
              cell: (d) => <State word={d.status} tone={deliveryTones[d.status] ?? 'quiet'} />,
            },
            { head: 'Due', cell: (d) => <Time view={view} at={d.createdAt} /> },
            { head: 'Attempts', kind: 'number', cell: (d) => String(d.attemptCount) },
          ]}
          empty={<p>Nothing among the latest.</p>}
        />
      </>
    ),
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

export async function setWebhookActive(view: View): Promise<Outcome> {
  const active = view.params.active === 'resume';
  await view.api.send('PATCH', onePath(view), { active });
  return { to: view.at(`webhooks/${view.params.webhookId}`), done: active ? 'resumed' : 'paused' };
}

export async function deleteWebhook(view: View): Promise<Outcome> {
  await view.api.send('DELETE', onePath(view));
  return { to: view.at('webhooks'), done: 'deleted' };
}
