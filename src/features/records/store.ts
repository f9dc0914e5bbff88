import { and, asc, eq, gt, gte, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { bucketHash } from '../../platform/hash.ts';
import { datasets, jobCheckpoints, records } from './table.ts';

export type Dataset = typeof datasets.$inferSelect;
export type RecordRow = typeof records.$inferSelect;

export async function findDataset(ctx: Ctx, programId: string, name: string): Promise<Dataset | null> {
  const [row] = await ctx
    .recordsDatabase(programId)
    .select()
    .from(datasets)
    .where(and(eq(datasets.programId, programId), eq(datasets.name, name)))
    .limit(1);
  return row ?? null;
}

/** The dataset, made when it is not there yet. */
export async function ensureDataset(ctx: Ctx, programId: string, name: string): Promise<Dataset> {
  const known = await findDataset(ctx, programId, name);
  if (known) return known;
  await ctx
    .recordsDatabase(programId)
    .insert(datasets)
    .values({ programId, name, applyingJobId: null, recordCount: 0, updatedAt: ctx.now() })
    .onConflictDoNothing();
  const made = await findDataset(ctx, programId, name);
  if (!made) throw new Error('a dataset that was just made is not there');
  return made;
}

export function listDatasets(ctx: Ctx, programId: string, after: string, limit: number): Promise<Dataset[]> {
  return ctx
    .recordsDatabase(programId)
    .select()
    .from(datasets)
    .where(and(eq(datasets.programId, programId), gt(datasets.name, after)))
    .orderBy(asc(datasets.name))
    .limit(limit);
}

type Place = [bucket: number, key: string];

/** Records in the order they are stored in: by the hash of their key, then by key. */
export function listRecords(
  ctx: Ctx,
  dataset: Dataset,
  after: Place | null,
  limit: number,
): Promise<RecordRow[]> {
  return ctx
    .recordsDatabase(dataset.programId)
    .select()
    .from(records)
    .where(and(eq(records.datasetId, dataset.datasetId), isBehind(after)))
    .orderBy(asc(records.bucket), asc(records.key))
    .limit(limit);
}

/** A row value, so that the key of the table finds the place: spelt out with OR it would be searched for. */
function isBehind(after: Place | null) {
  return after === null ? undefined : sql`(${records.bucket}, ${records.key}) > (${after[0]}, ${after[1]})`;
}

/** Records that one page of `changedSince`, or one step of a search, looks at. */
export const lookedAt = 20_000;

/** Those that changed since then. */
export const changedSince = (sinceMs: number): SQL => gte(records.changedAt, sinceMs);

/** Those whose field is this, or has this in it, whatever the case of its letters from A to Z. */
export function hasValue(field: string, value: string, match: 'is' | 'contains'): SQL {
  const path = `$."${field}"`;
  const text = sql`CAST(${records.data} ->> ${path} AS TEXT)`;
  // What JSON calls true is 1 to SQL: as JSON it is what a person writes.
  return match === 'is'
    ? sql`(${text} = ${value} COLLATE NOCASE OR ${records.data} -> ${path} = ${value})`
    : sql`instr(lower(${text}), lower(${value})) > 0`;
}

/**
 * Those of the next 20,000 records that are so, and the place of the last one looked at, null at the dataset's
 * end. An index would cost a row written for every record of every job.
 */
export async function lookForRecords(
  ctx: Ctx,
  dataset: Dataset,
  after: Place | null,
  isSo: SQL,
  limit: number,
): Promise<{ rows: RecordRow[]; lookedTo: Place | null }> {
  const db = ctx.recordsDatabase(dataset.programId);
  const stretch = and(eq(records.datasetId, dataset.datasetId), isBehind(after));
  const [end] = await db
    .select({ bucket: records.bucket, key: records.key })
    .from(records)
    .where(stretch)
    .orderBy(asc(records.bucket), asc(records.key))
    .limit(1)
    .offset(lookedAt - 1);
  const isWithin = end && sql`(${records.bucket}, ${records.key}) <= (${end.bucket}, ${end.key})`;
  const rows = await db
    .select()
    .from(records)
    .where(and(stretch, isWithin, isSo))
    .orderBy(asc(records.bucket), asc(records.key))
    .limit(limit);
  return { rows, lookedTo: end ? [end.bucket, end.key] : null };
}

export async function findRecord(ctx: Ctx, dataset: Dataset, key: string): Promise<RecordRow | null> {
  const [row] = await ctx
    .recordsDatabase(dataset.programId)
    .select()
    .from(records)
    .where(
      and(
        eq(records.datasetId, dataset.datasetId),
        eq(records.bucket, bucketHash(key)),
        eq(records.key, key),
      ),
    )
    .limit(1);
  return row ?? null;
}

/** As a change log would keep it: its values, and which job made them so. */
export async function findRecordOf(
  ctx: Ctx,
  programId: string,
  dataset: string,
  key: string,
): Promise<{ data: Record<string, unknown>; version: number; jobId: string; changedAt: number } | null> {
  const known = await findDataset(ctx, programId, dataset);
  const record = known && (await findRecord(ctx, known, key));
  if (!record) return null;
  const { data, version, jobId, changedAt } = record;
  return { data: JSON.parse(data), version, jobId, changedAt };
}

const erasedAtOnce = 5_000;

export const recordsLifecycle: Lifecycle = {
  slice: 'records',
  async deleted(ctx, programId) {
    const db = ctx.recordsDatabase(programId);
    const [dataset] = await listDatasets(ctx, programId, '', 1);
    if (!dataset) return true;
    const ofDataset = eq(records.datasetId, dataset.datasetId);
    const some = await db.run(sql`DELETE FROM records WHERE (dataset_id, bucket, key) IN
      (SELECT dataset_id, bucket, key FROM records WHERE ${ofDataset} LIMIT ${erasedAtOnce})`);
    if (some.meta.changes > 0) return false;
    await commit(db, [
      db.delete(jobCheckpoints).where(eq(jobCheckpoints.datasetId, dataset.datasetId)),
      db.delete(datasets).where(eq(datasets.datasetId, dataset.datasetId)),
    ]);
    return false;
  },
};
