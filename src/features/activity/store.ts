import { and, desc, eq, gte, lt } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { activityDays, activityKinds, cronRuns } from './table.ts';

export type ActivityDay = typeof activityDays.$inferSelect;

/** The latest days, the newest first: at most a row for each day and kind. */
export function listActivity(ctx: Ctx, programId: string, sinceDay: string): Promise<ActivityDay[]> {
  return ctx.db
    .select()
    .from(activityDays)
    .where(and(eq(activityDays.programId, programId), gte(activityDays.day, sinceDay)))
    .orderBy(desc(activityDays.day))
    .limit(100 * activityKinds.length);
}

/** The statement that keeps what a cron's run did, over what its run before did. */
export function noteCronRun(ctx: Ctx, run: typeof cronRuns.$inferInsert): Statement {
  return ctx.db.insert(cronRuns).values(run).onConflictDoUpdate({ target: cronRuns.cron, set: run });
}

export function listCronRuns(ctx: Ctx): Promise<(typeof cronRuns.$inferSelect)[]> {
  return ctx.db.select().from(cronRuns).orderBy(cronRuns.cron).limit(20);
}

export const activityLifecycle: Lifecycle = {
  slice: 'activity',
  async deleted(ctx, programId) {
    await ctx.db.delete(activityDays).where(eq(activityDays.programId, programId));
    return true;
  },
  /** The figures outlive what they count only as long as a chart shows them. */
  async prune(ctx, programId, retention) {
    const before = new Date(ctx.now() - Math.max(30, retention.jobs ?? 90) * 86_400_000);
    const done = await ctx.db
      .delete(activityDays)
      .where(
        and(eq(activityDays.programId, programId), lt(activityDays.day, before.toISOString().slice(0, 10))),
      );
    return done.meta.changes;
  },
};
