import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** Access keys of the S3 door: two live pairs while a quarter's rotation lasts. */
export const dropKeys = sqliteTable(
  'drop_keys',
  {
    accessKeyId: text('access_key_id').primaryKey(),
    programId: text('program_id').notNull(),
    /** The secret, sealed under `drop_keys:{accessKeyId}:secret`. */
    sealed: text('sealed').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Null for the current pair. */
    endsAt: integer('ends_at'),
    /** To the minute; null where it was never used. */
    lastUsedAt: integer('last_used_at'),
    /** Since when contacts are told that it has ended. */
    endToldAt: integer('end_told_at'),
  },
  (table) => [
    index('drop_keys_by_program').on(table.programId),
    // One pair is current: of two rotations at the same time the second is refused.
    uniqueIndex('drop_keys_current').on(table.programId).where(sql`ends_at IS NULL`),
    index('drop_keys_ended').on(table.endsAt).where(sql`ends_at IS NOT NULL AND end_told_at IS NULL`),
  ],
);
