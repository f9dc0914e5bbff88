import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import {
  advance,
  beginCheckpoint,
  claimCheckpoint,
  ensureDataset,
  type Fence,
  findCheckpoint,
  findDataset,
  releaseCheckpoint,
} from '../records/index.ts';
import { type ApplyingMemory, applyChunk, commitStep, revertChunk, type Step } from './apply.ts';
import { type CheckingMemory, checkSlots } from './check.ts';
import { finishJob } from './finish.ts';
import { findAnyJob } from './jobs.system.ts';
import {
  attemptWaitMs,
  jobAttempts,
  wakeAfterClaimMs,
  wakeAfterMessageMs,
  wakeWhileWaitingMs,
} from './policy.ts';
import { type ReadingMemory, readSlice } from './read.ts';
import { FileFault, initialState, type JobState, LeaseLost } from './state.ts';
import { findJobAhead, type Job, updateUnfinished } from './store.ts';

type Memory = ReadingMemory & CheckingMemory & ApplyingMemory;

/** `more`: send the next message. `later`: nothing to do now, the job knows when to wake. */
export type RunResult = 'ended' | 'more' | 'later';

/** Does a bounded part of a job, whatever state it was left in. Never throws for faults it can attribute. */
export async function runJob(ctx: Ctx, jobId: string, steps: number): Promise<RunResult> {
  const job = await findAnyJob(ctx, jobId);
  if (!job || job.finishedAt !== null || job.status === 'held') return 'ended';
  const ahead = await findJobAhead(ctx, job);
  if (ahead !== null) {
    const waiting = { waitingFor: ahead, message: `Waiting for ${ahead}, which was called before.` };
    await commit(ctx.db, [
      updateUnfinished(ctx, job, { ...waiting, wakeAt: ctx.now() + wakeWhileWaitingMs }),
    ]);
    return 'later';
  }
  const claimed = await claimJob(ctx, job);
  if (!claimed) return 'later';
  try {
    return await runSteps(ctx, claimed.job, claimed, steps);
  } catch (error) {
    if (error instanceof LeaseLost) return 'later';
    return await spendAttempt(ctx, claimed, error);
  }
}

interface Claim {
  job: Job;
  datasetId: number;
  fence: Fence;
  state: JobState;
}

/** Takes the lease, and marks the job running. Null when another consumer has it. */
async function claimJob(ctx: Ctx, job: Job): Promise<Claim | null> {
  const { programId, jobId } = job;
  const dataset = await ensureDataset(ctx, programId, job.dataset);
  const records = ctx.recordsDatabase(programId);
  let row = await findCheckpoint(ctx, programId, jobId);
  if (!row) {
    await commit(records, [
      beginCheckpoint(ctx, programId, jobId, dataset.datasetId, JSON.stringify(initialState())),
    ]);
    row = await findCheckpoint(ctx, programId, jobId);
    if (!row) return null;
  }
  const now = ctx.now();
  if (row.leaseToken !== null && (row.leaseUntil ?? 0) > now) return null;
  const token = newId('lse', ctx.wallNow());
  const [taken] = await commit(records, [claimCheckpoint(ctx, programId, row, token)]);
  if (taken?.changes !== 1) return null;
  const state: JobState = JSON.parse(row.state);
  // A lease that ran out without one step of progress was a crash that progress did not excuse.
  const crashed = row.leaseToken !== null && row.claimedStep === row.step;
  const running: Job = {
    ...job,
    status: 'running',
    phase: state.phase === 'done' ? job.phase : state.phase,
    waitingFor: null,
    attempt: crashed ? job.attempt + 1 : job.attempt,
    startedAt: job.startedAt ?? now,
    wakeAt: now + wakeAfterClaimMs,
    message: 'Running.',
  };
  const { status, phase, waitingFor, attempt, startedAt, wakeAt, message } = running;
  await commit(ctx.db, [
    updateUnfinished(ctx, job, { status, phase, waitingFor, attempt, startedAt, wakeAt, message }),
  ]);
  const claim: Claim = {
    job: running,
    datasetId: dataset.datasetId,
    fence: { jobId, token, step: row.step },
    state,
  };
  if (running.attempt > jobAttempts) {
    claim.job.attempt = jobAttempts;
    giveUp(claim);
  }
  return claim;
}

async function runSteps(ctx: Ctx, job: Job, claim: Claim, steps: number): Promise<RunResult> {
  const memory: Memory = {};
  for (let done = 0; done < steps && claim.state.phase !== 'done'; done++) {
    const step = await runStep(ctx, job, claim, memory);
    const checkpoint = advance(ctx, job.programId, claim.fence, JSON.stringify(step.state));
    const kept = await commitStep(ctx, job.programId, step.statements, checkpoint);
    if (!kept) throw new LeaseLost();
    claim.fence.step++;
    claim.state = step.state;
  }
  const { state } = claim;
  if (state.phase === 'done') {
    const outcome = state.outcome ?? { status: 'failed', message: 'The job ended without an outcome.' };
    const fault = outcome.status === 'succeeded' ? 'none' : 'ours';
    await finishJob(ctx, job, state, { ...outcome, fault: state.fileFault ? 'file' : fault });
    return 'ended';
  }
  await commit(ctx.db, [
    updateUnfinished(ctx, job, {
      phase: state.phase,
      counts: state.counts,
      errors: state.errors,
      decisions: state.decisions,
      readBytes: state.position?.offset ?? 0,
      wakeAt: ctx.now() + wakeAfterMessageMs,
    }),
  ]);
  await commit(ctx.recordsDatabase(job.programId), [
    releaseCheckpoint(ctx, job.programId, job.jobId, claim.fence.token),
  ]);
  return 'more';
}

/** One bounded step. What is the file's own fault becomes the job's outcome here. */
async function runStep(ctx: Ctx, job: Job, claim: Claim, memory: Memory): Promise<Step> {
  const { state, fence, datasetId } = claim;
  try {
    switch (state.phase) {
      case 'reading':
        return { state: await readSlice(ctx, job, state, memory), statements: [] };
      case 'checking':
        return { state: await check(ctx, job, datasetId, state, memory), statements: [] };
      case 'applying':
        return await applyChunk(ctx, job, datasetId, state, fence, memory);
      case 'reverting':
        return await revertChunk(ctx, job, datasetId, state, fence);
      case 'done':
        return { state, statements: [] };
    }
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    const outcome = { status: 'failed' as const, message: error.message };
    const errors = error.errors.length > 0 ? error.errors.slice(0, 10) : state.errors;
    return { state: { ...state, phase: 'reverting', outcome, errors, fileFault: true }, statements: [] };
  }
}

async function check(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  state: JobState,
  memory: Memory,
): Promise<JobState> {
  const dataset = await findDataset(ctx, job.programId, job.dataset);
  const checked = await checkSlots(
    ctx,
    job,
    { datasetId, recordCount: dataset?.recordCount ?? 0 },
    state,
    memory,
  );
  if (checked.phase !== 'applying' || !job.dryRun) return checked;
  return {
    ...checked,
    phase: 'done',
    outcome: { status: 'succeeded', message: 'Dry run: nothing was changed.' },
  };
}

/** A fault of ours: the next attempt begins at the checkpoint, after a wait; the fifth is the last. */
async function spendAttempt(ctx: Ctx, claim: Claim, error: unknown): Promise<RunResult> {
  const { job, state, fence } = claim;
  const { programId, jobId } = job;
  ctx.log.error('job.attempt_failed', error, { jobId, programId, attempt: job.attempt, phase: state.phase });
  const release = releaseCheckpoint(ctx, programId, jobId, fence.token);
  // What has to be put back is tried for as long as it takes.
  const isLast = job.attempt >= jobAttempts && state.phase !== 'reverting' && state.phase !== 'done';
  if (isLast) {
    giveUp(claim);
    const checkpoint = advance(ctx, programId, fence, JSON.stringify(claim.state));
    await commit(ctx.recordsDatabase(programId), [checkpoint, release]);
    await commit(ctx.db, [updateUnfinished(ctx, job, { phase: 'reverting', wakeAt: ctx.now() })]);
    return 'more';
  }
  const attempt = Math.min(job.attempt + 1, jobAttempts);
  const waitMs = attemptWaitMs(attempt, Math.random());
  await commit(ctx.db, [
    updateUnfinished(ctx, job, {
      attempt,
      wakeAt: ctx.now() + waitMs,
      message: 'An attempt failed on our side; the next goes on where it stopped.',
    }),
  ]);
  await commit(ctx.recordsDatabase(programId), [release]);
  await ctx.queues.ingest.send([{ type: 'job', jobId }], { delaySeconds: Math.ceil(waitMs / 1_000) });
  return 'later';
}

/** What was applied is put back first; only then is anyone told. */
function giveUp(claim: Claim): void {
  claim.state = {
    ...claim.state,
    phase: 'reverting',
    outcome: claim.state.outcome ?? {
      status: 'failed',
      message: `The job failed ${jobAttempts} times on our side. Nothing was changed; our staff have been told.`,
    },
  };
}
