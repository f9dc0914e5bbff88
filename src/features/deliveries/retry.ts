import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { endAttention } from '../attention/index.ts';
import { recordAudit } from '../audit/index.ts';
import { findEndpoint } from '../webhooks/index.ts';
import { startDeliveries, startEndpoint } from './deliver.ts';
import { type Delivery, findDelivery, mayBeRearmed, rearmDelivery } from './store.ts';

/**
 * Sends a delivery again, with all its attempts anew and the same message id. Throws `conflict` where it is
 * on its way already, or its endpoint takes nothing.
 */
export async function retryDelivery(ctx: Ctx, programId: string, deliveryId: string): Promise<Delivery> {
  const before = await findDelivery(ctx, programId, deliveryId);
  if (!before) throw new AppError('not_found', 'There is no such delivery.');
  const { endpointId } = before;
  if (endpointId !== '') {
    const endpoint = await findEndpoint(ctx, programId, endpointId);
    if (endpoint?.state !== 'active') {
      const state = endpoint?.state ?? 'deleted';
      throw new AppError('conflict', `The endpoint of this delivery is ${state}: nothing is sent to it.`);
    }
  }
  const mayBe = sql`EXISTS (SELECT 1 FROM deliveries WHERE ${mayBeRearmed(ctx, programId, deliveryId)})`;
  const [, , rearmed] = await commit(ctx.db, [
    recordAudit(ctx, { programId, action: 'delivery.retried', target: deliveryId }, mayBe),
    endAttention(ctx, programId, 'delivery_exhausted', deliveryId, mayBe),
    rearmDelivery(ctx, programId, deliveryId),
  ]);
  if (rearmed?.changes !== 1) {
    if (before.body === '' && before.channel !== 'ping')
      throw new AppError('conflict', 'What this delivery told of was deleted: there is nothing to send.');
    throw new AppError('conflict', `This delivery is ${before.status} now: it is on its way already.`);
  }
  if (endpointId === '') startDeliveries(ctx, [deliveryId]);
  else startEndpoint(ctx, endpointId);
  return (await findDelivery(ctx, programId, deliveryId)) ?? before;
}
