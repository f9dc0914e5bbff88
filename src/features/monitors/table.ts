import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const watchKinds = ['task', 'export', 'subscription'] as const;
export type WatchKind = (typeof watchKinds)[number];

/** A time that passed without a success; `endedAt` is when one came after all, null while none has. */
export interface MissedTime {
  dueAt: number;
  endedAt: number | null;
  snoozed: boolean;
}

/** Dead man's switches: what must succeed by when. `checkAt` is the intent to look; the sweeper finds it. */
export const monitors = sqliteTable(
  'monitors',
  {
    programId: text('program_id').notNull(),
    name: text('name').notNull(),
    watchKind: text('watch_kind', { enum: watchKinds }).notNull(),
    /** The task's or the export's name or id, or the publisher's program. */
    watchRef: text('watch_ref').notNull(),
    /** A success at least so often; or null. */
    everyHours: integer('every_hours'),
    /** A success each day by this time in the program's zone; or null. */
    byLocalTime: text('by_local_time'),
    graceMinutes: integer('grace_minutes').notNull(),
    /** Asked after each success, for a dead man's switch elsewhere. May hold that service's secret. */
    pingUrl: text('ping_url'),
    lastSuccessAt: integer('last_success_at'),
    /** The success that was last drawn a conclusion from. */
    notedSuccessAt: integer('noted_success_at'),
    /** When it counts as silent, without a success until then. */
    dueAt: integer('due_at').notNull(),
    /** Since when it is silent; told once. */
    silentSince: integer('silent_since'),
    checkAt: integer('check_at'),
    /** Silence is told to nobody until then, because somebody knows of it; null: it is told. */
    snoozedUntil: integer('snoozed_until'),
    snoozeReason: text('snooze_reason'),
    snoozedBy: text('snoozed_by'),
    /** The latest thirty times that passed without a success, the newest first. */
    missed: text('missed', { mode: 'json' }).$type<MissedTime[]>().notNull().default([]),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.programId, table.name] }),
    index('monitors_watching').on(table.programId, table.watchKind, table.watchRef),
    index('monitors_check').on(table.checkAt).where(sql`check_at IS NOT NULL`),
  ],
);
