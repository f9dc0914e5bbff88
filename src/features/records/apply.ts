import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { type Fence, fenceHolds } from './checkpoints.ts';

/** What `records` hold of a key, as far as a comparison needs it. */
export interface KnownKey {
  bucket: number;
  key: string;
  fingerprint: string;
}

/** The keys stored in a stretch of hashes, in the order of (bucket, key). */
export function knownKeysBetween(
  ctx: Ctx,
  programId: string,
  datasetId: number,
  fromBucket: number,
  toBucket: number,
): Promise<KnownKey[]> {
  return ctx.recordsDatabase(programId).all<KnownKey>(sql`SELECT bucket, key, fingerprint FROM records
    WHERE dataset_id = ${datasetId} AND bucket BETWEEN ${fromBucket} AND ${toBucket} ORDER BY bucket, key`);
}

/** Those of the given keys that are stored. `keys` is the JSON text of `[[bucket, key], …]`, below 1 MB. */
export function knownKeysAmong(
  ctx: Ctx,
  programId: string,
  datasetId: number,
  keys: string,
): Promise<KnownKey[]> {
  return ctx.recordsDatabase(programId).all<KnownKey>(sql`SELECT r.bucket, r.key, r.fingerprint
    FROM json_each(${keys}) AS wanted
    CROSS JOIN records AS r ON r.dataset_id = ${datasetId} AND r.bucket = wanted.value ->> 0 AND r.key = wanted.value ->> 1
    ORDER BY r.bucket, r.key`);
}

/** A record as it was before a job changed it. */
export interface BeforeImage extends KnownKey {
  data: string;
  version: number;
  jobId: string;
  changedAt: number;
}

/** The present rows of the given keys, whole; those that are not stored are left out. */
export function imagesOf(
  ctx: Ctx,
  programId: string,
  datasetId: number,
  keys: string,
): Promise<BeforeImage[]> {
  return ctx
    .recordsDatabase(programId)
    .all<BeforeImage>(sql`SELECT r.bucket, r.key, r.fingerprint, r.data, r.version,
      r.job_id AS jobId, r.changed_at AS changedAt
    FROM json_each(${keys}) AS wanted
    CROSS JOIN records AS r ON r.dataset_id = ${datasetId} AND r.bucket = wanted.value ->> 0 AND r.key = wanted.value ->> 1`);
}

/**
 * Statements that write one chunk, all under the fence. `upserts` is the JSON text of
 * `[[bucket, key, fingerprint, data], …]` with `data` as an object, `deletes` of `[[bucket, key], …]`; each
 * stays below 1 MB. `countChange` is inserts less deletes.
 */
export function writeChunk(
  ctx: Ctx,
  programId: string,
  chunk: {
    datasetId: number;
    jobId: string;
    fence: Fence;
    upserts: string;
    deletes: string;
    countChange: number;
  },
): Statement[] {
  const db = ctx.recordsDatabase(programId);
  const { datasetId, jobId } = chunk;
  const at = ctx.now();
  const held = fenceHolds(chunk.fence);
  const statements: Statement[] = [];
  if (chunk.upserts !== '[]') {
    statements.push(
      db.run(sql`INSERT INTO records (dataset_id, bucket, key, fingerprint, data, version, job_id, changed_at)
        SELECT ${datasetId}, value ->> 0, value ->> 1, value ->> 2, value -> 3, 1, ${jobId}, ${at}
        FROM json_each(${chunk.upserts}) WHERE ${held}
        ON CONFLICT (dataset_id, bucket, key) DO UPDATE SET fingerprint = excluded.fingerprint,
          data = excluded.data, version = records.version + 1, job_id = excluded.job_id,
          changed_at = excluded.changed_at`),
    );
  }
  if (chunk.deletes !== '[]') {
    statements.push(
      db.run(sql`DELETE FROM records WHERE dataset_id = ${datasetId} AND ${held}
        AND (bucket, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${chunk.deletes}))`),
    );
  }
  statements.push(
    db.run(sql`UPDATE datasets SET record_count = record_count + ${chunk.countChange}, applying_job_id = ${jobId},
      updated_at = ${at} WHERE dataset_id = ${datasetId} AND ${held}`),
  );
  return statements;
}

/**
 * Statements that put a chunk back: `images` is the JSON text of
 * `[[bucket, key, fingerprint, data, version, jobId, changedAt], …]`, `inserted` of `[[bucket, key], …]`.
 */
export function restoreChunk(
  ctx: Ctx,
  programId: string,
  chunk: {
    datasetId: number;
    jobId: string;
    fence: Fence;
    images: string;
    inserted: string;
    countChange: number;
  },
): Statement[] {
  const db = ctx.recordsDatabase(programId);
  const { datasetId } = chunk;
  const held = fenceHolds(chunk.fence);
  return [
    db.run(sql`INSERT OR REPLACE INTO records (dataset_id, bucket, key, fingerprint, data, version, job_id, changed_at)
      SELECT ${datasetId}, value ->> 0, value ->> 1, value ->> 2, value -> 3, value ->> 4, value ->> 5, value ->> 6
      FROM json_each(${chunk.images}) WHERE ${held}`),
    db.run(sql`DELETE FROM records WHERE dataset_id = ${datasetId} AND ${held}
      AND (bucket, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${chunk.inserted}))`),
    db.run(sql`UPDATE datasets SET record_count = record_count + ${chunk.countChange}, applying_job_id = ${chunk.jobId},
      updated_at = ${ctx.now()} WHERE dataset_id = ${datasetId} AND ${held}`),
  ];
}

/** The statement that says nobody changes the dataset any more. */
export function endApplying(ctx: Ctx, programId: string, datasetId: number, jobId: string): Statement {
  return ctx
    .recordsDatabase(programId)
    .run(
      sql`UPDATE datasets SET applying_job_id = NULL WHERE dataset_id = ${datasetId} AND applying_job_id = ${jobId}`,
    );
}
