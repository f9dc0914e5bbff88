import type { Ctx } from '../../context.ts';
import type { ReadMemory } from '../../platform/objects/index.ts';
import { findDataset, memberBytes } from '../records/index.ts';
import { operationsAtOnce, referenceLines, writeLog } from './log.ts';
import { compare, mergeRows } from './merge.ts';
import type { Reference } from './references.ts';
import { RowShape } from './shape.ts';
import { chooseSlots, loadMetas, loadRows, type StagedSlice, slicesOf } from './staged.ts';
import { hasMarks, metaOf, metaWords, type SlotIndex, slotOf } from './staging.ts';
import { addErrors, type JobState, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** Staged bytes whose numbers one step looks at, and those that one part of the log refers to. */
const lookedAtBytes = 24 * 1_024 * 1_024;
const referredBytes = 10 * 1_024 * 1_024;

/** Bytes of JSON in a chunk at most, with what unpacking adds. */
const chunkBytes = 900_000;

/** Nobody else changes the dataset while the job has it: what is empty now is so until the job applies. */
export async function hasNoRecords(ctx: Ctx, job: Job): Promise<boolean> {
  return ((await findDataset(ctx, job.programId, job.dataset))?.recordCount ?? 0) === 0;
}

/** True where a row of a dataset's first load needs no look: nothing is stored that it could change. */
export function isFirstLoad(job: Job, state: JobState, recordCount: number): boolean {
  return state.fresh === true && recordCount === 0 && !job.dryRun && job.undoOf === null;
}

/**
 * Checks the next slots of a dataset's first load. By their numbers alone, rows whose keys stand in the file
 * once are told from the others; the former are inserts as they stand, so the log names them where they are
 * staged. Slots with a doubtful row are compared like any.
 */
export async function checkFirstLoad(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  state: JobState,
  indexes: SlotIndex[],
  memory: ReadMemory,
): Promise<JobState> {
  memory.reuse();
  const keyOf = objectKeys.rowsOf(job, state);
  const to = chooseSlots(indexes, state.slot, 0, lookedAtBytes);
  const metas = await loadMetas(ctx, slicesOf(indexes, state.slot, to), keyOf, memory);
  const doubtful = repeatedSlots(metas);
  for (let slot = state.slot; slot < to; slot++) {
    if (hasMarks(indexes, slot) || !fitsChunks(indexes, slot)) doubtful.add(slot);
  }
  const next = { ...state, slot: to, counts: { ...state.counts } };
  for (let from = state.slot; from < to; ) {
    const until = Math.min(to, chooseSlots(indexes, from, 0, referredBytes));
    const lines: string[] = [];
    for (let at = from; at < until; ) {
      let end = at + 1;
      while (end < until && doubtful.has(end) === doubtful.has(at)) end++;
      if (doubtful.has(at)) lines.push(...(await compareSlots(ctx, job, datasetId, indexes, at, end, next)));
      else {
        const references = cutReferences(indexes, at, end);
        for (const { rows } of references) next.counts.inserted += rows;
        lines.push(...referenceLines(references));
      }
      at = end;
    }
    if (lines.length > 0) {
      const text = [JSON.stringify({ names: indexes[0]?.names ?? [] }), ...lines].join('\n');
      await ctx.objects.put(objectKeys.changes(job.programId, job.jobId, next.logParts++), text);
    }
    from = until;
  }
  return next;
}

/** Slots in which a key's hash, of 64 bits, stands more than once. Pure. */
export function repeatedSlots(metas: Uint32Array[]): Set<number> {
  const buckets = new Uint32Array(metas.reduce((sum, { length }) => sum + length / metaWords, 0));
  let row = 0;
  for (const numbers of metas) {
    for (let at = 0; at < numbers.length; at += metaWords) buckets[row++] = numbers[at] as number;
  }
  buckets.sort();
  const repeated = new Set<number>();
  for (let i = 1; i < buckets.length; i++) {
    if (buckets[i] === buckets[i - 1]) repeated.add(buckets[i] as number);
  }
  const slots = new Set<number>();
  if (repeated.size === 0) return slots;
  const seen = new Set<number>();
  for (const numbers of metas) {
    for (let at = 0; at < numbers.length; at += metaWords) {
      const bucket = numbers[at] as number;
      if (!repeated.has(bucket)) continue;
      // Within 53 bits: of the bucket its lower half, for equal halves of unequal buckets only cost a look.
      const hash = (bucket % 2 ** 20) * 2 ** 32 + (numbers[at + metaOf.keyCheck] as number);
      if (seen.has(hash)) slots.add(slotOf(bucket));
      else seen.add(hash);
    }
  }
  return slots;
}

const sizeOf = (shape: RowShape, { length, rows }: StagedSlice) =>
  length + rows * (memberBytes + shape.overhead);

const fits = (rows: number, bytes: number) => rows <= operationsAtOnce && bytes <= chunkBytes;

function fitsChunks(indexes: SlotIndex[], slot: number): boolean {
  const shape = new RowShape(indexes[0]?.names ?? []);
  return slicesOf(indexes, slot, slot + 1).every((slice) => fits(slice.rows, sizeOf(shape, slice)));
}

/** Cuts slots into chunks: of several slots, of one, or of some parts of one. Pure. */
export function cutReferences(indexes: SlotIndex[], from: number, until: number): Reference[] {
  const shape = new RowShape(indexes[0]?.names ?? []);
  const chunks: Reference[] = [];
  const whole = (slices: StagedSlice[]) => {
    const rows = slices.reduce((sum, slice) => sum + slice.rows, 0);
    if (rows > 0) chunks.push({ rows, slices });
  };
  const weigh = (slices: StagedSlice[]) =>
    fits(
      slices.reduce((sum, slice) => sum + slice.rows, 0),
      slices.reduce((sum, slice) => sum + sizeOf(shape, slice), 0),
    );
  for (let at = from; at < until; ) {
    let end = at + 1;
    while (end < until && weigh(slicesOf(indexes, at, end + 1))) end++;
    const slices = slicesOf(indexes, at, end);
    if (weigh(slices)) whole(slices);
    else {
      let some: StagedSlice[] = [];
      for (const slice of slices) {
        if (some.length > 0 && !weigh([...some, slice])) {
          whole(some);
          some = [];
        }
        some.push(slice);
      }
      whole(some);
    }
    at = end;
  }
  return chunks;
}

/** Compares doubtful slots row by row; what it finds goes to `next`, and its log is answered. */
async function compareSlots(
  ctx: Ctx,
  job: Job,
  datasetId: number,
  indexes: SlotIndex[],
  from: number,
  until: number,
  next: JobState,
): Promise<string[]> {
  const merged = mergeRows(await loadRows(ctx, indexes, from, until, objectKeys.rowsOf(job, next)));
  const { operations, inserted } = compare(merged, [], false);
  const { rejects, repeats } = merged;
  if (rejects.length > 0) {
    const text = rejects.map((row) => JSON.stringify(row)).join('\n');
    await ctx.objects.put(objectKeys.rejects(job.programId, job.jobId, next.rejectParts++), `${text}\n`);
    next.errors = addErrors(
      next.errors,
      rejects.flatMap((row) => row.errors),
    );
  }
  next.counts.inserted += inserted;
  next.counts.unchanged += repeats;
  next.counts.rejected += rejects.length;
  if (operations.length === 0) return [];
  const { text } = await writeLog(ctx, job, datasetId, operations);
  return text.split('\n');
}
