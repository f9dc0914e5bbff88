import type { Ctx } from '../../context.ts';
import { knownKeysAmong } from '../records/index.ts';
import { readChangeLog } from './apply.ts';
import { type Operation, operationLine } from './staging.ts';
import { FileFault, type JobState, objectKeys } from './state.ts';
import { findJob, type Job } from './store.ts';

/**
 * Turns one chunk of the undone job's change log into a plan: what it inserted goes, what it changed or
 * deleted comes back as it was. The plans are then applied like any, with a change log of their own.
 */
export async function planUndo(ctx: Ctx, job: Job, datasetId: number, state: JobState): Promise<JobState> {
  const { programId, jobId, undoOf } = job;
  const saved = await ctx.objects.get(objectKeys.changes(programId, undoOf ?? '', state.slot));
  if (!saved) {
    if (state.slot === 0 && (await hasChanged(ctx, job))) {
      throw new FileFault('undo_expired', 'The before-images of that job are gone: it cannot be undone.');
    }
    return { ...state, phase: 'applying' };
  }
  const { images, inserted } = readChangeLog(await saved.text());
  const before: [number, string, string, unknown][] = JSON.parse(images);
  const added: [number, string][] = JSON.parse(inserted);
  const pairs = JSON.stringify(before.map(([bucket, key]) => [bucket, key]));
  const stored = new Set((await knownKeysAmong(ctx, programId, datasetId, pairs)).map(({ key }) => key));
  const operations: Operation[] = before.map(([bucket, key, fingerprint, data]) => ({
    bucket,
    keyJson: JSON.stringify(key),
    kind: stored.has(key) ? 'u' : 'i',
    fingerprint,
    dataJson: JSON.stringify(data),
  }));
  for (const [bucket, key] of added) {
    operations.push({ bucket, keyJson: JSON.stringify(key), kind: 'd', fingerprint: '', dataJson: '' });
  }
  const text = operations.map(operationLine).join('\n');
  await ctx.objects.put(objectKeys.plan(programId, jobId, state.plans), text);
  const updated = operations.filter(({ kind }) => kind === 'u').length;
  const { counts } = state;
  return {
    ...state,
    slot: state.slot + 1,
    plans: state.plans + 1,
    counts: {
      ...counts,
      updated: counts.updated + updated,
      inserted: counts.inserted + before.length - updated,
      deleted: counts.deleted + added.length,
    },
  };
}

/** False where the undone job had nothing to change, and so left no log. */
async function hasChanged(ctx: Ctx, job: Job): Promise<boolean> {
  const undone = await findJob(ctx, job.programId, job.undoOf ?? '');
  const { inserted, updated, deleted } = undone?.counts ?? { inserted: 0, updated: 0, deleted: 0 };
  return inserted + updated + deleted > 0;
}
