import type { Child } from 'hono/jsx';
import type { RecoveryOut } from '../../features/deliveries/endpoints/routes.ts';
import { Facts } from '../components/facts.tsx';
import { Confirm, PostForm, State, Time } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { deliveryTones } from '../states.ts';
import { formatCount } from '../time.ts';
import type { Outcome, Page, View } from '../view.ts';

const endpoint = (view: View, rest = '') =>
  `webhooks/${encodeURIComponent(view.params.webhookId ?? '')}${rest}`;
const path = (view: View) =>
  endpoint(view, `/recoveries/${encodeURIComponent(view.params.recoveryId ?? '')}`);

/** Counted first: what would go out, and since when. */
export async function countRecovery(view: View): Promise<Outcome> {
  const hours = Math.min(24 * 366, Math.max(1, Number(field(view, 'hours') ?? '24') || 24));
  const window = {
    since: new Date(view.ctx.now() - hours * 3_600_000).toISOString(),
    until: new Date(view.ctx.now()).toISOString(),
  };
  const counted = await view.api.send<RecoveryOut>('POST', programApi(view, endpoint(view, '/recover')), {
    ...window,
    dryRun: true,
  });
  const total = counted?.total ?? 0;
  const many = `${formatCount(total)}${counted?.more ? ' or more' : ''}`;
  return {
    title: 'Recover what failed',
    verdict: {
      tone: total === 0 ? 'ok' : 'attention',
      text:
        total === 0
          ? 'Nothing to send again: no delivery to this endpoint failed for good in that time.'
          : `${many} ${total === 1 ? 'delivery' : 'deliveries'} to this endpoint failed for good in that time.`,
    },
    body: (
      <>
        <Facts
          of={[
            ['Since', <Time view={view} at={window.since} />],
            ['Until', <Time view={view} at={window.until} />],
          ]}
        />
        {total === 0 ? null : (
          <PostForm view={view} to={view.at(endpoint(view, '/recover'))}>
            <input type="hidden" name="since" value={window.since} />
            <input type="hidden" name="until" value={window.until} />
            <p>
              They go out one after another, each under its own message id with all its attempts anew: a
              receiver that keeps to the ids takes each once.
            </p>
            <button type="submit" class="primary">
              Send {many} again
            </button>
          </PostForm>
        )}
        <p>
          <a href={view.at(endpoint(view))}>Back to the endpoint</a>
        </p>
      </>
    ),
  };
}

export async function startRecovery(view: View): Promise<Outcome> {
  const begun = await view.api.send<RecoveryOut>('POST', programApi(view, endpoint(view, '/recover')), {
    since: field(view, 'since') ?? '',
    until: field(view, 'until'),
  });
  return { to: view.at(endpoint(view, `/recoveries/${begun?.recoveryId ?? ''}`)), done: 'recovering' };
}

/** How far a recovery is, and where each of its deliveries stands. */
export async function recoveryPage(view: View): Promise<Page> {
  const one = await view.api.get<RecoveryOut>(programApi(view, path(view)));
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (one.states[name] ?? 0), 0);
  const delivered = count('delivered');
  const failed = count('exhausted', 'cancelled');
  return {
    title: 'Sending again what failed',
    ...(one.done ? {} : { every: 2 }),
    verdict: {
      tone: one.done ? (failed > 0 ? 'attention' : 'ok') : 'busy',
      text: `${one.done ? 'Done' : 'At work'}: ${formatCount(delivered)} of ${formatCount(one.total)}${one.more ? ' or more' : ''} delivered${failed > 0 ? `, ${formatCount(failed)} not` : ''}.`,
    },
    body: (
      <>
        <progress
          max={Math.max(1, one.total)}
          value={delivered + failed}
          aria-label="How far the recovery is"
        >
          {delivered + failed} of {one.total}
        </progress>
        {!one.done && view.can('webhooks') ? (
          <div class="actions">
            <Confirm
              view={view}
              to={view.at(`${path(view)}/cancel`)}
              label="Cancel…"
              button="Stop sending"
              danger
              effect="What was delivered stays delivered; what has not gone out goes back to how it had ended."
            />
          </div>
        ) : null}
        <Facts
          of={[
            ['Failed between', <Time view={view} at={one.since} />],
            ['and', <Time view={view} at={one.until} />],
            ['Begun', <Time view={view} at={one.createdAt} />],
            ['Made due again', `${formatCount(one.rearmed)} of ${formatCount(one.total)}`],
            ...Object.entries(one.states).map(([word, n]): [string, Child] => [
              formatCount(n),
              <State word={word} tone={deliveryTones[word] ?? 'quiet'} />,
            ]),
          ]}
        />
        <p>
          <a href={view.at(`webhooks/${encodeURIComponent(one.webhookId)}`)}>To the endpoint</a>
        </p>
      </>
    ),
  };
}

export async function cancelRecovery(view: View): Promise<Outcome> {
  await view.api.send('POST', programApi(view, `${path(view)}/cancel`));
  return { to: view.at(path(view)), done: 'recovery-cancelled' };
}
