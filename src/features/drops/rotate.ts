import type { Ctx } from '../../context.ts';
import { commit, isUniqueViolation, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { startDeliveries } from '../deliveries/index.ts';
import { findProgram } from '../programs/index.ts';
import { dueRotations, untoldEnds } from './drops.system.ts';
import { oldPairEndsAt } from './policy.ts';
import { type DropKey, endDropKeys, insertDropKey, liveDropKeys, makeDropKey, markEndTold } from './store.ts';
import { tellContacts } from './tell.ts';

const atOnce = 20;

/**
 * A new pair in place of the current one, which goes on until `oldEndsAt`; contacts are told. Only pairs
 * made before `madeBefore` give way: false where another rotation was first.
 */
async function rotate(
  ctx: Ctx,
  programId: string,
  { oldEndsAt, madeBefore }: { oldEndsAt: number; madeBefore: number },
): Promise<boolean> {
  const program = await findProgram(ctx, programId);
  if (!program) return false;
  const key = await makeDropKey(ctx, programId);
  const oldPairs = (await liveDropKeys(ctx, programId)).filter(
    ({ createdAt, lastUsedAt }) => createdAt < madeBefore && lastUsedAt !== null,
  );
  const told = await tellContacts(ctx, program, {
    phase: 'started',
    accessKeyId: key.accessKeyId,
    oldEndsAt,
  });
  try {
    await commit(ctx.db, [
      endDropKeys(ctx, programId, oldEndsAt, madeBefore),
      insertDropKey(ctx, key),
      ...told.statements,
      ...oldPairs.map((old) => rotationProblem(ctx, old, oldEndsAt)),
      recordAudit(ctx, {
        programId,
        action: 'drop.keys_rotated',
        target: key.accessKeyId,
        detail: { oldEndsAt: new Date(oldEndsAt).toISOString() },
      }),
    ]);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    return false;
  }
  startDeliveries(ctx, told.deliveryIds);
  return true;
}

/** Whoever drops with the old pair has to take the new one; contacts hear of it by the rotation's own message. */
function rotationProblem(ctx: Ctx, { programId, accessKeyId }: DropKey, oldEndsAt: number): Statement {
  return raiseAttention(ctx, {
    programId,
    kind: 'drop_key_ending',
    subject: accessKeyId,
    audience: 'program',
    message: `The drop key ${accessKeyId} ends at ${new Date(oldEndsAt).toISOString()}, and was in use.`,
    nextStep:
      'Give whoever drops with it the new pair, which works already; then the old one ends by itself.',
    silent: true,
  });
}

/** On demand: every older pair ends after the overlap. Throws `conflict` where another rotation was first. */
export async function rotateNow(ctx: Ctx, programId: string, overlapHours: number): Promise<void> {
  const at = ctx.now();
  const rotated = await rotate(ctx, programId, {
    oldEndsAt: at + overlapHours * 3_600_000,
    madeBefore: at + 1,
  });
  if (!rotated) throw new AppError('conflict', 'Another rotation was first; GET …/drop shows its pair.');
}

/** The quarter's rotations that are due, a bounded part; also those that a hub that was down has missed. */
export async function rotateDueDropKeys(ctx: Ctx): Promise<number> {
  const due = await dueRotations(ctx, atOnce);
  for (const { programId, rotatesAt } of due) {
    const program = await findProgram(ctx, programId);
    if (!program) continue;
    const oldEndsAt = oldPairEndsAt(program.timeZone, rotatesAt, ctx.now());
    await rotate(ctx, programId, { oldEndsAt, madeBefore: rotatesAt });
  }
  return due.length + (await tellEnds(ctx));
}

/** Contacts hear of the end of a pair, once. */
async function tellEnds(ctx: Ctx): Promise<number> {
  const ended = await untoldEnds(ctx, atOnce);
  for (const key of ended) {
    const program = await findProgram(ctx, key.programId);
    const { accessKeyId } = key;
    const told = program
      ? await tellContacts(ctx, program, { phase: 'ended', accessKeyId, lastUsedAt: key.lastUsedAt })
      : { statements: [], deliveryIds: [] };
    await commit(ctx.db, [
      markEndTold(ctx, accessKeyId),
      endAttention(ctx, key.programId, 'drop_key_ending', accessKeyId),
      ...told.statements,
    ]);
    startDeliveries(ctx, told.deliveryIds);
  }
  return ended.length;
}
