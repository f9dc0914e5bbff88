import { eq } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { toBase64Url } from '../../platform/encoding.ts';
import type { Sealer } from '../../platform/seal.ts';
import { dropKeyIdentity } from './drop-keys.ts';
import { dropKeys } from './table.ts';

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
