import { and, asc, eq, isNotNull, isNull, lte } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { externalSources, flows } from './table.ts';

/** Across tenants, for a system key that names a flow alone. */
export async function programOfAnyFlow(ctx: Ctx, flowId: number): Promise<string | null> {
  const [row] = await ctx.db
    .select({ programId: flows.programId })
    .from(flows)
    .where(and(eq(flows.flowId, flowId), isNull(flows.deletedAt)))
    .limit(1);
  return row?.programId ?? null;
}

export interface OverdueSource {
  programId: string;
  flowId: number;
  sourceId: number;
  reference: string;
  requestId: string | null;
  traceId: string | null;
}

/** Across tenants, for the cron: sources that have waited too long, longest first. */
export function listOverdueSources(ctx: Ctx, limit: number): Promise<OverdueSource[]> {
  return ctx.db
    .select({
      programId: externalSources.programId,
      flowId: externalSources.flowId,
      sourceId: externalSources.sourceId,
      reference: externalSources.reference,
      requestId: externalSources.requestId,
      traceId: externalSources.traceId,
    })
    .from(externalSources)
    .where(and(isNotNull(externalSources.deadlineAt), lte(externalSources.deadlineAt, ctx.now())))
    .orderBy(asc(externalSources.deadlineAt))
    .limit(limit);
}

/** Across tenants, for the cron: deleted flows whose rows are still to be erased. */
export function listDeletedFlows(ctx: Ctx, limit: number): Promise<{ programId: string; flowId: number }[]> {
  return ctx.db
    .select({ programId: flows.programId, flowId: flows.flowId })
    .from(flows)
    .where(isNotNull(flows.deletedAt))
    .orderBy(asc(flows.deletedAt))
    .limit(limit);
}
