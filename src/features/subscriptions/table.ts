import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Which categories a template imports, and whether it imports all others. */
export interface Routing {
  categories: [value: string, imported: boolean][];
  others: boolean;
}

/**
 * Who receives whose events, and in which shape. Each way of receiving has a cursor of its own: the
 * sequence of the last event that it has seen of this publisher.
 */
export const subscriptions = sqliteTable(
  'subscriptions',
  {
    /** The subscriber. */
    programId: text('program_id').notNull(),
    publisherId: text('publisher_id').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Allows the nightly synchronisation; the program's own setting starts it. */
    syncEnabled: integer('sync_enabled', { mode: 'boolean' }).notNull(),
    /** `LbApiPayloadTemplate` as JSON text, in the form it was given: an object, or a string of one. */
    template: text('template').notNull(),
    /** What of the template decides where an event goes: which categories are imported. */
    routing: text('routing', { mode: 'json' }).$type<Routing>().notNull(),
    /** Counted up with each change of the template. */
    templateVersion: integer('template_version').notNull(),
    syncCursor: integer('sync_cursor').notNull(),
    /** The time that the synchronisation's cursor stands for; null before the first. */
    syncedAt: integer('synced_at'),
    pullCursor: integer('pull_cursor').notNull(),
    /** The same for the pull's. */
    pulledAt: integer('pulled_at'),
    /** Counted up when the cursors are set from outside: what was on its way then moves them no more. */
    cursorVersion: integer('cursor_version').notNull(),
    /** Since when the publisher withholds its events. */
    suspendedAt: integer('suspended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.programId, table.publisherId] }),
    index('subscriptions_by_publisher').on(table.publisherId, table.programId),
  ],
);

/** Each template that a subscription has had, the latest 50: to see who saved what, and to go back. */
export const templateVersions = sqliteTable(
  'template_versions',
  {
    programId: text('program_id').notNull(),
    publisherId: text('publisher_id').notNull(),
    /** As the subscription's `template_version` was. */
    version: integer('version').notNull(),
    template: text('template').notNull(),
    /** Who saved it; null for one from before versions were kept. */
    author: text('author'),
    savedAt: integer('saved_at').notNull(),
    /** The version whose text it is again. */
    revertOf: integer('revert_of'),
  },
  (table) => [primaryKey({ columns: [table.programId, table.publisherId, table.version] })],
);
