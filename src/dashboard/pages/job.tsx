import type { Child } from 'hono/jsx';
import type { DeliveryPage } from '../../features/deliveries/routes.ts';
import type { ChangePage, JobOut } from '../../features/jobs/routes.ts';
import { ApiProblem } from '../api.ts';
import { Facts } from '../components/facts.tsx';
import { TimeAndAgo, Took } from '../components/moments.tsx';
import { Confirm, Copy, State, Table, Time } from '../components/parts.tsx';
import { deliveryTones } from '../states.ts';
import { formatBytes, formatCount } from '../time.ts';
import type { Outcome, Page, Tone, View } from '../view.ts';
import { Errors, ReadAs, rejectsOf } from './job-errors.tsx';
import { JobState } from './jobs.tsx';

const decisions = ['approve', 'reject', 'cancel', 'retry', 'undo'] as const;

const api = (view: View) => `/api/jobs/${encodeURIComponent(view.params.jobId ?? '')}`;

/** One job: what it did or waits for, what was wrong with its file, and who was told. */
export function jobPage(view: View): Promise<Page> {
  return showJob(view, false);
}

/** With the rejected rows' values: personal data, and the showing is on record. */
export function showRejects(view: View): Promise<Outcome> {
  return showJob(view, true);
}

async function showJob(view: View, isShown: boolean): Promise<Page> {
  const job = await view.api.get<JobOut>(api(view));
  const isSettled = job.finishedAt !== null;
  const [deliveries, changes, rejects] = await Promise.all([
    view.api.get<DeliveryPage>(
      `/api/programs/${encodeURIComponent(view.programId)}/deliveries?about=${job.jobId}&traceId=${encodeURIComponent(job.traceId)}&limit=50`,
    ),
    job.status === 'held' || job.dryRun ? sampleOf(view) : null,
    rejectsOf(view, job, isShown),
  ]);
  const isTold = deliveries.items.every(({ endedAt }) => endedAt !== null);
  return {
    title: job.filename,
    verdict: verdictOf(job),
    ...(isShown || (isSettled && isTold) ? {} : { every: 2 }),
    secret: isShown,
    body: (
      <>
        {job.status === 'running' ? <Progress job={job} /> : null}
        <Decisions view={view} job={job} />
        {changes === null ? null : <Sample view={view} job={job} changes={changes} />}
        <Facts
          of={[
            ['State', <JobState job={job} />],
            ['Task', <a href={view.at(`tasks/${encodeURIComponent(job.job)}`)}>{job.job}</a>],
            ['Dataset', <a href={view.at(`datasets/${encodeURIComponent(job.dataset)}`)}>{job.dataset}</a>],
            ['Called', <TimeAndAgo view={view} at={job.queuedAt} />],
            ['Waited in the queue', <Took from={job.queuedAt} to={job.startedAt} />],
            ['Worked', <Took from={job.startedAt} to={job.finishedAt} />],
            ['Attempt', String(job.attempt)],
            ['File', `${formatBytes(job.size)}, etag ${job.etag.slice(0, 12)}`],
            ['Job id', <Copy text={job.jobId} label="the job id" />],
            ['Trace', <a href={view.at(`t/${encodeURIComponent(job.traceId)}`)}>{job.traceId}</a>],
          ]}
        />
        <Rows job={job} />
        <Errors view={view} job={job} rejects={rejects} isShown={isShown} />
        <ReadAs job={job} />
        <h2>Who was told</h2>
        <Table
          caption="Notifications of this job"
          rows={deliveries.items}
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
            { head: 'Ended', cell: (one) => <Time view={view} at={one.endedAt} /> },
          ]}
          empty={
            <p>{isSettled ? 'Nobody asked to be told of this job.' : 'Its end is told when it has come.'}</p>
          }
        />
      </>
    ),
  };
}

/** Approve, reject, cancel, retry or undo. The last two make a job of their own: the page goes there. */
export async function decideJob(view: View): Promise<Outcome> {
  const verb = decisions.find((one) => one === view.params.verb);
  if (verb === undefined) return { to: view.at('jobs') };
  const job = await view.api.send<JobOut>('POST', `${api(view)}/${verb}`);
  return { to: view.at(`jobs/${job?.jobId ?? view.params.jobId}`), done: verb };
}

/** Absent until the differences are known, and once they are no longer kept. */
async function sampleOf(view: View): Promise<ChangePage | null> {
  try {
    return await view.api.get<ChangePage>(`${api(view)}/changes?limit=20`);
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}

function verdictOf(job: JobOut): { tone: Tone; text: Child } {
  const { rows } = job;
  const counted = [
    `${formatCount(rows.read)} rows`,
    `${formatCount(rows.rejected)} rejected`,
    `${formatCount(rows.inserted + rows.updated)} changed`,
    `${formatCount(rows.deleted)} deleted`,
  ].join(', ');
  switch (job.status) {
    case 'succeeded':
      return {
        tone: rows.rejected > 0 ? 'attention' : 'ok',
        text: `${job.dryRun ? 'Dry run' : 'Consumed'}: ${counted}.`,
      };
    case 'held':
      return {
        tone: 'attention',
        text: job.message.startsWith('Held') ? job.message : `Held: ${job.message}`,
      };
    case 'queued':
      return {
        tone: 'quiet',
        text: job.waitingFor === null ? 'Queued; it starts in a moment.' : `Waits for ${job.waitingFor}.`,
      };
    case 'running':
      return {
        tone: 'busy',
        text: `${job.phase ?? 'Starting'}: ${formatCount(rows.read)} rows so far, ${job.progress.percent} %.`,
      };
    default:
      return { tone: job.status === 'failed' ? 'bad' : 'quiet', text: job.message };
  }
}

function Progress({ job }: { job: JobOut }) {
  const phases = ['reading', 'checking', 'applying', 'publishing'];
  const at = phases.indexOf(job.phase ?? '');
  return (
    <div class="progress">
      <ol class="phases">
        {phases.map((phase, index) => (
          <li
            class={index < at ? 'past' : index === at ? 'now' : ''}
            aria-current={index === at ? 'step' : undefined}
          >
            {phase}
          </li>
        ))}
      </ol>
      <progress max={100} value={job.progress.percent} aria-label="How far the job is">
        {job.progress.percent} %
      </progress>
      <p>
        {formatBytes(job.progress.bytesRead)} of {formatBytes(job.progress.bytes)} read,{' '}
        {formatCount(job.progress.rowsRead)} rows.
      </p>
    </div>
  );
}

function Decisions({ view, job }: { view: View; job: JobOut }) {
  if (!view.can('jobs'))
    return job.status === 'held' ? <p>Somebody with the scope “jobs” can approve or reject it.</p> : null;
  const to = (verb: string) => view.at(`jobs/${job.jobId}/${verb}`);
  const { rows } = job;
  const isOver = job.finishedAt !== null;
  return (
    <div class="actions">
      {job.status === 'held' ? (
        <>
          <Confirm
            view={view}
            to={to('approve')}
            label="Approve…"
            button="Approve: apply it"
            effect={`This inserts ${formatCount(rows.inserted)}, changes ${formatCount(rows.updated)} and deletes ${formatCount(rows.deleted)} records. It can be undone afterwards.`}
          />
          <Confirm
            view={view}
            to={to('reject')}
            label="Reject…"
            button="Reject: leave all as it is"
            effect="The dataset stays as it was, and the caller is told that the file was rejected."
          />
        </>
      ) : null}
      {!isOver && job.status !== 'held' ? (
        <Confirm
          view={view}
          to={to('cancel')}
          label="Cancel…"
          button="Cancel the job"
          danger
          effect="What it has applied so far is put back first; then the caller is told."
        />
      ) : null}
      {isOver && job.status !== 'succeeded' ? (
        <Confirm
          view={view}
          to={to('retry')}
          label="Retry…"
          button="Run it again"
          effect="A new job reads the same version of the file."
        />
      ) : null}
      {job.status === 'succeeded' && !job.dryRun ? (
        <Confirm
          view={view}
          to={to('undo')}
          label="Undo…"
          button="Undo this job"
          danger
          effect={`The dataset goes back to how it was before: ${formatCount(rows.inserted)} records are deleted, ${formatCount(rows.updated)} get their old values and ${formatCount(rows.deleted)} come back. Only the latest job of a dataset can be undone.`}
        />
      ) : null}
    </div>
  );
}

function Rows({ job }: { job: JobOut }) {
  const { rows } = job;
  return (
    <dl class="counts">
      {(['read', 'rejected', 'inserted', 'updated', 'unchanged', 'deleted'] as const).map((name) => (
        <div class={name === 'rejected' && rows.rejected > 0 ? 'tone-bad' : ''}>
          <dt>{name}</dt>
          <dd>{formatCount(rows[name])}</dd>
        </div>
      ))}
    </dl>
  );
}

function Sample({ view, job, changes }: { view: View; job: JobOut; changes: ChangePage }) {
  if (changes.items.length === 0) return null;
  const record = (key: string) =>
    view.at(`datasets/${encodeURIComponent(job.dataset)}/record?key=${encodeURIComponent(key)}`);
  return (
    <>
      <h2>A sample of what it would do</h2>
      <Table
        caption="The first changes, by key; their values are on the records’ own pages"
        rows={changes.items}
        columns={[
          {
            head: 'Key',
            kind: 'name',
            // What is inserted has no page before it is there.
            cell: ({ key, kind }) => (kind === 'inserted' ? key : <a href={record(key)}>{key}</a>),
          },
          { head: 'Change', cell: (change) => change.kind },
        ]}
        empty=""
      />
    </>
  );
}
