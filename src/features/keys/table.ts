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
    /** Written at most once an hour, after the answer. */
    lastUsedAt: integer('last_used_at'),
    /** The address it came from, which may tell a person's machine. */
    lastUsedFrom: text('last_used_from'),
    /** What was asked for, and the program that asked, as it calls itself. */
    lastUsedFor: text('last_used_for'),
    lastUsedBy: text('last_used_by'),
  },
  (table) => [index('api_keys_by_program').on(table.programId, table.keyId)],
);

/**
 * Sessions of the dashboard. A session is as good as the key it was opened with: it ends with the key, and
 * never has more scopes. `userAgent` may tell a person's machine; the row goes a week after its end.
 */
export const sessions = sqliteTable(
  'sessions',
  {
    sessionId: text('session_id').primaryKey(),
    /** SHA-256 of the cookie's secret. */
    hash: text('hash').notNull().unique(),
    /** Null for a system key's. */
    programId: text('program_id'),
    keyId: text('key_id').notNull(),
    /** Of the key when it was opened: the Worker's SYSTEM_KEY can change under the same id. */
    keyHash: text('key_hash').notNull(),
    /** Narrower than the key's where a link opened it; null for all of the key's. */
    scopes: text('scopes', { mode: 'json' }).$type<Scope[]>(),
    /** Who it is, in the audit log: the key's name, or whom the link was made for. */
    name: text('name').notNull(),
    /** Stands in every form; a page of another site cannot know it. */
    formToken: text('form_token').notNull(),
    userAgent: text('user_agent').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Brought up to date at most every few minutes. */
    seenAt: integer('seen_at').notNull(),
    /** Ends then whatever happens. */
    endsAt: integer('ends_at').notNull(),
  },
  (table) => [index('sessions_by_program').on(table.programId, table.sessionId)],
);

/** Single-use links into the dashboard, made by the program's own system for one of its people. */
export const portalLinks = sqliteTable(
  'portal_links',
  {
    /** SHA-256 of the link's code. */
    hash: text('hash').primaryKey(),
    programId: text('program_id').notNull(),
    keyId: text('key_id').notNull(),
    scopes: text('scopes', { mode: 'json' }).$type<Scope[]>().notNull(),
    name: text('name').notNull(),
    /** Where it leads, below the program's pages. */
    path: text('path').notNull(),
    endsAt: integer('ends_at').notNull(),
  },
  (table) => [index('portal_links_by_program').on(table.programId)],
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
