import { and, asc, eq, isNull } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { attention } from './table.ts';

export type OpenProblem = typeof attention.$inferSelect;

/** Across tenants, for the operator, who names a problem alone: whose it is; '' for the hub's own. */
export async function programOfProblem(ctx: Ctx, attentionId: string): Promise<string> {
  const [row] = await ctx.db
    .select({ programId: attention.programId })
    .from(attention)
    .where(eq(attention.attentionId, attentionId))
    .limit(1);
  return row?.programId ?? '';
}

/** Across tenants, for alerts: problems nobody was told of, oldest first, and the statement that takes one up. */
export async function takeUnalerted(
  ctx: Ctx,
  limit: number,
): Promise<{ problem: OpenProblem; taken: Statement }[]> {
  const rows = await ctx.db
    .select()
    .from(attention)
    .where(isNull(attention.alertedAt))
    .orderBy(asc(attention.since))
    .limit(limit);
  return rows.map((problem) => ({
    problem,
    taken: ctx.db
      .update(attention)
      .set({ alertedAt: ctx.now() })
      .where(and(eq(attention.attentionId, problem.attentionId), isNull(attention.alertedAt))),
  }));
}
