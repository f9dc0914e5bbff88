import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { objectKeys } from './state.ts';
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

/** Staged rows and before-images of ended jobs, each by its own retention; `staged_until` remembers how far. */
async function pruneObjects(ctx: Ctx, programId: string, retention: Record<string, number>): Promise<number> {
  let pruned = 0;
  for (const [kind, days] of [
    ['staged', retention.staged ?? 7],
    ['changes', retention.beforeImages ?? 30],
  ] as const) {
    const end = ctx.now() - days * dayMs;
    const rows = await ctx.db
      .select({ jobId: jobs.jobId })
      .from(jobs)
      .where(
        and(
          eq(jobs.programId, programId),
          isNotNull(jobs.finishedAt),
          lt(jobs.finishedAt, end),
          // A job that ended earlier was pruned on the days before; the margin covers nights that were missed.
          sql`${jobs.finishedAt} > ${end - 14 * dayMs}`,
        ),
      )
      .limit(200);
    for (const { jobId } of rows) {
      const prefix =
        kind === 'staged' ? objectKeys.prefix(programId, jobId) : objectKeys.changesPrefix(programId, jobId);
      const page = await ctx.objects.list(prefix, { limit: 1_000 });
      if (page.objects.length === 0) continue;
      await ctx.objects.delete(page.objects.map((object) => object.key));
      pruned += page.objects.length;
    }
  }
  return pruned;
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
