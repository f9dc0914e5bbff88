import { and, desc, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { auditLog } from './table.ts';

const erasedAtOnce = 500;

export type AuditEntry = typeof auditLog.$inferSelect;

export interface AuditFilter {
  /** Any part of the actor: a key id, or a person's name. */
  actor?: string | undefined;
  /** The whole, or what it begins with where it ends in a dot: `webhook.`. */
  action?: string | undefined;
  target?: string | undefined;
}

/** Entries that one page of a filter looks at. */
const lookedAt = 2_000;

/**
 * The log, newest first. With a filter those of the next 2,000 entries that match, and the id of the last one
 * looked at, null at the log's beginning: indexes by person and object would cost each act two rows more.
 */
export async function listAudit(
  ctx: Ctx,
  programId: string,
  filter: AuditFilter,
  before: string | null,
  limit: number,
): Promise<{ rows: AuditEntry[]; lookedTo: string | null }> {
  const { actor, action, target } = filter;
  const stretch = and(
    eq(auditLog.programId, programId),
    before === null ? undefined : lt(auditLog.auditId, before),
  );
  const wanted = and(
    actor === undefined ? undefined : sql`instr(lower(${auditLog.actor}), ${actor.toLowerCase()}) > 0`,
    action === undefined
      ? undefined
      : action.endsWith('.')
        ? sql`substr(${auditLog.action}, 1, ${action.length}) = ${action}`
        : eq(auditLog.action, action),
    target === undefined ? undefined : eq(auditLog.target, target),
  );
  const [end] = wanted
    ? await ctx.db.all<{ auditId: string }>(sql`SELECT audit_id AS auditId FROM
        (SELECT audit_id, row_number() OVER (ORDER BY audit_id DESC) AS place FROM audit_log WHERE ${stretch}
          ORDER BY audit_id DESC LIMIT ${lookedAt}) WHERE place = ${lookedAt}`)
    : [];
  const rows = await ctx.db
    .select()
    .from(auditLog)
    .where(and(stretch, end && gte(auditLog.auditId, end.auditId), wanted))
    .orderBy(desc(auditLog.auditId))
    .limit(limit);
  return { rows, lookedTo: end?.auditId ?? null };
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
