import { z } from '@hono/zod-openapi';
import { isoTime } from '../../../http.ts';
import { flowParam, idParam, stateMembers } from '../schema.ts';
import { requestOutcomes } from '../states.ts';

/** The seed's rule. "." and ".." pass it, yet no URL can carry them as a segment of its path. */
const reference = z
  .string()
  .max(255, 'A reference has at most 255 characters.')
  .regex(/^[0-9a-zA-Z\-_,.;:|]+$/, 'A reference has 1 to 255 of the characters 0-9 a-z A-Z - _ , . ; : |')
  .refine((text) => text !== '.' && text !== '..', {
    error: 'A path cannot hold "." or "..": choose another reference.',
  });

export const sourceParam = flowParam.extend({ sourceId: idParam('sourceId', 7) });

/** A path's reference is the decoded one: an encoded separator breaks the rule like a bare one. */
export const referenceParam = flowParam.extend({
  reference: reference.openapi({ param: { name: 'reference', in: 'path' }, example: 'HIS101:2026-2|A' }),
});

const description = z
  .string()
  .max(1_000, 'At most 1000 characters.')
  .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\r\n])*$/u, 'Text without control characters.')
  .openapi({ example: 'Class A' });

export const sourceIn = z
  .strictObject({
    reference: reference.openapi({
      description: 'What the exam or the data is called in the external system.',
      example: 'HIS101:2026-2|A',
    }),
    description: description.default(''),
  })
  .openapi('ExternalSourceIn');

export const sourceChange = z.strictObject({ description }).openapi('ExternalSourceChange');

export const sourceFilter = z.object({
  reference: z.string().max(255).optional(),
  state: stateMembers.state.optional(),
});

const requestId = z.string().openapi({ example: 'srq_01m80tty0rbphaf9h7764vz2ra' });

export const sourceOut = z
  .object({
    id: z.number().int().openapi({ example: 7 }),
    reference: z.string().openapi({ example: 'HIS101:2026-2|A' }),
    description: z.string().openapi({ example: 'Class A' }),
    ...stateMembers,
    message: z.string().nullable().openapi({ description: 'Why it failed.' }),
    lastRequestedSync: isoTime.nullable(),
    lastSync: isoTime.nullable().openapi({ description: 'When the integration last reported done.' }),
    allocated: z.number().int().openapi({ description: 'How many participants are allocated to it.' }),
    requestId: requestId.nullable().openapi({ description: 'The latest request.' }),
    deadline: isoTime
      .nullable()
      .openapi({ description: 'When a pending request will have waited too long.' }),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('ExternalSource');

export const requestOut = z
  .object({
    requestId: requestId.openapi({
      description: 'Of this press; where every source was pending already, the latest that is waited for.',
    }),
    requests: z.array(z.object({ reference: z.string().openapi({ example: 'HIS101:2026-2|A' }), requestId })),
    duplicate: z
      .literal(true)
      .optional()
      .openapi({ description: 'Every source was pending already: nothing new was asked for.' }),
    deliveryIds: z.array(z.string()).openapi({
      description: 'What is under way to the integration; empty where no endpoint takes this type.',
    }),
  })
  .openapi('SyncRequested');

export const doneIn = z
  .strictObject({ requestId: z.string().max(100).optional() })
  .openapi('SyncDone', { description: 'With `requestId` a report of an old request changes nothing.' });

const shownChars = 500;

/** Whatever the integration has to say, cut and made one line: a stack trace must not cost the report itself. */
const failMessage = z
  .string()
  .transform((text) => {
    const line = text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
    // By code points: no character is cut in two.
    return [...line].slice(0, shownChars).join('');
  })
  .openapi({
    description: `Why it failed; the first ${shownChars} characters are kept, as one line.`,
    example: 'The student system does not answer.',
  });

export const failIn = z
  .strictObject({
    requestId: z.string().max(100).optional(),
    message: failMessage.optional(),
  })
  .openapi('SyncFailed');

export const requestFilter = z.object({
  reference: z.string().max(255).optional(),
  requestId: z.string().max(100).optional(),
  state: z.enum(requestOutcomes).optional(),
});

export const historyOut = z
  .object({
    requestId,
    sourceId: z.number().int().openapi({ example: 7 }),
    reference: z.string().openapi({ example: 'HIS101:2026-2|A' }),
    state: z.enum(requestOutcomes),
    requestedBy: z.string().openapi({ description: 'The key that asked.' }),
    requestedAt: isoTime,
    endedBy: z
      .string()
      .nullable()
      .openapi({ description: 'The key that reported; `hub:cron` is the time limit.' }),
    endedAt: isoTime.nullable(),
    durationMs: z.number().int().nullable(),
    message: z.string().nullable(),
    traceId: z.string(),
    deliveries: z
      .array(
        z.object({
          deliveryId: z.string(),
          status: z.string().openapi({ example: 'delivered' }),
          attemptCount: z.number().int(),
          endedAt: isoTime.nullable(),
        }),
      )
      .openapi({ description: 'What told the integration: one per endpoint.' }),
  })
  .openapi('SyncRequest');

const asked = z.object({ id: z.number().int(), reference: z.string() });

/** The webhook: one per request. */
export const syncRequestedMessage = z
  .object({
    type: z.literal('flow.external_source.sync_requested'),
    timestamp: isoTime,
    data: z.object({
      requestId,
      flowId: z.number().int().openapi({ example: 1042 }),
      flowCode: z.string().openapi({ example: 'HIS-101' }),
      references: z.array(z.string()).openapi({ example: ['HIS101:2026-2|A'] }),
      sources: z.array(asked).openapi({
        description: 'The same with the ids that allocations ask for.',
        example: [{ id: 7, reference: 'HIS101:2026-2|A' }],
      }),
      deadline: isoTime.openapi({ description: 'When the request will have waited too long.' }),
    }),
  })
  .openapi('SyncRequestedMessage');

export type SyncRequestedData = z.output<typeof syncRequestedMessage>['data'];
