import { and, asc, eq, isNotNull, lte } from 'drizzle-orm';
import type { Ctx } from '../../context.ts';
import type { Delivery } from './store.ts';
import { deliveries } from './table.ts';

/** Across tenants, for the queue: a message carries the id alone. */
export async function findDueDelivery(ctx: Ctx, deliveryId: string): Promise<Delivery | null> {
  const [row] = await ctx.db.select().from(deliveries).where(eq(deliveries.deliveryId, deliveryId)).limit(1);
  return row ?? null;
}

/** Across tenants, for a system key that names a delivery alone. */
export async function programOfDelivery(ctx: Ctx, deliveryId: string): Promise<string | null> {
  return (await findDueDelivery(ctx, deliveryId))?.programId ?? null;
}

/** Across tenants, for the sweeper: what is due, oldest first. */
export function listDueDeliveries(
  ctx: Ctx,
  limit: number,
): Promise<{ deliveryId: string; channel: string }[]> {
  return ctx.db
    .select({ deliveryId: deliveries.deliveryId, channel: deliveries.channel })
    .from(deliveries)
    .where(and(isNotNull(deliveries.nextAttemptAt), lte(deliveries.nextAttemptAt, ctx.now())))
    .orderBy(asc(deliveries.nextAttemptAt))
    .limit(limit);
}
