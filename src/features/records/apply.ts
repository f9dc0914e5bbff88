import { type SQL, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { fingerprintLength } from '../../platform/hash.ts';
import { type Fence, fenceHolds } from './checkpoints.ts';

/** What `records` hold of a key, as far as a comparison needs it. */
export interface KnownKey {
  bucket: number;
  key: string;
  fingerprint: string;
  /** Bytes of the record's data. */
  sizeBytes: number;
}

type KnownRow = [bucket: number, key: string, fingerprint: string, sizeBytes: number];

const toKnownKey = ([bucket, key, fingerprint, sizeBytes]: KnownRow): KnownKey => ({
  bucket,
  key,
  fingerprint,
  sizeBytes,
});

/** The keys stored in a stretch of hashes, in the order of (bucket, key). */
export async function knownKeysBetween(
  ctx: Ctx,
  programId: string,
  datasetId: number,
  fromBucket: number,
  toBucket: number,
): Promise<KnownKey[]> {
  const rows = await ctx
    .recordsDatabase(programId)
    .values<KnownRow>(sql`SELECT bucket, key, fingerprint, octet_length(data) FROM records
    WHERE dataset_id = ${datasetId} AND bucket BETWEEN ${fromBucket} AND ${toBucket} ORDER BY bucket, key`);
  return rows.map(toKnownKey);
}

/**
 * For each stretch of hashes `[from, to]`: how many records it holds, and what their buckets and the two
 * halves of their fingerprints add up to. `stretches` is the JSON text of `[[from, to], …]`.
 */
export async function sumsBetween(
  ctx: Ctx,
  programId: string,
  datasetId: number,
  stretches: string,
): Promise<[rows: number, buckets: number, firstHalves: number, secondHalves: number][]> {
  const half = sql.raw(String(fingerprintLength / 2));
  // An aggregate of its own for each stretch: grouped, they would be sorted first.
  const rows = await ctx.recordsDatabase(programId).values<[string]>(sql`SELECT (
      SELECT json_array(count(*), coalesce(sum(bucket), 0),
        coalesce(sum(CAST(substr(fingerprint, 1, ${half}) AS INTEGER)), 0),
        coalesce(sum(CAST(substr(fingerprint, 1 + ${half}) AS INTEGER)), 0))
      FROM records WHERE dataset_id = ${datasetId} AND bucket BETWEEN stretch.value ->> 0 AND stretch.value ->> 1)
    FROM json_each(${stretches}) AS stretch ORDER BY stretch.key`);
  return rows.map(([text]) => JSON.parse(text));
}

/** Those of the given keys that are stored. `keys` is the JSON text of `[[bucket, key], …]`, below 1 MB. */
export async function knownKeysAmong(
  ctx: Ctx,
  programId: string,
  datasetId: number,
  keys: string,
): Promise<KnownKey[]> {
  const rows = await ctx
    .recordsDatabase(programId)
    .values<KnownRow>(sql`SELECT r.bucket, r.key, r.fingerprint, octet_length(r.data)
    FROM json_each(${keys}) AS wanted
    CROSS JOIN records AS r ON r.dataset_id = ${datasetId} AND r.bucket = wanted.value ->> 0 AND r.key = wanted.value ->> 1
    ORDER BY r.bucket, r.key`);
  return rows.map(toKnownKey);
}

/** A record as it was before a job changed it. */
export interface BeforeImage {
  bucket: number;
  key: string;
  fingerprint: string;
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

/** A member of the object that `writeChunk` takes: `"bucket, fingerprint, key": data`, JSON text. */
export function upsertMember(row: {
  bucket: number;
  fingerprint: string;
  keyJson: string;
  dataJson: string;
}) {
  return `"${String(row.bucket).padStart(bucketDigits, '0')}${row.fingerprint}${row.keyJson.slice(1)}:${row.dataJson}`;
}

/** Bytes of a member but for its key and its data, at most. */
export const memberBytes = 36;

/** The bytes of a member up to its key's text, as `upsertMember` writes them; answers the place behind. */
export function writeMemberHead(
  bucket: number,
  firstHalf: number,
  secondHalf: number,
  target: Uint8Array,
  at: number,
): number {
  target[at] = 0x22;
  // In integers of 31 bits, which divide several times sooner.
  const upper = Math.floor(bucket / 100_000);
  writeFive(upper, target, at + 1);
  writeFive(bucket - upper * 100_000, target, at + 6);
  writeNine(firstHalf, target, at + 11);
  writeNine(secondHalf, target, at + 20);
  return at + 1 + keyAt;
}

function writeNine(value: number, target: Uint8Array, at: number): void {
  const upper = (value / 10_000) | 0;
  const lower = value - upper * 10_000;
  writeFive(upper, target, at);
  const hundreds = (lower / 100) | 0;
  writePair(hundreds, target, at + 5);
  writePair(lower - hundreds * 100, target, at + 7);
}

function writeFive(value: number, target: Uint8Array, at: number): void {
  const thousands = (value / 10_000) | 0;
  const rest = value - thousands * 10_000;
  const hundreds = (rest / 100) | 0;
  target[at] = 48 + thousands;
  writePair(hundreds, target, at + 1);
  writePair(rest - hundreds * 100, target, at + 3);
}

function writePair(value: number, target: Uint8Array, at: number): void {
  const tens = (value / 10) | 0;
  target[at] = 48 + tens;
  target[at + 1] = 48 + value - tens * 10;
}

/** The parts of a member's name. */
export function parseUpsertName(name: string): { bucket: number; fingerprint: string; key: string } {
  return {
    bucket: Number(name.slice(0, bucketDigits)),
    fingerprint: name.slice(bucketDigits, keyAt),
    key: name.slice(keyAt),
  };
}

const bucketDigits = 10;
const keyAt = bucketDigits + fingerprintLength;
// `json_each` calls a member's name its key, and SQL counts from 1.
const bucketOfName = sql.raw(`CAST(substr(key, 1, ${bucketDigits}) AS INTEGER)`);
const fingerprintOfName = sql.raw(`substr(key, ${bucketDigits + 1}, ${fingerprintLength})`);
const keyOfName = sql.raw(`substr(key, ${keyAt + 1})`);

/** What one chunk writes: JSON texts, each below 1 MB of characters. */
export interface Chunk {
  datasetId: number;
  jobId: string;
  fence: Fence;
  /** An object of `upsertMember`s: SQL reads it twice as fast as an array of rows, for it parses no row twice. */
  upserts: string;
  /** Code points that stand in keys and data of `upserts` as U+0080, U+0081 …, which are not in it otherwise. */
  foreign?: readonly number[];
  /** Rows whose first two members are bucket and key. */
  deletes: string;
  /** Inserts less deletes. */
  countChange: number;
}

/** Statements that write one chunk, all under the fence. */
export function writeChunk(ctx: Ctx, programId: string, chunk: Chunk): Statement[] {
  const db = ctx.recordsDatabase(programId);
  const { datasetId, jobId } = chunk;
  const at = ctx.now();
  const held = fenceHolds(chunk.fence);
  // The code points as numbers: one wide character among the parameters makes a wide copy of them all.
  const whole = (text: SQL) =>
    (chunk.foreign ?? []).reduce(
      (narrow, point, i) => sql`replace(${narrow}, char(${sql.raw(String(128 + i))}), char(${point}))`,
      text,
    );
  const statements: Statement[] = [];
  if (chunk.upserts !== '{}') {
    statements.push(
      db.run(sql`INSERT INTO records (dataset_id, bucket, key, fingerprint, data, version, job_id, changed_at)
        SELECT ${datasetId}, ${bucketOfName}, ${whole(keyOfName)}, ${fingerprintOfName}, ${whole(sql`value`)}, 1, ${jobId}, ${at}
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
  statements.push(touchDataset(ctx, programId, chunk));
  return statements;
}

/**
 * Statements that put a chunk back: what it wrote goes, and `images`, JSON texts of rows
 * `[bucket, key, fingerprint, data, version, jobId, changedAt]`, come back.
 */
export function restoreChunk(
  ctx: Ctx,
  programId: string,
  chunk: Omit<Chunk, 'deletes' | 'foreign'> & { images: string[] },
): Statement[] {
  const db = ctx.recordsDatabase(programId);
  const { datasetId } = chunk;
  const held = fenceHolds(chunk.fence);
  const statements: Statement[] = [
    db.run(sql`DELETE FROM records WHERE dataset_id = ${datasetId} AND ${held}
      AND (bucket, key) IN (SELECT ${bucketOfName}, ${keyOfName} FROM json_each(${chunk.upserts}))`),
  ];
  for (const images of chunk.images) {
    if (images === '[]') continue;
    statements.push(
      db.run(sql`INSERT OR REPLACE INTO records (dataset_id, bucket, key, fingerprint, data, version, job_id, changed_at)
        SELECT ${datasetId}, value ->> 0, value ->> 1, value ->> 2, value -> 3, value ->> 4, value ->> 5, value ->> 6
        FROM json_each(${images}) WHERE ${held}`),
    );
  }
  statements.push(touchDataset(ctx, programId, chunk));
  return statements;
}

function touchDataset(
  ctx: Ctx,
  programId: string,
  { datasetId, jobId, fence, countChange }: Pick<Chunk, 'datasetId' | 'jobId' | 'fence' | 'countChange'>,
): Statement {
  return ctx
    .recordsDatabase(programId)
    .run(sql`UPDATE datasets SET record_count = record_count + ${countChange}, applying_job_id = ${jobId},
      updated_at = ${ctx.now()} WHERE dataset_id = ${datasetId} AND ${fenceHolds(fence)}`);
}

/** The statement that says nobody changes the dataset any more. */
export function endApplying(ctx: Ctx, programId: string, datasetId: number, jobId: string): Statement {
  return ctx
    .recordsDatabase(programId)
    .run(
      sql`UPDATE datasets SET applying_job_id = NULL WHERE dataset_id = ${datasetId} AND applying_job_id = ${jobId}`,
    );
}
