import type { SyncForecast } from '../../features/syncs/forecast/routes.ts';
import { Facts } from '../components/facts.tsx';
import { PostForm, Time } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { formatCount } from '../time.ts';
import type { Outcome, View } from '../view.ts';

const api = (view: View, rest = '') =>
  programApi(view, `eventSubs/${encodeURIComponent(view.params.publisherId ?? '')}${rest}`);
const here = (view: View, rest = '') =>
  view.at(`subscriptions/${encodeURIComponent(view.params.publisherId ?? '')}${rest}`);

const counted = ({ events, more }: SyncForecast) =>
  `${formatCount(events)}${more ? ' or more' : ''} ${events === 1 ? 'event' : 'events'}`;

/** Counted first: what a synchronisation would look at. */
export async function countSync(view: View): Promise<Outcome> {
  const forecast = await view.api.get<SyncForecast>(api(view, '/forecast'));
  const { events, quarantined } = forecast;
  return {
    title: 'Synchronise now',
    verdict: {
      tone: events === 0 ? 'quiet' : 'attention',
      text: `${counted(forecast)} of ${view.params.publisherId} ${events === 1 ? 'is' : 'are'} to be looked at.`,
    },
    body: (
      <>
        <p>
          Rows are made of those that the template imports, and sent in calls of at most 5,000.
          {quarantined === 0
            ? ''
            : ` The quarantine’s ${formatCount(quarantined)} stay there: they are rendered again by its own button.`}
        </p>
        <PostForm view={view} to={here(view, '/sync')}>
          <button type="submit" class="primary">
            Synchronise {counted(forecast)}
          </button>
        </PostForm>
        <p>
          <a href={here(view)}>Back to the subscription</a>
        </p>
      </>
    ),
  };
}

/** Counted first: how many events would be sent again. */
export async function countRewind(view: View): Promise<Outcome> {
  const since = field(view, 'LastSyncUtc') ?? '';
  const forecast = await view.api.get<SyncForecast>(
    api(view, `/forecast?since=${encodeURIComponent(since)}`),
  );
  return {
    title: 'Go back',
    verdict: { tone: 'attention', text: `${counted(forecast)} would be rendered and sent again.` },
    body: (
      <>
        <Facts
          of={[['To the moment', <Time view={view} at={new Date(Date.parse(since)).toISOString()} />]]}
        />
        <PostForm view={view} to={here(view, '/rewind')}>
          <input type="hidden" name="LastSyncUtc" value={since} />
          <button type="submit" class="danger">
            Set it: {counted(forecast)} with the next synchronisation
          </button>
        </PostForm>
        <p>
          <a href={here(view)}>Back, and change nothing</a>
        </p>
      </>
    ),
  };
}

/** One event once more, wherever the cursor stands. */
export async function replayEvent(view: View): Promise<Outcome> {
  await view.api.send('POST', api(view, '/replay'), { eventId: field(view, 'eventId') ?? '' });
  return { to: here(view), done: 'synced' };
}

export async function syncNow(view: View): Promise<Outcome> {
  await view.api.send('POST', api(view, '/sync'));
  return { to: here(view), done: 'synced' };
}

export async function retryQuarantine(view: View): Promise<Outcome> {
  await view.api.send('POST', api(view, '/quarantine/retry'));
  return { to: here(view), done: 'synced' };
}

export async function setNightly(view: View): Promise<Outcome> {
  await view.api.send('PATCH', api(view), { SyncEnabled: field(view, 'enabled') === 'true' });
  return { to: here(view), done: 'saved' };
}

export async function rewind(view: View): Promise<Outcome> {
  await view.api.send('PATCH', api(view), { LastSyncUtc: field(view, 'LastSyncUtc') ?? '' });
  return { to: here(view), done: 'saved' };
}
