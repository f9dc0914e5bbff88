import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Secrets that sign webhooks: a program's notification secret, and later each endpoint's own. */
export const signingSecrets = sqliteTable(
  'signing_secrets',
  {
    secretId: text('secret_id').primaryKey(),
    programId: text('program_id').notNull(),
    /** `notification`, or an endpoint's id. */
    purpose: text('purpose').notNull(),
    /** Sealed under `signing_secrets:{secretId}:secret`. */
    sealed: text('sealed').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Null for the current one; the older ones sign too until then. */
    endsAt: integer('ends_at'),
  },
  (table) => [index('signing_secrets_by_purpose').on(table.programId, table.purpose)],
);
