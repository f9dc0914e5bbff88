import { and, asc, gt, isNotNull, isNull } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Program } from './store.ts';
import { programs } from './table.ts';

/** Across tenants, for system keys and the cron: programs in the order of their ids, after `after`. */
export function livePrograms(ctx: Ctx, after: string, limit: number): Promise<Program[]> {
  return ctx.db
    .select()
    .from(programs)
    .where(and(isNull(programs.deletedAt), gt(programs.programId, after)))
    .orderBy(asc(programs.programId))
    .limit(limit);
}

/** Across tenants, for the cron: programs whose erasure is under way. */
export function deletingPrograms(ctx: Ctx, limit: number): Promise<Program[]> {
  return ctx.db.select().from(programs).where(isNotNull(programs.deletedAt)).limit(limit);
}
