import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { isUniqueViolation, rowsOf } from '../../../platform/d1.ts';
import { AppError } from '../../../platform/errors.ts';
import { recordAudit } from '../../audit/index.ts';
import { removeAllocationsOf } from '../allocations/store.ts';
import { commitIf, flowIsOpen, requireOpenFlow, untilSettled } from '../store.ts';
import { endMendedFailures, endParts } from './requests.ts';
import {
  findSource,
  hasRoom,
  insertSource,
  isAsRead,
  maxSources,
  removeSource,
  type Source,
  updateSource,
} from './store.ts';

/** Throws `conflict` when the flow has a source of this reference already, and `forbidden` when it is archived. */
export async function addSource(
  ctx: Ctx,
  programId: string,
  flowId: number,
  input: { reference: string; description: string },
): Promise<Source> {
  await requireOpenFlow(ctx, programId, flowId);
  const at = ctx.now();
  const row: Omit<Source, 'sourceId'> = {
    ...input,
    programId,
    flowId,
    state: 'NONE',
    requestId: null,
    traceId: null,
    deadlineAt: null,
    timedOut: false,
    message: null,
    lastRequestedAt: null,
    lastSyncAt: null,
    allocated: 0,
    createdAt: at,
    updatedAt: at,
  };
  const insert = insertSource(ctx, row);
  try {
    const done = await commitIf(ctx, sql`${flowIsOpen(programId, flowId)} AND ${hasRoom(flowId)}`, [
      insert,
      recordAudit(ctx, {
        programId,
        action: 'source.added',
        target: input.reference,
        detail: { flowId },
      }),
    ]);
    const [given] = rowsOf(insert) as { source_id: number }[];
    if (done && given) return { ...row, sourceId: given.source_id };
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError('conflict', `The flow has an external source "${input.reference}" already.`, {
      issues: [{ path: 'reference', code: 'reference_taken', message: 'The reference of another source.' }],
    });
  }
  await requireOpenFlow(ctx, programId, flowId);
  throw new AppError('conflict', `A flow has at most ${maxSources} external sources.`);
}

export async function describeSource(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
  description: string,
): Promise<Source> {
  return untilSettled(async () => {
    await requireOpenFlow(ctx, programId, flowId);
    const source = await requireSource(ctx, programId, flowId, sourceId);
    const holds = sql`${flowIsOpen(programId, flowId)} AND ${isAsRead(source)}`;
    const done = await commitIf(ctx, holds, [
      updateSource(ctx, source, { description }),
      recordAudit(ctx, { programId, action: 'source.changed', target: source.reference, detail: { flowId } }),
    ]);
    return done && { ...source, description, updatedAt: ctx.now() };
  });
}

/** Its allocations go with it; a request it waited for is cancelled there, and its later answer finds nothing. */
export async function deleteSource(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
): Promise<void> {
  await untilSettled(async () => {
    await requireOpenFlow(ctx, programId, flowId);
    const source = await requireSource(ctx, programId, flowId, sourceId);
    const { requestId, state } = source;
    const message = 'The source was deleted before the integration answered.';
    const holds = sql`${flowIsOpen(programId, flowId)} AND ${isAsRead(source)}`;
    return commitIf(ctx, holds, [
      removeSource(ctx, source),
      removeAllocationsOf(ctx, programId, sourceId),
      ...(requestId !== null && state === 'PENDING'
        ? [endParts(ctx, programId, requestId, [source], { outcome: 'CANCELLED', message })]
        : []),
      ...(requestId !== null && state === 'FAILED' ? endMendedFailures(ctx, source, [requestId]) : []),
      recordAudit(ctx, { programId, action: 'source.deleted', target: source.reference, detail: { flowId } }),
    ]);
  });
}

/** Throws `not_found`: another flow's source is none of this one. */
export async function requireSource(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
): Promise<Source> {
  const source = await findSource(ctx, programId, flowId, sourceId);
  if (!source) throw new AppError('not_found', 'The flow has no external source of this id.');
  return source;
}
