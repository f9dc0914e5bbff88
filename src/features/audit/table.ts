import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Who changed what. Names acts and things; of values only settings that tell of nobody. */
export const auditLog = sqliteTable(
  'audit_log',
  {
    auditId: text('audit_id').primaryKey(),
    /** Empty for acts on the hub as a whole. */
    programId: text('program_id').notNull(),
    at: integer('at').notNull(),
    /** A key id, `system`, or `hub:` and the door. */
    actor: text('actor').notNull(),
    /** `noun.verb`, such as `key.rotated`. */
    action: text('action').notNull(),
    /** The id or name acted on. */
    target: text('target').notNull(),
    requestId: text('request_id').notNull(),
    /** Names of changed members, `changes` of harmless ones, and other harmless facts. */
    detail: text('detail', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
  },
  (table) => [index('audit_log_by_program').on(table.programId, table.auditId)],
);
