import type { SubscriberList, SubscriptionList } from '../../features/subscriptions/routes.ts';
import type { SyncStandingOut, SyncStandings } from '../../features/syncs/standings/routes.ts';
import { type Column, Pager, State, Table, Time } from '../components/parts.tsx';
import { listQuery, programApi } from '../components/query.ts';
import { formatCount, formatDuration } from '../time.ts';
import type { Page, View } from '../view.ts';

type Subscription = SubscriptionList[number] & { standing: SyncStandingOut | undefined };

/** Whose events this program takes and how far behind it is, and who takes its own. */
export async function subscriptionsPage(view: View): Promise<Page> {
  const shown = listQuery(view, []);
  const of = new URLSearchParams({ cursor: view.query.get('subscribers') ?? '' });
  const [list, standings, subscribers] = await Promise.all([
    view.api.list<SubscriptionList[number]>(programApi(view, `eventSubs${shown}`)),
    view.api.get<SyncStandings>(programApi(view, `subscription-standings${shown}`)),
    view.can('manage')
      ? view.api.list<SubscriberList[number]>(
          programApi(view, `subscribers${of.get('cursor') === '' ? '' : `?${of}`}`),
        )
      : null,
  ]);
  const isAll = list.nextCursor === null && !view.query.has('cursor');
  const subscriptions = list.items.map(
    (one): Subscription => ({
      ...one,
      standing: standings.items.find(({ publisherId }) => publisherId === one.PublisherProgramId),
    }),
  );
  return {
    title: 'Subscriptions',
    every: 15,
    verdict: verdictOf(view, subscriptions, isAll),
    body: (
      <>
        <Table
          caption="Publishers whose events come here"
          rows={subscriptions}
          columns={columnsOf(view)}
          empty={
            <p>
              A subscription brings another program’s events here, as rows that a template makes of them. The
              hub’s operator establishes it (<a href="/api/docs">POST …/eventSubs</a>): tell them whose events
              you want.
            </p>
          }
        />
        <Pager view={view} next={list.nextCursor} by="name" of="publishers" />
        {subscribers === null ? null : <Subscribers view={view} of={subscribers} />}
      </>
    ),
  };
}

function Subscribers(props: {
  view: View;
  of: { items: SubscriberList[number][]; nextCursor: string | null };
}) {
  const { view, of } = props;
  return (
    <>
      <Table
        caption="Programs that take this one’s events"
        rows={of.items}
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
      <Pager view={view} next={of.nextCursor} by="name" name="subscribers" of="subscribers" />
    </>
  );
}

const columnsOf = (view: View): Column<Subscription>[] => [
  {
    head: 'Publisher',
    kind: 'name',
    cell: (one) => (
      <a href={view.at(`subscriptions/${encodeURIComponent(one.PublisherProgramId)}`)}>
        {one.PublisherProgramId}
      </a>
    ),
  },
  { head: 'Behind', cell: ({ standing }) => <Behind view={view} of={standing} /> },
  { head: 'Last synchronisation', cell: ({ standing }) => <LastSync view={view} of={standing} /> },
  {
    head: 'Quarantine',
    cell: ({ standing }) =>
      standing === undefined || standing.quarantined.count === 0 ? (
        <span class="none">empty</span>
      ) : (
        <State word={counted(standing.quarantined)} tone="attention" />
      ),
  },
  {
    head: 'Nightly',
    cell: ({ SyncEnabled, standing }) =>
      standing !== undefined && standing.suspendedAt !== null ? (
        <>
          <State word="withheld" tone="attention" />
          <small class="dim beneath">
            by the publisher since <Time view={view} at={standing.suspendedAt} />
          </small>
        </>
      ) : (
        <State word={SyncEnabled ? 'on' : 'off'} tone={SyncEnabled ? 'ok' : 'quiet'} />
      ),
  },
  { head: 'Up to', cell: (one) => <Time view={view} at={one.LastSyncUtc} /> },
];

/** "42 events", "100 or more events". */
function counted({ count, more }: { count: number; more: boolean }): string {
  return `${formatCount(count)}${more ? ' or more' : ''} ${count === 1 ? 'event' : 'events'}`;
}

function Behind({ view, of }: { view: View; of: SyncStandingOut | undefined }) {
  if (of === undefined) return <span class="none">–</span>;
  const { since } = of.behind;
  if (since === null) return <>nothing waits</>;
  return (
    <>
      {counted(of.behind)}
      <small class="dim beneath">
        the first came{' '}
        <hub-time>
          <time datetime={since}>{lagOf(view, since)} ago</time>
        </hub-time>
      </small>
    </>
  );
}

/** In minutes and more: by the second it would say nothing. */
function lagOf(view: View, since: string): string {
  const ms = view.ctx.now() - Date.parse(since);
  return ms < 60_000 ? 'under 1 min' : formatDuration(ms - (ms % 60_000));
}

function LastSync({ view, of }: { view: View; of: SyncStandingOut | undefined }) {
  const last = of?.lastSync ?? null;
  if (last === null) return <span class="none">none yet</span>;
  const [word, tone] =
    last.state === 'open'
      ? (['at work', 'busy'] as const)
      : last.state === 'ended'
        ? (['ended', 'quiet'] as const)
        : last.quarantined > 0
          ? (['done in part', 'attention'] as const)
          : (['done', 'ok'] as const);
  const lost = last.quarantined > 0 ? `, ${formatCount(last.quarantined)} quarantined` : '';
  return (
    <>
      <State word={word} tone={tone} />
      <small class="dim beneath">
        {formatCount(last.rendered)} rows of {formatCount(last.selected)} events{lost},{' '}
        <Time view={view} at={last.endedAt ?? last.openedAt} />
      </small>
    </>
  );
}

function verdictOf(view: View, subscriptions: Subscription[], isAll: boolean): Page['verdict'] {
  if (subscriptions.length === 0)
    return {
      tone: 'quiet',
      text: isAll ? 'This program takes nobody’s events.' : 'There is no publisher after these.',
    };
  const standings = subscriptions.flatMap(({ standing }) => (standing === undefined ? [] : [standing]));
  const off = subscriptions.filter(({ SyncEnabled }) => !SyncEnabled).length;
  const withheld = standings.filter(({ suspendedAt }) => suspendedAt !== null).length;
  const held = standings.filter(({ quarantined }) => quarantined.count > 0);
  const [longest] = standings.flatMap(({ behind }) => behind.since ?? []).toSorted();
  const parts = [
    held.length > 0 ? `${counted(sumOf(held))} in quarantine` : '',
    withheld > 0 ? `${withheld} withheld by the publisher` : '',
    off > 0
      ? `${off} of ${isAll ? '' : 'the '}${subscriptions.length}${isAll ? '' : ' shown'} not synchronised by night`
      : '',
    longest === undefined ? '' : `the longest wait is ${lagOf(view, longest)}`,
  ].filter((part) => part !== '');
  const needsSomebody = held.length + withheld + off > 0;
  if (parts.length === 0)
    return { tone: 'ok', text: `Every subscription${isAll ? '' : ' shown'} is up to date.` };
  const text = parts.join('; ');
  return {
    tone: needsSomebody ? 'attention' : 'ok',
    text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
  };
}

const sumOf = (standings: SyncStandingOut[]) => ({
  count: standings.reduce((sum, { quarantined }) => sum + quarantined.count, 0),
  more: standings.some(({ quarantined }) => quarantined.more),
});
