import type { z } from 'zod';
import type { Logger } from './log.ts';

/** What became of a message: done, to be tried again by the queue, or beyond help. */
export type MessageOutcome =
  | { kind: 'ack' }
  | { kind: 'retry'; delaySeconds: number }
  | { kind: 'dead'; why: string };

export const ack: MessageOutcome = { kind: 'ack' };

/** A wake-up sender. Messages carry ids, never rows: 128 KB is a message's limit. */
export interface QueueSender<Message> {
  /** Never throws: a wake-up that is lost is found again by the sweeper. */
  send(messages: Message[], options?: { delaySeconds?: number }): Promise<void>;
}

const sendBatchLimit = 100;

/** What a test may make of every message: it is lost, or comes three times, at other times than meant. */
export type QueueFault = 'lose' | 'repeat' | null;

export function createSender<Message>(
  queue: Queue,
  log: Logger,
  { fault }: { fault: QueueFault },
): QueueSender<Message> {
  return {
    async send(messages, { delaySeconds = 0 } = {}) {
      if (fault === 'lose') return;
      try {
        if (fault === 'repeat') return await sendBadly(queue, messages, delaySeconds);
        for (let at = 0; at < messages.length; at += sendBatchLimit) {
          await queue.sendBatch(
            messages.slice(at, at + sendBatchLimit).map((body) => ({ body, contentType: 'json' as const })),
            { delaySeconds },
          );
        }
      } catch (error) {
        log.error('queue.send_failed', error, { messages: messages.length });
      }
    },
  };
}

async function sendBadly<Message>(queue: Queue, messages: Message[], delaySeconds: number): Promise<void> {
  const thrice = messages.flatMap((message) => [message, message, message]);
  const sent = thrice.map((body) => {
    const late = Math.floor(Math.random() * 4);
    return queue.send(body, { contentType: 'json', delaySeconds: Math.max(0, delaySeconds - 1) + late });
  });
  await Promise.all(sent);
}

/**
 * Handles a batch: a try per message, parsed first. What does not parse is dead at once (retrying cannot
 * mend it); what throws is ours, and retried by the queue until its dead-letter queue takes it.
 */
export async function consume<Schema extends z.ZodType>(
  batch: MessageBatch<unknown>,
  schema: Schema,
  handle: (message: z.output<Schema>, attempts: number) => Promise<MessageOutcome>,
  log: Logger,
): Promise<void> {
  for (const message of batch.messages) {
    const startedAt = Date.now();
    const outcome = await handleOne(message, schema, handle, log);
    if (outcome.kind === 'retry') message.retry({ delaySeconds: outcome.delaySeconds });
    else message.ack();
    log.line('queue.message', {
      queue: batch.queue,
      messageId: message.id,
      attempts: message.attempts,
      outcome: outcome.kind,
      why: outcome.kind === 'dead' ? outcome.why : undefined,
      durationMs: Date.now() - startedAt,
    });
  }
}

async function handleOne<Schema extends z.ZodType>(
  message: Message<unknown>,
  schema: Schema,
  handle: (message: z.output<Schema>, attempts: number) => Promise<MessageOutcome>,
  log: Logger,
): Promise<MessageOutcome> {
  const parsed = schema.safeParse(message.body);
  if (!parsed.success) return { kind: 'dead', why: 'the message does not match its schema' };
  try {
    return await handle(parsed.data, message.attempts);
  } catch (error) {
    log.error('queue.message_failed', error, { messageId: message.id, attempts: message.attempts });
    return { kind: 'retry', delaySeconds: Math.min(300, 5 * 2 ** Math.min(message.attempts, 6)) };
  }
}
