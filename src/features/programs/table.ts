import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export interface Contacts {
  emails: string[];
  webhook: string | null;
}

/** Days each kind of thing is kept. */
export interface Retention {
  files: number;
  staged: number;
  beforeImages: number;
  events: number;
  deliveries: number;
  jobs: number;
  exports: number;
  audit: number;
}

export interface NightlySync {
  enabled: boolean;
  atLocalTime: string;
}

/** A tenant. Contacts and staff are people's addresses: erased with the program, or by changing them. */
export const programs = sqliteTable(
  'programs',
  {
    /** As it was first written. */
    programId: text('program_id').primaryKey(),
    /** In lower case: two programs may not differ by case alone, and a look-up ignores it. */
    foldedId: text('folded_id').notNull().unique(),
    name: text('name').notNull(),
    /** IANA name. */
    timeZone: text('time_zone').notNull(),
    contacts: text('contacts', { mode: 'json' }).$type<Contacts>().notNull(),
    /** Null: the hub's own staff. */
    staff: text('staff', { mode: 'json' }).$type<Contacts>(),
    retention: text('retention', { mode: 'json' }).$type<Retention>().notNull(),
    nightlySync: text('nightly_sync', { mode: 'json' }).$type<NightlySync>().notNull(),
    learningBuilderUrl: text('learning_builder_url'),
    /** Sealed. */
    learningBuilderKey: text('learning_builder_key'),
    /** The name the S3 door shows: `private-` and the program's id made legal, unique. */
    bucket: text('bucket').notNull().unique(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** Set while its objects and rows are being erased; a program with it answers 404. */
    deletedAt: integer('deleted_at'),
    /** Since when its retention is to be looked after; null once that is done for the night. */
    pruneDueAt: integer('prune_due_at'),
  },
  (table) => [
    index('programs_prune_due').on(table.pruneDueAt).where(sql`prune_due_at IS NOT NULL`),
    index('programs_deleting').on(table.deletedAt).where(sql`deleted_at IS NOT NULL`),
  ],
);

/** Where the test clock stands and which faults are switched on. One row; written in development only. */
export const devSwitches = sqliteTable('dev_switches', {
  id: integer('id').primaryKey(),
  clockOffsetMs: integer('clock_offset_ms').notNull(),
  /** 1: queues lose every message. 2: each comes three times, in any order. */
  queueFault: integer('lose_queue_messages').notNull(),
});
