import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { findProgram } from '../programs/index.ts';
import { nextRotationAt } from './policy.ts';
import type { DropOut } from './schema.ts';
import { type DropKey, dropKeyIdentity, liveDropKeys } from './store.ts';

/** How to drop files: where, with which keys, and when they change. Reading the secrets is on record. */
export async function describeDrop(ctx: Ctx, programId: string, withSecrets: boolean): Promise<DropOut> {
  const program = await findProgram(ctx, programId);
  if (!program) throw new AppError('not_found', 'There is no such program.');
  const keys = await liveDropKeys(ctx, programId);
  if (withSecrets) await requireManage(ctx, programId, keys);
  const now = ctx.now();
  const toIso = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString());
  return {
    endpoint: ctx.config.PUBLIC_URL,
    region: 'us-east-1',
    bucket: program.bucket,
    prefix: `${ctx.config.DROP_ENVIRONMENT}/`,
    maxRequestBytes: ctx.config.MAX_UPLOAD_BYTES,
    keys: await Promise.all(
      keys.map(async ({ accessKeyId, sealed, createdAt, lastUsedAt, endsAt }) => ({
        accessKeyId,
        ...(withSecrets
          ? { secretAccessKey: await ctx.sealer.open(sealed, dropKeyIdentity(accessKeyId)) }
          : {}),
        createdAt: new Date(createdAt).toISOString(),
        ageDays: Math.floor((now - createdAt) / 86_400_000),
        lastUsedAt: toIso(lastUsedAt),
        endsAt: toIso(endsAt),
      })),
    ),
    nextRotationAt: new Date(nextRotationAt(program.timeZone, now)).toISOString(),
  };
}

async function requireManage(ctx: Ctx, programId: string, keys: DropKey[]): Promise<void> {
  const { actor } = ctx;
  if (actor.kind === 'program' && !actor.scopes.includes('manage')) {
    throw new AppError('forbidden', 'Reading the secrets of drop keys takes the scope "manage".');
  }
  await commit(ctx.db, [
    recordAudit(ctx, {
      programId,
      action: 'drop.secrets_read',
      target: programId,
      detail: { accessKeyIds: keys.map(({ accessKeyId }) => accessKeyId) },
    }),
  ]);
}
