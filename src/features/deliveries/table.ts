import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const deliveryStatuses = [
  'pending',
  'sending',
  'waiting',
  'paused',
  'delivered',
  'exhausted',
  'cancelled',
] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** The ledger: one row per thing that is due to one receiver. `target` may be a person's address. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    deliveryId: text('delivery_id').primaryKey(),
    programId: text('program_id').notNull(),
    /** Null where it goes to an address that is no endpoint. */
    endpointId: text('endpoint_id'),
    /** `webhook`, `email`, `sftp`, `batch`. */
    channel: text('channel').notNull(),
    /** The message's type, such as `job.succeeded`. */
    type: text('type').notNull(),
    /** What a receiver sees as `webhook-id`: the same for every attempt and every receiver of a message. */
    messageId: text('message_id').notNull(),
    /** Says that this is due once: a second insert with it adds nothing. */
    dedupeKey: text('dedupe_key').notNull(),
    /** A URL or an e-mail address. */
    target: text('target').notNull(),
    /** Whose secret signs it: see `signing_secrets.purpose`. */
    secretPurpose: text('secret_purpose').notNull(),
    /** A mail's subject; empty elsewhere. */
    subject: text('subject').notNull(),
    /** The body as it goes out, byte for byte. */
    body: text('body').notNull(),
    traceId: text('trace_id').notNull(),
    /** The job, event or export it tells of. */
    about: text('about').notNull(),
    status: text('status', { enum: deliveryStatuses }).notNull(),
    /** Why it stands as it does. */
    reason: text('reason'),
    /** An attempt may have been taken though no answer said so. */
    uncertain: integer('uncertain', { mode: 'boolean' }).notNull().default(false),
    /** Attempts made since it was created or last retried by hand. */
    attempts: integer('attempts').notNull().default(0),
    /** Attempts made in all. */
    attemptsTotal: integer('attempts_total').notNull().default(0),
    /** When it is due; null once nothing more will happen by itself. */
    nextAttemptAt: integer('next_attempt_at'),
    leaseToken: text('lease_token'),
    leaseUntil: integer('lease_until'),
    createdAt: integer('created_at').notNull(),
    endedAt: integer('ended_at'),
  },
  (table) => [
    uniqueIndex('deliveries_once').on(table.dedupeKey),
    index('deliveries_due').on(table.nextAttemptAt).where(sql`next_attempt_at IS NOT NULL`),
    index('deliveries_by_program').on(table.programId, table.deliveryId),
    index('deliveries_by_trace').on(table.programId, table.traceId),
  ],
);

/** What happened each time. `excerpt` is the receiver's own words and may hold anything. */
export const deliveryAttempts = sqliteTable(
  'delivery_attempts',
  {
    attemptId: text('attempt_id').primaryKey(),
    deliveryId: text('delivery_id').notNull(),
    programId: text('program_id').notNull(),
    startedAt: integer('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    /** HTTP status, where there was one. */
    status: integer('status'),
    /** `connect`, `timeout`, `status`, `body`; null for a success. */
    failure: text('failure'),
    detail: text('detail').notNull(),
    /** The first 1 KB of the answer. */
    excerpt: text('excerpt').notNull(),
  },
  (table) => [index('delivery_attempts_by_delivery').on(table.deliveryId, table.attemptId)],
);

/** How many mails a program has sent on a day (UTC), for the daily cap. */
export const emailsSent = sqliteTable('emails_sent', {
  /** `{programId}|{YYYY-MM-DD}`. */
  day: text('day').primaryKey(),
  count: integer('count').notNull(),
});
