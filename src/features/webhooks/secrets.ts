import { and, desc, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Ctx, Lifecycle, SealedColumn } from '../../context.ts';
import { commit, type Statement } from '../../platform/d1.ts';
import { newId } from '../../platform/ids.ts';
import { ShortCache } from '../../platform/short-cache.ts';
import { newSigningSecret } from '../../platform/standard-webhooks.ts';
import { recordAudit } from '../audit/index.ts';
import { forgetCall, signingNow } from './calls.ts';
import { secretIdentity, signingSecrets, webhookEndpointChanges, webhookEndpoints } from './table.ts';

/** The purpose of the secret that signs a program's job notifications and alerts. */
export const notificationPurpose = 'notification';

/** A fresh secret and the statement that stores it sealed. */
export async function createSigningSecret(
  ctx: Ctx,
  programId: string,
  purpose: string,
): Promise<{ secret: string; statement: Statement }> {
  const at = ctx.now();
  const secretId = newId('sec', at);
  const secret = newSigningSecret();
  const sealed = await ctx.sealer.seal(secret, secretIdentity(secretId));
  const row = { secretId, programId, purpose, sealed, createdAt: at, endsAt: null };
  return { secret, statement: ctx.db.insert(signingSecrets).values(row) };
}

/** The secrets that sign now, the newest first: one, or two while a rotation lasts. */
export async function signingSecretsOf(
  ctx: Ctx,
  programId: string,
  purpose: string,
): Promise<{ secret: string; createdAt: number; endsAt: number | null }[]> {
  const rows = await ctx.db
    .select()
    .from(signingSecrets)
    .where(
      and(
        eq(signingSecrets.programId, programId),
        eq(signingSecrets.purpose, purpose),
        or(isNull(signingSecrets.endsAt), gt(signingSecrets.endsAt, ctx.now())),
      ),
    )
    .orderBy(desc(signingSecrets.secretId));
  return Promise.all(
    rows.map(async (row) => ({
      secret: await ctx.sealer.open(row.sealed, secretIdentity(row.secretId)),
      createdAt: row.createdAt,
      endsAt: row.endsAt,
    })),
  );
}

const known = new ShortCache<{ secret: string; endsAt: number | null }[]>();
const cacheKey = (programId: string, purpose: string) => `${programId}|${purpose}`;

/** The secrets to sign a call with; asked for with every attempt, and remembered for five seconds. */
export async function signersOf(ctx: Ctx, programId: string, purpose: string): Promise<string[]> {
  const ask = () => signingSecretsOf(ctx, programId, purpose);
  return signingNow(ctx, await known.get(ctx.db, cacheKey(programId, purpose), ctx.wallNow(), ask));
}

/** A new secret; the present one signs too for `overlapHours`, any older one ends now. `also` stands before it. */
export async function rotateSigningSecret(
  ctx: Ctx,
  programId: string,
  purpose: string,
  overlapHours: number,
  also: Statement[] = [],
): Promise<string> {
  const ofPurpose = and(eq(signingSecrets.programId, programId), eq(signingSecrets.purpose, purpose));
  const fresh = await createSigningSecret(ctx, programId, purpose);
  const at = ctx.now();
  const endsAt = at + overlapHours * 3_600_000;
  await commit(ctx.db, [
    ...also,
    ctx.db
      .update(signingSecrets)
      .set({ endsAt: at })
      .where(and(ofPurpose, gt(signingSecrets.endsAt, at))),
    ctx.db
      .update(signingSecrets)
      .set({ endsAt })
      .where(and(ofPurpose, isNull(signingSecrets.endsAt))),
    fresh.statement,
    recordAudit(ctx, {
      programId,
      action: 'signing_secret.rotated',
      target: purpose,
      detail: { overlapHours },
    }),
  ]);
  forget(ctx, programId, purpose);
  return fresh.secret;
}

function forget(ctx: Ctx, programId: string, purpose: string): void {
  known.forget(ctx.db, cacheKey(programId, purpose));
  forgetCall(ctx, purpose);
}

/** The statement that removes the secrets of a purpose that is gone. */
export function endSigningSecrets(ctx: Ctx, programId: string, purpose: string): Statement {
  forget(ctx, programId, purpose);
  return ctx.db
    .delete(signingSecrets)
    .where(and(eq(signingSecrets.programId, programId), eq(signingSecrets.purpose, purpose)));
}

/** For the re-seal command. */
export const sealedSigningSecrets: SealedColumn = {
  name: 'signing_secrets.sealed',
  async list(ctx, keyId, limit) {
    const rows = await ctx.db
      .select()
      .from(signingSecrets)
      // Not LIKE: it takes "_" for any character and "K1" for "k1".
      .where(sql`substr(${signingSecrets.sealed}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`)
      .limit(limit);
    return rows.map((row) => ({
      sealed: row.sealed,
      identity: secretIdentity(row.secretId),
      write: (sealed) =>
        ctx.db.update(signingSecrets).set({ sealed }).where(eq(signingSecrets.secretId, row.secretId)),
    }));
  },
};

export const webhooksLifecycle: Lifecycle = {
  slice: 'webhooks',
  async created(ctx, programId) {
    return [(await createSigningSecret(ctx, programId, notificationPurpose)).statement];
  },
  async deleted(ctx, programId) {
    await commit(ctx.db, [
      ctx.db.delete(signingSecrets).where(eq(signingSecrets.programId, programId)),
      ctx.db.delete(webhookEndpoints).where(eq(webhookEndpoints.programId, programId)),
    ]);
    // Changes are many where an endpoint was changed by a program: a bounded part at a time.
    const some = ctx.db
      .select({ rowid: sql`rowid` })
      .from(webhookEndpointChanges)
      .where(eq(webhookEndpointChanges.programId, programId))
      .limit(1_000);
    const done = await ctx.db.delete(webhookEndpointChanges).where(sql`rowid IN ${some}`);
    return done.meta.changes === 0;
  },
  async prune(ctx, programId) {
    const ended = ctx.db
      .select({ id: signingSecrets.secretId })
      .from(signingSecrets)
      .where(and(eq(signingSecrets.programId, programId), lt(signingSecrets.endsAt, ctx.now())))
      .limit(500);
    const done = await ctx.db.delete(signingSecrets).where(inArray(signingSecrets.secretId, ended));
    return done.meta.changes;
  },
};
