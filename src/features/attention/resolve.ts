import { and, eq, isNull, ne } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { attention } from './table.ts';

/** Ends a problem because a person says so, on record. Throws `not_found` for one that is not open, or not theirs. */
export async function resolveProblem(ctx: Ctx, programId: string, attentionId: string): Promise<void> {
  const [row] = await ctx.db
    .select()
    .from(attention)
    .where(
      and(
        eq(attention.attentionId, attentionId),
        eq(attention.programId, programId),
        isNull(attention.endedAt),
        // What only staff are shown, only staff close.
        ctx.actor.kind === 'system' ? undefined : ne(attention.audience, 'staff'),
      ),
    )
    .limit(1);
  if (!row) throw new AppError('not_found', 'There is no such open problem.');
  await commit(ctx.db, [
    ctx.db
      .update(attention)
      .set({ endedAt: ctx.now() })
      .where(and(eq(attention.attentionId, attentionId), isNull(attention.endedAt))),
    recordAudit(ctx, {
      programId,
      action: 'problem.resolved',
      target: attentionId,
      detail: { kind: row.kind, subject: row.subject },
    }),
  ]);
}
