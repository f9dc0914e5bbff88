import { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { ack, type MessageOutcome } from '../../platform/queue.ts';
import { attemptDelivery } from '../deliveries/index.ts';
import { messageBudget } from './sweep.ts';
import { continueRun } from './write.ts';

export const exportMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), runId: z.string() }),
  z.object({ type: z.literal('delivery'), deliveryId: z.string() }),
]);

/** A bounded part of a night, then the next message; or one attempt at a delivery that takes minutes. */
export async function handleExportMessage(
  ctx: Ctx,
  message: z.output<typeof exportMessage>,
): Promise<MessageOutcome> {
  if (message.type === 'delivery') {
    await attemptDelivery(ctx, message.deliveryId);
    return ack;
  }
  const result = await continueRun(ctx, message.runId, messageBudget);
  if (result === 'more') await ctx.queues.export.send([{ type: 'run', runId: message.runId }]);
  return ack;
}
