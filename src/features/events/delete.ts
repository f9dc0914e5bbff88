import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { startDeliveries } from '../deliveries/index.ts';
import { announceEvents } from './announce.ts';
import { readRelations } from './relations.ts';
import { buryEvent, findEvent } from './store.ts';

/** Empties an event and leaves its tombstone in the log. Again: no change. Throws `not_found`. */
export async function deleteEvent(ctx: Ctx, programId: string, eventId: string): Promise<void> {
  const event = await findEvent(ctx, programId, eventId);
  if (!event) throw new AppError('not_found', 'There is no such event.');
  if (event.deletedAt !== null) return;
  const { sequence, receivedAt } = event;
  const erasures = await Promise.all(
    ctx.registry.lifecycles.map((slice) => slice.eraseEvent?.(ctx, { programId, eventId, sequence }) ?? []),
  );
  const buried = { ...event, data: 'null', participantId: null, recordKey: null, receivedAt };
  const relations = await readRelations(ctx, [programId.toLowerCase()]);
  const announced = await announceEvents(ctx, [buried], relations, 'event.deleted');
  await commit(ctx.db, [
    buryEvent(ctx, programId, eventId),
    ...erasures.flat(),
    ...announced.statements,
    recordAudit(ctx, { programId, action: 'event.deleted', target: eventId }),
  ]);
  startDeliveries(ctx, announced.deliveryIds);
}
