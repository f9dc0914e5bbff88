import { z } from '@hono/zod-openapi';
import { isoTime } from '../../../http.ts';
import { flowParam, idParam, lineOf, ownData } from '../schema.ts';

export const participantParam = flowParam.extend({ participantId: idParam('participantId', 311) });

export const maxParticipantsPerCall = 10_000;

export const participantIn = z
  .strictObject({
    externalId: lineOf(200)
      .min(1, 'An externalId has at least one character.')
      .openapi({ description: "The caller's id of the person, unique on the flow.", example: 'S1024' }),
    email: z
      .email({ error: 'Not an e-mail address such as ada@school.example.' })
      .max(254, 'An e-mail address has at most 254 characters.')
      .nullable()
      .optional()
      .openapi({ example: 'ada@school.example' }),
    name: lineOf(200).nullable().optional().openapi({ example: 'Ada Lovelace' }),
    data: ownData(8_192)
      .nullable()
      .optional()
      .openapi({ example: { class: 'A' } }),
  })
  .openapi('ParticipantIn', {
    description: 'What is absent stays as it is; null removes it.',
  });

export type ParticipantIn = z.output<typeof participantIn>;

/** Each item is judged by itself, so that one bad item does not refuse the others. */
export const participantsIn = z
  .array(z.unknown().openapi({ type: 'object' }))
  .min(1, 'Send at least one participant.')
  .max(maxParticipantsPerCall, `At most ${maxParticipantsPerCall} participants in one call.`)
  .openapi('ParticipantsIn', {
    description: 'Each a ParticipantIn: externalId (required), email, name, data.',
    example: [{ externalId: 'S1024', email: 'ada@school.example', name: 'Ada Lovelace' }],
  });

export const participantResults = ['created', 'updated', 'unchanged', 'invalid'] as const;
export type ParticipantResult = (typeof participantResults)[number];

export const participantsOut = z
  .object({
    results: z.array(
      z.object({
        index: z.number().int(),
        externalId: z.string().nullable().openapi({ example: 'S1024' }),
        participantId: z.number().int().nullable().openapi({ example: 311 }),
        result: z.enum(participantResults),
        errors: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })).optional(),
      }),
    ),
  })
  .openapi('ParticipantResults', { description: 'A result for each item, in the order of the list.' });

export const participantOut = z
  .object({
    participantId: z.number().int().openapi({ example: 311 }),
    externalId: z.string().openapi({ example: 'S1024' }),
    email: z.string().nullable().openapi({ example: 'ada@school.example' }),
    name: z.string().nullable().openapi({ example: 'Ada Lovelace' }),
    data: z.record(z.string(), z.unknown()).nullable(),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('Participant');
