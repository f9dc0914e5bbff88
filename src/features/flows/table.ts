import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { requestOutcomes, sourceStates } from './states.ts';

/**
 * A flow: an assessment with its participants and external sources. `title` and `data` are the caller's own
 * and may name people; they go with the flow, and the flow with its program.
 */
export const flows = sqliteTable(
  'flows',
  {
    /** Given by the hub; of all programs, so that a path needs no other name. Never given twice. */
    flowId: integer('flow_id').primaryKey({ autoIncrement: true }),
    programId: text('program_id').notNull(),
    /** The program's own name for it. */
    code: text('code').notNull(),
    title: text('title').notNull(),
    /** The caller's own, as a JSON object. */
    data: text('data', { mode: 'json' }).$type<Record<string, unknown>>(),
    /** How long a source may stay PENDING. */
    syncTimeLimitMinutes: integer('sync_time_limit_minutes').notNull(),
    /** Set on a flow that takes no changes. */
    archivedAt: integer('archived_at'),
    /** Set while its rows are being erased; a flow with it answers 404. */
    deletedAt: integer('deleted_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('flows_by_code').on(table.programId, table.code).where(sql`deleted_at IS NULL`),
    index('flows_by_program').on(table.programId, table.flowId),
    index('flows_deleted').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
  ],
);

/**
 * Who takes part. `externalId`, `email`, `name` and `data` are personal data: erased by deleting the
 * participant, its flow or its program.
 */
export const flowParticipants = sqliteTable(
  'flow_participants',
  {
    /** Given by the hub; never given twice. */
    participantId: integer('participant_id').primaryKey({ autoIncrement: true }),
    programId: text('program_id').notNull(),
    flowId: integer('flow_id').notNull(),
    /** The caller's id of the person; unique on the flow. */
    externalId: text('external_id').notNull(),
    /** Null where it was never given, empty where it was given as null. */
    email: text('email'),
    /** The same. */
    name: text('name'),
    /** The caller's own: JSON text of an object, or of null where it was given so. */
    data: text('data'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('flow_participants_by_external_id').on(table.flowId, table.externalId),
    index('flow_participants_by_flow').on(table.flowId, table.participantId),
  ],
);

/** An external source of a flow, and where its latest sync stands. `message` is the integration's own words. */
export const externalSources = sqliteTable(
  'external_sources',
  {
    /** Given by the hub; never given twice. */
    sourceId: integer('source_id').primaryKey({ autoIncrement: true }),
    programId: text('program_id').notNull(),
    flowId: integer('flow_id').notNull(),
    /** What the exam or the data is called where it comes from; unique on the flow. */
    reference: text('reference').notNull(),
    description: text('description').notNull(),
    state: text('state', { enum: sourceStates }).notNull(),
    /** The latest request; null before the first. */
    requestId: text('request_id'),
    /** Of the latest request; leads to the deliveries that told of it. */
    traceId: text('trace_id'),
    /** When a PENDING request has waited too long; null in any other state. */
    deadlineAt: integer('deadline_at'),
    /** FAILED by the time limit, not by the integration: a late answer still counts. */
    timedOut: integer('timed_out', { mode: 'boolean' }).notNull(),
    /** Why it FAILED. */
    message: text('message'),
    lastRequestedAt: integer('last_requested_at'),
    /** When the integration last reported done. */
    lastSyncAt: integer('last_sync_at'),
    /** How many participants are allocated to it: kept with each change, since a list never counts them. */
    allocated: integer('allocated').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('external_sources_by_reference').on(table.flowId, table.reference),
    index('external_sources_by_flow').on(table.flowId, table.sourceId),
    index('external_sources_by_state').on(table.flowId, table.state),
    index('external_sources_due').on(table.deadlineAt).where(sql`deadline_at IS NOT NULL`),
  ],
);

/** One row per press of a manager that asked for something, and per webhook that tells of it. */
export const flowRequests = sqliteTable(
  'flow_requests',
  {
    requestId: text('request_id').primaryKey(),
    programId: text('program_id').notNull(),
    flowId: integer('flow_id').notNull(),
    /** Leads to the deliveries that told the integration. */
    traceId: text('trace_id').notNull(),
    /** A key id, or `system`. */
    requestedBy: text('requested_by').notNull(),
    requestedAt: integer('requested_at').notNull(),
  },
  (table) => [
    index('flow_requests_by_flow').on(table.flowId),
    index('flow_requests_by_age').on(table.programId, table.requestedAt),
    index('flow_requests_by_trace').on(table.traceId),
  ],
);

/** What became of a request at each of its sources; kept though the source may be deleted. */
export const flowRequestSources = sqliteTable(
  'flow_request_sources',
  {
    /** The order of the requests; newest is highest. */
    sequence: integer('sequence').primaryKey({ autoIncrement: true }),
    requestId: text('request_id').notNull(),
    sourceId: integer('source_id').notNull(),
    programId: text('program_id').notNull(),
    flowId: integer('flow_id').notNull(),
    /** As it was asked for. */
    reference: text('reference').notNull(),
    outcome: text('outcome', { enum: requestOutcomes }).notNull(),
    endedAt: integer('ended_at'),
    /** A key id, `system`, or `hub:cron` for the time limit. */
    endedBy: text('ended_by'),
    /** Why it did not succeed; may be the integration's own words. */
    message: text('message'),
  },
  (table) => [
    uniqueIndex('flow_request_sources_once').on(table.requestId, table.sourceId),
    // A source has one open request, whoever presses at the same time.
    uniqueIndex('flow_request_sources_open').on(table.sourceId).where(sql`outcome = 'PENDING'`),
    index('flow_request_sources_by_source').on(table.sourceId, table.sequence),
    index('flow_request_sources_by_flow').on(table.flowId, table.sequence),
    index('flow_request_sources_ended').on(table.programId, table.endedAt),
  ],
);

/** Which participants belong to which source of their flow. Clustered by source, so that one is read in a row. */
export const allocations = sqliteTable(
  'allocations',
  {
    sourceId: integer('source_id').notNull(),
    participantId: integer('participant_id').notNull(),
    programId: text('program_id').notNull(),
    allocatedAt: integer('allocated_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sourceId, table.participantId] }),
    index('allocations_by_participant').on(table.participantId),
  ],
);
