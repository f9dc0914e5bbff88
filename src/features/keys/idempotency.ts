import { eq, inArray, lt, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { idempotencyKeys } from './table.ts';

const keptMs = 24 * 3_600_000;
const runsMs = 60_000;

export type IdempotencyClaim =
  | { kind: 'first' }
  | { kind: 'running' }
  | { kind: 'mismatch' }
  | { kind: 'answered'; status: number; headers: Record<string, string>; body: string };

/** Takes a key for this request, or says what the first one with it came to. */
export async function claimIdempotencyKey(ctx: Ctx, id: string, bodyHash: string): Promise<IdempotencyClaim> {
  const now = ctx.now();
  const fresh = {
    bodyHash,
    status: null,
    headers: null,
    body: null,
    createdAt: now,
    runsUntil: now + runsMs,
  };
  const taken = await ctx.db
    .insert(idempotencyKeys)
    .values({ id, ...fresh })
    .onConflictDoUpdate({
      target: idempotencyKeys.id,
      set: fresh,
      // Free again: older than a day, or left behind by a request that died.
      setWhere: sql`${idempotencyKeys.createdAt} <= ${now - keptMs}
        OR (${idempotencyKeys.status} IS NULL AND ${idempotencyKeys.runsUntil} <= ${now}
            AND ${idempotencyKeys.bodyHash} = ${bodyHash})`,
    })
    .returning({ id: idempotencyKeys.id });
  if (taken.length > 0) return { kind: 'first' };
  const [row] = await ctx.db.select().from(idempotencyKeys).where(eq(idempotencyKeys.id, id)).limit(1);
  if (!row) return { kind: 'running' };
  if (row.bodyHash !== bodyHash) return { kind: 'mismatch' };
  if (row.status === null) return { kind: 'running' };
  return { kind: 'answered', status: row.status, headers: row.headers ?? {}, body: row.body ?? '' };
}

export async function completeIdempotencyKey(
  ctx: Ctx,
  id: string,
  answer: { status: number; headers: Record<string, string>; body: string },
): Promise<void> {
  await ctx.db.update(idempotencyKeys).set(answer).where(eq(idempotencyKeys.id, id));
}

export async function releaseIdempotencyKey(ctx: Ctx, id: string): Promise<void> {
  await ctx.db.delete(idempotencyKeys).where(eq(idempotencyKeys.id, id));
}

/** Removes keys older than a day, a bounded part; the number removed. */
export async function pruneIdempotencyKeys(ctx: Ctx): Promise<number> {
  const old = ctx.db
    .select({ id: idempotencyKeys.id })
    .from(idempotencyKeys)
    .where(lt(idempotencyKeys.createdAt, ctx.now() - keptMs))
    .limit(1_000);
  const done = await ctx.db.delete(idempotencyKeys).where(inArray(idempotencyKeys.id, old));
  return done.meta.changes;
}
