import type { Ctx } from '../../context.ts';
import { findDataset } from '../records/index.ts';
import { trippedGuards } from './guards.ts';
import { FileFault, type JobState, modeOf } from './state.ts';
import { findLatestSucceeded, type Job } from './store.ts';

/** Throws for a file that has come too late, whatever it holds. */
export async function requireTimely(ctx: Ctx, job: Job, state: JobState): Promise<void> {
  await requireCorrectable(ctx, job, state);
  await requireNewest(ctx, job, state);
}

/** A correction is only taken while its job is the latest that changed the dataset. */
async function requireCorrectable(ctx: Ctx, job: Job, state: JobState): Promise<void> {
  if (state.corrects === null) return;
  const latest = await findLatestSucceeded(ctx, job);
  if (latest?.jobId === state.corrects) return;
  throw new FileFault(
    'correction_outdated',
    `This file corrects ${state.corrects.slice(0, 60)}, which is not the latest job of the dataset: a newer file has come since. Correct that one's report instead.`,
  );
}

/** A whole file is not put on top of a newer one, in whatever order they are called. */
async function requireNewest(ctx: Ctx, job: Job, state: JobState): Promise<void> {
  if (job.undoOf !== null || modeOf(job.task, state) !== 'full') return;
  const latest = await findLatestSucceeded(ctx, job);
  // After an undo the dataset is as it was, and an earlier file may be meant.
  if (!latest || latest.undoOf !== null || latest.task.mode !== 'full') return;
  if (!isNewer(latest, job)) return;
  throw new FileFault(
    'file_outdated',
    `A newer file, "${latest.filename}", was consumed by ${latest.jobId}. Drop this one again if it is meant after all.`,
  );
}

/** Ids of versions are in the order of their drops. */
const isNewer = (one: Pick<Job, 'versionId'>, other: Pick<Job, 'versionId'>) =>
  one.versionId > other.versionId;

/** True when a job brings a newer whole file, so that nobody need decide about the one that is held. */
export function supersedes(job: Job, held: Job): boolean {
  return job.task.mode === 'full' && job.undoOf === null && !job.dryRun && isNewer(job, held);
}

/** What follows from a finished check: all is known, and nothing is touched yet. */
export async function settleCheck(ctx: Ctx, job: Job, state: JobState): Promise<JobState> {
  // What was there before is no risk.
  if (job.undoOf !== null) return { ...state, phase: 'applying' };
  if (job.dryRun) {
    const { guards } = judge(await storedBefore(ctx, job), job, state);
    const message = ['Dry run: nothing was changed.', ...guards.map(({ message }) => message)].join(' ');
    return { ...state, phase: 'done', outcome: { status: 'succeeded', message } };
  }
  const { guards, onTrip } = judge(await storedBefore(ctx, job), job, state);
  if (guards.length === 0) return { ...state, phase: 'applying' };
  const messages = guards.map(({ message }) => message);
  if (onTrip === 'fail') throw new FileFault('guard_tripped', messages.join(' '));
  if (onTrip === 'withholdDeletes' && guards.every(({ deletesOnly }) => deletesOnly)) {
    const counts = { ...state.counts, deleted: 0 };
    return { ...state, phase: 'applying', guards: messages, withholdsDeletes: true, counts };
  }
  return { ...state, phase: 'holding', guards: messages };
}

function judge(stored: number, job: Job, state: JobState) {
  const { guards } = job.task;
  const figures = { counts: state.counts, storedBefore: stored, mode: modeOf(job.task, state) };
  return { guards: trippedGuards(figures, guards), onTrip: guards.onTrip };
}

async function storedBefore(ctx: Ctx, job: Job): Promise<number> {
  return (await findDataset(ctx, job.programId, job.dataset))?.recordCount ?? 0;
}
