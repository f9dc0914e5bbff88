import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import type { TaskDefinition } from '../tasks/schema.ts';
import type { JobCounts, JobDecisions, JobError } from './schema.ts';
import { jobPhases, jobStatuses } from './statuses.ts';

/** One row per accepted call. `wakeAt` is the intent to go on: the sweeper finds what a lost message forgot. */
export const jobs = sqliteTable(
  'jobs',
  {
    /** The order of the calls; a dataset's jobs run in it. */
    sequence: integer('sequence').primaryKey({ autoIncrement: true }),
    jobId: text('job_id').notNull().unique(),
    programId: text('program_id').notNull(),
    job: text('job').notNull(),
    dataset: text('dataset').notNull(),
    /** The task as it was when the call came. */
    task: text('task', { mode: 'json' }).$type<TaskDefinition>().notNull(),
    folder: text('folder').notNull(),
    filename: text('filename').notNull(),
    /** Pins the file: a later drop under the same name is another version. */
    versionId: text('version_id').notNull(),
    objectKey: text('object_key').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    etag: text('etag').notNull(),
    traceId: text('trace_id').notNull(),
    /** The id under which everyone is told how it ended; one per job. */
    notificationId: text('notification_id').notNull(),
    dryRun: integer('dry_run', { mode: 'boolean' }).notNull(),
    retryOf: text('retry_of'),
    /** The job that this one undoes; then it reads no file. */
    undoOf: text('undo_of'),
    status: text('status', { enum: jobStatuses }).notNull(),
    phase: text('phase', { enum: jobPhases }),
    /** The job it waits for. */
    waitingFor: text('waiting_for'),
    attempt: integer('attempt').notNull(),
    /** Since when it is held; with `approvedAt`, until when it was. */
    heldAt: integer('held_at'),
    approvedAt: integer('approved_at'),
    /** When something should be done about it; null once it has ended. */
    wakeAt: integer('wake_at'),
    queuedAt: integer('queued_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
    /** How it ended, for a person. */
    message: text('message').notNull(),
    counts: text('counts', { mode: 'json' }).$type<JobCounts>().notNull(),
    /** Bytes read of the file. */
    readBytes: integer('read_bytes').notNull(),
    decisions: text('decisions', { mode: 'json' }).$type<JobDecisions>(),
    /** The first ten, without cell values. */
    errors: text('errors', { mode: 'json' }).$type<JobError[]>().notNull(),
  },
  (table) => [
    uniqueIndex('jobs_unfinished_version')
      .on(table.programId, table.job, table.versionId)
      .where(sql`finished_at IS NULL`),
    index('jobs_due').on(table.wakeAt).where(sql`wake_at IS NOT NULL`),
    index('jobs_unfinished_dataset')
      .on(table.programId, table.dataset, table.sequence)
      .where(sql`finished_at IS NULL`),
    index('jobs_by_dataset').on(table.programId, table.dataset, table.sequence),
    index('jobs_by_task').on(table.programId, table.job, table.sequence),
    index('jobs_by_program').on(table.programId, table.sequence),
    index('jobs_by_trace').on(table.traceId),
  ],
);

/** Who is told how a job ended. E-mail addresses are personal data and go with the job's retention. */
export const jobRecipients = sqliteTable(
  'job_recipients',
  {
    jobId: text('job_id').notNull(),
    /** `email` or `webhook`. */
    channel: text('channel').notNull(),
    target: text('target').notNull(),
    /** The delivery this becomes when the job ends; made now, so that an end told twice is told once. */
    deliveryId: text('delivery_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.channel, table.target] })],
);
