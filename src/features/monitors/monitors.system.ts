import { and, asc, isNotNull, lte } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Monitor } from './store.ts';
import { monitors } from './table.ts';

/** Across tenants, for the minute's step: monitors that something is to be concluded of. */
export function listDueMonitors(ctx: Ctx, limit: number): Promise<Monitor[]> {
  return ctx.db
    .select()
    .from(monitors)
    .where(and(isNotNull(monitors.checkAt), lte(monitors.checkAt, ctx.now())))
    .orderBy(asc(monitors.checkAt))
    .limit(limit);
}
