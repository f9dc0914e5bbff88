import type { Ctx } from '../../context.ts';
import { queueWaitLimitMs } from './policy.ts';

/** Wakes it through the queue, for so many senders; what is more than ten minutes away the sweeper finds. */
export async function wakeEndpoint(ctx: Ctx, endpointId: string, atMs: number, senders = 1): Promise<void> {
  const waitMs = Math.max(0, atMs - ctx.now());
  if (waitMs > queueWaitLimitMs) return;
  const options = { delaySeconds: Math.ceil(waitMs / 1_000) };
  const messages = Array.from({ length: senders }, () => ({ type: 'endpoint' as const, endpointId }));
  await ctx.queues.deliver.send(messages, options);
}
