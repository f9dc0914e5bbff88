import type { DeliveryOut, DeliveryPage } from '../../features/deliveries/routes.ts';
import {
  Confirm,
  Copy,
  Facts,
  Filters,
  Pager,
  Select,
  State,
  Table,
  Time,
  TimeAndAgo,
} from '../components/parts.tsx';
import { deliveryTones } from '../states.ts';
import { formatDuration, formatRelative } from '../time.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';

const statuses = ['pending', 'sending', 'waiting', 'paused', 'delivered', 'exhausted', 'cancelled'];

/** The one ledger of all that was due to anyone. */
export async function deliveriesPage(view: View): Promise<Page> {
  const query = new URLSearchParams();
  for (const name of ['status', 'channel', 'type', 'traceId', 'about', 'cursor']) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  const path = `/api/programs/${encodeURIComponent(view.programId)}/deliveries`;
  const page = await view.api.get<DeliveryPage>(`${path}?${query}`);
  return {
    title: 'Deliveries',
    every: page.items.some(({ status }) => status === 'pending' || status === 'sending') ? 2 : 15,
    verdict: verdictOf(page.items),
    body: (
      <>
        <Filters view={view}>
          <Select view={view} name="status" label="State" any="any" options={statuses} />
          <Select
            view={view}
            name="channel"
            label="Channel"
            any="any"
            options={['webhook', 'email', 'sftp', 'batch']}
          />
          <label>
            Type <input name="type" value={view.query.get('type') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        <Table
          caption="Deliveries, newest first"
          rows={page.items}
          columns={[
            {
              head: 'To',
              kind: 'name',
              cell: (one) => <a href={view.at(`deliveries/${one.deliveryId}`)}>{one.target}</a>,
            },
            {
              head: 'State',
              cell: (one) => <State word={one.status} tone={deliveryTones[one.status] ?? 'quiet'} />,
            },
            { head: 'Message', cell: (one) => one.type },
            { head: 'Attempts', kind: 'number', cell: (one) => String(one.attemptCount) },
            { head: 'Due', cell: (one) => <Time view={view} at={one.createdAt} /> },
            {
              head: 'Next',
              cell: (one) =>
                one.nextAttemptAt === null
                  ? '–'
                  : formatRelative(Date.parse(one.nextAttemptAt), view.ctx.now()),
            },
          ]}
          empty={<p>Nothing was due to anyone like that.</p>}
        />
        <Pager view={view} next={page.nextCursor} />
      </>
    ),
  };
}

function verdictOf(items: DeliveryPage['items']): { tone: Tone; text: string } {
  if (items.length === 0) return { tone: 'quiet', text: 'Nothing here.' };
  const count = (status: string) => items.filter((one) => one.status === status).length;
  const [exhausted, waiting] = [count('exhausted'), count('waiting')];
  if (exhausted + waiting === 0) return { tone: 'ok', text: `None of the ${items.length} shown failed.` };
  return {
    tone: exhausted > 0 ? 'bad' : 'attention',
    text: `${exhausted} gave up and ${waiting} ${waiting === 1 ? 'waits' : 'wait'} for another attempt, of the ${items.length} shown.`,
  };
}

/** One delivery: what was sent, what came back, and what happens next by itself. */
export async function deliveryPage(view: View): Promise<Page> {
  const path = `/api/deliveries/${encodeURIComponent(view.params.deliveryId ?? '')}`;
  const one = await view.api.get<DeliveryOut>(path);
  const isMoving = one.endedAt === null;
  return {
    title: `${one.type} to ${one.target}`,
    ...(isMoving ? { every: 2 } : {}),
    verdict: { tone: deliveryTones[one.status] ?? 'quiet', text: sentence(view, one) },
    body: (
      <>
        {view.can('webhooks') ? (
          <div class="actions">
            <Confirm
              view={view}
              to={view.at(`deliveries/${one.deliveryId}/retry`)}
              label="Send again…"
              button="Send it again"
              effect="It is sent at once under the same message id, with all its attempts anew; a receiver that keeps to the id takes it once."
            />
          </div>
        ) : null}
        <Facts
          of={[
            ['State', <State word={one.status} tone={deliveryTones[one.status] ?? 'quiet'} />],
            ['Channel', one.channel],
            ['Message id', <Copy text={one.messageId} label="the message id" />],
            ['Delivery id', <Copy text={one.deliveryId} label="the delivery id" />],
            ['Trace', <Copy text={one.traceId} label="the trace id" />],
            ['Due', <TimeAndAgo view={view} at={one.createdAt} />],
            ['Ended', <Time view={view} at={one.endedAt} />],
            [
              'Uncertain',
              one.uncertain ? 'yes: an attempt may have been taken though no answer said so' : 'no',
            ],
          ]}
        />
        <h2>Attempts</h2>
        <Table
          caption="Attempts, in order"
          rows={one.attempts}
          columns={[
            { head: 'When', cell: (attempt) => <Time view={view} at={attempt.startedAt} /> },
            { head: 'Took', kind: 'number', cell: (attempt) => formatDuration(attempt.durationMs, true) },
            { head: 'Status', kind: 'number', cell: (attempt) => String(attempt.status ?? '–') },
            { head: 'Failure', cell: (attempt) => attempt.failure ?? '–' },
            { head: 'What', cell: (attempt) => attempt.detail },
            {
              head: 'Answer',
              cell: (attempt) =>
                attempt.excerpt === '' ? '–' : <code class="excerpt">{attempt.excerpt}</code>,
            },
          ]}
          empty={<p>None yet.</p>}
        />
      </>
    ),
  };
}

function sentence(view: View, one: DeliveryOut): string {
  if (one.status === 'delivered') return `Delivered at attempt ${one.attemptCount}.`;
  const next =
    one.nextAttemptAt === null
      ? ''
      : ` Next attempt ${formatRelative(Date.parse(one.nextAttemptAt), view.ctx.now())}.`;
  return `${one.reason ?? `It is ${one.status}.`}${next}`;
}

export async function retryDelivery(view: View): Promise<Outcome> {
  const deliveryId = view.params.deliveryId ?? '';
  await view.api.send('POST', `/api/deliveries/${encodeURIComponent(deliveryId)}/retry`);
  return { to: view.at(`deliveries/${deliveryId}`), done: 'delivery-retry' };
}
