import { and, eq, isNull, lt, or } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { apiKeys } from './table.ts';

/** A key's use is written down so often at most. */
const notedEveryMs = 3_600_000;

/** When this isolate last had a key's use written down; of very many it begins anew. */
const noted = new Map<string, number>();
const notedAtMost = 5_000;

/**
 * Across tenants, for the doors: that a key was used, when, from where, for what and by what. One row written an
 * hour and key, after the answer; the other isolates' statements find it written and change nothing.
 */
export function noteKeyUse(ctx: Ctx, use: { from: string; for: string; by: string }): void {
  const { actor } = ctx;
  if (actor.kind !== 'program' || actor.session !== undefined) return;
  const { keyId } = actor;
  const at = ctx.now();
  if ((noted.get(keyId) ?? 0) > at - notedEveryMs) return;
  if (noted.size >= notedAtMost) noted.clear();
  noted.set(keyId, at);
  const isOld = or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, at - notedEveryMs));
  ctx.after(
    ctx.db
      .update(apiKeys)
      .set({
        lastUsedAt: at,
        lastUsedFrom: use.from.slice(0, 60),
        lastUsedFor: use.for.slice(0, 200),
        lastUsedBy: use.by.slice(0, 120),
      })
      .where(and(eq(apiKeys.keyId, keyId), isOld))
      .run(),
  );
}
