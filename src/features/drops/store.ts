import { and, desc, eq, gt, inArray, isNull, like, lt, not, or } from 'drizzle-orm';
import type { Ctx, Lifecycle, SealedColumn } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { toBase64Url } from '../../platform/encoding.ts';
import { dropKeys } from './table.ts';

export type DropKey = typeof dropKeys.$inferSelect;

export const dropKeyIdentity = (accessKeyId: string) => `drop_keys:${accessKeyId}:secret`;

/** A fresh access key pair for a program's bucket, its secret sealed. */
export async function makeDropKey(ctx: Ctx, programId: string): Promise<DropKey> {
  const accessKeyId = `CWAK${randomCapitals(16)}`;
  const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(30)));
  const sealed = await ctx.sealer.seal(secret, dropKeyIdentity(accessKeyId));
  const at = ctx.now();
  return { accessKeyId, programId, sealed, createdAt: at, endsAt: null, lastUsedAt: null, endToldAt: null };
}

/** Twenty capitals and digits in all, as S3 clients expect of an access key id. */
function randomCapitals(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) =>
    alphabet.charAt(byte & 31),
  ).join('');
}

/** Refused by a unique key while another pair of the program is current. */
export function insertDropKey(ctx: Ctx, key: DropKey): Statement {
  return ctx.db.insert(dropKeys).values(key);
}

/** Ends every live pair at `endsAt`, save those that end sooner. `createdBefore`: older ones alone. */
export function endDropKeys(ctx: Ctx, programId: string, endsAt: number, createdBefore: number): Statement {
  return ctx.db
    .update(dropKeys)
    .set({ endsAt })
    .where(
      and(
        eq(dropKeys.programId, programId),
        lt(dropKeys.createdAt, createdBefore),
        or(isNull(dropKeys.endsAt), gt(dropKeys.endsAt, endsAt)),
      ),
    );
}

/** Pairs that work now, the newest first. */
export function liveDropKeys(ctx: Ctx, programId: string): Promise<DropKey[]> {
  return ctx.db
    .select()
    .from(dropKeys)
    .where(
      and(eq(dropKeys.programId, programId), or(isNull(dropKeys.endsAt), gt(dropKeys.endsAt, ctx.now()))),
    )
    .orderBy(desc(dropKeys.createdAt))
    .limit(10);
}

/** Once: nothing where contacts are told already. */
export function markEndTold(ctx: Ctx, accessKeyId: string): Statement {
  return ctx.db
    .update(dropKeys)
    .set({ endToldAt: ctx.now() })
    .where(and(eq(dropKeys.accessKeyId, accessKeyId), isNull(dropKeys.endToldAt)));
}

export const dropsLifecycle: Lifecycle = {
  slice: 'drops',
  async created(ctx, programId) {
    return [insertDropKey(ctx, await makeDropKey(ctx, programId))];
  },
  async deleted(ctx, programId) {
    await ctx.db.delete(dropKeys).where(eq(dropKeys.programId, programId));
    return true;
  },
  /** An ended pair's age and last use stay on record as long as the audit log. */
  async prune(ctx, programId, retention) {
    const before = ctx.now() - (retention.audit ?? 730) * 86_400_000;
    const old = ctx.db
      .select({ id: dropKeys.accessKeyId })
      .from(dropKeys)
      .where(and(eq(dropKeys.programId, programId), lt(dropKeys.endsAt, before)))
      .limit(100);
    const done = await ctx.db.delete(dropKeys).where(inArray(dropKeys.accessKeyId, old));
    return done.meta.changes;
  },
};

/** For the re-seal command. */
export const sealedDropKeys: SealedColumn = {
  name: 'drop_keys.sealed',
  async list(ctx, keyId, limit) {
    const rows = await ctx.db
      .select()
      .from(dropKeys)
      .where(not(like(dropKeys.sealed, `${keyId}.%`)))
      .limit(limit);
    return rows.map(({ accessKeyId, sealed }) => ({
      sealed,
      identity: dropKeyIdentity(accessKeyId),
      write: (again) =>
        ctx.db.update(dropKeys).set({ sealed: again }).where(eq(dropKeys.accessKeyId, accessKeyId)),
    }));
  },
};
