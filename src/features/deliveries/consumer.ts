import { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { ack, type MessageOutcome } from '../../platform/queue.ts';
import { attemptDelivery } from './deliver.ts';

export const deliverMessage = z.object({ type: z.literal('delivery'), deliveryId: z.string() });

/** The receiver's failure is an ack and a scheduled attempt; ours throws, and the queue tries again. */
export async function handleDeliverMessage(
  ctx: Ctx,
  message: z.output<typeof deliverMessage>,
): Promise<MessageOutcome> {
  await attemptDelivery(ctx, message.deliveryId);
  return ack;
}
