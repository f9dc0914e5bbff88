import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import type { EndpointState } from './schema.ts';

/** Secrets that sign webhooks: a program's notification secret, and each endpoint's own. */
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

/** What seals these: table, row and column. */
export const secretIdentity = (secretId: string) => `signing_secrets:${secretId}:secret`;
export const headersIdentity = (endpointId: string) => `webhook_endpoints:${endpointId}:headers`;

/** Where a program wants to be called, and about what. A URL's path may be a secret of its receiver. */
export const webhookEndpoints = sqliteTable(
  'webhook_endpoints',
  {
    endpointId: text('endpoint_id').primaryKey(),
    programId: text('program_id').notNull(),
    /** Its number in its program, never given twice while the program lives: deliveries are named by it. */
    slot: integer('slot').notNull(),
    url: text('url').notNull(),
    /** Patterns of message types, as SQLite's GLOB reads them: `job.*`. */
    events: text('events', { mode: 'json' }).$type<string[]>().notNull(),
    /** Category values; null for all. */
    categories: text('categories', { mode: 'json' }).$type<string[]>(),
    description: text('description').notNull(),
    state: text('state').$type<EndpointState>().notNull(),
    /** Why it stands so, where the hub or a person said why. */
    stateReason: text('state_reason'),
    /** Since when it is in this state. */
    stateAt: integer('state_at').notNull(),
    /** A JSON object, sealed under `webhook_endpoints:{endpointId}:headers`. */
    headers: text('headers'),
    /** Their names alone, for people. */
    headerNames: text('header_names', { mode: 'json' }).$type<string[]>().notNull(),
    rateLimitPerSecond: integer('rate_limit_per_second'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Set on what was deleted: its past can still be asked for. */
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('webhook_endpoints_slot').on(table.programId, table.slot),
    index('webhook_endpoints_live').on(table.programId, table.endpointId).where(sql`deleted_at IS NULL`),
  ],
);

/** What an endpoint wanted, and since when: "why did it not get that?" is answered from here. */
export const webhookEndpointChanges = sqliteTable(
  'webhook_endpoint_changes',
  {
    endpointId: text('endpoint_id').notNull(),
    /** Counts an endpoint's changes from 1. */
    version: integer('version').notNull(),
    programId: text('program_id').notNull(),
    /** From then until the next version. */
    at: integer('at').notNull(),
    events: text('events', { mode: 'json' }).$type<string[]>().notNull(),
    categories: text('categories', { mode: 'json' }).$type<string[]>(),
    /** Or `deleted`. */
    state: text('state').$type<EndpointState | 'deleted'>().notNull(),
    reason: text('reason'),
  },
  (table) => [
    primaryKey({ columns: [table.endpointId, table.version] }),
    index('webhook_endpoint_changes_by_program').on(table.programId),
  ],
);
