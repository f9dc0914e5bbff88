import type { Ctx } from '../../context.ts';
import { commit, isUniqueViolation } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { findVersion } from '../files/index.ts';
import { findProgram } from '../programs/index.ts';
import { findTask } from '../tasks/index.ts';
import { noCounts } from './schema.ts';
import {
  copyRecipients,
  findJob,
  findLatestSucceeded,
  findUnfinishedUndo,
  insertJob,
  type Job,
  type NewJob,
} from './store.ts';

/** A new job over the same file version and with the task as it is now, for one that did not succeed. */
export async function retryJob(ctx: Ctx, job: Job): Promise<Job> {
  if (job.finishedAt === null || job.status === 'succeeded') {
    throw new AppError('conflict', `Only a job that did not succeed is retried; this one is ${job.status}.`);
  }
  if (job.undoOf !== null) throw new AppError('conflict', 'An undo is not retried: undo the job again.');
  const task = await findTask(ctx, job.programId, job.job);
  if (!task) throw new AppError('conflict', 'The task of this job was deleted.');
  if (!(await findVersion(ctx, job.programId, job.versionId))) {
    throw new AppError('expired', 'The file of this job is gone: drop it again and call the job.');
  }
  const again = { task: task.definition, dataset: task.dataset, retryOf: job.jobId, traceId: job.traceId };
  return startAgain(ctx, job, { ...again, dryRun: job.dryRun }, 'job.retried');
}

/**
 * A job that puts the dataset back as it was before `job`, the latest that changed it. It is a job like
 * any: it has a change log, can be cancelled, and can itself be undone.
 */
export async function undoJob(ctx: Ctx, job: Job): Promise<Job> {
  const latest = await findLatestSucceeded(ctx, job);
  if (latest?.jobId !== job.jobId) {
    const why =
      latest && job.status === 'succeeded' ? `${latest.jobId} came after it` : `it is ${job.status}`;
    throw new AppError('conflict', `Only the latest job that changed the dataset can be undone; ${why}.`);
  }
  const keptMs = await beforeImagesMs(ctx, job);
  if ((job.finishedAt ?? 0) + keptMs <= ctx.now()) {
    throw new AppError('expired', 'The before-images of this job have passed their retention.');
  }
  const running = await findUnfinishedUndo(ctx, job);
  if (running) return running;
  return startAgain(ctx, job, { undoOf: job.jobId, dryRun: false }, 'job.undone');
}

async function beforeImagesMs(ctx: Ctx, job: Job): Promise<number> {
  const program = await findProgram(ctx, job.programId);
  return (program?.retention.beforeImages ?? 30) * 86_400_000;
}

async function startAgain(ctx: Ctx, job: Job, change: Partial<NewJob>, action: string): Promise<Job> {
  const at = ctx.now();
  const jobId = newId('job', at);
  const { programId, versionId } = job;
  const row: NewJob = {
    jobId,
    programId,
    job: job.job,
    dataset: job.dataset,
    task: job.task,
    folder: job.folder,
    filename: job.filename,
    // An undo reads no file, and must not stand in the way of a call over the same version.
    versionId: change.undoOf ? `${versionId}/undo/${job.jobId}` : versionId,
    objectKey: job.objectKey,
    sizeBytes: job.sizeBytes,
    etag: job.etag,
    traceId: job.traceId,
    notificationId: newId('msg', at),
    status: 'queued',
    attempt: 1,
    wakeAt: at,
    queuedAt: at,
    message: 'Waiting to run.',
    counts: { ...noCounts },
    readBytes: 0,
    errors: [],
    dryRun: false,
    ...change,
  };
  try {
    const [inserted] = await commit(ctx.db, [
      insertJob(ctx, row),
      copyRecipients(ctx, job.jobId, jobId),
      recordAudit(ctx, { programId, action, target: job.jobId, detail: { jobId } }),
    ]);
    if (inserted?.changes !== 1)
      throw new AppError('conflict', 'A job over this file is unfinished already.');
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError('conflict', 'A job over this file is unfinished already.');
  }
  ctx.after(ctx.queues.ingest.send([{ type: 'job', jobId }]));
  const made = await findJob(ctx, programId, jobId);
  if (!made) throw new Error('a job that was just made is not there');
  return made;
}
