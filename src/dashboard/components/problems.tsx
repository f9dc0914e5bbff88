import type { OpenProblem } from '../../features/attention/routes.ts';
import type { View } from '../view.ts';
import { Said, TimeAndAgo } from './moments.tsx';
import { Confirm, Icon, PostForm } from './parts.tsx';

/** Those that wait for a decision or mend themselves; the others have failed. */
const mild = new Set([
  'job_held',
  'delivery_waits',
  'sync_quarantine',
  'database_filling',
  'drop_key_ending',
  'export_unpinned',
]);

/** What needs a person: what nobody has in hand first, failures before what waits, the newest first of each. */
export function Problems({ view, problems }: { view: View; problems: OpenProblem[] }) {
  if (problems.length === 0) return null;
  const rank = ({ kind, state }: OpenProblem) => (state === 'open' ? 0 : 2) + (mild.has(kind) ? 1 : 0);
  const worstFirst = problems.toSorted((a, b) => rank(a) - rank(b));
  return (
    <ul class="problems">
      {worstFirst.map((problem) => (
        <li id={problem.attentionId}>
          <h2>
            <Icon tone={toneOf(problem)} />
            {sentenceCase(problem.kind)}
            <Cure view={view} problem={problem} />
          </h2>
          <p>
            <Said view={view} text={problem.message} />
          </p>
          <p class="next">
            <Said view={view} text={onPages(problem.nextStep)} />
          </p>
          <div class="foot">
            <p class="dim">
              Since <TimeAndAgo view={view} at={problem.since} />
              {problem.count > 1 ? `, ${problem.count} times` : ''}
              {problem.traceId === null || view.programId === '' ? null : (
                <>
                  {' · '}
                  <a href={view.at(`t/${encodeURIComponent(problem.traceId)}`)}>trace</a>
                </>
              )}
            </p>
          </div>
          {problem.stateBy === null || problem.stateAt === null ? null : (
            <p class="dim">
              {sentenceCase(problem.state)} by {problem.stateBy},{' '}
              <TimeAndAgo view={view} at={problem.stateAt} />
            </p>
          )}
          {view.can('manage') ? <Acts view={view} problem={problem} /> : null}
        </li>
      ))}
    </ul>
  );
}

/** What the API's callers are told to call, in the words of the pages' own buttons. */
const wordsOfPages: [RegExp, string][] = [
  [/POST \/api\/jobs\/\S+\/approve or \/reject/, 'Approve or reject it on its page'],
  [/POST \/api\/deliveries\/\S+\/retry to have it at once/, 'send it again to have it at once'],
  [/POST \/api\/deliveries\/\S+\/retry/, 'send it again on its page'],
  [
    /POST \/api\/programs\/\S+\/resume and \/recover for what it missed/,
    'resume it, and recover what it missed',
  ],
  [/POST …\/eventSubs\/\S+\/quarantine\/retry/, 'retry the quarantine on its page'],
  [/POST \/api\/programs\/\S+\/attention\/\S+\/retry/, 'retry it here'],
  [/GET \/api\/flows\/\S+\. Then/, 'its flow’s page. Then'],
  [/POST \/api\/flows\/\S+\/sync/, 'request the sync again on its page'],
];

const onPages = (text: string) =>
  wordsOfPages.reduce((said, [call, words]) => said.replace(call, words), text);

const sentenceCase = (kind: string) => {
  const words = kind.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const toneOf = ({ kind, state }: OpenProblem) =>
  state === 'open' ? (mild.has(kind) ? 'attention' : 'bad') : state === 'acknowledged' ? 'busy' : 'quiet';

/** What a person can do about a problem, each with what happens then by itself. */
function Acts({ view, problem }: { view: View; problem: OpenProblem }) {
  const to = (verb: string) => {
    const path = `problems/${encodeURIComponent(problem.attentionId)}/${verb}`;
    return view.programId === '' ? `/hub/${path}` : view.at(path);
  };
  return (
    <div class="actions">
      {problem.retryable ? (
        <PostForm view={view} to={to('retry/count')}>
          <button type="submit">Retry all of this…</button>
        </PostForm>
      ) : null}
      {problem.state === 'open' ? null : (
        <PostForm view={view} to={to('reopen')}>
          <button type="submit">{problem.state === 'ignored' ? 'Watch it again' : 'Hand it back'}</button>
        </PostForm>
      )}
      {problem.state === 'acknowledged' ? null : (
        <Confirm
          view={view}
          to={to('acknowledge')}
          label="Acknowledge…"
          button="I have it in hand"
          effect="It stays here under your name and is no longer counted. Nobody is told of it again while it is open; it leaves by itself when it is mended."
        />
      )}
      {problem.state === 'ignored' ? null : (
        <Confirm
          view={view}
          to={to('ignore')}
          label="Ignore…"
          button="Ignore it"
          effect="It leaves this list; happening again, it is counted and told to nobody. When it is mended it ends, and the next time is a new problem."
        />
      )}
      <Confirm
        view={view}
        to={to('resolve')}
        label="Resolve…"
        button="Close it"
        effect="It leaves this list, on record under your name. Nothing is sent or retried; where it happens again it comes back and is told anew."
      />
    </div>
  );
}

/** Where the problem is solved; what is not known by its id is found by it. */
function Cure({ view, problem: { kind, subject } }: { view: View; problem: OpenProblem }) {
  const places: Record<string, [path: string, label: string]> = {
    job_held: [`jobs/${subject}`, 'Decide'],
    job_failed: [`jobs?job=${encodeURIComponent(subject)}`, 'Its jobs'],
    job_given_up: [`jobs?job=${encodeURIComponent(subject)}`, 'Its jobs'],
    drop_not_started: [`files?prefix=${encodeURIComponent(subject)}`, 'The file'],
    drop_not_taken: ['files', 'Files'],
    delivery_exhausted: [`deliveries/${subject}`, 'The delivery'],
    delivery_waits: [`deliveries/${subject}`, 'The delivery'],
    webhook_disabled: [`webhooks/${subject}`, 'The endpoint'],
    drop_key_ending: ['drop', 'Drop keys'],
    export_unpinned: [`exports/${subject}`, 'The export'],
    export_failing: [`exports/${subject}`, 'The export'],
    sync_quarantine: [`subscriptions/${encodeURIComponent(subject)}`, 'The quarantine'],
    monitor_missed: ['monitors', 'Monitors'],
  };
  const isId = /^[a-z]{3}_[0-9a-z]{26}$/.test(subject);
  const [path, label] = places[kind] ?? [null, 'Look'];
  if (view.programId === '' || (path === null && !isId)) return null;
  const to =
    path === null
      ? `/jump?in=${encodeURIComponent(view.programId)}&q=${encodeURIComponent(subject)}`
      : view.at(path);
  return (
    <a class="cure" href={to}>
      {label}
    </a>
  );
}
