import { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { ack, type MessageOutcome } from '../../platform/queue.ts';
import { messageBudget } from './policy.ts';
import { runJob } from './run.ts';

export const ingestMessage = z.object({ type: z.literal('job'), jobId: z.string() });

/** A bounded part of the job, then the next message. A repeat of a message finds the lease, or nothing to do. */
export async function handleIngestMessage(
  ctx: Ctx,
  message: z.output<typeof ingestMessage>,
): Promise<MessageOutcome> {
  const result = await runJob(ctx, message.jobId, messageBudget);
  if (result === 'more') await ctx.queues.ingest.send([{ type: 'job', jobId: message.jobId }]);
  return ack;
}
