import type { Ctx } from '../../context.ts';
import { type KnownKey, knownKeysAmong, knownKeysBetween } from '../records/index.ts';
import { compare, type Merged, mergeRows } from './merge.ts';
import { chooseSlots, loadIndexes, loadRows } from './staged.ts';
import { bucketsOf, operationLine, slotCount } from './staging.ts';
import { addErrors, type JobState, modeOf, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** Keys of an upsert are asked for in JSON of at most this size, counting three bytes a character. */
const keysJsonLimit = 900_000;

export interface CheckingMemory {
  /** Where each slot begins in each part. */
  indexes?: number[][];
}

/**
 * Compares the next slots of the file with the same slots of the dataset, and writes down what is to be
 * done: inserts, updates, and in full mode the absent keys' deletes. Touches no record.
 */
export async function checkSlots(
  ctx: Ctx,
  job: Job,
  dataset: { datasetId: number; recordCount: number },
  state: JobState,
  memory: CheckingMemory,
): Promise<JobState> {
  memory.indexes ??= await loadIndexes(ctx, state.parts, (part) =>
    objectKeys.index(job.programId, job.jobId, part),
  );
  const from = state.slot;
  const to = chooseSlots(memory.indexes, from, dataset.recordCount);
  const rows = await loadRows(ctx, memory.indexes, from, to, (part) =>
    objectKeys.rows(job.programId, job.jobId, part),
  );
  const merged = mergeRows(rows);
  const mode = modeOf(job.task, state);
  const known = await loadKnown(ctx, job, mode, dataset.datasetId, from, to, merged);
  const deletesAbsent = mode === 'full' && state.unreadableKeys === 0;
  const compared = compare(merged, known, deletesAbsent);
  let { plans } = state;
  if (compared.operations.length > 0) {
    const text = compared.operations.map(operationLine).join('\n');
    await ctx.objects.put(objectKeys.plan(job.programId, job.jobId, plans), text);
    plans++;
  }
  const conflicts = merged.rejects;
  let { rejectParts } = state;
  if (conflicts.length > 0) {
    const text = conflicts.map((row) => JSON.stringify(row)).join('\n');
    await ctx.objects.put(objectKeys.rejects(job.programId, job.jobId, rejectParts), `${text}\n`);
    rejectParts++;
  }
  return {
    ...state,
    phase: to === slotCount ? 'applying' : 'checking',
    slot: to,
    plans,
    rejectParts,
    counts: {
      read: state.counts.read,
      rejected: state.counts.rejected + conflicts.length,
      inserted: state.counts.inserted + compared.inserted,
      updated: state.counts.updated + compared.updated,
      unchanged: state.counts.unchanged + compared.unchanged + merged.repeats,
      deleted: state.counts.deleted + compared.deleted,
    },
    errors: addErrors(
      state.errors,
      conflicts.flatMap((row) => row.errors),
    ),
  };
}

async function loadKnown(
  ctx: Ctx,
  job: Job,
  mode: 'full' | 'upsert',
  datasetId: number,
  from: number,
  to: number,
  merged: Merged,
): Promise<KnownKey[]> {
  const [first, last] = bucketsOf(from, to);
  if (mode === 'full') return knownKeysBetween(ctx, job.programId, datasetId, first, last);
  // An upsert is often far smaller than its dataset: ask for its own keys only.
  const known: KnownKey[] = [];
  let pairs: string[] = [];
  let size = 0;
  const ask = async () => {
    if (pairs.length > 0)
      known.push(...(await knownKeysAmong(ctx, job.programId, datasetId, `[${pairs.join(',')}]`)));
    pairs = [];
    size = 0;
  };
  for (const row of merged.byKey.values()) {
    const pair = `[${row.bucket},${row.keyJson}]`;
    if (size + pair.length * 3 > keysJsonLimit) await ask();
    pairs.push(pair);
    size += pair.length * 3;
  }
  await ask();
  return known;
}
