import type { JobRetries } from '../../features/jobs/retries/routes.ts';
import type { JobOut, JobPage } from '../../features/jobs/routes.ts';
import { LookedTo } from '../components/looked.tsx';
import { Took } from '../components/moments.tsx';
import { Filters, Pager, PostForm, Select, State, Table, Time } from '../components/parts.tsx';
import { field, programApi } from '../components/query.ts';
import { RunStrip } from '../components/runs.tsx';
import { jobTones } from '../states.ts';
import { formatCount } from '../time.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';

const statuses = ['queued', 'running', 'held', 'succeeded', 'failed', 'rejected', 'cancelled'];

/** The jobs of a program, newest first. */
export async function jobsPage(view: View): Promise<Page> {
  const query = new URLSearchParams();
  for (const name of ['status', 'job', 'dataset', 'cursor']) {
    const value = view.query.get(name);
    if (value) query.set(name, value);
  }
  const path = `/api/programs/${encodeURIComponent(view.programId)}/jobs`;
  const jobs = await view.api.get<JobPage>(`${path}?${query}`);
  const moving = jobs.items.some(({ status }) => status === 'running' || status === 'queued');
  return {
    title: 'Jobs',
    // Those that wait for a person, for the tab.
    count: jobs.items.filter(({ status }) => status === 'held').length,
    verdict: verdictOf(view, jobs.items),
    ...(view.query.has('cursor') ? {} : { every: moving ? 2 : 15 }),
    body: (
      <>
        <Filters view={view}>
          <Select view={view} name="status" label="State" any="any" options={statuses} />
          <label>
            Task <input name="job" value={view.query.get('job') ?? ''} autocomplete="off" />
          </label>
        </Filters>
        {view.can('jobs') && jobs.items.length > 0 ? <RetryAll view={view} /> : null}
        {view.query.get('job') ? <RunStrip jobs={jobs.items.slice(0, 30)} /> : null}
        <Table
          caption="Jobs, newest first"
          rows={jobs.items}
          columns={[
            {
              head: 'File',
              kind: 'name',
              cell: (job) => <a href={view.at(`jobs/${job.jobId}`)}>{job.filename}</a>,
            },
            { head: 'State', cell: (job) => <JobState job={job} /> },
            { head: 'Task', cell: (job) => job.job },
            { head: 'Read', kind: 'number', cell: (job) => formatCount(job.rows.read) },
            { head: 'Rejected', kind: 'number', cell: (job) => formatCount(job.rows.rejected) },
            { head: 'Changed', kind: 'number', cell: (job) => formatCount(changed(job)) },
            { head: 'Called', cell: (job) => <Time view={view} at={job.queuedAt} /> },
            {
              head: 'Took',
              kind: 'number',
              cell: (job) => <Took from={job.startedAt} to={job.finishedAt} />,
            },
          ]}
          empty={<NoJobs view={view} />}
        />
        <LookedTo view={view} of={jobs} what="jobs" />
        <Pager view={view} next={jobs.nextCursor} />
      </>
    ),
  };
}

const changed = ({ rows }: JobOut) => rows.inserted + rows.updated + rows.deleted;

export function JobState({ job }: { job: JobOut }) {
  const word = job.status === 'running' && job.phase !== null ? `running: ${job.phase}` : job.status;
  return <State word={job.dryRun ? `${word} (dry run)` : word} tone={jobTones[job.status] ?? 'quiet'} />;
}

function verdictOf(view: View, jobs: JobOut[]): { tone: Tone; text: string } {
  if (jobs.length === 0)
    return {
      tone: 'quiet',
      text: isFiltered(view) ? 'No job that was looked at is like that.' : 'No job has run yet.',
    };
  const count = (status: string) => jobs.filter((job) => job.status === status).length;
  const [failed, held, running, queued] = ['failed', 'held', 'running', 'queued'].map(count) as [
    number,
    number,
    number,
    number,
  ];
  const parts = [
    failed > 0 ? `${failed} failed` : '',
    held > 0 ? `${held} ${held === 1 ? 'waits' : 'wait'} for a decision` : '',
    running > 0 ? `${running} running` : '',
    queued > 0 ? `${queued} queued` : '',
  ].filter((part) => part !== '');
  const of = `of the ${jobs.length === 1 ? 'one job' : `${jobs.length} jobs`} shown`;
  if (parts.length === 0) return { tone: 'ok', text: `None ${of} needs anything.` };
  const tone = failed > 0 ? 'bad' : held > 0 ? 'attention' : 'busy';
  return { tone, text: `${parts.join(', ')} ${of}.` };
}

const isFiltered = (view: View) =>
  ['status', 'job', 'dataset', 'cursor'].some((name) => view.query.has(name));

function NoJobs({ view }: { view: View }) {
  if (isFiltered(view))
    return (
      <p>
        <a href={view.at('jobs')}>Show all jobs</a>
      </p>
    );
  return (
    <p>
      Drop a file, then post its name to a task. <a href={view.at('tasks')}>Tasks</a> show the address and a
      command that is ready to run.
    </p>
  );
}

const retryable = ['failed', 'rejected', 'cancelled'];

/** Of the filter that is on: without one, of what failed. */
function RetryAll({ view }: { view: View }) {
  const status = view.query.get('status') ?? 'failed';
  if (!retryable.includes(status)) return null;
  return (
    <PostForm view={view} to={view.at('jobs/retry/count')} class="actions">
      <input type="hidden" name="status" value={status} />
      <input type="hidden" name="job" value={view.query.get('job') ?? ''} />
      <input type="hidden" name="dataset" value={view.query.get('dataset') ?? ''} />
      <button type="submit">Retry all that {status === 'failed' ? 'failed' : `are ${status}`}…</button>
    </PostForm>
  );
}

const filterOf = (view: View) => ({
  status: field(view, 'status'),
  job: field(view, 'job'),
  dataset: field(view, 'dataset'),
});

/** Counted first: what would run again. */
export async function countJobRetries(view: View): Promise<Outcome> {
  const counted = await view.api.send<JobRetries>('POST', programApi(view, 'jobs/retry'), {
    ...filterOf(view),
    dryRun: true,
  });
  const { count, more, of } = counted ?? { count: 0, more: false, of: 'jobs' };
  return {
    title: 'Retry all that match',
    verdict: {
      tone: count === 0 ? 'quiet' : 'attention',
      text:
        count === 0
          ? `There is nothing to run again: no ${of}.`
          : `${formatCount(count)} ${of}${more ? ', and more after them' : ''}.`,
    },
    body: (
      <>
        {count === 0 ? null : (
          <PostForm view={view} to={view.at('jobs/retry')}>
            {Object.entries(filterOf(view)).map(([name, value]) => (
              <input type="hidden" name={name} value={value ?? ''} />
            ))}
            <p>
              Each runs again as a job of its own, over the same version of its file and with its task as it
              is now, oldest first. What fails again comes to the overview by itself.
            </p>
            <button type="submit" class="primary">
              Run {more ? `the first ${formatCount(count)}` : formatCount(count)} again
            </button>
          </PostForm>
        )}
        <p>
          <a href={view.at('jobs')}>Back to the jobs</a>
        </p>
      </>
    ),
  };
}

export async function retryJobs(view: View): Promise<Outcome> {
  const done = await view.api.send<JobRetries>('POST', programApi(view, 'jobs/retry'), filterOf(view));
  return { to: view.at('jobs'), done: done?.refused ? 'retried-some' : 'retried-all' };
}
