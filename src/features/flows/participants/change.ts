import { sql } from 'drizzle-orm';
import type { Ctx } from '../../../context.ts';
import { rowsOf } from '../../../platform/d1.ts';
import { AppError, type InputIssue } from '../../../platform/errors.ts';
import { recordAudit } from '../../audit/index.ts';
import { countWithout, removeAllocationsOfParticipant } from '../allocations/store.ts';
import { commitIf, flowIsOpen, requireOpenFlow, untilSettled } from '../store.ts';
import { type Judged, judgeParticipants, toRowChunks } from './judge.ts';
import type { ParticipantResult } from './schema.ts';
import {
  isParticipant,
  type KnownRow,
  removeParticipant,
  type SavedRow,
  saveParticipants,
  selectKnown,
} from './store.ts';

export interface ParticipantOutcome {
  index: number;
  externalId: string | null;
  participantId: number | null;
  result: ParticipantResult;
  errors?: InputIssue[];
}

/** Adds or changes the good ones in one transaction; a result for each item, in their order. */
export async function addParticipants(
  ctx: Ctx,
  programId: string,
  flowId: number,
  items: unknown[],
): Promise<ParticipantOutcome[]> {
  const judged = judgeParticipants(items);
  const good = judged.flatMap((one) => ('participant' in one ? one.participant : []));
  return untilSettled(async () => {
    await requireOpenFlow(ctx, programId, flowId);
    if (good.length === 0) return outcomesOf(judged, new Map());
    const chunks = toRowChunks(good);
    const known = chunks.map((rows) => selectKnown(ctx, programId, flowId, rows));
    const writes = chunks.map((rows) => saveParticipants(ctx, programId, flowId, rows));
    const done = await commitIf(ctx, flowIsOpen(programId, flowId), [
      ...known,
      ...writes,
      recordAudit(ctx, {
        programId,
        action: 'participants.saved',
        target: String(flowId),
        detail: { count: good.length },
      }),
    ]);
    if (!done) return null;
    const saved = new Map<string, Saved>();
    for (const { externalId, id } of writes.flatMap(rowsOf) as SavedRow[]) {
      saved.set(externalId, { participantId: id, result: 'created' });
    }
    // What was there before is none of the new ones.
    for (const { externalId, id, changed } of known.flatMap(rowsOf) as KnownRow[]) {
      saved.set(externalId, { participantId: id, result: changed === 1 ? 'updated' : 'unchanged' });
    }
    return outcomesOf(judged, saved);
  });
}

interface Saved {
  participantId: number;
  result: ParticipantResult;
}

function outcomesOf(judged: Judged[], saved: Map<string, Saved>): ParticipantOutcome[] {
  return judged.map((one, index) => {
    if ('errors' in one) {
      const { externalId, errors } = one;
      return { index, externalId, participantId: null, result: 'invalid', errors };
    }
    const { externalId } = one.participant;
    const { participantId = null, result = 'invalid' } = saved.get(externalId) ?? {};
    return { index, externalId, participantId, result };
  });
}

/** Removes a participant with its allocations. Throws `not_found` for one that is not on the flow. */
export async function deleteParticipant(
  ctx: Ctx,
  programId: string,
  flowId: number,
  participantId: number,
): Promise<void> {
  await requireOpenFlow(ctx, programId, flowId);
  const holds = sql`${flowIsOpen(programId, flowId)} AND ${isParticipant(programId, flowId, participantId)}`;
  const done = await commitIf(ctx, holds, [
    countWithout(ctx, programId, participantId),
    removeAllocationsOfParticipant(ctx, programId, participantId),
    removeParticipant(ctx, programId, flowId, participantId),
    recordAudit(ctx, {
      programId,
      action: 'participant.deleted',
      target: String(participantId),
      detail: { flowId },
    }),
  ]);
  if (done) return;
  await requireOpenFlow(ctx, programId, flowId);
  throw new AppError('not_found', 'The flow has no participant of this id.');
}
