import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { TaskDefinition } from './schema.ts';

/** What a job does with a file. */
export const tasks = sqliteTable(
  'tasks',
  {
    programId: text('program_id').notNull(),
    /** The name callers post to: `/api/webhook/{job}`. */
    job: text('job').notNull(),
    dataset: text('dataset').notNull(),
    definition: text('definition', { mode: 'json' }).$type<TaskDefinition>().notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.programId, table.job] })],
);
