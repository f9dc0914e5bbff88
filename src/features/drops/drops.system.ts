import { and, eq, isNull, lte, sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { toBase64Url } from '../../platform/encoding.ts';
import type { Sealer } from '../../platform/seal.ts';
import { lastRotationAt } from './policy.ts';
import { type DropKey, dropKeyIdentity } from './store.ts';
import { dropKeys } from './table.ts';

export interface DropSecret {
  /** Null for a key that there is not: then the secret is a decoy, which no signature fits. */
  key: DropKey | null;
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
  key: Pick<DropKey, 'accessKeyId' | 'lastUsedAt'>,
): Promise<void> {
  const at = ctx.now();
  // The clock of tests may have been set back.
  if (key.lastUsedAt !== null && Math.abs(at - key.lastUsedAt) < minuteMs) return;
  await ctx.db.update(dropKeys).set({ lastUsedAt: at }).where(eq(dropKeys.accessKeyId, key.accessKeyId));
}

/** Across tenants, for the cron: programs whose current pair is older than their calendar's last rotation. */
export async function dueRotations(
  ctx: Ctx,
  limit: number,
): Promise<{ programId: string; rotatesAt: number }[]> {
  const zones = await ctx.db.all<{ zone: string }>(
    sql`SELECT DISTINCT time_zone AS zone FROM programs WHERE deleted_at IS NULL`,
  );
  const now = ctx.now();
  const instants = Object.fromEntries(zones.map(({ zone }) => [zone, lastRotationAt(zone, now)]));
  return ctx.db.all<{ programId: string; rotatesAt: number }>(sql`
    SELECT p.program_id AS programId, due.value AS rotatesAt
    FROM json_each(${JSON.stringify(instants)}) AS due
      JOIN programs AS p ON p.time_zone = due.key
      JOIN drop_keys AS k ON k.program_id = p.program_id
    WHERE p.deleted_at IS NULL AND k.ends_at IS NULL AND k.created_at < due.value LIMIT ${limit}`);
}

/** Across tenants, for the cron: pairs that have ended and nobody was told. */
export function untoldEnds(ctx: Ctx, limit: number): Promise<DropKey[]> {
  return ctx.db
    .select()
    .from(dropKeys)
    .where(and(lte(dropKeys.endsAt, ctx.now()), isNull(dropKeys.endToldAt)))
    .limit(limit);
}
