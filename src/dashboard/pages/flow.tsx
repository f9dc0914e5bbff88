import type { FlowOut } from '../../features/flows/routes.ts';
import type { HistoryPage, SourcePage } from '../../features/flows/sources/routes.ts';
import { Facts } from '../components/facts.tsx';
import { TimeAndAgo } from '../components/moments.tsx';
import { findParticipation, Participation } from '../components/participation.tsx';
import { Confirm, Copy, Field, PostForm, State, Table, Time } from '../components/parts.tsx';
import { Who } from '../components/who.tsx';
import { deliveryTones, sourceTones } from '../states.ts';
import { formatCount, formatDuration } from '../time.ts';
import { isSent, type Outcome, type Page, type View } from '../view.ts';

const flowPath = (view: View) => `/api/flows/${encodeURIComponent(view.params.flowId ?? '')}`;
const page = (view: View, rest = '') =>
  view.at(`flows/${encodeURIComponent(view.params.flowId ?? '')}${rest}`);

/** One flow: its sources in big words, what to press, and who pressed it last. */
export async function flowPage(view: View): Promise<Page> {
  const [flow, sources, history, participation] = await Promise.all([
    view.api.get<FlowOut>(flowPath(view)),
    view.api.get<SourcePage>(`${flowPath(view)}/external-sources?limit=200`),
    view.api.get<HistoryPage>(`${flowPath(view)}/external-sources/requests?limit=20`),
    findParticipation(view, view.params.flowId ?? ''),
  ]);
  const mayAct = view.can('flows') && !flow.archived;
  return {
    title: flow.title,
    ...(flow.state === 'PENDING' ? { every: 2 } : { every: 15 }),
    verdict: {
      tone: flow.archived ? 'quiet' : (sourceTones[flow.state] ?? 'quiet'),
      text: `${flow.archived ? 'Archived. ' : ''}${sentence(flow, sources)}`,
    },
    body: (
      <>
        {mayAct && sources.items.length > 0 ? (
          <PostForm view={view} to={page(view, '/sync')} class="actions">
            <button type="submit" class="primary">
              Request all
            </button>
          </PostForm>
        ) : null}
        <ul class="sources">
          {sources.items.map((source) => (
            <li id={`source-${source.id}`}>
              <h2>{source.reference}</h2>
              <p>{source.description}</p>
              <p class="big">
                <State word={source.label} tone={sourceTones[source.state] ?? 'quiet'} />
              </p>
              {source.message === null ? null : <p>{source.message}</p>}
              <p class="dim">
                {source.lastRequestedSync === null ? (
                  'Never requested.'
                ) : (
                  <>
                    Requested <TimeAndAgo view={view} at={source.lastRequestedSync} />.
                  </>
                )}
              </p>
              {source.lastSync === null ? null : (
                <p class="dim">
                  Last done <TimeAndAgo view={view} at={source.lastSync} />.
                </p>
              )}
              <p class="dim">{allocated(source.allocated)}</p>
              {mayAct ? (
                <div class="actions">
                  <PostForm view={view} to={page(view, '/sync')}>
                    <input type="hidden" name="reference" value={source.reference} />
                    <button type="submit">{source.state === 'PENDING' ? 'Request again' : 'Request'}</button>
                  </PostForm>
                  <Confirm
                    view={view}
                    to={page(view, `/sources/${source.id}/delete`)}
                    label="Remove…"
                    button="Remove the source"
                    danger
                    effect="Its allocations go with it. A request that is under way is no longer waited for."
                  />
                </div>
              ) : null}
            </li>
          ))}
        </ul>
        {sources.items.length === 0 ? <p class="empty">The flow has no external source yet.</p> : null}
        <div class="actions">
          {mayAct ? (
            <details class="confirm" open={isSent(view, page(view, '/sources'))}>
              <summary class="button">Add a source…</summary>
              <PostForm view={view} to={page(view, '/sources')}>
                <Field
                  view={view}
                  name="reference"
                  label="Reference"
                  hint="What the integration knows it by."
                  required
                />
                <Field view={view} name="description" label="Description" />
                <button type="submit" class="primary">
                  Add it
                </button>
              </PostForm>
            </details>
          ) : null}
          <Archive view={view} flow={flow} />
        </div>
        {sources.items.length === 0 ? null : <Participation view={view} of={participation} />}
        <h2>Who asked</h2>
        <Table
          caption="Requests, newest first"
          rows={history.items}
          columns={[
            { head: 'Source', kind: 'name', cell: (one) => one.reference },
            { head: 'Asked', cell: (one) => <Time view={view} at={one.requestedAt} /> },
            { head: 'By', kind: 'long', cell: (one) => <Who actor={one.requestedBy} /> },
            {
              head: 'State',
              cell: (one) => (
                <State word={one.state.toLowerCase()} tone={sourceTones[one.state] ?? 'quiet'} />
              ),
            },
            {
              head: 'Took',
              kind: 'number',
              cell: (one) => (one.durationMs === null ? '–' : formatDuration(one.durationMs, true)),
            },
            {
              head: 'Told',
              cell: (one) =>
                one.deliveries.length === 0
                  ? 'no endpoint'
                  : one.deliveries.map((delivery) => (
                      <a href={view.at(`deliveries/${delivery.deliveryId}`)}>
                        <State word={delivery.status} tone={deliveryTones[delivery.status] ?? 'quiet'} />
                      </a>
                    )),
            },
          ]}
          empty={<p>Nobody has asked yet.</p>}
        />
        <Facts
          of={[
            ['Code', <Copy text={flow.code} label="the code" />],
            ['Flow id', <Copy text={String(flow.flowId)} label="the flow id" />],
            ['Allocations', `${formatCount(flow.allocations)} of participants to its sources`],
            ['Time limit', `${flow.syncTimeLimitMinutes} min`],
            ['Archived', flow.archived ? 'yes: it takes no change' : 'no'],
          ]}
        />
      </>
    ),
  };
}

/** When the exam is over: it stays to be read, and opens again. */
function Archive({ view, flow }: { view: View; flow: FlowOut }) {
  if (!view.can('flows'))
    return <p class="dim">Somebody with the scope “flows” can request and change it.</p>;
  if (flow.archived)
    return (
      <PostForm view={view} to={page(view, '/reopen')}>
        <button type="submit">Open it again</button>
      </PostForm>
    );
  return (
    <Confirm
      view={view}
      to={page(view, '/archive')}
      label="Archive…"
      button="Archive the flow"
      effect="It leaves the list, and takes no request and no change. What is under way is no longer waited for. It can be opened again."
    />
  );
}

export async function archiveFlow(view: View): Promise<Outcome> {
  const archived = view.params.archived === 'archive';
  await view.api.send('PATCH', flowPath(view), { archived });
  return { to: page(view), done: archived ? 'archived' : 'flow-reopened' };
}

const allocated = (count: number) =>
  count === 0
    ? 'No participant is allocated to it.'
    : `${formatCount(count)} ${count === 1 ? 'participant is' : 'participants are'} allocated to it.`;

function sentence(flow: FlowOut, sources: SourcePage): string {
  const of = sources.items.length;
  if (of === 0) return 'It has no external source yet.';
  const count = (state: string) => sources.items.filter((source) => source.state === state).length;
  if (flow.state === 'SUCCESS') return of === 1 ? 'Complete.' : `All ${of} complete.`;
  const parts = [
    [count('PENDING'), 'requested'],
    [count('FAILED'), 'failed'],
    [count('SUCCESS'), 'complete'],
    [count('NONE'), 'never requested'],
  ] as const;
  return `${parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(', ')}.`;
}

/** Asks for one source or for all; one that is pending already keeps the request it has. */
export async function requestSync(view: View): Promise<Outcome> {
  const reference = view.form.reference?.[0];
  const one = reference === undefined ? '' : `/${encodeURIComponent(reference)}`;
  const asked = await view.api.send<{ duplicate?: true }>(
    'POST',
    `${flowPath(view)}/external-sources${one}/sync`,
  );
  return { to: page(view), done: asked?.duplicate ? 'requested-already' : 'requested' };
}

export async function addSource(view: View): Promise<Outcome> {
  const description = view.form.description?.[0] ?? '';
  await view.api.send('POST', `${flowPath(view)}/external-sources`, {
    reference: view.form.reference?.[0] ?? '',
    ...(description === '' ? {} : { description }),
  });
  return { to: page(view), done: 'saved' };
}

export async function removeSource(view: View): Promise<Outcome> {
  await view.api.send(
    'DELETE',
    `${flowPath(view)}/external-sources/${encodeURIComponent(view.params.sourceId ?? '')}`,
  );
  return { to: page(view), done: 'deleted' };
}
