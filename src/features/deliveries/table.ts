import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

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

/** Those of what was not taken at once: it waits for another attempt or its endpoint, or is given up. */
export const heldUpStatuses = ['waiting', 'paused', 'exhausted', 'cancelled'] as const;

/** One attempt, as `deliveries.log` keeps it. `excerpt` is the receiver's own words and may hold anything. */
export interface Attempt {
  startedAt: number;
  durationMs: number;
  /** HTTP status, where there was one. */
  status: number | null;
  /** Null for a success. */
  failure: 'connect' | 'timeout' | 'status' | 'body' | null;
  detail: string;
  /** The first 1 KB of the answer. */
  excerpt: string;
}

/**
 * The ledger: one row per thing that is due to one receiver. `target` may be a person's address. D1 bills
 * each index entry that is written, so that a delivery to an endpoint writes three rows in its life: itself,
 * its entry in `deliveries_due`, and itself again with its outcome. Hence no row of its own for an attempt,
 * a lease per lane instead of per row, and `dedupe_key` only where the id does not say enough.
 */
export const deliveries = sqliteTable(
  'deliveries',
  {
    programId: text('program_id').notNull(),
    /** Of an announced message: see `deliveryPrefix`, and the endpoint's slot, so that it is there once. */
    deliveryId: text('delivery_id').notNull(),
    /** Empty where it goes to an address that is no endpoint. */
    endpointId: text('endpoint_id').notNull().default(''),
    /** `webhook`, `email`, `sftp`, `batch`. */
    channel: text('channel').notNull(),
    /** The message's type, such as `job.succeeded`. */
    type: text('type').notNull(),
    /** What a receiver sees as `webhook-id`: the same for every attempt and every receiver of a message. */
    messageId: text('message_id').notNull(),
    /** Says that this is due once: a second insert with it adds nothing. Null where the id says it. */
    dedupeKey: text('dedupe_key'),
    /** A URL or an e-mail address. */
    target: text('target').notNull(),
    /** Whose secret signs it: see `signing_secrets.purpose`. */
    secretPurpose: text('secret_purpose').notNull(),
    /** A mail's subject; empty elsewhere. */
    subject: text('subject').notNull(),
    /** The body as it goes out, byte for byte; null where `delivery_bodies` has it. */
    body: text('body'),
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
    /** Attempts made in all; whoever writes an outcome names the number it began with. */
    attemptsTotal: integer('attempts_total').notNull().default(0),
    /** When it is due; null once nothing more will happen by itself. `parkedAt` while its endpoint is paused. */
    nextAttemptAt: integer('next_attempt_at'),
    leaseToken: text('lease_token'),
    leaseUntil: integer('lease_until'),
    createdAt: integer('created_at').notNull(),
    endedAt: integer('ended_at'),
    /** Every attempt, the oldest first; of very many the latest. */
    log: text('log', { mode: 'json' }).$type<Attempt[]>().notNull().default([]),
    /** The recovery that made it due again, if one did. */
    recoveryId: text('recovery_id'),
  },
  (table) => [
    primaryKey({ columns: [table.programId, table.deliveryId] }),
    uniqueIndex('deliveries_once').on(table.dedupeKey).where(sql`dedupe_key IS NOT NULL`),
    index('deliveries_due').on(table.endpointId, table.nextAttemptAt).where(sql`next_attempt_at IS NOT NULL`),
    // What goes to no endpoint is found by its id alone, and by its trace.
    index('deliveries_direct').on(table.deliveryId).where(sql`endpoint_id = ''`),
    index('deliveries_direct_trace').on(table.programId, table.traceId).where(sql`endpoint_id = ''`),
    // What was not taken at once, by its state: nothing for what arrives with its first attempt.
    index('deliveries_held_up')
      .on(table.programId, table.status, table.deliveryId)
      // Not a list of the four: beside an equality that would be taken for a search, and its order be lost.
      .where(sql`status NOT IN ('pending', 'sending', 'delivered')`),
    // Those that failed for good, of an endpoint.
    index('deliveries_failed_to')
      .on(table.endpointId, table.deliveryId)
      .where(sql`status IN ('exhausted', 'cancelled')`),
    // Nothing for a delivery that no recovery touches.
    index('deliveries_recovered').on(table.recoveryId).where(sql`recovery_id IS NOT NULL`),
  ],
);

/**
 * Bodies too large to be copied into each delivery: once per message. Goes with its deliveries. An event's
 * data have at most 256 KB, and stand in its log beside: a body needs no object of its own, which accepting
 * would have to wait for, and which a commit that fails would leave behind.
 */
export const deliveryBodies = sqliteTable(
  'delivery_bodies',
  {
    programId: text('program_id').notNull(),
    messageId: text('message_id').notNull(),
    body: text('body').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.programId, table.messageId] })],
);

/** How an endpoint has been answering. No row: nothing ever went wrong. */
export const endpointHealth = sqliteTable('endpoint_health', {
  endpointId: text('endpoint_id').primaryKey(),
  programId: text('program_id').notNull(),
  /** In a row; three make it degraded. */
  timeouts: integer('timeouts').notNull(),
  /** Failed attempts since the last success, and since when. */
  failures: integer('failures').notNull(),
  failingSince: integer('failing_since'),
  /** Since when it gets one probe at a time, and when the next may go. */
  degradedSince: integer('degraded_since'),
  probeAt: integer('probe_at'),
  /** How many may be in flight: 3 to 20; halved by a failure, one more with each success. */
  flightLimit: integer('flight_limit').notNull(),
});

/** Who sends for an endpoint now. Its deliveries fall into three lanes by their ids, each with a lease. */
export const endpointLanes = sqliteTable(
  'endpoint_lanes',
  {
    endpointId: text('endpoint_id').notNull(),
    lane: integer('lane').notNull(),
    programId: text('program_id').notNull(),
    leaseToken: text('lease_token'),
    leaseUntil: integer('lease_until').notNull(),
    /** What its holder is about to send: uncertain, if the holder dies. */
    sending: text('sending', { mode: 'json' }).$type<string[]>().notNull(),
    /** For a rate limit: the next may go then. */
    nextSendAt: integer('next_send_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.endpointId, table.lane] })],
);

/** A window of failures that is sent again. Progress is counted from the ledger's rows that name it. */
export const recoveries = sqliteTable(
  'recoveries',
  {
    recoveryId: text('recovery_id').primaryKey(),
    programId: text('program_id').notNull(),
    endpointId: text('endpoint_id').notNull(),
    sinceAt: integer('since_at').notNull(),
    untilAt: integer('until_at').notNull(),
    /** How many there were when it began. */
    total: integer('total').notNull(),
    /** Those made due again so far. */
    rearmed: integer('rearmed').notNull(),
    /** Where it goes on: the last delivery it has seen. */
    position: text('position').notNull(),
    /** Since when there is more to make due; null once that is done. */
    wakeAt: integer('wake_at'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    index('recoveries_by_endpoint').on(table.programId, table.endpointId),
    index('recoveries_open').on(table.wakeAt).where(sql`wake_at IS NOT NULL`),
  ],
);

/** How many mails a program has sent on a day (UTC), for the daily cap. */
export const emailsSent = sqliteTable('emails_sent', {
  /** `{programId}|{YYYY-MM-DD}`. */
  day: text('day').primaryKey(),
  count: integer('count').notNull(),
});
