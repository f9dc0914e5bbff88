import { and, desc, eq, gt, isNull, lt, or } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';
import { createDropKey } from './drop-keys.ts';
import { apiKeys, dropKeys } from './table.ts';

export type ApiKey = typeof apiKeys.$inferSelect;

export function insertKey(ctx: Ctx, row: ApiKey) {
  return ctx.db.insert(apiKeys).values(row);
}

/** The program's keys that are not revoked, newest first. */
export function listKeys(ctx: Ctx, programId: string, before: string | null, limit: number) {
  const live = and(
    eq(apiKeys.programId, programId),
    or(isNull(apiKeys.revokedAt), gt(apiKeys.revokedAt, ctx.now())),
    before === null ? undefined : lt(apiKeys.keyId, before),
  );
  return ctx.db.select().from(apiKeys).where(live).orderBy(desc(apiKeys.keyId)).limit(limit);
}

export async function findKey(ctx: Ctx, programId: string, keyId: string): Promise<ApiKey | null> {
  const [row] = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.programId, programId), eq(apiKeys.keyId, keyId)))
    .limit(1);
  return row ?? null;
}

/** Ends a live key at `atMs`; changes nothing where it is over already, or is to be sooner. */
export function endKey(ctx: Ctx, programId: string, keyId: string, atMs: number, rotatedTo: string | null) {
  return ctx.db
    .update(apiKeys)
    .set({ revokedAt: atMs, ...(rotatedTo === null ? {} : { rotatedTo }) })
    .where(
      and(
        eq(apiKeys.programId, programId),
        eq(apiKeys.keyId, keyId),
        or(isNull(apiKeys.revokedAt), gt(apiKeys.revokedAt, atMs)),
      ),
    );
}

export const keysLifecycle: Lifecycle = {
  slice: 'keys',
  created: createDropKey,
  async deleted(ctx, programId) {
    await ctx.db.delete(dropKeys).where(eq(dropKeys.programId, programId));
    await ctx.db.delete(apiKeys).where(eq(apiKeys.programId, programId));
    return true;
  },
};
