import { integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** A program's datasets; the number stands for both in `records`, a million times over. */
export const datasets = sqliteTable(
  'datasets',
  {
    datasetId: integer('dataset_id').primaryKey({ autoIncrement: true }),
    programId: text('program_id').notNull(),
    name: text('name').notNull(),
    /** The job that is changing it now, or null. */
    applyingJobId: text('applying_job_id'),
    /** Rolled up with the writes. */
    recordCount: integer('record_count').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [uniqueIndex('datasets_by_name').on(table.programId, table.name)],
);

/**
 * The records: personal data, erased with the program or by the dataset's own feed. Clustered by
 * (dataset, bucket, key), so that a job compares and writes one stretch of hashes after another.
 */
export const records = sqliteTable(
  'records',
  {
    datasetId: integer('dataset_id').notNull(),
    /** 32-bit hash of the key. */
    bucket: integer('bucket').notNull(),
    /** The primary key's text, as `platform/tableschema` writes it. */
    key: text('key').notNull(),
    /** Fingerprint of `data`. */
    fingerprint: text('fingerprint').notNull(),
    /** The fields as JSON, in the schema's order. */
    data: text('data').notNull(),
    /** Counts the changes of this key, from 1. */
    version: integer('version').notNull(),
    /** The job that last changed it. */
    jobId: text('job_id').notNull(),
    changedAt: integer('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.datasetId, table.bucket, table.key] })],
);

/**
 * How far a job has come, beside the records it changes, so that a chunk and its checkpoint are one
 * transaction. The lease's token fences off a consumer that lost it.
 */
export const jobCheckpoints = sqliteTable('job_checkpoints', {
  jobId: text('job_id').primaryKey(),
  datasetId: integer('dataset_id').notNull(),
  leaseToken: text('lease_token'),
  leaseUntil: integer('lease_until'),
  /** Counts the checkpoints; an attempt whose lease ended on the same step made no progress. */
  step: integer('step').notNull(),
  /** The step at which the present attempt claimed. */
  claimedStep: integer('claimed_step').notNull(),
  /** Where to go on: see `features/jobs/state.ts`. */
  state: text('state').notNull(),
});
