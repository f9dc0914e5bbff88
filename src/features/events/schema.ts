import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';

export const maxEventsPerCall = 1_000;
export const maxCallBytes = 1_048_576;
export const maxDataBytes = 262_144;
export const maxDataDepth = 64;

/** Control characters and lone surrogates do not survive a database or a header; an id must. */
const plainText = (maxLength: number) =>
  z
    .string()
    .min(1, 'Not empty.')
    .max(maxLength, `At most ${maxLength} characters.`)
    .refine((text) => !/\p{Cc}|\p{Cs}/u.test(text), {
      error: 'No control characters and no lone surrogates.',
    });

const time = z.iso
  .datetime({ offset: true, local: true, error: 'A time such as 2026-11-22T02:00:00Z.' })
  .transform((text) => Date.parse(/(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`));

const category = z.union(
  [
    plainText(200).transform((value) => ({ value, label: null })),
    z
      .strictObject({ value: plainText(200), label: z.union([z.literal(''), plainText(500)]).nullish() })
      .transform(({ value, label }) => ({ value, label: label ?? null })),
  ],
  { error: 'A text of 1 to 200 characters, or {"value", "label"}.' },
);

const members = {
  PublisherProgramId: plainText(25).openapi({ example: 'iqu' }),
  PublisherSystemId: z
    .union([z.literal(''), plainText(25)])
    .nullish()
    .transform((id) => id ?? ''),
  EventType: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,50}$/, '1 to 50 characters of A-Z, a-z, 0-9, "_", ".", ":" and "-".'),
  PublisherEventId: plainText(200),
  PublisherParticipantId: plainText(200)
    .nullish()
    .transform((id) => id ?? null),
  PublisherEventCategory: category.nullish().transform((one) => one ?? null),
  PublisherEventData: z.unknown().optional(),
  EventStartUtc: time,
  EventEndUtc: time.nullish().transform((at) => at ?? null),
};

/** What a publisher sends, but for its data, which is kept as text. */
export const envelopeIn = z.strictObject(members);
export type EnvelopeIn = z.output<typeof envelopeIn>;

export const eventIn = z
  .strictObject({
    ...members,
    PublisherEventData: z.unknown().optional().openapi({
      description:
        'Any JSON of at most 256 KB and 64 levels; kept as it is sent, numbers of any length included.',
    }),
  })
  .openapi('EventIn');

export const eventOut = z
  .object({
    EventId: z.string(),
    PublisherProgramId: z.string(),
    PublisherSystemId: z.string().nullable(),
    PublisherEventId: z.string(),
    PublisherParticipantId: z.string().nullable(),
    EventType: z.string(),
    PublisherEventCategory: z.object({ value: z.string(), label: z.string().nullable() }).nullable(),
    PublisherEventData: z.unknown().optional(),
    EventStartUtc: isoTime,
    EventEndUtc: isoTime.nullable(),
    CreatedUtc: isoTime,
    ReceivedUtc: isoTime.openapi({ description: 'The same as `CreatedUtc`.' }),
    Sequence: z.number().int(),
    Change: z
      .string()
      .nullable()
      .openapi({ description: 'Where a job made the event: what became of the key.' }),
    RecordKey: z.string().nullable(),
    DeletedUtc: isoTime
      .nullable()
      .openapi({ description: 'Set on a tombstone: the event was deleted, and its data with it.' }),
    TraceId: z.string(),
  })
  .openapi('Event');

export const publishedOut = z
  .object({
    status: z.enum(['created', 'duplicate', 'invalid']),
    eventId: z.string().optional(),
    code: z.string().optional().openapi({ description: 'Of an invalid one: why.', example: 'conflict' }),
    message: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })).optional(),
  })
  .openapi('PublishedEvent');

export const replayIn = z
  .strictObject({ eventId: z.string().max(100).optional().openapi({ description: 'Required.' }) })
  .openapi('ReplayIn');
