import { and, asc, eq, isNotNull, lte, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Export, Run } from './store.ts';
import { exportRuns, exports } from './table.ts';

/** Across tenants, for the queue: a message carries the id alone. */
export async function findAnyRun(ctx: Ctx, runId: string): Promise<Run | null> {
  const [row] = await ctx.db.select().from(exportRuns).where(eq(exportRuns.runId, runId)).limit(1);
  return row ?? null;
}

/**
 * Across tenants, for the minute's cron: active exports whose time has come, or whose program has changed
 * its zone since that was worked out.
 */
export function listDueExports(ctx: Ctx, limit: number): Promise<Export[]> {
  return ctx.db
    .select()
    .from(exports)
    .where(
      and(
        eq(exports.active, true),
        sql`${exports.deletedAt} IS NULL`,
        sql`(${exports.nextDueAt} <= ${ctx.now()} OR (${exports.timeZone} IS NULL AND ${exports.dueZone} <>
          (SELECT time_zone FROM programs WHERE programs.program_id = ${exports.programId})))`,
      ),
    )
    .orderBy(asc(exports.nextDueAt))
    .limit(limit);
}

/** Across tenants, for the sweeper: runs about which something should have been done by now. */
export function listDueRuns(ctx: Ctx, limit: number): Promise<Run[]> {
  return ctx.db
    .select()
    .from(exportRuns)
    .where(and(isNotNull(exportRuns.wakeAt), lte(exportRuns.wakeAt, ctx.now())))
    .orderBy(asc(exportRuns.wakeAt))
    .limit(limit);
}

/** Across tenants, for the cron: exports whose erasure is under way. */
export function listDeletedExports(ctx: Ctx, limit: number): Promise<Export[]> {
  return ctx.db.select().from(exports).where(isNotNull(exports.deletedAt)).limit(limit);
}
