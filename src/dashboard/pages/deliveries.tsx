import { countOnTheirWay } from '../../features/deliveries/index.ts';
import type { DeliveryPage } from '../../features/deliveries/routes.ts';
import { LookedTo } from '../components/looked.tsx';
import { Filters, Pager, Select, State, Table, Time } from '../components/parts.tsx';
import { listQuery, programApi } from '../components/query.ts';
import { deliveryTones } from '../states.ts';
import { formatRelative } from '../time.ts';
import type { Page, Tone, View } from '../view.ts';

const statuses: (string | [string, string])[] = [
  ['undelivered', 'not delivered'],
  ...['pending', 'sending', 'waiting', 'paused', 'delivered', 'exhausted', 'cancelled'],
];

const names = ['status', 'channel', 'type', 'traceId', 'about', 'webhookId'];

const isMoving = new Set(['pending', 'sending']);

const nothing = (view: View) => {
  if (view.query.get('status') === 'undelivered')
    return 'Here stands what waits for another attempt or for a paused endpoint, and what was given up.';
  return [...names, 'days'].some((name) => view.query.get(name))
    ? 'Nothing was due to anyone like that.'
    : 'Nothing has been due to anyone yet.';
};

/** The one ledger of all that was due to anyone. Who asks for nothing else sees what has not arrived. */
export async function deliveriesPage(asked: View): Promise<Page> {
  const isAsked = [...names, 'days'].some((name) => asked.query.has(name));
  const view = isAsked
    ? asked
    : { ...asked, query: new URLSearchParams([...asked.query, ['status', 'undelivered']]) };
  const days = Math.max(0, Number(view.query.get('days') ?? '0') || 0);
  const since = new Date(view.ctx.now() - Math.min(days, 4_000) * 86_400_000).toISOString();
  const page = await view.api.get<DeliveryPage>(
    programApi(view, `deliveries${listQuery(view, names, days > 0 ? { since } : {})}`),
  );
  const isUndelivered = view.query.get('status') === 'undelivered';
  const onTheirWay =
    isUndelivered && !view.query.has('cursor') ? await countOnTheirWay(view.ctx, view.programId) : 0;
  return {
    title: 'Deliveries',
    // What is far back does not change, and looking for it costs more.
    ...(view.query.has('cursor')
      ? {}
      : { every: onTheirWay > 0 || page.items.some(({ status }) => isMoving.has(status)) ? 2 : 15 }),
    verdict: verdictOf(view, page, onTheirWay),
    body: (
      <>
        <Filters view={view}>
          <Select view={view} name="status" label="State" any="any" options={statuses} />
          <Select
            view={view}
            name="channel"
            label="Channel"
            any="any"
            options={['webhook', 'email', 'sftp', 'batch', 'ping']}
          />
          <Select
            view={view}
            name="days"
            label="Due in the last"
            any="any time"
            options={[
              ['1', 'day'],
              ['7', '7 days'],
              ['30', '30 days'],
              ['365', 'year'],
            ]}
          />
          <label>
            Type <input name="type" value={view.query.get('type') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        <Table
          caption={`${isUndelivered ? 'Not delivered' : 'Deliveries'}${
            days > 0 ? ` of the last ${days === 1 ? 'day' : `${days} days`}` : ''
          }, newest first`}
          rows={page.items}
          columns={[
            {
              head: 'To',
              kind: 'name',
              cell: (one) => <a href={view.at(`deliveries/${one.deliveryId}`)}>{one.target}</a>,
            },
            {
              head: 'State',
              // Why it is not there yet, beside that it is not.
              cell: (one) => (
                <>
                  <State word={one.status} tone={deliveryTones[one.status] ?? 'quiet'} />
                  {one.reason === null ? null : <small class="dim beneath">{one.reason}</small>}
                </>
              ),
            },
            { head: 'Message', cell: (one) => one.type },
            { head: 'Attempts', kind: 'number', cell: (one) => String(one.attemptCount) },
            { head: 'Due', cell: (one) => <Time view={view} at={one.createdAt} /> },
            {
              head: 'Next',
              kind: 'short',
              cell: (one) =>
                one.nextAttemptAt === null
                  ? '–'
                  : formatRelative(Date.parse(one.nextAttemptAt), view.ctx.now()),
            },
          ]}
          empty={<p>{page.lookedBackTo === null ? nothing(view) : 'None so far.'}</p>}
        />
        {isUndelivered ? <Others view={view} onTheirWay={onTheirWay} /> : null}
        {page.items.length === 0 ? null : <Ids of={page.items.map(({ deliveryId }) => deliveryId)} />}
        <LookedTo view={view} of={page} what="deliveries" />
        <Pager view={view} next={page.nextCursor} />
      </>
    ),
  };
}

/** Where to find what arrived, and what is being tried. */
function Others({ view, onTheirWay }: { view: View; onTheirWay: number }) {
  const all = new URLSearchParams(view.query);
  for (const name of ['cursor', 'done']) all.delete(name);
  // Empty, not absent: any state.
  all.set('status', '');
  return (
    <p>
      {onTheirWay === 0 ? null : `${onTheirWay} ${onTheirWay === 1 ? 'is' : 'are'} on the way now. `}
      <a href={`${view.url.pathname}?${all}`}>All that was due, what arrived too</a>
    </p>
  );
}

/** What is listed, to take along: one on each line. */
function Ids({ of }: { of: string[] }) {
  return (
    <details class="ids">
      <summary>{of.length === 1 ? 'The id of the one' : `The ids of the ${of.length}`} listed</summary>
      <hub-copy>
        <pre tabindex={0}>{of.join('\n')}</pre>
        <button type="button" class="copy" hidden aria-label="Copy the ids">
          Copy
        </button>
      </hub-copy>
    </details>
  );
}

function verdictOf(
  view: View,
  { items, lookedBackTo }: DeliveryPage,
  onTheirWay: number,
): { tone: Tone; text: string } {
  if (items.length === 0) {
    if (view.query.get('status') !== 'undelivered') return { tone: 'quiet', text: 'Nothing here.' };
    if (lookedBackTo !== null) return { tone: 'ok', text: 'All that were looked at have arrived.' };
    return onTheirWay > 0
      ? { tone: 'busy', text: 'Nothing waits and nothing failed; some are on the way.' }
      : { tone: 'ok', text: 'Nothing waits and nothing failed.' };
  }
  const count = (status: string) => items.filter((one) => one.status === status).length;
  const [exhausted, waiting] = [count('exhausted'), count('waiting')];
  const paused = count('paused');
  const said = [
    exhausted > 0 ? `${exhausted} gave up` : '',
    waiting > 0 ? `${waiting} ${waiting === 1 ? 'waits' : 'wait'} for another attempt` : '',
    paused > 0 ? `${paused} ${paused === 1 ? 'waits' : 'wait'} for a paused endpoint` : '',
  ].filter((part) => part !== '');
  if (said.length === 0) return { tone: 'ok', text: `None of the ${items.length} shown failed.` };
  const tone = exhausted > 0 ? 'bad' : 'attention';
  return { tone, text: `${said.join(', ')}, of the ${items.length} shown.` };
}
