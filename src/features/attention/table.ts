import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const audiences = ['program', 'staff', 'both'] as const;
export type Audience = (typeof audiences)[number];

/** What people make of an open problem: somebody has it in hand, or nobody wants to see it until it is mended. */
export const problemStates = ['open', 'acknowledged', 'ignored'] as const;
export type ProblemState = (typeof problemStates)[number];

/** One row per problem that needs a person; open while `endedAt` is null. */
export const attention = sqliteTable(
  'attention',
  {
    attentionId: text('attention_id').primaryKey(),
    /** Empty for problems of the hub as a whole. */
    programId: text('program_id').notNull(),
    /** `job_failed`, `delivery_exhausted` … */
    kind: text('kind').notNull(),
    /** The id or name of what has the problem; one open row per (program, kind, subject). */
    subject: text('subject').notNull(),
    audience: text('audience', { enum: audiences }).notNull(),
    /** What is wrong, for a person; no values from rows. */
    message: text('message').notNull(),
    /** What happens next by itself, or who has to do what. */
    nextStep: text('next_step').notNull(),
    since: integer('since').notNull(),
    lastAt: integer('last_at').notNull(),
    /** How often it has happened while open. */
    count: integer('count').notNull(),
    traceId: text('trace_id'),
    endedAt: integer('ended_at'),
    /** When alerts took it up; null until then. */
    alertedAt: integer('alerted_at'),
    state: text('state', { enum: problemStates }).notNull().default('open'),
    /** Who said so, and when; null while it is `open`. */
    stateBy: text('state_by'),
    stateAt: integer('state_at'),
  },
  (table) => [
    uniqueIndex('attention_open').on(table.programId, table.kind, table.subject).where(sql`ended_at IS NULL`),
    index('attention_unalerted').on(table.since).where(sql`alerted_at IS NULL`),
    index('attention_ended').on(table.programId, table.endedAt),
  ],
);
