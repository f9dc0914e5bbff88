import type { JobOut, JobPage } from '../../features/jobs/routes.ts';
import { Filters, Pager, Select, State, Table, Time, Took } from '../components/parts.tsx';
import { RunStrip } from '../components/runs.tsx';
import { jobTones } from '../states.ts';
import { formatCount } from '../time.ts';
import type { Page, Tone, View } from '../view.ts';

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
    verdict: verdictOf(view, jobs.items),
    every: moving ? 2 : 15,
    body: (
      <>
        <Filters view={view}>
          <Select view={view} name="status" label="State" any="any" options={statuses} />
          <label>
            Task <input name="job" value={view.query.get('job') ?? ''} autocomplete="off" />
          </label>
        </Filters>
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
    return { tone: 'quiet', text: isFiltered(view) ? 'No job is like that.' : 'No job has run yet.' };
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
