import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** What is counted: a kind for each strip of the overview. */
export const activityKinds = [
  'files',
  'jobs',
  'events',
  'webhook',
  'email',
  'sftp',
  'batch',
  'ping',
] as const;
export type ActivityKind = (typeof activityKinds)[number];

/**
 * What went well and what did not, hour by hour: one row per program, kind and day, whatever its traffic.
 * Of what is much, events and deliveries to endpoints, written by the minute's roll-up; of the rest in the
 * commit of what it counts. So no page ever counts more than the rows of the last minutes.
 */
export const activityDays = sqliteTable(
  'activity_days',
  {
    programId: text('program_id').notNull(),
    /** `YYYY-MM-DD`, UTC. */
    day: text('day').notNull(),
    kind: text('kind', { enum: activityKinds }).notNull(),
    /** JSON: of each hour that has any, `{"h13": [went well, failed, neither]}`. */
    hours: text('hours', { mode: 'json' }).$type<Record<string, [number, number, number]>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.programId, table.day, table.kind] })],
);

/** How an attempt can have ended a delivery. */
export const endedStatuses = ['delivered', 'exhausted', 'cancelled'] as const;
export type EndedStatus = (typeof endedStatuses)[number];

/**
 * The last hours of each endpoint, and its last delivery: one row for an endpoint, whatever it is sent, so that
 * a list of endpoints reads a row of each. Written with `activity_days`, and by the same rules.
 */
export const activityEndpoints = sqliteTable(
  'activity_endpoints',
  {
    programId: text('program_id').notNull(),
    endpointId: text('endpoint_id').notNull(),
    /** JSON: of the last day and some hours, each by its number since 1970: `{"498765": [delivered, failed, neither]}`. */
    hours: text('hours', { mode: 'json' }).$type<Record<string, [number, number, number]>>().notNull(),
    /** Of those that an attempt has ended the last, how and when. */
    lastDeliveryId: text('last_delivery_id').notNull(),
    lastStatus: text('last_status', { enum: endedStatuses }).notNull(),
    lastEndedAt: integer('last_ended_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.programId, table.endpointId] })],
);

/** How far the roll-up has come. */
export const activityCursors = sqliteTable('activity_cursors', {
  name: text('name', { enum: ['events', 'webhook'] }).primaryKey(),
  /** Of events the last sequence that is counted, of webhooks the first id of a delivery that is not. */
  position: text('position').notNull(),
});

/** Of each cron expression its latest run. */
export const cronRuns = sqliteTable('cron_runs', {
  cron: text('cron').primaryKey(),
  startedAt: integer('started_at').notNull(),
  durationMs: integer('duration_ms').notNull(),
  /** What each step did, by its name; -1 where it failed. */
  steps: text('steps', { mode: 'json' }).$type<Record<string, number>>().notNull(),
});
