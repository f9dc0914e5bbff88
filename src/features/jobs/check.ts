import type { Ctx } from '../../context.ts';
import { ReadMemory } from '../../platform/objects/index.ts';
import { type KnownKey, knownKeysAmong, knownKeysBetween, sumsBetween } from '../records/index.ts';
import { checkFirstLoad, isFirstLoad } from './first-load.ts';
import { writeLog } from './log.ts';
import { type Compared, compare, type Merged, mergeRows, type Operation } from './merge.ts';
import { chooseSlots, loadIndexes, loadRows } from './staged.ts';
import { bucketsOf, type SlotIndex, slotCount, sumOf } from './staging.ts';
import { addErrors, type JobState, modeOf, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** Keys of an upsert are asked for in JSON of at most this size, counting three bytes a character. */
const keysJsonLimit = 900_000;

export interface CheckingMemory {
  /** Of each staged part. */
  indexes?: SlotIndex[];
  /** Where the numbers of a first load's rows are read to. */
  metas?: ReadMemory;
  /** Queries beyond those of every step, for the message's budget. */
  queries?: number;
}

/**
 * Compares the next slots of the file with the same slots of the dataset, and writes down in the change log
 * what is to be done: inserts, updates, and in full mode the absent keys' deletes. Touches no record.
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
  if (isFirstLoad(job, state, dataset.recordCount)) {
    memory.metas ??= new ReadMemory();
    const next = await checkFirstLoad(ctx, job, dataset.datasetId, state, memory.indexes, memory.metas);
    if (next.slot < slotCount) return next;
    // The same message goes on to apply, which needs the memory more.
    delete memory.indexes;
    delete memory.metas;
    return { ...next, phase: 'applying' };
  }
  const to = chooseSlots(memory.indexes, state.slot, dataset.recordCount);
  const stretch = await findDifferences(ctx, job, dataset, memory.indexes, state.slot, to);
  const { from, until } = stretch;
  const rows = await loadRows(ctx, memory.indexes, from, until, objectKeys.rowsOf(job, state));
  const merged = mergeRows(rows);
  const mode = job.undoOf === null ? modeOf(job.task, state) : 'upsert';
  const known =
    dataset.recordCount === 0 ? [] : await loadKnown(ctx, job, mode, dataset.datasetId, from, until, merged);
  const deletesAbsent = mode === 'full' && state.unreadableKeys === 0;
  const compared = compare(merged, known, deletesAbsent);
  const operations = job.dryRun ? shownOf(compared, state) : compared.operations;
  let { logParts } = state;
  if (operations.length > 0) {
    const { text, queries } = await writeLog(ctx, job, dataset.datasetId, operations);
    await ctx.objects.put(objectKeys.changes(job.programId, job.jobId, logParts), text);
    memory.queries = (memory.queries ?? 0) + queries;
    logParts++;
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
    logParts,
    rejectParts,
    counts: {
      read: state.counts.read,
      rejected: state.counts.rejected + conflicts.length,
      inserted: state.counts.inserted + compared.inserted,
      updated: state.counts.updated + compared.updated,
      unchanged: state.counts.unchanged + stretch.unchanged + compared.unchanged + merged.repeats,
      deleted: state.counts.deleted + compared.deleted,
    },
    errors: addErrors(
      state.errors,
      conflicts.flatMap((row) => row.errors),
    ),
  };
}

interface Stretch {
  /** The slots to compare row by row: from the first that differs to the last. */
  from: number;
  until: number;
  /** Rows of the other slots. */
  unchanged: number;
}

/**
 * Which of the slots may hold a difference: those whose rows and records do not add up to the same. A file
 * that repeats last night's is so compared by sums alone.
 */
async function findDifferences(
  ctx: Ctx,
  job: Job,
  dataset: { datasetId: number; recordCount: number },
  indexes: SlotIndex[],
  first: number,
  end: number,
): Promise<Stretch> {
  if (dataset.recordCount === 0) return { from: first, until: end, unchanged: 0 };
  const slots = Array.from({ length: end - first }, (_, i) => first + i);
  const stretches = JSON.stringify(slots.map((slot) => bucketsOf(slot, slot + 1)));
  const stored = await sumsBetween(ctx, job.programId, dataset.datasetId, stretches);
  const staged = slots.map((slot) => sumOf(indexes, slot));
  const differs = (_: unknown, i: number) => JSON.stringify(staged[i]) !== JSON.stringify(stored[i]);
  const at = slots.findIndex(differs);
  const last = slots.findLastIndex(differs);
  const isOutside = (_: unknown, i: number) => at < 0 || i < at || i > last;
  const unchanged = staged.filter(isOutside).reduce((sum, one) => sum + (one?.[0] ?? 0), 0);
  return at < 0
    ? { from: end, until: end, unchanged }
    : { from: first + at, until: first + last + 1, unchanged };
}

/** How many changes of each kind a dry run shows. */
const shownOfEachKind = 100;

/** The operations that are among the first hundred of their kind. */
function shownOf({ operations }: Compared, { counts }: JobState): Operation[] {
  const seen = { i: counts.inserted, u: counts.updated, d: counts.deleted };
  return operations.filter(({ kind }) => seen[kind]++ < shownOfEachKind);
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
