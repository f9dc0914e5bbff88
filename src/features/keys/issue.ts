import type { Ctx, Scope } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { sha256Hex, toBase64Url } from '../../platform/encoding.ts';
import { AppError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { recordAudit } from '../audit/index.ts';
import { knownKeys } from './known.ts';
import {
  type ApiKey,
  endKey,
  findKey,
  insertKey,
  insertReplacement,
  isLive,
  isReplaceable,
  replaceKey,
} from './store.ts';

/** A key as it is shown, once: `cwk_` and 256 random bits. */
export function newKeyText(): string {
  return `cwk_${toBase64Url(crypto.getRandomValues(new Uint8Array(32)))}`;
}

/** Throws `forbidden` when a program's key would hand on a scope that it lacks. */
function requireOwnScopes(ctx: Ctx, scopes: Scope[]): void {
  if (ctx.actor.kind !== 'program') return;
  const own = ctx.actor.scopes;
  const beyond = scopes.filter((scope) => !own.includes(scope));
  if (beyond.length === 0) return;
  throw new AppError(
    'forbidden',
    `A key can only hand on scopes it has; this one lacks ${beyond.join(', ')}.`,
  );
}

/** Throws `forbidden` when a program's key would make one with more scopes than its own. */
export async function createKey(
  ctx: Ctx,
  programId: string,
  input: { name: string; scopes: Scope[]; expiresAt: number | null },
): Promise<{ keyId: string; key: string }> {
  requireOwnScopes(ctx, input.scopes);
  if (input.expiresAt !== null && input.expiresAt <= ctx.now()) {
    throw new AppError('invalid_input', 'expiresAt is in the past.', {
      issues: [{ path: 'expiresAt', code: 'past', message: 'Choose a time that is still to come.' }],
    });
  }
  const { row, key } = await makeKey(ctx, programId, input);
  await commit(ctx.db, [
    insertKey(ctx, row),
    recordAudit(ctx, {
      programId,
      action: 'key.created',
      target: row.keyId,
      detail: { scopes: input.scopes },
    }),
  ]);
  return { keyId: row.keyId, key };
}

/**
 * A new key with the old one's name, scopes and end; the old one works for `overlapHours` more. Throws
 * `forbidden` like `createKey`, `conflict` when another rotation was first.
 */
export async function rotateKey(
  ctx: Ctx,
  programId: string,
  keyId: string,
  overlapHours: number,
): Promise<{ keyId: string; key: string; oldKeyEndsAt: number }> {
  const old = await findKey(ctx, programId, keyId);
  if (!old || hasEnded(ctx, old.revokedAt) || hasEnded(ctx, old.expiresAt)) throw noSuchKey();
  requireOwnScopes(ctx, old.scopes);
  if (old.rotatedTo !== null) throw rotatedAlready();
  const endsAt = ctx.now() + overlapHours * 3_600_000;
  const { row, key } = await makeKey(ctx, programId, old);
  const detail = { to: row.keyId, overlapHours };
  const [, replaced] = await commit(ctx.db, [
    recordAudit(
      ctx,
      { programId, action: 'key.rotated', target: keyId, detail },
      isReplaceable(programId, keyId),
    ),
    replaceKey(ctx, programId, keyId, endsAt, row.keyId),
    insertReplacement(ctx, row, keyId),
  ]);
  knownKeys.forgetAll(ctx.db);
  if (replaced?.changes !== 1) throw rotatedAlready();
  return { keyId: row.keyId, key, oldKeyEndsAt: endsAt };
}

function hasEnded(ctx: Ctx, atMs: number | null): boolean {
  return atMs !== null && atMs <= ctx.now();
}

function rotatedAlready(): AppError {
  return new AppError('conflict', 'This key was rotated already; GET …/keys says which one took its place.');
}

/** The key is dead from the next request on. */
export async function revokeKey(ctx: Ctx, programId: string, keyId: string): Promise<void> {
  const at = ctx.now();
  const [, ended] = await commit(ctx.db, [
    recordAudit(ctx, { programId, action: 'key.revoked', target: keyId }, isLive(programId, keyId, at)),
    endKey(ctx, programId, keyId, at),
  ]);
  knownKeys.forgetAll(ctx.db);
  if (ended?.changes === 0) throw noSuchKey();
}

async function makeKey(
  ctx: Ctx,
  programId: string,
  like: { name: string; scopes: Scope[]; expiresAt: number | null },
) {
  const key = newKeyText();
  const at = ctx.now();
  const row: ApiKey = {
    keyId: newId('key', at),
    programId,
    name: like.name,
    hash: await sha256Hex(key),
    scopes: like.scopes,
    createdAt: at,
    expiresAt: like.expiresAt,
    revokedAt: null,
    rotatedTo: null,
    lastUsedAt: null,
    lastUsedFrom: null,
    lastUsedFor: null,
    lastUsedBy: null,
  };
  return { row, key };
}

function noSuchKey(): AppError {
  return new AppError('not_found', 'There is no such key, or it has ended.');
}
