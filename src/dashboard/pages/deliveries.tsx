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

const nothing = (view: View) =>
  ['status', 'channel', 'type', 'traceId', 'about', 'webhookId', 'days'].some((name) => view.query.has(name))
    ? 'Nothing was due to anyone like that.'
    : 'Nothing has been due to anyone yet.';

/** The one ledger of all that was due to anyone. */
export async function deliveriesPage(view: View): Promise<Page> {
  const names = ['status', 'channel', 'type', 'traceId', 'about', 'webhookId'];
  const days = Math.max(0, Number(view.query.get('days') ?? '0') || 0);
  const since = new Date(view.ctx.now() - Math.min(days, 4_000) * 86_400_000).toISOString();
  const page = await view.api.get<DeliveryPage>(
    programApi(view, `deliveries${listQuery(view, names, days > 0 ? { since } : {})}`),
  );
  return {
    title: 'Deliveries',
    // What is far back does not change, and looking for it costs more.
    ...(view.query.has('cursor')
      ? {}
      : { every: page.items.some(({ status }) => status === 'pending' || status === 'sending') ? 2 : 15 }),
    verdict: verdictOf(view, page),
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
          caption={
            days > 0
              ? `Deliveries of the last ${days === 1 ? 'day' : `${days} days`}, newest first`
              : 'Deliveries, newest first'
          }
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
        {page.items.length === 0 ? null : <Ids of={page.items.map(({ deliveryId }) => deliveryId)} />}
        <LookedTo view={view} of={page} what="deliveries" />
        <Pager view={view} next={page.nextCursor} />
      </>
    ),
  };
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

function verdictOf(view: View, { items, lookedBackTo }: DeliveryPage): { tone: Tone; text: string } {
  if (items.length === 0) {
    const isFine = view.query.get('status') === 'undelivered' && lookedBackTo !== null;
    return isFine
      ? { tone: 'ok', text: 'All that were looked at have arrived.' }
      : { tone: 'quiet', text: 'Nothing here.' };
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
