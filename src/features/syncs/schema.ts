import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { callStates, syncStates } from './table.ts';

export const batchOut = z
  .object({
    importProcessId: z.string(),
    name: z.string().openapi({ description: "The call's `fileName`, the same for every attempt." }),
    queueBatchId: z.string().nullable(),
    rows: z.number().int(),
    state: z.enum(callStates).openapi({
      description: '`replaced`: refused, and its events rendered anew after the template was mended.',
    }),
    uncertain: z.boolean().openapi({
      description: 'An answer was lost: the receiver may have it more than once, under the same name.',
    }),
    deliveryId: z.string(),
  })
  .openapi('SyncBatch');

export const syncOut = z
  .object({
    syncId: z.string(),
    publisherId: z.string(),
    state: z.enum(syncStates).openapi({ description: '`ended`: the subscription was deleted meanwhile.' }),
    openedAt: isoTime,
    endedAt: isoTime.nullable(),
    selected: z.number().int(),
    rendered: z.number().int(),
    ignored: z.number().int(),
    quarantined: z.number().int(),
    unmapped: z
      .array(z.object({ category: z.string().nullable(), events: z.number().int() }))
      .openapi({ description: 'Categories that the template says nothing of: their events were ignored.' }),
    traceId: z.string(),
  })
  .openapi('Sync');

export const syncWithBatches = syncOut.extend({ batches: z.array(batchOut) }).openapi('SyncWithBatches');

export const syncsOut = z.object({ syncs: z.array(syncWithBatches) }).openapi('Syncs');

export const quarantinedOut = z
  .object({
    eventId: z.string(),
    sequence: z.number().int(),
    category: z.string().nullable().openapi({ description: 'The one of the template.' }),
    code: z.string(),
    message: z.string(),
    line: z.number().int().nullable(),
    column: z.number().int().nullable(),
    since: isoTime,
    syncId: z.string(),
    retrying: z.boolean(),
  })
  .openapi('QuarantinedEvent');

const previewedEvent = z.object({
  eventId: z.string().nullable(),
  publisherEventId: z.string().nullable(),
  category: z.string().nullable(),
  matched: z.string().nullable().openapi({ description: 'The category of the template; null: none.' }),
  action: z.enum(['import', 'ignore']),
  importProcessId: z.string().nullable(),
  members: z.array(z.string()).openapi({ description: 'What its data holds, by dotted name; at most 100.' }),
  row: z.string().nullable(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      line: z.number().int().nullable(),
      column: z.number().int().nullable(),
    })
    .nullable(),
});

const differenceOut = z
  .object({
    events: z
      .number()
      .int()
      .openapi({ description: 'How many were compared: at most 100, fewer where they are large.' }),
    unchanged: z.number().int(),
    changed: z.number().int(),
    failing: z
      .number()
      .int()
      .openapi({ description: 'With the saved template they give a row, now an error.' }),
    first: z
      .array(z.object({ saved: previewedEvent, draft: previewedEvent }))
      .openapi({ description: 'The first ten that differ, those that fail before the others.' }),
    categories: z
      .array(
        z.object({
          category: z.string().nullable(),
          events: z.number().int(),
          matched: z.string().nullable(),
        }),
      )
      .openapi({ description: 'Of the events compared; `matched` by the draft.' }),
  })
  .openapi('TemplateDifference');

export const previewOut = z
  .object({
    events: z.array(previewedEvent),
    difference: differenceOut.nullable().openapi({ description: 'Where `compare` asks for it.' }),
  })
  .openapi('Preview');

export type Preview = z.output<typeof previewOut>;
export type PreviewedEvent = z.output<typeof previewedEvent>;
export type TemplateDifference = z.output<typeof differenceOut>;
