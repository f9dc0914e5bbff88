import type { Ctx } from '../../context.ts';
import { type KnownKey, knownKeysAmong, knownKeysBetween } from '../records/index.ts';
import type { RejectedRow } from './rows.ts';
import {
  bucketsOf,
  type Operation,
  operationLine,
  parseStagedLine,
  rejectedMark,
  type StagedRow,
  slotCount,
} from './staging.ts';
import { addErrors, type JobState, modeOf, objectKeys } from './state.ts';
import type { Job } from './store.ts';

/** Staged bytes, and stored keys, that one step compares. */
const stagedBytesAtOnce = 2 * 1_024 * 1_024;
const storedKeysAtOnce = 20_000;
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
  memory.indexes ??= await loadIndexes(ctx, job, state.parts);
  const from = state.slot;
  const to = chooseSlots(memory.indexes, from, dataset.recordCount);
  const rows = await loadRows(ctx, job, memory.indexes, from, to);
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
  const conflicts = merged.conflicts.flatMap(conflictRows);
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

async function loadIndexes(ctx: Ctx, job: Job, parts: number): Promise<number[][]> {
  return inLanes(
    Array.from({ length: parts }, (_, part) => part),
    async (part) => {
      const saved = await ctx.objects.get(objectKeys.index(job.programId, job.jobId, part));
      if (!saved) throw new Error('a staged index is gone');
      return JSON.parse(await saved.text()) as number[];
    },
  );
}

/** As many slots as one step can compare, at least one. */
function chooseSlots(indexes: number[][], from: number, recordCount: number): number {
  const storedPerSlot = recordCount / slotCount;
  let bytes = 0;
  let to = from;
  while (to < slotCount) {
    for (const index of indexes) bytes += (index[to + 1] ?? 0) - (index[to] ?? 0);
    if (to > from && (bytes > stagedBytesAtOnce || storedPerSlot * (to + 1 - from) > storedKeysAtOnce)) break;
    to++;
  }
  return to;
}

async function loadRows(
  ctx: Ctx,
  job: Job,
  indexes: number[][],
  from: number,
  to: number,
): Promise<StagedRow[]> {
  const wanted = indexes.flatMap((index, part) => {
    const offset = index[from] ?? 0;
    const length = (index[to] ?? 0) - offset;
    return length === 0 ? [] : [{ part, offset, length }];
  });
  const texts = await inLanes(wanted, async ({ part, offset, length }) => {
    const saved = await ctx.objects.get(objectKeys.rows(job.programId, job.jobId, part), {
      range: { offset, length },
    });
    if (!saved) throw new Error('a staged part is gone');
    return saved.text();
  });
  return texts.flatMap((text) =>
    text.split('\n').flatMap((line) => (line === '' ? [] : [parseStagedLine(line)])),
  );
}

/** Runs at most six at a time, the platform's limit of connections, and keeps the order. */
async function inLanes<In, Out>(items: In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results = new Array<Out>(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(6, items.length) }, lane));
  return results;
}

interface Merged {
  /** By key, the row that counts; a rejected one only says that its key is there. */
  byKey: Map<string, StagedRow>;
  /** Rows equal to one before: they change nothing. */
  repeats: number;
  /** Good rows of one key that differ: none of them counts, for nobody can say which is right. */
  conflicts: StagedRow[][];
}

export function mergeRows(rows: StagedRow[]): Merged {
  const byKey = new Map<string, StagedRow>();
  const differing = new Map<string, StagedRow[]>();
  let repeats = 0;
  for (const row of rows) {
    const first = byKey.get(row.keyJson);
    const group = differing.get(row.keyJson);
    if (group) {
      if (row.fingerprint !== rejectedMark) group.push(row);
    } else if (!first || first.fingerprint === rejectedMark) byKey.set(row.keyJson, row);
    else if (row.fingerprint === first.fingerprint) repeats++;
    else if (row.fingerprint !== rejectedMark) {
      differing.set(row.keyJson, [first, row]);
      byKey.set(row.keyJson, { ...first, fingerprint: rejectedMark });
    }
  }
  return { byKey, repeats, conflicts: [...differing.values()] };
}

function conflictRows(rows: StagedRow[]): RejectedRow[] {
  const sorted = [...rows].sort((a, b) => a.line - b.line);
  const lines = sorted.map((row) => row.line);
  const shown = `${lines.slice(0, 5).join(', ')}${lines.length > 5 ? ' …' : ''}`;
  const message = `Rows with this key differ (lines ${shown}): keep one of them.`;
  return sorted.map(({ line, dataJson }) => ({
    line,
    values: JSON.parse(dataJson),
    errors: [{ line, column: null, code: 'key_conflict', message }],
  }));
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

interface Compared {
  operations: Operation[];
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
}

/** Pure: what turns the known keys into the merged ones, in the order of (bucket, key). */
export function compare(merged: Pick<Merged, 'byKey'>, known: KnownKey[], deletesAbsent: boolean): Compared {
  const stored = new Map(known.map((one) => [JSON.stringify(one.key), one]));
  const operations: Operation[] = [];
  let unchanged = 0;
  let updated = 0;
  let inserted = 0;
  let deleted = 0;
  for (const row of merged.byKey.values()) {
    if (row.fingerprint === rejectedMark) continue;
    const before = stored.get(row.keyJson);
    if (before?.fingerprint === row.fingerprint) {
      unchanged++;
      continue;
    }
    const kind = before ? 'u' : 'i';
    if (before) updated++;
    else inserted++;
    const { bucket, keyJson, fingerprint, dataJson } = row;
    operations.push({ bucket, keyJson, kind, fingerprint, dataJson });
  }
  if (deletesAbsent) {
    for (const [keyJson, { bucket }] of stored) {
      if (merged.byKey.has(keyJson)) continue;
      operations.push({ bucket, keyJson, kind: 'd', fingerprint: '', dataJson: '' });
      deleted++;
    }
  }
  operations.sort(
    (a, b) => a.bucket - b.bucket || (a.keyJson < b.keyJson ? -1 : a.keyJson > b.keyJson ? 1 : 0),
  );
  return { operations, inserted, updated, unchanged, deleted };
}
