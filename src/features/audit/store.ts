import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm';
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

/**
 * The log of a deleted program stays until the hub's own retention ends: who deleted it is in there. It
 * becomes the hub's, so that a later program under the same id does not read it.
 */
export const auditLifecycle: Lifecycle = {
  slice: 'audit',
  async deleted(ctx, programId) {
    const some = ctx.db
      .select({ auditId: auditLog.auditId })
      .from(auditLog)
      .where(eq(auditLog.programId, programId))
      .limit(erasedAtOnce);
    const done = await ctx.db
      .update(auditLog)
      .set({ programId: '', detail: sql`json_set(${auditLog.detail}, '$.programId', ${programId})` })
      .where(inArray(auditLog.auditId, some));
    return done.meta.changes < erasedAtOnce;
  },
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
