import { sql } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import { commit } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { recordAudit } from '../audit/index.ts';
import { type Delivery, findDelivery, notUnderWay } from './store.ts';
import { deliveries } from './table.ts';

/** Others are part of a night or of a synchronisation, which waits for their end. */
const cancellable = new Set(['webhook', 'email', 'ping']);

/**
 * Ends a delivery that has not arrived: it is tried no more by itself. A retry by hand and a recovery find it.
 * One that is cancelled already stays as it is. Throws `not_found`, or `conflict` where an attempt is under
 * way, it has ended otherwise, or something waits for it.
 */
export async function cancelDelivery(ctx: Ctx, programId: string, deliveryId: string): Promise<Delivery> {
  const before = await findDelivery(ctx, programId, deliveryId);
  if (!before) throw new AppError('not_found', 'There is no such delivery.');
  if (before.status === 'cancelled') return before;
  const { channel } = before;
  if (!cancellable.has(channel))
    throw new AppError(
      'conflict',
      `A delivery by ${channel} is not cancelled by itself: something waits for it.`,
    );
  const change = { status: 'cancelled', reason: 'Cancelled by hand.', nextAttemptAt: null } as const;
  const isOpen = sql`deliveries.program_id = ${programId} AND deliveries.delivery_id = ${deliveryId}
    AND deliveries.status IN ('pending', 'waiting', 'paused') AND ${notUnderWay(ctx, programId, deliveryId)}`;
  const [, done] = await commit(ctx.db, [
    recordAudit(
      ctx,
      { programId, action: 'delivery.cancelled', target: deliveryId },
      sql`EXISTS (SELECT 1 FROM deliveries WHERE ${isOpen})`,
    ),
    ctx.db
      .update(deliveries)
      .set({ ...change, endedAt: ctx.now() })
      .where(isOpen),
  ]);
  const after = (await findDelivery(ctx, programId, deliveryId)) ?? before;
  if (done?.changes !== 1) {
    const isOver = after.nextAttemptAt === null;
    throw new AppError(
      'conflict',
      isOver
        ? `This delivery is ${after.status}: there is nothing to cancel.`
        : 'This delivery is on its way at this moment: see how that ends, and try again.',
    );
  }
  return after;
}
