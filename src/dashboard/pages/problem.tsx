import type { OpenProblem, ProblemRetry } from '../../features/attention/routes.ts';
import { PostForm } from '../components/parts.tsx';
import { programApi } from '../components/query.ts';
import { formatCount } from '../time.ts';
import type { Outcome, View } from '../view.ts';

const isOfHub = (view: View) => view.programId === '';

const api = (view: View, verb: string) => {
  const path = `attention/${encodeURIComponent(view.params.attentionId ?? '')}/${verb}`;
  return isOfHub(view) ? `/api/system/${path}` : programApi(view, path);
};

const list = (view: View) => (isOfHub(view) ? '/hub/system' : view.at('overview'));

/** Acknowledge, ignore, or neither any more. */
export async function handleProblem(view: View): Promise<Outcome> {
  const problem = await view.api.send<OpenProblem>('POST', api(view, view.params.verb ?? ''));
  const done = { acknowledged: 'acknowledged', ignored: 'ignored', open: 'reopened' };
  return { to: list(view), done: done[problem?.state ?? 'open'] };
}

export async function resolveProblem(view: View): Promise<Outcome> {
  await view.api.send('POST', api(view, 'resolve'));
  return { to: list(view), done: 'resolved' };
}

/** Counted first: what would run again. */
export async function countProblemRetry(view: View): Promise<Outcome> {
  const counted = await view.api.send<ProblemRetry>('POST', api(view, 'retry'), { dryRun: true });
  const { count, more, of } = counted ?? { count: 0, more: false, of: '' };
  const to = view.at(`problems/${encodeURIComponent(view.params.attentionId ?? '')}/retry`);
  return {
    title: 'Retry all of this problem',
    verdict:
      count === 0
        ? { tone: 'quiet', text: `There is nothing to do again now: no ${of}.` }
        : { tone: 'attention', text: `${formatCount(count)} ${of}${more ? ', and more after them' : ''}.` },
    body: (
      <>
        {count === 0 ? null : (
          <PostForm view={view} to={to}>
            <p>
              They run again one after another, each with all its attempts anew and under its own id. What
              still fails comes back to the overview by itself.
            </p>
            <button type="submit" class="primary">
              Retry {more ? `the first ${formatCount(count)}` : formatCount(count)}
            </button>
          </PostForm>
        )}
        <p>
          <a href={list(view)}>Back, and change nothing</a>
        </p>
      </>
    ),
  };
}

export async function retryProblem(view: View): Promise<Outcome> {
  const done = await view.api.send<ProblemRetry>('POST', api(view, 'retry'), {});
  const found = done?.found ?? [];
  if (found.length === 0) return { to: list(view), done: done?.refused ? 'retried-some' : 'retried-all' };
  return {
    title: 'Retry all of this problem',
    verdict: {
      tone: 'attention',
      text: `${formatCount(done?.started ?? 0)} of ${formatCount(done?.count ?? 0)} ${done?.of}; about ${formatCount(found.length)} there was nothing to do.`,
    },
    body: (
      <>
        <ul>
          {found.map((sentence) => (
            <li>{sentence}</li>
          ))}
        </ul>
        <p>
          <a href={list(view)}>Back to the overview</a>
        </p>
      </>
    ),
  };
}
