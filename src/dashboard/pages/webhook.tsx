import type { RecoveryPage } from '../../features/deliveries/endpoints/routes.ts';
import type { DeliveryPage } from '../../features/deliveries/routes.ts';
import type { EndpointOut } from '../../features/webhooks/routes.ts';
import { Facts } from '../components/facts.tsx';
import { Choice } from '../components/forms.tsx';
import { TimeAndAgo } from '../components/moments.tsx';
import { Confirm, Copy, Field, PostForm, State, Table, Time } from '../components/parts.tsx';
import { field, programApi, sendIfUnchanged, words } from '../components/query.ts';
import { verifySnippets } from '../components/verify.ts';
import { deliveryTones, endpointTones } from '../states.ts';
import { formatCount, formatRelative } from '../time.ts';
import { isSent, type Outcome, type Page, type View } from '../view.ts';

const api = (view: View, rest = '') =>
  programApi(view, `webhooks/${encodeURIComponent(view.params.webhookId ?? '')}${rest}`);
const here = (view: View, rest = '') =>
  view.at(`webhooks/${encodeURIComponent(view.params.webhookId ?? '')}${rest}`);

/** One endpoint: whether it works, what to do if not, and what it was sent. */
export async function webhookPage(view: View): Promise<Page> {
  const one = await view.api.get<EndpointOut>(api(view));
  const id = encodeURIComponent(one.webhookId);
  const [deliveries, recoveries] = await Promise.all([
    view.api.get<DeliveryPage>(programApi(view, `deliveries?webhookId=${id}&limit=25`)),
    view.api.get<RecoveryPage>(api(view, '/recoveries?limit=5')),
  ]);
  const isMoving = deliveries.items.some(({ status }) => status === 'pending' || status === 'sending');
  return {
    title: one.url,
    every: isMoving ? 2 : 15,
    verdict: verdictOf(view, one, deliveries.items),
    body: (
      <>
        {view.can('webhooks') ? (
          <Actions view={view} of={one} />
        ) : (
          <p class="dim">Somebody with the scope “webhooks” can pause, test, change or recover it.</p>
        )}
        <Facts
          of={[
            ['State', <State word={one.state} tone={endpointTones[one.state] ?? 'quiet'} />],
            ['Since', <TimeAndAgo view={view} at={one.stateSince} />],
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
        <Table
          caption="Sent to it, newest first"
          rows={deliveries.items}
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
            { head: 'Why', cell: (d) => d.reason ?? '–' },
            { head: 'Due', cell: (d) => <Time view={view} at={d.createdAt} /> },
            { head: 'Attempts', kind: 'number', cell: (d) => String(d.attemptCount) },
            {
              head: 'Next',
              cell: (d) =>
                d.nextAttemptAt === null ? '–' : formatRelative(Date.parse(d.nextAttemptAt), view.ctx.now()),
            },
          ]}
          empty={
            <p>
              {deliveries.lookedBackTo === null
                ? 'Nothing was due to it. Send a test message and watch it here.'
                : 'Nothing was due to it of late: none of the program’s latest 2,000 deliveries.'}
            </p>
          }
        />
        {deliveries.nextCursor === null ? null : (
          <p>
            <a href={view.at(`deliveries?webhookId=${id}`)}>All that was due to it</a>
          </p>
        )}
        {recoveries.items.length === 0 ? null : (
          <Table
            caption="What was sent again after failures, newest first"
            rows={recoveries.items}
            columns={[
              {
                head: 'Window',
                kind: 'name',
                cell: (r) => (
                  <a href={here(view, `/recoveries/${r.recoveryId}`)}>
                    <time datetime={r.since}>{r.since.slice(0, 10)}</time> to{' '}
                    <time datetime={r.until}>{r.until.slice(0, 10)}</time>
                  </a>
                ),
              },
              { head: 'Failed in it', kind: 'number', cell: (r) => formatCount(r.total) },
              { head: 'Due again', kind: 'number', cell: (r) => formatCount(r.rearmed) },
              { head: 'Begun', cell: (r) => <Time view={view} at={r.createdAt} /> },
            ]}
            empty=""
          />
        )}
        <h2>Verify it on your side</h2>
        <p>
          Every call is signed as Standard Webhooks says: <code>webhook-id</code>,{' '}
          <code>webhook-timestamp</code> and <code>webhook-signature</code> over the body as it came. The
          secret is shown when it is made or rotated.
        </p>
        {verifySnippets.map(({ language, code }) => (
          <details>
            <summary>{language}</summary>
            <pre tabindex={0}>{code}</pre>
          </details>
        ))}
      </>
    ),
  };
}

function verdictOf(view: View, one: EndpointOut, deliveries: DeliveryPage['items']): Page['verdict'] {
  if (one.state === 'disabled')
    return {
      tone: 'bad',
      text: `Disabled: nothing is sent. ${one.stateReason ?? ''} Mend it, resume it, then recover what it missed.`,
    };
  if (one.state === 'paused') return { tone: 'attention', text: 'Paused: what becomes due waits.' };
  const [latest] = deliveries;
  const waiting = deliveries.filter(({ status }) => status === 'waiting');
  const next = waiting
    .flatMap(({ nextAttemptAt }) => (nextAttemptAt === null ? [] : [nextAttemptAt]))
    .toSorted()[0];
  if (waiting.length > 0)
    return {
      tone: 'attention',
      text: `Active, but ${waiting.length} of the latest ${deliveries.length} failed and ${waiting.length === 1 ? 'waits' : 'wait'} for another attempt${next === undefined ? '' : `, the next ${formatRelative(Date.parse(next), view.ctx.now())}`}.`,
    };
  if (latest === undefined) return { tone: 'ok', text: 'Active: what becomes due is sent at once.' };
  if (latest.status === 'exhausted' || latest.status === 'cancelled')
    return {
      tone: 'attention',
      text: `Active, but the latest message was not delivered: ${latest.reason ?? ''}`,
    };
  return { tone: 'ok', text: 'Active, and the latest message was taken.' };
}

function Actions({ view, of }: { view: View; of: EndpointOut }) {
  return (
    <div class="actions">
      {of.state === 'disabled' ? null : (
        <PostForm view={view} to={here(view, '/test')}>
          <button type="submit">Send a test message</button>
        </PostForm>
      )}
      {of.state === 'active' ? (
        <Confirm
          view={view}
          to={here(view, '/pause')}
          label="Pause…"
          button="Pause it"
          effect="What becomes due waits here, and goes out when it is resumed."
        />
      ) : (
        <Confirm
          view={view}
          to={here(view, '/resume')}
          label="Resume…"
          button="Resume it"
          effect="What waited goes out one after another, no faster than its rate allows."
        />
      )}
      <details class="confirm">
        <summary class="button">Recover…</summary>
        <PostForm view={view} to={here(view, '/recover/count')}>
          <p>Sends again what failed for good. First it is counted; nothing is sent yet.</p>
          <Choice
            view={view}
            name="hours"
            label="What failed in the last"
            options={[
              ['1', 'hour'],
              ['24', '24 hours'],
              ['168', '7 days'],
              ['720', '30 days'],
              ['2160', '90 days'],
            ]}
            value="24"
          />
          <button type="submit" class="primary">
            Count it
          </button>
        </PostForm>
      </details>
      <details class="confirm" open={isSent(view, here(view, '/change'))}>
        <summary class="button">Change…</summary>
        <PostForm view={view} to={here(view, '/change')}>
          <input type="hidden" name="base" value={of.updatedAt} />
          <Field view={view} name="url" label="URL" type="url" value={of.url} required />
          <Field view={view} name="events" label="Messages" value={of.events.join(' ')} required />
          <Field view={view} name="description" label="What it is for" value={of.description} />
          <Field
            view={view}
            name="rate"
            label="At most so many a second"
            hint="Empty: as fast as it answers."
            type="number"
            value={of.rateLimitPerSecond === null ? '' : String(of.rateLimitPerSecond)}
          />
          <button type="submit" class="primary">
            Save
          </button>
        </PostForm>
      </details>
      <Confirm
        view={view}
        to={here(view, '/rotate')}
        label="Rotate its secret…"
        button="Make a new secret"
        effect="A new secret is shown once. For 24 hours every call carries a signature of the present one too, so that nothing is refused meanwhile; any older one ends now."
      >
        <input type="hidden" name="base" value={of.updatedAt} />
      </Confirm>
      <Confirm
        view={view}
        to={here(view, '/delete')}
        label="Delete…"
        button="Delete the endpoint"
        danger
        effect="What is still due to it is cancelled, and says so in the ledger."
      />
    </div>
  );
}

export async function pauseOrResume(view: View): Promise<Outcome> {
  const verb = view.params.active === 'resume' ? 'resume' : 'pause';
  await view.api.send('POST', api(view, `/${verb}`));
  return { to: here(view), done: verb === 'resume' ? 'resumed' : 'paused' };
}

/** Leads to the delivery, which tells how it went. */
export async function testWebhook(view: View): Promise<Outcome> {
  const sent = await view.api.send<{ deliveryId: string }>('POST', api(view, '/test'));
  return { to: view.at(`deliveries/${sent?.deliveryId ?? ''}`), done: 'tested' };
}

export async function changeWebhook(view: View): Promise<Outcome> {
  const rate = field(view, 'rate');
  const change = {
    url: field(view, 'url') ?? '',
    events: words(view, 'events'),
    description: field(view, 'description') ?? '',
    rateLimitPerSecond: rate === undefined ? null : Number(rate),
  };
  await sendIfUnchanged(view, 'PATCH', api(view), change, 'this endpoint');
  return { to: here(view), done: 'saved' };
}

export async function rotateWebhook(view: View): Promise<Outcome> {
  const path = api(view, '/rotate-secret');
  const answer = await sendIfUnchanged(view, 'POST', path, undefined, 'this endpoint or its secret');
  const made = await answer.json<{ secret: string }>();
  return {
    title: 'A new secret',
    secret: true,
    verdict: {
      tone: 'attention',
      text: 'Copy it now: this page shows it once. The old one signs too for 24 hours.',
    },
    body: (
      <>
        <Copy text={made.secret} label="the signing secret" />
        <p>
          <a href={here(view)}>Back to the endpoint</a>
        </p>
      </>
    ),
  };
}

export async function deleteWebhook(view: View): Promise<Outcome> {
  await view.api.send('DELETE', api(view));
  return { to: view.at('webhooks'), done: 'deleted' };
}
