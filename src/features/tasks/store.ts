import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { matchesName } from './policy.ts';
import type { TaskDefinition } from './schema.ts';
import { tasks } from './table.ts';

export type Task = typeof tasks.$inferSelect;

export async function findTask(ctx: Ctx, programId: string, job: string): Promise<Task | null> {
  const [row] = await ctx.db
    .select()
    .from(tasks)
    .where(and(eq(tasks.programId, programId), eq(tasks.job, job)))
    .limit(1);
  return row ?? null;
}

export function listTasks(ctx: Ctx, programId: string, after: string, limit: number): Promise<Task[]> {
  return ctx.db
    .select()
    .from(tasks)
    .where(and(eq(tasks.programId, programId), gt(tasks.job, after)))
    .orderBy(asc(tasks.job))
    .limit(limit);
}

const startedAtOnce = 20;

/** Tasks that a file of this name starts by arriving in the folder. */
export async function tasksStartedBy(
  ctx: Ctx,
  programId: string,
  folder: string,
  filename: string,
): Promise<Task[]> {
  const started = sql`json_extract(${tasks.definition}, '$.startOnDrop') IS NOT NULL
    AND json_extract(${tasks.definition}, '$.folder') = ${folder}`;
  const rows = await ctx.db
    .select()
    .from(tasks)
    .where(and(eq(tasks.programId, programId), started))
    .orderBy(asc(tasks.job));
  return rows
    .filter(({ definition }) => matchesName(definition.startOnDrop?.filename ?? '', filename))
    .slice(0, startedAtOnce);
}

/** The names alone, for the sentence that tells a caller which jobs there are. */
export async function listJobNames(ctx: Ctx, programId: string): Promise<string[]> {
  return (await listTasks(ctx, programId, '', 50)).map((task) => task.job);
}

export function saveTask(ctx: Ctx, programId: string, job: string, definition: TaskDefinition): Statement {
  const at = ctx.now();
  const row = { programId, job, dataset: definition.dataset, definition, createdAt: at, updatedAt: at };
  return ctx.db
    .insert(tasks)
    .values(row)
    .onConflictDoUpdate({
      target: [tasks.programId, tasks.job],
      set: { dataset: definition.dataset, definition, updatedAt: at },
    });
}

/** What `removeTask` would remove, as a condition of what is on record of it. */
export const isTask = (programId: string, job: string) =>
  sql`EXISTS (SELECT 1 FROM tasks WHERE program_id = ${programId} AND job = ${job})`;

export function removeTask(ctx: Ctx, programId: string, job: string): Statement {
  return ctx.db.delete(tasks).where(and(eq(tasks.programId, programId), eq(tasks.job, job)));
}

/** Of a monitor's row: there is such a task. */
export const watchedTask = sql`EXISTS (SELECT 1 FROM tasks AS t
  WHERE t.program_id = monitors.program_id AND t.job = monitors.watch_ref)`;

export const tasksLifecycle: Lifecycle = {
  slice: 'tasks',
  async deleted(ctx, programId) {
    await ctx.db.delete(tasks).where(eq(tasks.programId, programId));
    return true;
  },
};
