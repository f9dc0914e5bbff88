import { eq } from 'drizzle-orm';
import type { Actor, Ctx } from '../../context.ts';
import { equalsConstantTime, sha256Hex } from '../../platform/encoding.ts';
import { apiKeys } from './table.ts';

/** Across tenants, for authentication: who a key makes its bearer, or null. Asked anew for each request, so
 * that a revoked key is dead at once. */
export async function actorOfKey(ctx: Ctx, key: string, keyId?: string): Promise<Actor | null> {
  if (key.length < 20 || key.length > 200) return null;
  if (await equalsConstantTime(key, ctx.config.SYSTEM_KEY)) {
    return keyId === undefined || keyId === 'system' ? { kind: 'system', keyId: 'system' } : null;
  }
  const [row] = await ctx.db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.hash, await sha256Hex(key)))
    .limit(1);
  if (!row || (keyId !== undefined && keyId !== row.keyId)) return null;
  const now = ctx.now();
  if (row.revokedAt !== null && row.revokedAt <= now) return null;
  if (row.expiresAt !== null && row.expiresAt <= now) return null;
  if (row.programId === null) return { kind: 'system', keyId: row.keyId };
  const ends = [row.expiresAt, row.revokedAt].filter((at) => at !== null);
  return {
    kind: 'program',
    keyId: row.keyId,
    programId: row.programId,
    scopes: row.scopes,
    // The overlap of a rotation is an end as well.
    expiresAtMs: ends.length === 0 ? null : Math.min(...ends),
  };
}
