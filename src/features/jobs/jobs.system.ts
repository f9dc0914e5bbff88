import { and, asc, eq, isNotNull, lte } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Job } from './store.ts';
import { jobs } from './table.ts';

/** Across tenants, for the queue: a message carries the id alone. */
export async function findAnyJob(ctx: Ctx, jobId: string): Promise<Job | null> {
  const [row] = await ctx.db.select().from(jobs).where(eq(jobs.jobId, jobId)).limit(1);
  return row ?? null;
}

/** Across tenants, for a system key that names a job alone. */
export async function programOfJob(ctx: Ctx, jobId: string): Promise<string | null> {
  return (await findAnyJob(ctx, jobId))?.programId ?? null;
}

/** Across tenants, for the sweeper: jobs about which something should have been done by now. */
export async function listDueJobs(ctx: Ctx, limit: number): Promise<string[]> {
  const rows = await ctx.db
    .select({ jobId: jobs.jobId })
    .from(jobs)
    .where(and(isNotNull(jobs.wakeAt), lte(jobs.wakeAt, ctx.now())))
    .orderBy(asc(jobs.wakeAt))
    .limit(limit);
  return rows.map((row) => row.jobId);
}
