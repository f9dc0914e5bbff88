import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { countActivity } from '../activity/index.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { insertDeliveriesFrom, startDeliveries } from '../deliveries/index.ts';
import { noteSuccess } from '../monitors/index.ts';
import { endApplying, removeCheckpoint } from '../records/index.ts';
import { notificationPurpose } from '../webhooks/index.ts';
import { announceEnd, isoOrNull, reportUrl, typeOf, webhookBody } from './announce.ts';
import { type JobCounts, noCounts } from './schema.ts';
import type { JobState } from './state.ts';
import { type Job, listRecipients, nextOfDataset, updateUnfinished, wakeDataset } from './store.ts';

export interface JobEnd {
  status: 'succeeded' | 'failed' | 'rejected' | 'cancelled';
  message: string;
  /** Whose fault: the file's is for the program's contacts, ours for staff too. */
  fault: 'none' | 'file' | 'ours';
}

/**
 * Ends a job: its state and its one notification to each recipient are one transaction. Repeated after a
 * crash it changes nothing more, for the deliveries' ids were made with the recipients.
 */
export async function finishJob(ctx: Ctx, job: Job, state: JobState, end: JobEnd): Promise<void> {
  const at = ctx.now();
  const finished: Job = {
    ...job,
    status: end.status,
    phase: null,
    waitingFor: null,
    wakeAt: null,
    finishedAt: at,
    message: end.message,
    counts: end.status === 'succeeded' ? state.counts : nothingChanged(state.counts),
    errors: state.errors,
    decisions: state.decisions,
    readBytes: state.position?.offset ?? job.readBytes,
  };
  const { status, phase, waitingFor, wakeAt, finishedAt, message, counts, errors, decisions, readBytes } =
    finished;
  const columns = {
    status,
    phase,
    waitingFor,
    wakeAt,
    finishedAt,
    message,
    counts,
    errors,
    decisions,
    readBytes,
  };
  const records = ctx.recordsDatabase(job.programId);
  const { datasetId } = await datasetOf(ctx, job);
  // First, for an ended job is never looked at again: a crash here ends it anew from its checkpoint.
  if (datasetId !== null) await commit(records, [endApplying(ctx, job.programId, datasetId, job.jobId)]);
  const announced = await announceEnd(ctx, finished);
  await commit(ctx.db, [
    countActivity(ctx, job.programId, 'jobs', endings[end.status], 1, isUnfinished(job)),
    updateUnfinished(ctx, job, columns),
    notificationsOf(ctx, finished),
    ...announced.statements,
    ...(end.status === 'succeeded' && !job.dryRun ? [noteSuccess(ctx, job.programId, 'task', job.job)] : []),
    ...attentionOf(ctx, finished, end),
    wakeDataset(ctx, job),
  ]);
  await commit(records, [removeCheckpoint(ctx, job.programId, job.jobId)]);
  const recipients = await listRecipients(ctx, job.jobId);
  startDeliveries(ctx, [...recipients.map((recipient) => recipient.deliveryId), ...announced.deliveryIds]);
  const next = await nextOfDataset(ctx, job);
  if (next !== null) await ctx.queues.ingest.send([{ type: 'job', jobId: next }]);
  ctx.log.line('job.finished', {
    jobId: job.jobId,
    programId: job.programId,
    traceId: job.traceId,
    status: end.status,
    fault: end.fault,
    attempts: job.attempt,
    durationMs: at - job.queuedAt,
    ...state.counts,
  });
}

/** What a person decided is neither. */
const endings = { succeeded: 'ok', failed: 'failed', rejected: 'other', cancelled: 'other' } as const;

const isUnfinished = ({ jobId }: Job) =>
  sql`EXISTS (SELECT 1 FROM jobs WHERE job_id = ${jobId} AND finished_at IS NULL)`;

/** A job that did not succeed has changed nothing, whatever it had counted. */
function nothingChanged({ read, rejected }: JobCounts): JobCounts {
  return { ...noCounts, read, rejected };
}

async function datasetOf(ctx: Ctx, job: Job): Promise<{ datasetId: number | null }> {
  const [row] = await ctx
    .recordsDatabase(job.programId)
    .all<{ datasetId: number }>(
      sql`SELECT dataset_id AS datasetId FROM job_checkpoints WHERE job_id = ${job.jobId}`,
    );
  return { datasetId: row?.datasetId ?? null };
}

/** The ledger's rows, made in SQL from whoever is a recipient at that moment, if the job ended just now. */
function notificationsOf(ctx: Ctx, job: Job): Statement {
  const type = typeOf(job);
  return insertDeliveriesFrom(
    ctx,
    sql`SELECT r.delivery_id, j.program_id, r.channel, ${type}, j.notification_id,
      'job:' || j.job_id || ':' || r.channel || ':' || r.target, r.target, ${notificationPurpose},
      ${subjectOf(job)}, CASE r.channel WHEN 'email' THEN ${mailText(ctx, job)} ELSE ${webhookBody(ctx, job)} END,
      j.trace_id, j.job_id
      FROM job_recipients AS r JOIN jobs AS j ON j.job_id = r.job_id
      WHERE j.job_id = ${job.jobId} AND j.finished_at = ${job.finishedAt}`,
  );
}

/** `50,000 read, 3 rejected …`, for people. */
function countsText(counts: JobCounts): string {
  const number = new Intl.NumberFormat('en-US');
  return Object.entries(counts)
    .map(([name, count]) => `${number.format(count)} ${name}`)
    .join(', ');
}

function subjectOf(job: Job): string {
  return `${job.job} ${job.status}: ${job.filename}`.replace(/[\r\n]/g, ' ');
}

/** Counts, lines and codes; never a value of the file. */
function mailText(ctx: Ctx, job: Job): string {
  const { counts } = job;
  return [
    `${job.dryRun ? 'Dry run. ' : ''}The job "${job.job}" over "${job.filename}" ${job.status}.`,
    job.message,
    '',
    `Rows: ${countsText(counts)}.`,
    ...job.errors.map(
      (error) =>
        `${error.line === null ? 'File' : `Line ${error.line}`}${error.column === null ? '' : `, column ${error.column}`}: ${error.code}: ${error.message}`,
    ),
    ...(reportUrl(ctx, job) === null ? [] : ['', `All rejected rows (with a key): ${reportUrl(ctx, job)}`]),
    '',
    `Job ${job.jobId}, queued ${isoOrNull(job.queuedAt)}, finished ${isoOrNull(job.finishedAt)}, attempts ${job.attempt}.`,
    `Status (with a key): ${ctx.config.PUBLIC_URL}/api/jobs/${job.jobId}`,
    '',
  ].join('\n');
}

/** What a person decided needs nobody's attention; what went wrong does, until the job next succeeds. */
function attentionOf(ctx: Ctx, job: Job, end: JobEnd): Statement[] {
  if (job.dryRun) return [];
  if (end.status === 'succeeded') {
    return ['job_failed', 'job_given_up'].map((kind) => endAttention(ctx, job.programId, kind, job.job));
  }
  if (end.fault === 'none') return [];
  const nextStep =
    end.fault === 'ours'
      ? 'Nothing more by itself: staff look into it; the dataset is as it was before.'
      : 'The dataset is as it was before. Mend the file, drop it again and call the job again.';
  return [
    raiseAttention(ctx, {
      programId: job.programId,
      // A problem of its own: one that is open for the file's fault was told to the program alone.
      kind: end.fault === 'ours' ? 'job_given_up' : 'job_failed',
      subject: job.job,
      audience: end.fault === 'ours' ? 'both' : 'program',
      message: `The job "${job.job}" over "${job.filename}" (${job.jobId}) ${end.status}. ${end.message}`,
      nextStep,
      traceId: job.traceId,
    }),
  ];
}
