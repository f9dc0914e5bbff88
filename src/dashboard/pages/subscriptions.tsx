import type { SubscriberList, SubscriptionList } from '../../features/subscriptions/routes.ts';
import { Facts, State, Table, Time } from '../components/parts.tsx';
import type { Page, View } from '../view.ts';

type Subscription = SubscriptionList[number];

const base = (view: View) => `/api/programs/${encodeURIComponent(view.programId)}`;

/** Whose events this program takes, and who takes its own. */
export async function subscriptionsPage(view: View): Promise<Page> {
  const [subscriptions, subscribers] = await Promise.all([
    view.api.get<SubscriptionList>(`${base(view)}/eventSubs`),
    view.can('manage') ? view.api.get<SubscriberList>(`${base(view)}/subscribers`) : null,
  ]);
  const off = subscriptions.filter(({ SyncEnabled }) => !SyncEnabled);
  return {
    title: 'Subscriptions',
    every: 15,
    verdict:
      subscriptions.length === 0
        ? { tone: 'quiet', text: 'This program takes nobody’s events.' }
        : {
            tone: off.length === 0 ? 'ok' : 'attention',
            text:
              off.length === 0
                ? 'Every subscription may be synchronised at night.'
                : `${off.length} of ${subscriptions.length} are not synchronised by themselves.`,
          },
    body: (
      <>
        <Table
          caption="Publishers whose events come here"
          rows={subscriptions}
          columns={[
            {
              head: 'Publisher',
              kind: 'name',
              cell: (one) => (
                <a href={view.at(`subscriptions/${encodeURIComponent(one.PublisherProgramId)}`)}>
                  {one.PublisherProgramId}
                </a>
              ),
            },
            {
              head: 'Nightly',
              cell: (one) => (
                <State word={one.SyncEnabled ? 'on' : 'off'} tone={one.SyncEnabled ? 'ok' : 'quiet'} />
              ),
            },
            { head: 'Synchronised up to', cell: (one) => <Time view={view} at={one.LastSyncUtc} /> },
            { head: 'Since', cell: (one) => <Time view={view} at={one.CreatedUtc} /> },
          ]}
          empty={<p>The operator establishes subscriptions.</p>}
        />
        {subscribers === null ? null : (
          <Table
            caption="Programs that take this one’s events"
            rows={subscribers}
            columns={[
              { head: 'Program', kind: 'name', cell: (one) => one.ProgramId },
              {
                head: 'State',
                cell: (one) => (
                  <State
                    word={one.SuspendedUtc === null ? 'active' : 'suspended'}
                    tone={one.SuspendedUtc === null ? 'ok' : 'attention'}
                  />
                ),
              },
              { head: 'Up to', cell: (one) => <Time view={view} at={one.LastSyncUtc} /> },
            ]}
            empty={<p>Nobody subscribes to this program.</p>}
          />
        )}
      </>
    ),
  };
}

/** One subscription and what its template says of each category. */
export async function subscriptionPage(view: View): Promise<Page> {
  const one = await view.api.get<Subscription>(
    `${base(view)}/eventSubs/${encodeURIComponent(view.params.publisherId ?? '')}`,
  );
  const template = one.LbApiPayloadTemplate;
  const categories = Object.entries(typeof template === 'string' ? JSON.parse(template) : template) as [
    string,
    { action?: string; importProcessId?: string | number; label?: string },
  ][];
  return {
    title: one.PublisherProgramId,
    verdict: {
      tone: 'ok',
      text:
        one.LastSyncUtc === null ? (
          'Nothing has been synchronised yet.'
        ) : (
          <>
            Synchronised up to <Time view={view} at={one.LastSyncUtc} />.
          </>
        ),
    },
    body: (
      <>
        <Facts
          of={[
            ['Nightly', one.SyncEnabled ? 'on' : 'off'],
            ['Since', <Time view={view} at={one.CreatedUtc} />],
          ]}
        />
        <h2>What becomes of its events</h2>
        <Table
          caption="Categories of the template"
          rows={categories}
          columns={[
            { head: 'Category', kind: 'name', cell: ([category]) => category },
            { head: 'Action', cell: ([, mapping]) => mapping.action ?? 'import' },
            { head: 'Import process', cell: ([, mapping]) => String(mapping.importProcessId ?? '–') },
            { head: 'Label', cell: ([, mapping]) => mapping.label ?? '–' },
          ]}
          empty={<p>No category is mapped: every event is ignored, on record.</p>}
        />
        <p>
          <a
            class="button"
            href={view.at(`subscriptions/${encodeURIComponent(one.PublisherProgramId)}/template`)}
          >
            {view.can('templates') ? 'Edit the template' : 'Read the template'}
          </a>
        </p>
      </>
    ),
  };
}
