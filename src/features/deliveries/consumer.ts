import { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { ack, type MessageOutcome } from '../../platform/queue.ts';
import { deliverWoken } from './deliver.ts';

export const deliverMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('delivery'), deliveryId: z.string() }),
  z.object({ type: z.literal('endpoint'), endpointId: z.string() }),
]);

/** The receiver's failure is an ack and a scheduled attempt; ours throws, and the queue tries again. */
export async function handleDeliverMessage(
  ctx: Ctx,
  message: z.output<typeof deliverMessage>,
): Promise<MessageOutcome> {
  await deliverWoken(ctx, message);
  return ack;
}
