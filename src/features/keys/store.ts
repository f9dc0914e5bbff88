import { and, desc, eq, gt, gte, isNull, lt, or, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle } from '../../context.ts';

import { commit, type Statement } from '../../platform/d1.ts';
import { knownKeys } from './known.ts';
import { eraseSessions } from './sessions.ts';
import { apiKeys, idempotencyKeys } from './table.ts';

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

/** When a key is over, by its own end or its rotation's; what never is comes last. */
export const endOfKey = ({ expiresAt, revokedAt }: ApiKey): number =>
  Math.min(expiresAt ?? Number.MAX_SAFE_INTEGER, revokedAt ?? Number.MAX_SAFE_INTEGER);

/** The same keys, those that end soonest first, and then the newest. */
export function listKeysByEnd(ctx: Ctx, programId: string, after: [number, string] | null, limit: number) {
  const end = sql`min(coalesce(${apiKeys.expiresAt}, ${Number.MAX_SAFE_INTEGER}),
    coalesce(${apiKeys.revokedAt}, ${Number.MAX_SAFE_INTEGER}))`;
  const live = and(
    eq(apiKeys.programId, programId),
    or(isNull(apiKeys.revokedAt), gt(apiKeys.revokedAt, ctx.now())),
    after === null
      ? undefined
      : sql`(${end} > ${after[0]} OR (${end} = ${after[0]} AND ${apiKeys.keyId} < ${after[1]}))`,
  );
  return ctx.db.select().from(apiKeys).where(live).orderBy(end, desc(apiKeys.keyId)).limit(limit);
}

export async function findKey(ctx: Ctx, programId: string, keyId: string): Promise<ApiKey | null> {
  const [row] = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.programId, programId), eq(apiKeys.keyId, keyId)))
    .limit(1);
  return row ?? null;
}

/** A key that `endKey` would end at `atMs`, as a condition of what is on record of it. */
export const isLive = (programId: string, keyId: string, atMs: number) =>
  sql`EXISTS (SELECT 1 FROM api_keys WHERE program_id = ${programId} AND key_id = ${keyId}
    AND (revoked_at IS NULL OR revoked_at > ${atMs}))`;

/** A key that `replaceKey` would replace. */
export const isReplaceable = (programId: string, keyId: string) =>
  sql`EXISTS (SELECT 1 FROM api_keys WHERE program_id = ${programId} AND key_id = ${keyId}
    AND rotated_to IS NULL AND revoked_at IS NULL)`;

/** Ends a live key at `atMs`; changes nothing where it is over already, or is to be sooner. */
export function endKey(ctx: Ctx, programId: string, keyId: string, atMs: number) {
  return ctx.db
    .update(apiKeys)
    .set({ revokedAt: atMs })
    .where(
      and(
        eq(apiKeys.programId, programId),
        eq(apiKeys.keyId, keyId),
        or(isNull(apiKeys.revokedAt), gt(apiKeys.revokedAt, atMs)),
      ),
    );
}

/** Ends a key at `atMs` in favour of another, once; nothing for one that was rotated or revoked meanwhile. */
export function replaceKey(ctx: Ctx, programId: string, keyId: string, atMs: number, rotatedTo: string) {
  return ctx.db
    .update(apiKeys)
    .set({ revokedAt: atMs, rotatedTo })
    .where(
      and(
        eq(apiKeys.programId, programId),
        eq(apiKeys.keyId, keyId),
        isNull(apiKeys.rotatedTo),
        isNull(apiKeys.revokedAt),
      ),
    );
}

/** Inserts the key that `replaceKey` has just named in the same transaction, and nothing when it named none. */
export function insertReplacement(ctx: Ctx, row: ApiKey, replacedKeyId: string): Statement {
  return ctx.db.run(sql`INSERT INTO api_keys (key_id, program_id, name, hash, scopes, created_at, expires_at)
    SELECT ${row.keyId}, program_id, ${row.name}, ${row.hash}, ${JSON.stringify(row.scopes)}, ${row.createdAt}, ${row.expiresAt}
    FROM api_keys WHERE key_id = ${replacedKeyId} AND rotated_to = ${row.keyId}`);
}

export const keysLifecycle: Lifecycle = {
  slice: 'keys',
  async deleted(ctx, programId) {
    // "}" is the character after "|": the ids of this program's answers and of no other's.
    const ofProgram = and(gte(idempotencyKeys.id, `${programId}|`), lt(idempotencyKeys.id, `${programId}}`));
    await commit(ctx.db, [
      ctx.db.delete(apiKeys).where(eq(apiKeys.programId, programId)),
      ctx.db.delete(idempotencyKeys).where(ofProgram),
    ]);
    knownKeys.forgetAll(ctx.db);
    return (await eraseSessions(ctx, programId, true)) === 0;
  },
  prune: (ctx, programId) => eraseSessions(ctx, programId, false),
};
