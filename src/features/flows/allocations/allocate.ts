import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { rowsOf } from '../../../platform/d1.ts';
import { AppError } from '../../../platform/errors.ts';
import { recordAudit } from '../../audit/index.ts';
import { requireSource } from '../sources/change.ts';
import { isThere, type Source } from '../sources/store.ts';
import { commitIf, flowIsOpen, requireOpenFlow, untilSettled } from '../store.ts';
import type { AllocationResult } from './schema.ts';
import {
  type AllocatableRow,
  countNew,
  countNone,
  countOneLess,
  insertAllocations,
  isAllocated,
  removeAllocation,
  removeAllocationsOf,
  selectAllocatable,
} from './store.ts';

export interface Allocated {
  participantId: number;
  result: AllocationResult;
}

/** Allocates all that are participants of the flow, in one transaction; a result per id, in their order. */
export async function allocateParticipants(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
  participantIds: number[],
): Promise<Allocated[]> {
  return untilSettled(async () => {
    const source = await openSource(ctx, programId, flowId, sourceId);
    const known = selectAllocatable(ctx, source, participantIds);
    const done = await commitIf(ctx, isOpen(source), [
      known,
      countNew(ctx, source, participantIds),
      insertAllocations(ctx, source, participantIds),
      recordAudit(ctx, {
        programId,
        action: 'participants.allocated',
        target: source.reference,
        detail: { flowId, sourceId, count: participantIds.length },
      }),
    ]);
    if (!done) return null;
    const before = new Map(
      (rowsOf(known) as AllocatableRow[]).map(({ id, allocated }) => [id, allocated === 1]),
    );
    const seen = new Set<number>();
    return participantIds.map((participantId) => {
      const isRepeated = seen.has(participantId);
      seen.add(participantId);
      return { participantId, result: isRepeated ? 'repeated' : resultOf(before.get(participantId)) };
    });
  });
}

function resultOf(allocatedBefore: boolean | undefined): AllocationResult {
  if (allocatedBefore === undefined) return 'not_found';
  return allocatedBefore ? 'already_allocated' : 'allocated';
}

/** Throws `not_found` for a participant that is not allocated to the source. */
export async function releaseParticipant(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
  participantId: number,
): Promise<void> {
  const source = await openSource(ctx, programId, flowId, sourceId);
  const holds = sql`${isOpen(source)} AND ${isAllocated(source, participantId)}`;
  const done = await commitIf(ctx, holds, [
    countOneLess(ctx, source, participantId),
    removeAllocation(ctx, source, participantId),
    recordAudit(ctx, {
      programId,
      action: 'participant.released',
      target: source.reference,
      detail: { flowId, sourceId, participantId },
    }),
  ]);
  if (done) return;
  await openSource(ctx, programId, flowId, sourceId);
  throw new AppError('not_found', 'This participant is not allocated to this source.');
}

export async function releaseAll(
  ctx: Ctx,
  programId: string,
  flowId: number,
  sourceId: number,
): Promise<void> {
  await untilSettled(async () => {
    const source = await openSource(ctx, programId, flowId, sourceId);
    return commitIf(ctx, isOpen(source), [
      removeAllocationsOf(ctx, programId, sourceId),
      countNone(ctx, source),
      recordAudit(ctx, {
        programId,
        action: 'participants.released',
        target: source.reference,
        detail: { flowId, sourceId },
      }),
    ]);
  });
}

async function openSource(ctx: Ctx, programId: string, flowId: number, sourceId: number): Promise<Source> {
  await requireOpenFlow(ctx, programId, flowId);
  return requireSource(ctx, programId, flowId, sourceId);
}

const isOpen = (source: Source) => sql`${flowIsOpen(source.programId, source.flowId)} AND ${isThere(source)}`;
