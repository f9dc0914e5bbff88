import type { SubscriberList, SubscriptionList } from '../../features/subscriptions/routes.ts';
import { State, Table, Time } from '../components/parts.tsx';
import type { Page, View } from '../view.ts';

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
