import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const syncStates = ['open', 'done', 'ended'] as const;
export type SyncState = (typeof syncStates)[number];

/** One run of a subscription over a stretch of the publisher's log. One is open at a time; a later night continues it. */
export const syncs = sqliteTable(
  'syncs',
  {
    syncId: text('sync_id').primaryKey(),
    /** The subscriber. */
    programId: text('program_id').notNull(),
    publisherId: text('publisher_id').notNull(),
    traceId: text('trace_id').notNull(),
    /** `ended`: the subscription is no more. */
    state: text('state', { enum: syncStates }).notNull(),
    openedAt: integer('opened_at').notNull(),
    endedAt: integer('ended_at'),
    /** Events after this sequence, up to `untilSequence`, which was read before anything else. */
    fromSequence: integer('from_sequence').notNull(),
    untilSequence: integer('until_sequence').notNull(),
    /** When it was read: what `LastSyncUtc` shows in the end. */
    untilAt: integer('until_at').notNull(),
    /** Rendered up to and with this sequence. */
    renderedTo: integer('rendered_to').notNull(),
    templateVersion: integer('template_version').notNull(),
    cursorVersion: integer('cursor_version').notNull(),
    /** Of each process, how many calls have been cut. */
    parts: text('parts', { mode: 'json' }).$type<Record<string, number>>().notNull(),
    /** The object that keeps the rows of calls that are not full yet; null where there are none. */
    openParts: text('open_parts'),
    selected: integer('selected').notNull().default(0),
    rendered: integer('rendered').notNull().default(0),
    ignored: integer('ignored').notNull().default(0),
    quarantined: integer('quarantined').notNull().default(0),
    /** Categories that the template says nothing of, with how many events each had: the first twenty. */
    unmapped: text('unmapped', { mode: 'json' }).$type<Record<string, number>>().notNull(),
    /** When something is to be done about it; null while its calls alone are waited for. */
    wakeAt: integer('wake_at'),
    /** Whoever works on it; empty for no one. */
    leaseToken: text('lease_token').notNull().default(''),
    leaseUntil: integer('lease_until').notNull().default(0),
  },
  (table) => [
    uniqueIndex('syncs_open').on(table.programId, table.publisherId).where(sql`state = 'open'`),
    index('syncs_by_subscription').on(table.programId, table.publisherId, table.syncId),
    index('syncs_by_publisher').on(table.publisherId),
    index('syncs_by_trace').on(table.traceId),
    index('syncs_due').on(table.wakeAt).where(sql`wake_at IS NOT NULL`),
  ],
);

export const callStates = ['pending', 'accepted', 'replaced'] as const;
export type CallState = (typeof callStates)[number];

/** A call of CreateBatch. Its rows are in the object store until it is accepted: they hold personal data. */
export const syncCalls = sqliteTable(
  'sync_calls',
  {
    /** `{syncId}-{processId}-{part}`: the file name that the receiver sees, the same for every attempt. */
    name: text('name').primaryKey(),
    syncId: text('sync_id').notNull(),
    programId: text('program_id').notNull(),
    publisherId: text('publisher_id').notNull(),
    processId: text('process_id').notNull(),
    part: integer('part').notNull(),
    deliveryId: text('delivery_id').notNull().unique(),
    rows: integer('rows').notNull(),
    bytes: integer('bytes').notNull(),
    firstSequence: integer('first_sequence').notNull(),
    lastSequence: integer('last_sequence').notNull(),
    /** `replaced`: refused, and its events rendered anew by another template. */
    state: text('state', { enum: callStates }).notNull(),
    /** The receiver's. */
    queueBatchId: text('queue_batch_id'),
    /** An answer was lost, so that the receiver may have it more than once, under the same name. */
    uncertain: integer('uncertain', { mode: 'boolean' }).notNull().default(false),
    acceptedAt: integer('accepted_at'),
  },
  (table) => [
    index('sync_calls_by_sync').on(table.syncId, table.part),
    index('sync_calls_open').on(table.publisherId, table.firstSequence).where(sql`state = 'pending'`),
  ],
);

/** Events that gave no row. Messages name the template's line and column, never a value. */
export const syncQuarantine = sqliteTable(
  'sync_quarantine',
  {
    programId: text('program_id').notNull(),
    publisherId: text('publisher_id').notNull(),
    sequence: integer('sequence').notNull(),
    eventId: text('event_id').notNull(),
    /** The one of the template that it fell under. */
    category: text('category'),
    code: text('code').notNull(),
    message: text('message').notNull(),
    line: integer('line'),
    column: integer('column'),
    since: integer('since').notNull(),
    syncId: text('sync_id').notNull(),
    /** To be rendered again. */
    retry: integer('retry', { mode: 'boolean' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.programId, table.publisherId, table.sequence] }),
    index('sync_quarantine_retry')
      .on(table.programId, table.publisherId, table.sequence)
      .where(sql`retry = 1`),
    index('sync_quarantine_by_publisher').on(table.publisherId, table.sequence),
  ],
);

/** The last local day in whose night a program's subscriptions were synchronised. */
export const syncNights = sqliteTable('sync_nights', {
  programId: text('program_id').primaryKey(),
  localDate: text('local_date').notNull(),
  /** How far the night has come, by the publishers' ids; null once it has begun for all of them. */
  afterPublisher: text('after_publisher'),
});
