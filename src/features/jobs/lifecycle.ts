import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { jobRecipients, jobs } from './table.ts';

const dayMs = 86_400_000;

async function eraseObjects(ctx: Ctx, prefix: string): Promise<boolean> {
  const page = await ctx.objects.list(prefix, { limit: 1_000 });
  await ctx.objects.delete(page.objects.map((object) => object.key));
  return page.cursor === null;
}

async function eraseRows(ctx: Ctx, ids: string[]): Promise<void> {
  const list = sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  await commit(ctx.db, [
    ctx.db.delete(jobRecipients).where(sql`${jobRecipients.jobId} IN ${list}`),
    ctx.db.delete(jobs).where(sql`${jobs.jobId} IN ${list}`),
  ]);
}

export const jobsLifecycle: Lifecycle = {
  slice: 'jobs',
  async pins(ctx, programId, versionIds) {
    const list = sql`(SELECT value FROM json_each(${JSON.stringify(versionIds)}))`;
    const rows = await ctx.db
      .select({ versionId: jobs.versionId })
      .from(jobs)
      .where(and(eq(jobs.programId, programId), isNull(jobs.finishedAt), sql`${jobs.versionId} IN ${list}`));
    return rows.map((row) => row.versionId);
  },
  async deleted(ctx, programId) {
    const rows = await ctx.db
      .select({ jobId: jobs.jobId })
      .from(jobs)
      .where(eq(jobs.programId, programId))
      .limit(500);
    if (rows.length > 0) {
      await eraseRows(
        ctx,
        rows.map((row) => row.jobId),
      );
      return false;
    }
    const staged = await eraseObjects(ctx, `stage/${programId}/`);
    return (await eraseObjects(ctx, `changes/${programId}/`)) && staged;
  },
  async prune(ctx, programId, retention) {
    return (await pruneObjects(ctx, programId, retention)) + (await pruneRows(ctx, programId, retention));
  },
};

/** Jobs looked at in one go; the night's next turn sees the rest. */
const jobsAtOnce = 50;

/**
 * Objects of jobs that have passed their retention, and of jobs that are gone: found from the objects'
 * side, so that nothing is left behind whatever became of the rows.
 */
async function pruneObjects(ctx: Ctx, programId: string, retention: Record<string, number>): Promise<number> {
  return (
    (await pruneFolder(ctx, programId, `stage/${programId}/`, retention.staged ?? 7)) +
    (await pruneFolder(ctx, programId, `changes/${programId}/`, retention.beforeImages ?? 30))
  );
}

async function pruneFolder(ctx: Ctx, programId: string, folder: string, days: number): Promise<number> {
  const page = await ctx.objects.list(folder, { delimiter: '/', limit: 1_000 });
  const idOf = (prefix: string) => prefix.slice(folder.length, -1);
  const list = sql`(SELECT value FROM json_each(${JSON.stringify(page.prefixes.map(idOf))}))`;
  const rows = await ctx.db
    .select({ jobId: jobs.jobId, finishedAt: jobs.finishedAt })
    .from(jobs)
    .where(and(eq(jobs.programId, programId), sql`${jobs.jobId} IN ${list}`));
  const kept = new Set(
    rows.flatMap(({ jobId, finishedAt }) =>
      finishedAt === null || finishedAt >= ctx.now() - days * dayMs ? [jobId] : [],
    ),
  );
  const old = page.prefixes.filter((prefix) => !kept.has(idOf(prefix))).slice(0, jobsAtOnce);
  for (const prefix of old) await eraseObjects(ctx, prefix);
  return old.length;
}

async function pruneRows(ctx: Ctx, programId: string, retention: Record<string, number>): Promise<number> {
  const end = ctx.now() - (retention.jobs ?? 90) * dayMs;
  const rows = await ctx.db
    .select({ jobId: jobs.jobId })
    .from(jobs)
    .where(and(eq(jobs.programId, programId), isNotNull(jobs.finishedAt), lt(jobs.finishedAt, end)))
    .limit(200);
  if (rows.length > 0)
    await eraseRows(
      ctx,
      rows.map((row) => row.jobId),
    );
  return rows.length;
}
