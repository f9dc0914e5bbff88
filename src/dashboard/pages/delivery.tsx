import { recordAudit } from '../../features/audit/index.ts';
import type { DeliveryOut, RequestOut } from '../../features/deliveries/routes.ts';
import { commit } from '../../platform/d1.ts';
import { quoted } from '../components/command.tsx';
import { Facts } from '../components/facts.tsx';
import { TimeAndAgo } from '../components/moments.tsx';
import { Confirm, Copy, PostForm, State, Table, Time } from '../components/parts.tsx';
import { filledSnippets } from '../components/verify.ts';
import { deliveryTones } from '../states.ts';
import { formatDuration, formatRelative } from '../time.ts';
import { masked, mayNotSee, maySee, type ValueKind, whoSees } from '../values.ts';
import type { Outcome, Page, View } from '../view.ts';

const api = (view: View, rest = '') =>
  `/api/deliveries/${encodeURIComponent(view.params.deliveryId ?? '')}${rest}`;

/** One delivery: what was sent, what came back, and what happens next by itself. */
export async function deliveryPage(view: View): Promise<Page> {
  return showDelivery(view, await view.api.get<DeliveryOut>(api(view)), null);
}

/** What a delivery holds of people: its request or mail and the answers; of a batch the answers alone. */
const kindOf = ({ channel }: DeliveryOut): ValueKind => (channel === 'batch' ? 'batches' : 'calls');

/** What there is to show on demand; elsewhere nothing is kept of what was sent, and the answer is the hub's own. */
const onDemand: Record<string, string> = {
  webhook: 'Show the exact request and the answers',
  email: 'Show the exact content',
  batch: 'Show the answers',
};

/** A receiver's own words may repeat what was sent; in a test nothing is sent that is of anybody. */
const isReceivers = ({ channel, type }: DeliveryOut): boolean =>
  (channel === 'webhook' && type !== 'webhook.test') || channel === 'batch';

/** The exact request and its answers: what they tell of may be personal, so they are shown on demand, on record. */
export async function showRequest(view: View): Promise<Outcome> {
  const one = await view.api.get<DeliveryOut>(api(view));
  if (!maySee(view, kindOf(one))) throw mayNotSee(kindOf(one), view.ctx.requestId);
  const isCall = one.channel === 'webhook';
  const signedAt = one.attempts.at(-1)?.startedAt;
  const request = isCall ? await view.api.get<RequestOut>(api(view, '/request')) : null;
  // Of a signed call the API tells it.
  if (!isCall)
    await commit(view.ctx.db, [
      recordAudit(view.ctx, {
        programId: view.programId,
        action: 'delivery.shown',
        target: one.deliveryId,
      }),
    ]);
  const sent =
    isCall && signedAt !== undefined
      ? await view.api.get<RequestOut>(api(view, `/request?signedAt=${encodeURIComponent(signedAt)}`))
      : null;
  return showDelivery(view, one, { request, sent });
}

interface Shown {
  /** Signed now: it verifies for the next five minutes. */
  request: RequestOut | null;
  /** As the latest attempt signed it. */
  sent: RequestOut | null;
}

function showDelivery(view: View, one: DeliveryOut, shown: Shown | null): Page {
  const isMoving = one.endedAt === null;
  return {
    title: `${one.type} to ${one.target}`,
    ...(isMoving && shown === null
      ? { every: one.status === 'waiting' || one.status === 'paused' ? 15 : 2 }
      : {}),
    secret: shown !== null,
    verdict: { tone: deliveryTones[one.status] ?? 'quiet', text: sentence(view, one) },
    body: (
      <>
        <div class="actions">
          {view.can('webhooks') ? (
            one.status === 'sending' ? null : (
              <Confirm
                view={view}
                to={view.at(`deliveries/${one.deliveryId}/retry`)}
                label="Send again…"
                button="Send it again"
                effect="It is sent at once under the same message id, with all its attempts anew; a receiver that keeps to the id takes it once. Attempts that were planned are replaced."
              />
            )
          ) : (
            <p class="dim">Somebody with the scope “webhooks” can send it again.</p>
          )}
          {shown !== null || onDemand[one.channel] === undefined ? null : maySee(view, kindOf(one)) ? (
            <PostForm view={view} to={view.at(`deliveries/${one.deliveryId}/show`)}>
              <button type="submit">{onDemand[one.channel]}</button>
            </PostForm>
          ) : (
            <p class="dim">What was sent and answered is masked. {whoSees(kindOf(one))} can show it.</p>
          )}
        </div>
        {shown === null ? null : <Request one={one} shown={shown} />}
        <h2>Attempts</h2>
        <Table
          caption="Attempts, newest first"
          rows={one.attempts.toReversed()}
          columns={[
            { head: 'When', cell: (attempt) => <Time view={view} at={attempt.startedAt} /> },
            { head: 'Outcome', cell: (attempt) => <AttemptState failure={attempt.failure} /> },
            { head: 'Status', kind: 'number', cell: (attempt) => String(attempt.status ?? '–') },
            { head: 'What', cell: (attempt) => attempt.detail },
            { head: 'Took', kind: 'number', cell: (attempt) => formatDuration(attempt.durationMs, true) },
            {
              head: 'Answer',
              cell: (attempt) =>
                attempt.excerpt === '' ? (
                  '–'
                ) : shown === null && isReceivers(one) ? (
                  masked
                ) : (
                  <code class="excerpt">{attempt.excerpt}</code>
                ),
            },
          ]}
          empty={<p>None yet.</p>}
        />
        <Facts
          of={[
            ['State', <State word={one.status} tone={deliveryTones[one.status] ?? 'quiet'} />],
            ['Channel', one.channel],
            [
              'Next attempt',
              one.nextAttemptAt === null ? 'none' : <TimeAndAgo view={view} at={one.nextAttemptAt} />,
            ],
            ['Due', <TimeAndAgo view={view} at={one.createdAt} />],
            ['Ended', <Time view={view} at={one.endedAt} />],
            ['Tells of', <About view={view} about={one.about} />],
            ['Message id', <Copy text={one.messageId} label="the message id" />],
            ['Delivery id', <Copy text={one.deliveryId} label="the delivery id" />],
            ['Trace', <a href={view.at(`t/${encodeURIComponent(one.traceId)}`)}>{one.traceId}</a>],
            [
              'Uncertain',
              one.uncertain ? 'yes: an attempt may have been taken though no answer said so' : 'no',
            ],
          ]}
        />
        <p>
          {one.webhookId === null ? null : (
            <>
              <a href={view.at(`webhooks/${one.webhookId}`)}>Its endpoint</a> ·{' '}
            </>
          )}
          <a href={view.at(`deliveries?about=${encodeURIComponent(one.about)}`)}>Others about the same</a>
        </p>
      </>
    ),
  };
}

const outcomes = {
  connect: 'no connection',
  timeout: 'no answer in time',
  status: 'refused',
  body: 'a broken answer',
} as const;

function AttemptState({ failure }: { failure: DeliveryOut['attempts'][number]['failure'] }) {
  return failure === null ? <State word="taken" tone="ok" /> : <State word={outcomes[failure]} tone="bad" />;
}

function About({ view, about }: { view: View; about: string }) {
  const to = `/jump?in=${encodeURIComponent(view.programId)}&q=${encodeURIComponent(about)}`;
  return /^[a-z]{3}_[0-9a-z]{26}$/.test(about) ? <a href={to}>{about}</a> : <span>{about || '–'}</span>;
}

function Request({ one, shown: { request, sent } }: { one: DeliveryOut; shown: Shown }) {
  if (request === null)
    return one.body === '' ? null : (
      <>
        <h2>What is sent</h2>
        <pre tabindex={0}>{one.body}</pre>
      </>
    );
  const headers = (of: RequestOut) => [
    ...Object.entries(of.headers).map(([name, value]) => `${name}: ${value}`),
    ...of.hiddenHeaders.map((name) => `${name}: ••• (the endpoint’s own)`),
  ];
  return (
    <>
      <h2>{sent === null ? 'The request' : 'The request of the latest attempt'}</h2>
      <pre tabindex={0}>
        {[`${request.method} ${request.url}`, ...headers(sent ?? request), '', request.body].join('\n')}
      </pre>
      <p class="dim">Signed with the secrets that sign today. The audit log says who looked.</p>
      <details>
        <summary>As a command, signed now: it verifies for five minutes</summary>
        <hub-copy>
          <pre tabindex={0}>{curlOf(request)}</pre>
          <button type="button" class="copy" hidden aria-label="Copy the command">
            Copy
          </button>
        </hub-copy>
      </details>
      <h3>Verify it on your side, with this call’s own headers</h3>
      {filledSnippets(request.headers, request.body).map(({ language, code }) => (
        <details>
          <summary>{language}</summary>
          <pre tabindex={0}>{code}</pre>
        </details>
      ))}
    </>
  );
}

function curlOf({ method, url, headers, hiddenHeaders, body }: RequestOut): string {
  return [
    `curl -i -X ${method} ${quoted(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...hiddenHeaders.map((name) => `-H ${quoted(`${name}: …`)}`),
    `--data-binary ${quoted(body)}`,
  ].join(' \\\n  ');
}

/** What came of it, and what happens next without anyone. */
function sentence(view: View, one: DeliveryOut): string {
  const next =
    one.nextAttemptAt === null
      ? ''
      : ` Next attempt ${formatRelative(Date.parse(one.nextAttemptAt), view.ctx.now())}, by itself.`;
  const last = one.attempts.at(-1);
  switch (one.status) {
    case 'delivered':
      return `Delivered at attempt ${one.attemptCount}.`;
    case 'exhausted':
      return `Gave up after ${one.attemptCount} ${one.attemptCount === 1 ? 'attempt' : 'attempts'}: ${one.reason ?? last?.detail ?? ''} Nothing more happens by itself.`;
    case 'waiting':
      return `Not taken yet: ${one.reason ?? last?.detail ?? ''}${next}`;
    case 'cancelled':
      return `Cancelled: ${one.reason ?? 'it is not sent any more.'}`;
    case 'paused':
      return one.reason ?? 'It waits until its endpoint is resumed.';
    default:
      return `${one.reason ?? (one.status === 'sending' ? 'Being sent now.' : 'Due: it goes out in a moment.')}${next}`;
  }
}

export async function retryDelivery(view: View): Promise<Outcome> {
  await view.api.send('POST', api(view, '/retry'));
  return {
    to: view.at(`deliveries/${encodeURIComponent(view.params.deliveryId ?? '')}`),
    done: 'delivery-retry',
  };
}
