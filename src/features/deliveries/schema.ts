import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { deliveryStatuses } from './table.ts';

export const deliveryOut = z
  .object({
    deliveryId: z.string(),
    programId: z.string(),
    webhookId: z.string().nullable().openapi({ description: 'Null where it goes to no endpoint.' }),
    channel: z.string(),
    type: z.string(),
    messageId: z.string(),
    target: z.string(),
    traceId: z.string(),
    about: z.string(),
    status: z.enum(deliveryStatuses),
    reason: z.string().nullable(),
    uncertain: z.boolean(),
    attemptCount: z.number().int(),
    nextAttemptAt: isoTime.nullable(),
    createdAt: isoTime,
    endedAt: isoTime.nullable(),
  })
  .openapi('Delivery');

const attemptOut = z
  .object({
    startedAt: isoTime,
    durationMs: z.number().int(),
    status: z.number().int().nullable(),
    failure: z.enum(['connect', 'timeout', 'status', 'body']).nullable(),
    detail: z.string(),
    excerpt: z.string(),
  })
  .openapi('DeliveryAttempt');

export const oneDeliveryOut = deliveryOut
  .extend({ attempts: z.array(attemptOut), body: z.string() })
  .openapi('DeliveryWithAttempts');

export const requestOut = z
  .object({
    method: z.enum(['POST', 'GET']),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    hiddenHeaders: z.array(z.string()),
    body: z.string(),
    signedAt: isoTime,
  })
  .openapi('DeliveryRequest');

export type RequestOut = z.output<typeof requestOut>;

export const deliveryPage = z
  .object({
    items: z.array(deliveryOut),
    nextCursor: z.string().nullable(),
    lookedBackTo: isoTime.nullable().openapi({
      description:
        'Set where a filter’s look ended before the ledger did, after 2,000 deliveries or, with a cursor, 20,000: `nextCursor` looks further back.',
    }),
  })
  .openapi('DeliveryPage');

export type DeliveryPage = z.output<typeof deliveryPage>;

export type DeliveryOut = z.output<typeof oneDeliveryOut>;
