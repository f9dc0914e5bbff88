import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { raiseAttention } from '../attention/index.ts';
import { startDeliveries } from '../deliveries/index.ts';
import { findProgram } from '../programs/index.ts';
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
import { announceHeld } from './announce.ts';
import { type ApplyingMemory, applyChunk, commitStep, revertChunk, type Step } from './apply.ts';
import { type CheckingMemory, checkSlots } from './check.ts';
import { decideFormat, isCorrection } from './decide.ts';
import { endHeld } from './decision.ts';
import { finishJob } from './finish.ts';
import { hasNoRecords } from './first-load.ts';
import { findAnyJob } from './jobs.system.ts';
import {
  attemptWaitMs,
  holdMs,
  jobAttempts,
  type StepBudget,
  wakeAfterClaimMs,
  wakeAfterMessageMs,
  wakeWhileWaitingMs,
} from './policy.ts';
import { publishChunk } from './publish.ts';
import { type ReadingMemory, readSlice } from './read.ts';
import { requireTimely, settleCheck, supersedes } from './settle.ts';
import { FileFault, initialState, type JobState, LeaseLost, phaseOf } from './state.ts';
import { findJobAhead, type Job, updateUnfinished } from './store.ts';
import { stageUndo } from './undo.ts';
import { type ComparingMemory, compareUniques } from './unique.ts';

type Memory = ReadingMemory & ComparingMemory & CheckingMemory & ApplyingMemory;

/** Steps between two updates of what lists of jobs show. */
const stepsPerReport = 10;

/** `more`: send the next message. `later`: nothing to do now, the job knows when to wake. */
export type RunResult = 'ended' | 'more' | 'later';

/** Does a bounded part of a job, whatever state it was left in. Throws only when the database does not answer. */
export async function runJob(ctx: Ctx, jobId: string, budget: StepBudget): Promise<RunResult> {
  const job = await findAnyJob(ctx, jobId);
  if (!job || job.finishedAt !== null) return 'ended';
  // A program that is being deleted takes its jobs with it.
  if (!(await findProgram(ctx, job.programId))) return 'ended';
  if (job.status === 'held') return await endOldHold(ctx, job);
  if (await isBehindAnother(ctx, job)) return 'later';
  const claim = await claimJob(ctx, job);
  if (!claim) return 'later';
  try {
    return await runSteps(ctx, claim, budget);
  } catch (error) {
    if (error instanceof LeaseLost) return 'later';
    return await spendAttempt(ctx, claim, error);
  }
}

async function endOldHold(ctx: Ctx, job: Job): Promise<RunResult> {
  if (ctx.now() < (job.heldAt ?? 0) + holdMs) return 'later';
  await endHeld(ctx, job, 'Nobody decided within 72 hours, so the job was rejected.', 'file');
  return 'ended';
}

/** One job at a time per dataset, in the order of the calls; a full file takes the place of a held one. */
async function isBehindAnother(ctx: Ctx, job: Job): Promise<boolean> {
  const ahead = await findJobAhead(ctx, job);
  if (!ahead) return false;
  if (ahead.status === 'held' && supersedes(job, ahead) && !(await isCorrection(ctx, job))) {
    await endHeld(ctx, ahead, `Superseded by ${job.jobId}, which brought a newer file.`);
    return isBehindAnother(ctx, job);
  }
  const message = `Waiting for ${ahead.jobId}, which was called before${ahead.status === 'held' ? ' and is held' : ''}.`;
  const wakeAt = ctx.now() + wakeWhileWaitingMs;
  await commit(ctx.db, [updateUnfinished(ctx, job, { waitingFor: ahead.jobId, message, wakeAt })]);
  return true;
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
  const { datasetId } = await ensureDataset(ctx, programId, job.dataset);
  const records = ctx.recordsDatabase(programId);
  let row = await findCheckpoint(ctx, programId, jobId);
  if (!row) {
    await commit(records, [
      beginCheckpoint(ctx, programId, jobId, datasetId, JSON.stringify(initialState(job))),
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
  const attempt = crashed ? job.attempt + 1 : job.attempt;
  const running = {
    status: 'running' as const,
    phase: phaseOf(state),
    waitingFor: null,
    attempt: Math.min(attempt, jobAttempts),
    startedAt: job.startedAt ?? now,
    wakeAt: now + wakeAfterClaimMs,
    message: 'Running.',
  };
  await commit(ctx.db, [updateUnfinished(ctx, job, running)]);
  const claim = { job: { ...job, ...running }, datasetId, fence: { jobId, token, step: row.step }, state };
  if (attempt > jobAttempts && state.phase !== 'publishing') claim.state = givenUp(state);
  return claim;
}

async function runSteps(ctx: Ctx, claim: Claim, budget: StepBudget): Promise<RunResult> {
  const { job, fence } = claim;
  const memory: Memory = {};
  let operations = 0;
  const isSpent = () => operations >= budget.operations || (memory.queries ?? 0) >= budget.steps;
  for (let steps = 0; steps < budget.steps && !isSpent(); steps++) {
    if (claim.state.phase === 'done') break;
    operations += operationsOf(claim.state);
    if (claim.state.phase === 'holding' && job.approvedAt === null) {
      await holdJob(ctx, claim);
      return 'ended';
    }
    const step = await runStep(ctx, claim, memory);
    const checkpoint = advance(ctx, job.programId, fence, JSON.stringify(step.state));
    const kept = await commitStep(ctx, job.programId, step.statements, checkpoint);
    if (!kept) throw new LeaseLost();
    fence.step++;
    claim.state = step.state;
    // The local runtime has storage in its own thread and looks at its sockets only when nothing is ready:
    // without a pause no request would be answered while a job runs.
    await scheduler.wait(0);
    if (steps % stepsPerReport === stepsPerReport - 1) {
      await commit(ctx.db, [
        updateUnfinished(ctx, job, { ...columnsOf(claim.state), wakeAt: ctx.now() + wakeAfterClaimMs }),
      ]);
    }
  }
  const { state } = claim;
  if (state.phase === 'done') {
    const outcome = state.outcome ?? { status: 'failed', message: 'The job ended without an outcome.' };
    const fault = outcome.status === 'failed' ? (state.fileFault ? 'file' : 'ours') : 'none';
    await finishJob(ctx, job, state, { ...outcome, fault });
    return 'ended';
  }
  await commit(ctx.db, [
    updateUnfinished(ctx, job, { ...columnsOf(state), wakeAt: ctx.now() + wakeAfterMessageMs }),
  ]);
  await commit(ctx.recordsDatabase(job.programId), [
    releaseCheckpoint(ctx, job.programId, job.jobId, fence.token),
  ]);
  return 'more';
}

/** About how many calls of the object store the next step makes: a check reads of every staged part. */
function operationsOf(state: JobState): number {
  return state.phase === 'checking' ? state.parts + 4 : 8;
}

function columnsOf(state: JobState): Partial<Job> {
  return {
    phase: phaseOf(state),
    counts: state.counts,
    errors: state.errors,
    decisions: state.decisions,
    readBytes: state.position?.offset ?? 0,
  };
}

/** One bounded step. What is the file's own fault becomes the job's outcome here. */
async function runStep(ctx: Ctx, claim: Claim, memory: Memory): Promise<Step> {
  const { job, state, fence, datasetId } = claim;
  const only = (next: JobState): Step => ({ state: next, statements: [] });
  try {
    switch (state.phase) {
      case 'undoing':
        return only(await stageUndo(ctx, job, state));
      case 'reading':
        return only(
          state.format === null
            ? { ...(await decideFormat(ctx, job, state, fence)), fresh: await hasNoRecords(ctx, job) }
            : await readSlice(ctx, job, state, memory),
        );
      case 'comparing':
        return only(await compareUniques(ctx, job, state, memory));
      case 'checking':
        return only(await check(ctx, claim, memory));
      case 'holding':
        return only({ ...state, phase: 'applying' });
      case 'applying':
        return await applyChunk(ctx, job, datasetId, state, fence, memory);
      case 'publishing':
        return only(await publishChunk(ctx, job, state, memory));
      case 'reverting':
        return await revertChunk(ctx, job, datasetId, state, fence, memory);
      case 'done':
        return only(state);
    }
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    const outcome = { status: 'failed' as const, message: error.message };
    return only({
      ...state,
      phase: 'reverting',
      outcome,
      errors: error.errors.slice(0, 10),
      fileFault: true,
    });
  }
}

async function check(ctx: Ctx, { job, datasetId, state }: Claim, memory: Memory): Promise<JobState> {
  if (state.slot === 0) await requireTimely(ctx, job, state);
  const dataset = await findDataset(ctx, job.programId, job.dataset);
  const recordCount = dataset?.recordCount ?? 0;
  const checked = await checkSlots(ctx, job, { datasetId, recordCount }, state, memory);
  return checked.phase === 'applying' ? settleCheck(ctx, job, checked) : checked;
}

/** Waits for a person: the dataset stays occupied, and contacts are told. */
async function holdJob(ctx: Ctx, { job, state, fence }: Claim): Promise<void> {
  const at = ctx.now();
  const message = `Held: ${state.guards.join(' ')} Approve or reject it within 72 hours.`;
  const held: Job = { ...job, ...columnsOf(state), status: 'held', heldAt: at, message };
  const announced = await announceHeld(ctx, held);
  await commit(ctx.db, [
    updateUnfinished(ctx, job, {
      ...columnsOf(state),
      status: 'held',
      heldAt: at,
      wakeAt: at + holdMs,
      message,
    }),
    ...announced.statements,
    raiseAttention(ctx, {
      programId: job.programId,
      kind: 'job_held',
      subject: job.jobId,
      audience: 'program',
      message: `The job "${job.job}" over "${job.filename}" is held. ${state.guards.join(' ')}`,
      nextStep: `POST /api/jobs/${job.jobId}/approve or /reject; it is rejected by itself at ${new Date(at + holdMs).toISOString()}.`,
      traceId: job.traceId,
    }),
  ]);
  await commit(ctx.recordsDatabase(job.programId), [
    releaseCheckpoint(ctx, job.programId, job.jobId, fence.token),
  ]);
  startDeliveries(ctx, announced.deliveryIds);
  ctx.log.line('job.held', { jobId: job.jobId, programId: job.programId, traceId: job.traceId });
}

/** A fault of ours: the next attempt begins at the checkpoint, after a wait; the fifth is the last. */
async function spendAttempt(ctx: Ctx, claim: Claim, error: unknown): Promise<RunResult> {
  const { job, state, fence } = claim;
  const { programId, jobId } = job;
  ctx.log.error('job.attempt_failed', error, { jobId, programId, attempt: job.attempt, phase: state.phase });
  const release = releaseCheckpoint(ctx, programId, jobId, fence.token);
  // What has to be put back, or told of what was applied, is tried for as long as it takes.
  const mustEnd = ['publishing', 'reverting', 'done'].includes(state.phase);
  const isLast = job.attempt >= jobAttempts && !mustEnd;
  if (isLast) {
    const checkpoint = advance(ctx, programId, fence, JSON.stringify(givenUp(state)));
    await commit(ctx.recordsDatabase(programId), [checkpoint, release]);
    await commit(ctx.db, [updateUnfinished(ctx, job, { phase: 'reverting', wakeAt: ctx.now() })]);
    return 'more';
  }
  const attempt = Math.min(job.attempt + 1, jobAttempts);
  const waitMs = attemptWaitMs(attempt, Math.random());
  const message = 'An attempt failed on our side; the next goes on where it stopped.';
  await commit(ctx.db, [updateUnfinished(ctx, job, { attempt, wakeAt: ctx.now() + waitMs, message })]);
  await commit(ctx.recordsDatabase(programId), [release]);
  await ctx.queues.ingest.send([{ type: 'job', jobId }], { delaySeconds: Math.ceil(waitMs / 1_000) });
  return 'later';
}

/** What was applied is put back first; only then is anyone told. */
function givenUp(state: JobState): JobState {
  const message = `The job failed ${jobAttempts} times on our side. Nothing was changed; our staff have been told.`;
  return { ...state, phase: 'reverting', outcome: state.outcome ?? { status: 'failed', message } };
}
