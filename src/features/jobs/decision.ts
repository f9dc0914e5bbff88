import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { endAttention } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { beginCheckpoint, ensureDataset, findCheckpoint, takeOver } from '../records/index.ts';
import { hasApplied } from './apply.ts';
import { finishJob } from './finish.ts';
import { initialState, type JobState } from './state.ts';
import { approveHeld, endApproval, findJob, isHeld, type Job } from './store.ts';

/** Lets a held job go on. Throws `conflict` for one that is not held. */
export async function approveJob(ctx: Ctx, job: Job): Promise<Job> {
  const act = { programId: job.programId, action: 'job.approved', target: job.jobId };
  const [, approved] = await commit(ctx.db, [
    recordAudit(ctx, act, isHeld(job)),
    approveHeld(ctx, job),
    endAttention(ctx, job.programId, 'job_held', job.jobId),
  ]);
  if (approved?.changes !== 1) throw await notHeld(ctx, job);
  ctx.after(ctx.queues.ingest.send([{ type: 'job', jobId: job.jobId }]));
  return (await findJob(ctx, job.programId, job.jobId)) ?? job;
}

/** Ends a held job without a change. Throws `conflict` for one that is not held. */
export async function rejectJob(ctx: Ctx, job: Job): Promise<Job> {
  // Somebody else may decide it in this very moment: the one who comes second is told what the other did.
  if (!(await endHeld(ctx, job, 'Rejected by a person; nothing was changed.'))) throw await notHeld(ctx, job);
  return (await findJob(ctx, job.programId, job.jobId)) ?? job;
}

async function notHeld(ctx: Ctx, job: Job): Promise<AppError> {
  const { status, approvedAt, finishedAt } = (await findJob(ctx, job.programId, job.jobId)) ?? job;
  const is =
    status === 'held'
      ? 'is being rejected at this moment'
      : approvedAt !== null && finishedAt === null
        ? `was approved at ${new Date(approvedAt).toISOString()} and goes on: cancel it to stop it`
        : `is ${status}`;
  return new AppError('conflict', `Only a held job can be approved or rejected; this one ${is}.`);
}

/**
 * The one end of a hold without approval: by a person, by time, or by a newer file. False where it is held no
 * more. Approval is shut out first: the checkpoint may be in another database, so no transaction holds both.
 */
export async function endHeld(
  ctx: Ctx,
  job: Job,
  message: string,
  fault: 'none' | 'file' = 'none',
): Promise<boolean> {
  const [shut] = await commit(ctx.db, [endApproval(ctx, job)]);
  if (shut?.changes !== 1) return false;
  const state = await stopAt(ctx, job, { status: 'rejected', message });
  if (!state) return false;
  await finishJob(ctx, job, { ...state, guards: [] }, { status: 'rejected', message, fault });
  await commit(ctx.db, [
    endAttention(ctx, job.programId, 'job_held', job.jobId),
    recordAudit(ctx, { programId: job.programId, action: 'job.rejected', target: job.jobId }),
  ]);
  return true;
}

/** Stops a job wherever it is; what it had applied is put back before anyone is told. */
export async function cancelJob(ctx: Ctx, job: Job): Promise<Job> {
  const message = 'Cancelled by a person; nothing was changed.';
  const state = job.finishedAt === null ? await stopAt(ctx, job, { status: 'cancelled', message }) : null;
  if (!state) throw new AppError('conflict', `This job is ${job.status}: there is nothing left to cancel.`);
  await commit(ctx.db, [
    endAttention(ctx, job.programId, 'job_held', job.jobId),
    recordAudit(ctx, { programId: job.programId, action: 'job.cancelled', target: job.jobId }),
  ]);
  if (!hasApplied(state)) await finishJob(ctx, job, state, { status: 'cancelled', message, fault: 'none' });
  else await ctx.queues.ingest.send([{ type: 'job', jobId: job.jobId }]);
  return (await findJob(ctx, job.programId, job.jobId)) ?? job;
}

const tries = 20;

/**
 * Takes the job away from whoever runs it: its next write finds the fence broken. Null when it came to its
 * end first.
 */
async function stopAt(
  ctx: Ctx,
  job: Job,
  outcome: NonNullable<JobState['outcome']>,
): Promise<JobState | null> {
  const { programId, jobId } = job;
  const { datasetId } = await ensureDataset(ctx, programId, job.dataset);
  const records = ctx.recordsDatabase(programId);
  await commit(records, [
    beginCheckpoint(ctx, programId, jobId, datasetId, JSON.stringify(initialState(job))),
  ]);
  for (let i = 0; i < tries; i++) {
    const row = await findCheckpoint(ctx, programId, jobId);
    if (!row) return null;
    const state: JobState = JSON.parse(row.state);
    // These have an outcome already: what was applied stays, or is being put back.
    if (['publishing', 'reverting', 'done'].includes(state.phase)) return null;
    const stopped: JobState = { ...state, phase: 'reverting', outcome };
    const [taken] = await commit(records, [takeOver(ctx, programId, row, JSON.stringify(stopped))]);
    if (taken?.changes === 1) return stopped;
  }
  throw new AppError('unavailable', 'The job is moving too fast to be stopped. Try again.');
}
