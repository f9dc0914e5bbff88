import { eq } from 'drizzle-orm';
import type { Actor, Ctx } from '../../context.ts';
import { equalsConstantTime, sha256Hex, toBase64Url } from '../../platform/encoding.ts';
import type { Sealer } from '../../platform/seal.ts';
import { dropKeyIdentity } from './drop-keys.ts';
import { apiKeys, dropKeys } from './table.ts';

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

export interface DropSecret {
  /** Null for a key that there is not: then the secret is a decoy, which no signature fits. */
  key: typeof dropKeys.$inferSelect | null;
  secret: string;
}

/**
 * Across tenants, for the S3 door: the secret of an access key. An unknown one costs the same look-up and
 * the same opening of a seal, so that no answer is quicker for it.
 */
export async function dropSecretOf(ctx: Ctx, accessKeyId: string): Promise<DropSecret> {
  const [row] = await ctx.db.select().from(dropKeys).where(eq(dropKeys.accessKeyId, accessKeyId)).limit(1);
  const sealed = row?.sealed ?? (await decoyOf(ctx.sealer));
  const secret = await ctx.sealer.open(sealed, dropKeyIdentity(row?.accessKeyId ?? decoyId));
  return { key: row ?? null, secret };
}

const decoyId = 'CWAKDECOYDECOYDECOYD';
const decoys = new WeakMap<Sealer, string>();

async function decoyOf(sealer: Sealer): Promise<string> {
  const known = decoys.get(sealer);
  if (known) return known;
  const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(30)));
  const made = await sealer.seal(secret, dropKeyIdentity(decoyId));
  decoys.set(sealer, made);
  return made;
}

const minuteMs = 60_000;

/** Notes that a drop key was used, to the minute. */
export async function markDropKeyUsed(
  ctx: Ctx,
  key: Pick<typeof dropKeys.$inferSelect, 'accessKeyId' | 'lastUsedAt'>,
): Promise<void> {
  const at = ctx.now();
  // The clock of tests may have been set back.
  if (key.lastUsedAt !== null && Math.abs(at - key.lastUsedAt) < minuteMs) return;
  await ctx.db.update(dropKeys).set({ lastUsedAt: at }).where(eq(dropKeys.accessKeyId, key.accessKeyId));
}
