import type { Ctx } from '../../context.ts';
import { hasDeleted } from './changes.ts';
import { type Change, changesOf, loadLog } from './log.ts';
import { deletedMark, SlotWriter } from './staging.ts';
import { FileFault, type JobState, objectKeys } from './state.ts';
import { findJob, type Job } from './store.ts';

/**
 * Stages one part of the undone job's change log the other way round: what it inserted is to go, what it
 * changed or deleted is to be as it was. From there on it is checked and applied like any file.
 */
export async function stageUndo(ctx: Ctx, job: Job, state: JobState): Promise<JobState> {
  const { programId, jobId } = job;
  const undone = await findJob(ctx, programId, job.undoOf ?? '');
  const chunks = undone && (await loadLog(ctx, undone, state.slot));
  if (!chunks) {
    if (state.slot === 0 && (!undone || hasChanged(undone))) {
      throw new FileFault('undo_expired', 'The before-images of that job are gone: it cannot be undone.');
    }
    return { ...state, phase: 'checking', slot: 0 };
  }
  const writer = new SlotWriter();
  for (const chunk of chunks) {
    for (const change of changesOf(chunk, { withDeletes: hasDeleted(undone) })) writer.add(stagedRow(change));
  }
  const { bytes, index } = writer.finish();
  await ctx.objects.put(objectKeys.rows(programId, jobId, state.parts), bytes);
  await ctx.objects.put(objectKeys.index(programId, jobId, state.parts), JSON.stringify(index));
  return { ...state, slot: state.slot + 1, parts: state.parts + 1 };
}

function stagedRow({ bucket, key, before }: Change) {
  const row = { bucket, keyJson: JSON.stringify(key), line: 0 };
  if (before === null) return { ...row, fingerprint: deletedMark, dataJson: '' };
  return { ...row, fingerprint: before.fingerprint, dataJson: JSON.stringify(before.data) };
}

/** False where the undone job had nothing to change, and so left no log. */
function hasChanged({ counts }: Job): boolean {
  return counts.inserted + counts.updated + counts.deleted > 0;
}
