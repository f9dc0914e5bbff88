import type { EndpointCreated, EndpointPage } from '../../features/webhooks/routes.ts';
import { Command } from '../components/command.tsx';
import { Copy, Field, Pager, PostForm, State, Table, Time } from '../components/parts.tsx';
import { endpointTones } from '../states.ts';
import type { Outcome, Page, View } from '../view.ts';

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}/webhooks`;

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
