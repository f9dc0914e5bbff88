import { z } from 'zod';
import type { Ctx } from './context.ts';
import { raiseAttention } from './features/attention/index.ts';
import { deliverMessage, handleDeliverMessage } from './features/deliveries/consumer.ts';
import { exportMessage, handleExportMessage } from './features/exports/consumer.ts';
import { dropMessage, handleDropMessage, raiseDeadDrops } from './features/files/consumer.ts';
import { handleIngestMessage, ingestMessage } from './features/jobs/consumer.ts';
import { handleSyncMessage, syncMessage } from './features/syncs/consumer.ts';
import { commit } from './platform/d1.ts';
import { consume, type MessageOutcome } from './platform/queue.ts';

interface Consumer<Schema extends z.ZodType> {
  schema: Schema;
  handle(ctx: Ctx, message: z.output<Schema>): Promise<MessageOutcome>;
}

const consumer = <Schema extends z.ZodType>(one: Consumer<Schema>) => one as unknown as Consumer<z.ZodType>;

/** Door: queue name → consumer. A queue `x` has its dead-letter queue `x-dead`, consumed below. */
const consumers: Record<string, Consumer<z.ZodType>> = {
  'crosswalk-ingest': consumer({
    schema: z.union([ingestMessage, syncMessage]),
    handle: (ctx, message) =>
      message.type === 'sync' ? handleSyncMessage(ctx, message) : handleIngestMessage(ctx, message),
  }),
  'crosswalk-deliver': consumer({ schema: deliverMessage, handle: handleDeliverMessage }),
  'crosswalk-drops': consumer({ schema: dropMessage, handle: handleDropMessage }),
  'crosswalk-export': consumer({ schema: exportMessage, handle: handleExportMessage }),
};

export async function consumeBatch(ctx: Ctx, batch: MessageBatch<unknown>): Promise<void> {
  // A QA deployment in the same account has queues of its own: crosswalk-qa-ingest, …
  const known = consumers[batch.queue.replace(/^crosswalk-qa-/, 'crosswalk-')];
  if (known) return consume(batch, known.schema, (message) => known.handle(ctx, message), ctx.log);
  return consumeDead(ctx, batch);
}

/**
 * A message that failed every time is on record and told to staff. What it was to wake, the sweeper wakes; what
 * the object store told of becomes a problem of its program, from which it is taken up again.
 */
async function consumeDead(ctx: Ctx, batch: MessageBatch<unknown>): Promise<void> {
  const isDrops = batch.queue.endsWith('-drops-dead');
  const bodies = batch.messages.map(({ body }) => body);
  const untaken = isDrops ? await raiseDeadDrops(ctx, bodies) : [];
  await commit(ctx.db, [
    raiseAttention(ctx, {
      programId: '',
      kind: 'dead_letter',
      subject: batch.queue,
      audience: 'staff',
      message: `${batch.messages.length} message(s) of ${batch.queue} failed every time.`,
      nextStep: isDrops
        ? 'Look for "queue.message_failed" in the log for the cause; each file is a problem of its program, and is taken up again from there.'
        : 'The sweeper finds the work itself; look for "queue.message_failed" in the log for the cause.',
    }),
    ...untaken,
  ]);
  for (const message of batch.messages) {
    ctx.log.line('queue.dead', { queue: batch.queue, messageId: message.id, attempts: message.attempts });
    message.ack();
  }
}
