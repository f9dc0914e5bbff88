import { and, asc, eq, isNull, lte, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { type Audience, attention } from './table.ts';

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

/** Problems of one kind, program and audience that nobody was told of. */
export interface UntoldProblems {
  /** The oldest of them; at least one. */
  problems: [OpenProblem, ...OpenProblem[]];
  /** How many there are. */
  count: number;
  /** The statement that takes up all of them. */
  taken: Statement;
}

/** What a receiver that is down causes by the hundred is told once, and then of at most so often. */
const quiet = { kind: 'delivery_exhausted', ms: 3_600_000 };

/**
 * Across tenants, for alerts: what nobody was told of, many of a kind together, the longest waiting first. So a
 * program with very many problems costs the others neither their turn nor the day's mails.
 */
export async function takeUntold(
  ctx: Ctx,
  limits: { groups: number; problems: number },
): Promise<UntoldProblems[]> {
  const at = ctx.now();
  const groups = await ctx.db.all<{
    programId: string;
    kind: string;
    audience: Audience;
    count: number;
    latest: number;
  }>(sql`SELECT program_id AS programId, kind, audience, count(*) AS count, max(since) AS latest
    FROM attention AS a WHERE alerted_at IS NULL GROUP BY program_id, kind, audience
    HAVING kind <> ${quiet.kind} OR NOT EXISTS (SELECT 1 FROM attention AS told
      WHERE told.program_id = a.program_id AND told.kind = a.kind AND told.audience = a.audience
        AND told.alerted_at > ${at - quiet.ms} AND told.alerted_at > told.since)
    ORDER BY min(since) LIMIT ${limits.groups}`);
  const untold: UntoldProblems[] = [];
  for (const { programId, kind, audience, count, latest } of groups) {
    const ofGroup = and(
      isNull(attention.alertedAt),
      eq(attention.programId, programId),
      eq(attention.kind, kind),
      eq(attention.audience, audience),
      lte(attention.since, latest),
    );
    const [first, ...others] = await ctx.db
      .select()
      .from(attention)
      .where(ofGroup)
      .orderBy(asc(attention.since), asc(attention.attentionId))
      .limit(limits.problems);
    if (!first) continue;
    const taken = ctx.db.update(attention).set({ alertedAt: at }).where(ofGroup);
    untold.push({ problems: [first, ...others], count, taken });
  }
  return untold;
}
