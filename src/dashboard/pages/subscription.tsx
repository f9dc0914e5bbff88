import type { SubscriptionList } from '../../features/subscriptions/routes.ts';
import type { QuarantinePage, SyncPage } from '../../features/syncs/routes.ts';
import { Facts } from '../components/facts.tsx';
import { Confirm, Field, PostForm, State, Table, Time } from '../components/parts.tsx';
import { programApi } from '../components/query.ts';
import { formatCount, formatDuration } from '../time.ts';
import type { Page, View } from '../view.ts';

type Subscription = SubscriptionList[number];

const api = (view: View, rest = '') =>
  programApi(view, `eventSubs/${encodeURIComponent(view.params.publisherId ?? '')}${rest}`);
const here = (view: View, rest = '') =>
  view.at(`subscriptions/${encodeURIComponent(view.params.publisherId ?? '')}${rest}`);

/** One subscription: how far it is behind, what its last runs made, and what could not be rendered. */
export async function subscriptionPage(view: View): Promise<Page> {
  const [one, syncs, quarantine] = await Promise.all([
    view.api.get<Subscription>(api(view)),
    view.api.get<SyncPage>(api(view, '/syncs?limit=20')),
    view.api.get<QuarantinePage>(api(view, '/quarantine?limit=50')),
  ]);
  const template = one.LbApiPayloadTemplate;
  const categories = Object.entries(typeof template === 'string' ? JSON.parse(template) : template) as [
    string,
    { action?: string; importProcessId?: string | number; label?: string },
  ][];
  const [latest] = syncs.items;
  return {
    title: one.PublisherProgramId,
    every: latest?.state === 'open' ? 2 : 15,
    verdict: verdictOf(view, one, latest, quarantine),
    body: (
      <>
        <div class="actions">
          {view.can('templates') ? (
            <>
              <PostForm view={view} to={here(view, '/sync/count')}>
                <button type="submit">Synchronise now…</button>
              </PostForm>
              {quarantine.items.length === 0 ? null : (
                <PostForm view={view} to={here(view, '/quarantine/retry')}>
                  <button type="submit">Render the quarantine again</button>
                </PostForm>
              )}
            </>
          ) : (
            <p class="dim">Somebody with the scope “templates” can synchronise it now.</p>
          )}
          {view.can('templates') ? (
            <Confirm
              view={view}
              to={here(view, '/replay')}
              label="One event again…"
              button="Render and send it"
              effect="Its row is made anew and sent, wherever the subscription stands; the receiver sees a new file name."
            >
              <Field view={view} name="eventId" label="Event id" hint="Such as evt_…" required />
            </Confirm>
          ) : null}
          <a class="button" href={here(view, '/template')}>
            {view.can('templates') ? 'Edit the template' : 'Read the template'}
          </a>
          {view.can('system') ? <OperatorActions view={view} of={one} /> : null}
        </div>
        {quarantine.items.length === 0 ? null : <Quarantine view={view} of={quarantine} />}
        <Table
          caption="Its synchronisations, newest first"
          rows={syncs.items}
          columns={[
            {
              head: 'Begun',
              kind: 'name',
              cell: (sync) => <Time view={view} at={sync.openedAt} />,
            },
            {
              head: 'State',
              cell: (sync) => <State word={sync.state} tone={sync.state === 'open' ? 'busy' : 'ok'} />,
            },
            { head: 'Events', kind: 'number', cell: (sync) => formatCount(sync.selected) },
            { head: 'Rows', kind: 'number', cell: (sync) => formatCount(sync.rendered) },
            { head: 'Ignored', kind: 'number', cell: (sync) => formatCount(sync.ignored) },
            { head: 'Quarantined', kind: 'number', cell: (sync) => formatCount(sync.quarantined) },
            {
              head: 'Not mapped',
              cell: (sync) =>
                sync.unmapped
                  .map(({ category, events }) => `${category ?? 'no category'} (${events})`)
                  .join(', ') || '–',
            },
            {
              head: 'Trace',
              cell: (sync) => <a href={view.at(`t/${encodeURIComponent(sync.traceId)}`)}>its calls</a>,
            },
          ]}
          empty={<p>It has not been synchronised yet.</p>}
        />
        <Facts
          of={[
            ['Nightly', one.SyncEnabled ? 'on' : 'off'],
            ['Synchronised up to', <Time view={view} at={one.LastSyncUtc} />],
            ['Since', <Time view={view} at={one.CreatedUtc} />],
          ]}
        />
        <Table
          caption="What becomes of its events, by the template’s categories"
          rows={categories}
          columns={[
            { head: 'Category', kind: 'name', cell: ([category]) => category },
            { head: 'Action', cell: ([, mapping]) => mapping.action ?? 'import' },
            { head: 'Import process', cell: ([, mapping]) => String(mapping.importProcessId ?? '–') },
            { head: 'Label', cell: ([, mapping]) => mapping.label ?? '–' },
          ]}
          empty={<p>No category is mapped: every event is ignored, on record.</p>}
        />
      </>
    ),
  };
}

function verdictOf(
  view: View,
  one: Subscription,
  latest: SyncPage['items'][number] | undefined,
  quarantine: QuarantinePage,
): Page['verdict'] {
  const held = quarantine.items.length;
  if (held > 0)
    return {
      tone: 'attention',
      text: `${held}${quarantine.nextCursor === null ? '' : ' or more'} ${held === 1 ? 'event' : 'events'} could not be rendered and ${held === 1 ? 'waits' : 'wait'} in quarantine: mend the template, then render them again.`,
    };
  if (latest?.state === 'open')
    return {
      tone: 'busy',
      text: `At work: ${formatCount(latest.rendered)} rows of ${formatCount(latest.selected)} events so far.`,
    };
  if (one.LastSyncUtc === null) return { tone: 'quiet', text: 'Nothing has been synchronised yet.' };
  const behind = formatDuration(Math.max(0, view.ctx.now() - Date.parse(one.LastSyncUtc)));
  const made =
    latest === undefined
      ? ''
      : ` The latest run made ${formatCount(latest.rendered)} rows of ${formatCount(latest.selected)} events.`;
  return one.SyncEnabled
    ? { tone: 'ok', text: `Synchronised up to ${behind} ago; the next night goes on from there.${made}` }
    : { tone: 'attention', text: `Not synchronised by itself: it stands where it was ${behind} ago.${made}` };
}

function Quarantine({ view, of }: { view: View; of: QuarantinePage }) {
  return (
    <Table
      caption="Events that gave no row, in the order of the log"
      rows={of.items}
      columns={[
        {
          head: 'Event',
          kind: 'name',
          cell: (one) => <a href={view.at(`events/${one.eventId}`)}>{one.eventId}</a>,
        },
        { head: 'Category', cell: (one) => one.category ?? '–' },
        {
          head: 'Template',
          cell: (one) =>
            one.line === null ? (
              '–'
            ) : (
              <a
                href={here(view, `/template?category=${encodeURIComponent(one.category ?? '')}`)}
              >{`line ${one.line}, column ${one.column}`}</a>
            ),
        },
        { head: 'What', cell: (one) => one.message },
        { head: 'Since', cell: (one) => <Time view={view} at={one.since} /> },
      ]}
      empty=""
    />
  );
}

/** What a program's own key may not: whether it runs by itself, and how far back it goes. */
function OperatorActions({ view, of }: { view: View; of: Subscription }) {
  const on = of.SyncEnabled;
  return (
    <>
      <Confirm
        view={view}
        to={here(view, '/nightly')}
        label={on ? 'Pause its nights…' : 'Resume its nights…'}
        button={on ? 'Pause them' : 'Resume them'}
        effect={
          on
            ? 'No night synchronises it; what comes meanwhile waits in the log.'
            : 'The next night goes on from where it stopped.'
        }
      >
        <input type="hidden" name="enabled" value={on ? 'false' : 'true'} />
      </Confirm>
      <Confirm
        view={view}
        to={here(view, '/rewind/count')}
        label="Go back…"
        button="Count what would go again"
        danger
        effect="Every event since then would be rendered and sent again with the next synchronisation; the receiver sees new file names. How many they are is counted first."
      >
        <Field
          view={view}
          name="LastSyncUtc"
          label="To this moment (UTC)"
          hint="Such as 2026-11-22T00:00:00Z."
          value={of.LastSyncUtc ?? ''}
          required
        />
      </Confirm>
    </>
  );
}
