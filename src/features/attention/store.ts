import { and, desc, eq, inArray, isNotNull, isNull, lt, ne, type SQL, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { type Audience, attention, type ProblemState } from './table.ts';

export interface Problem {
  programId: string;
  kind: string;
  subject: string;
  audience: Audience;
  message: string;
  nextStep: string;
  traceId?: string | null;
  /** Shown, but told to nobody: an alert that failed must not alert for ever. */
  silent?: boolean;
}

/** The statement that opens a problem, or counts it once more; it joins the state change that causes it. */
export function raiseAttention(ctx: Ctx, problem: Problem): Statement {
  const at = ctx.now();
  return ctx.db
    .insert(attention)
    .values({
      attentionId: newId('prb', at),
      programId: problem.programId,
      kind: problem.kind,
      subject: problem.subject,
      audience: problem.audience,
      message: problem.message,
      nextStep: problem.nextStep,
      traceId: problem.traceId ?? null,
      since: at,
      lastAt: at,
      count: 1,
      endedAt: null,
      alertedAt: problem.silent ? at : null,
    })
    .onConflictDoUpdate({
      target: [attention.programId, attention.kind, attention.subject],
      targetWhere: sql`ended_at IS NULL`,
      set: {
        lastAt: at,
        count: sql`${attention.count} + 1`,
        message: problem.message,
        nextStep: problem.nextStep,
      },
    });
}

/**
 * The statement that ends a problem; it joins the state change that mends it. Nothing open: no change. `when`
 * is asked inside the transaction, where only that can tell whether the problem is over.
 */
export function endAttention(
  ctx: Ctx,
  programId: string,
  kind: string,
  subject: string,
  when?: SQL,
): Statement {
  return ctx.db
    .update(attention)
    .set({ endedAt: ctx.now() })
    .where(
      and(
        eq(attention.programId, programId),
        eq(attention.kind, kind),
        eq(attention.subject, subject),
        isNull(attention.endedAt),
        when,
      ),
    );
}

/** The same for many of a kind at once. */
export function endAttentionOf(ctx: Ctx, programId: string, kind: string, subjects: string[]): Statement {
  return ctx.db
    .update(attention)
    .set({ endedAt: ctx.now() })
    .where(
      and(
        eq(attention.programId, programId),
        eq(attention.kind, kind),
        sql`${attention.subject} IN (SELECT value FROM json_each(${JSON.stringify(subjects)}))`,
        isNull(attention.endedAt),
      ),
    );
}

export type OpenAttention = typeof attention.$inferSelect;

/** An open problem, if it is there for whoever asks. */
export function openProblem(ctx: Ctx, programId: string, attentionId: string): Promise<OpenAttention[]> {
  return ctx.db
    .select()
    .from(attention)
    .where(
      and(
        eq(attention.attentionId, attentionId),
        eq(attention.programId, programId),
        isNull(attention.endedAt),
        // What only staff are shown, only staff handle.
        ctx.actor.kind === 'system' ? undefined : ne(attention.audience, 'staff'),
      ),
    )
    .limit(1);
}

/** Without a state those that are open or acknowledged; ignored ones are asked for. */
export function listOpenAttention(
  ctx: Ctx,
  programId: string,
  before: string | null,
  limit: number,
  forStaff: boolean,
  state?: ProblemState,
): Promise<OpenAttention[]> {
  const conditions = [
    eq(attention.programId, programId),
    isNull(attention.endedAt),
    state === undefined ? ne(attention.state, 'ignored') : eq(attention.state, state),
  ];
  if (before !== null) conditions.push(lt(attention.attentionId, before));
  if (!forStaff) conditions.push(inArray(attention.audience, ['program', 'both']));
  return ctx.db
    .select()
    .from(attention)
    .where(and(...conditions))
    .orderBy(desc(attention.attentionId))
    .limit(limit);
}

export const attentionLifecycle: Lifecycle = {
  slice: 'attention',
  async deleted(ctx, programId) {
    const rows = ctx.db
      .select({ id: attention.attentionId })
      .from(attention)
      .where(eq(attention.programId, programId))
      .limit(500);
    const done = await ctx.db.delete(attention).where(inArray(attention.attentionId, rows));
    return done.meta.changes === 0;
  },
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.jobs ?? 90) * 86_400_000;
    const rows = ctx.db
      .select({ id: attention.attentionId })
      .from(attention)
      .where(
        and(eq(attention.programId, programId), isNotNull(attention.endedAt), lt(attention.endedAt, before)),
      )
      .limit(500);
    const done = await ctx.db.delete(attention).where(inArray(attention.attentionId, rows));
    return done.meta.changes;
  },
};
