import { z } from 'zod';
import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { ack, type MessageOutcome } from '../../platform/queue.ts';
import { takeUpObject } from './notified.ts';
import { raiseUntaken } from './untaken.ts';

/**
 * A notification of the object store. Source: R2 "Event notifications", message format; `object` has size
 * and etag too, which are asked of the store itself.
 */
export const dropMessage = z.object({
  action: z.string().max(100),
  object: z.object({ key: z.string().min(1).max(1_024) }),
});

const writes = ['PutObject', 'CopyObject', 'CompleteMultipartUpload'];

/** Takes up what was written; of anything else there is nothing to do. Repeated, in any order: the same. */
export async function handleDropMessage(
  ctx: Ctx,
  { action, object }: z.output<typeof dropMessage>,
): Promise<MessageOutcome> {
  if (!writes.includes(action)) return ack;
  const found = await takeUpObject(ctx, object.key);
  if (found === 'gone' || found === 'unlike') {
    const versionId = object.key.slice(object.key.lastIndexOf('/') + 1);
    ctx.log.line('drop.not_taken_up', { versionId, found });
  }
  return ack;
}

/** What is to be said of messages that failed every time; those of no writing, or of no program, say nothing. */
export function raiseDeadDrops(ctx: Ctx, bodies: unknown[]): Promise<Statement[]> {
  const keys = bodies.flatMap((body) => {
    const read = dropMessage.safeParse(body);
    return read.success && writes.includes(read.data.action) ? [read.data.object.key] : [];
  });
  return raiseUntaken(ctx, keys);
}
