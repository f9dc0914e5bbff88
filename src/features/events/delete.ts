import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { buryEvent, findEvent } from './store.ts';

/** Empties an event and leaves its tombstone in the log. Again: no change. Throws `not_found`. */
export async function deleteEvent(ctx: Ctx, programId: string, eventId: string): Promise<void> {
  const event = await findEvent(ctx, programId, eventId);
  if (!event) throw new AppError('not_found', 'There is no such event.');
  if (event.deletedAt !== null) return;
  await commit(ctx.db, [
    buryEvent(ctx, programId, eventId),
    recordAudit(ctx, { programId, action: 'event.deleted', target: eventId }),
  ]);
}
