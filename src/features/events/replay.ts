import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { announce, listDeliveriesAbout, retryDelivery, startDeliveries } from '../deliveries/index.ts';
import { requireEndpoint } from '../webhooks/index.ts';
import { messageIdOf } from './announce.ts';
import { announcedJson } from './present.ts';
import { findEvent } from './store.ts';

/**
 * Tells one endpoint of the program of an event once more, whatever it listens to; the delivery that does it.
 * Where it was due there before, that delivery goes out again, under its message id. Throws `not_found`,
 * `conflict` for an endpoint that takes nothing now, and for an event that was deleted.
 */
export async function replayEvent(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  eventId: string | undefined,
): Promise<{ deliveryId: string }> {
  const endpoint = await requireEndpoint(ctx, programId, endpointId);
  if (eventId === undefined) throw new AppError('invalid_input', 'Say which: "eventId", such as evt_….');
  const event = await findEvent(ctx, programId, eventId);
  if (!event) throw new AppError('not_found', 'There is no such event of this program.');
  if (event.deletedAt !== null)
    throw new AppError('conflict', 'This event was deleted: there is nothing to tell of it.');
  if (endpoint.state !== 'active')
    throw new AppError('conflict', `This endpoint is ${endpoint.state}: nothing is sent to it.`);
  const known = await dueBefore(ctx, programId, endpointId, eventId);
  if (known !== null) return retryDelivery(ctx, programId, known);
  const announced = await announce(ctx, {
    programId,
    type: 'event.published',
    data: announcedJson(event),
    about: eventId,
    traceId: event.traceId,
    messageId: messageIdOf(event, programId, 'event.published'),
    onlyEndpointId: endpointId,
  });
  await commit(ctx.db, [
    ...announced.statements,
    recordAudit(ctx, { programId, action: 'event.replayed', target: eventId, detail: { endpointId } }),
  ]);
  startDeliveries(ctx, announced.deliveryIds);
  const made = await dueBefore(ctx, programId, endpointId, eventId);
  if (made === null)
    throw new AppError('conflict', 'This endpoint was changed at this very moment. Try again.');
  return { deliveryId: made };
}

async function dueBefore(
  ctx: Ctx,
  programId: string,
  endpointId: string,
  eventId: string,
): Promise<string | null> {
  const due = await listDeliveriesAbout(ctx, programId, endpointId, eventId);
  return due.find(({ type }) => type === 'event.published')?.deliveryId ?? null;
}
