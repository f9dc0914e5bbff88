import { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { ack, type MessageOutcome } from '../../platform/queue.ts';
import { workOnSync } from './run.ts';

export const syncMessage = z.object({ type: z.literal('sync'), syncId: z.string() });

/** What one message begins within; a call that is under way may take two minutes more. */
const messageWorkMs = 60_000;

/** A bounded part of a sync, then the next message. A repeat finds the lease, or nothing to do. */
export async function handleSyncMessage(
  ctx: Ctx,
  message: z.output<typeof syncMessage>,
): Promise<MessageOutcome> {
  await workOnSync(ctx, message.syncId, ctx.wallNow() + messageWorkMs);
  return ack;
}
