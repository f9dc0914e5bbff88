import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { Scope } from '../../context.ts';

/** API keys. Only a hash is stored: the secrets are 256 random bits, so SHA-256 without salt is enough. */
export const apiKeys = sqliteTable(
  'api_keys',
  {
    keyId: text('key_id').primaryKey(),
    /** Null for a system key. */
    programId: text('program_id'),
    name: text('name').notNull(),
    hash: text('hash').notNull().unique(),
    scopes: text('scopes', { mode: 'json' }).$type<Scope[]>().notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
    /** The key that takes its place. */
    rotatedTo: text('rotated_to'),
  },
  (table) => [index('api_keys_by_program').on(table.programId, table.keyId)],
);

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
  (table) => [index('drop_keys_by_program').on(table.programId)],
);

/** First answers to requests with an Idempotency-Key, for 24 hours. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    /** `{programId}|{method} {path and query}|{key}`. */
    id: text('id').primaryKey(),
    /** SHA-256 of the request body. */
    bodyHash: text('body_hash').notNull(),
    /** Null while the first request runs. */
    status: integer('status'),
    headers: text('headers', { mode: 'json' }).$type<Record<string, string>>(),
    body: text('body'),
    createdAt: integer('created_at').notNull(),
    /** Until when the first request may run before another may take its place. */
    runsUntil: integer('runs_until').notNull(),
  },
  (table) => [index('idempotency_keys_by_age').on(table.createdAt)],
);
