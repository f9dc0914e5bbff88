import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { auditLog } from './table.ts';

const erasedAtOnce = 500;

export function listAudit(ctx: Ctx, programId: string, before: string | null, limit: number) {
  const ofProgram = eq(auditLog.programId, programId);
  return ctx.db
    .select()
    .from(auditLog)
    .where(before === null ? ofProgram : and(ofProgram, lt(auditLog.auditId, before)))
    .orderBy(desc(auditLog.auditId))
    .limit(limit);
}

/** The log of a deleted program stays until its retention ends: who deleted it is in there. */
export const auditLifecycle: Lifecycle = {
  slice: 'audit',
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.audit ?? 730) * 86_400_000;
    const old = ctx.db
      .select({ auditId: auditLog.auditId })
      .from(auditLog)
      .where(and(eq(auditLog.programId, programId), lt(auditLog.at, before)))
      .limit(erasedAtOnce);
    const done = await ctx.db.delete(auditLog).where(inArray(auditLog.auditId, old));
    return done.meta.changes;
  },
};
