import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** As publishers send it, or as a task names it. */
export interface EventCategory {
  value: string;
  label: string | null;
}

/**
 * The event log: append-only, in the order of its commits. `data` and `participantId` are personal data;
 * a deletion empties them and leaves the row as a tombstone, so that every reader of the log sees it.
 */
export const events = sqliteTable(
  'events',
  {
    /** Monotonic in this database; never given twice, whatever is deleted. */
    sequence: integer('sequence').primaryKey({ autoIncrement: true }),
    eventId: text('event_id').notNull().unique(),
    /** The publisher. */
    programId: text('program_id').notNull(),
    /** Empty where the publisher named no system. */
    systemId: text('system_id').notNull(),
    eventType: text('event_type').notNull(),
    /** The publisher's own id: the same one again is the same event. */
    publisherEventId: text('publisher_event_id').notNull(),
    participantId: text('participant_id'),
    category: text('category', { mode: 'json' }).$type<EventCategory>(),
    /** JSON text, as it was sent. */
    data: text('data').notNull(),
    /** `inserted`, `updated` or `deleted`, where a job made the event. */
    change: text('change'),
    /** The record's key, where a job made the event. */
    recordKey: text('record_key'),
    startAt: integer('start_at').notNull(),
    endAt: integer('end_at'),
    receivedAt: integer('received_at').notNull(),
    traceId: text('trace_id').notNull(),
    /** Set on a tombstone. */
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('events_once').on(table.programId, table.systemId, table.eventType, table.publisherEventId),
    index('events_by_program').on(table.programId, table.sequence),
    index('events_by_trace').on(table.traceId).where(sql`trace_id <> ''`),
  ],
);
