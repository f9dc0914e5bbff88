import { z } from '@hono/zod-openapi';
import { sourceStates, stateLabels } from '../states.ts';

/** What one call may name; its ids and their results stay far below every limit of the platform. */
export const maxAllocationsPerCall = 20_000;

const notAnId = 'A participant id is a whole number, as the flow gave it.';

const participantIds = z
  .array(
    z
      .number({ error: notAnId })
      .int({ error: notAnId })
      .positive({ error: notAnId })
      .openapi({ description: 'The participantId that the flow gave, not the externalId.', example: 311 }),
  )
  .min(1, 'Name at least one participant.')
  .max(maxAllocationsPerCall, `At most ${maxAllocationsPerCall} participants in one call.`);

const notOne =
  'Send a list of participant ids, or {"participantIds": […]}: whole numbers, at least one, at most';

/** The seed says a list; its original wraps it. */
export const allocationsIn = z
  .union([participantIds, z.strictObject({ participantIds })], {
    error: `${notOne} ${maxAllocationsPerCall}.`,
  })
  .transform((body) => (Array.isArray(body) ? body : body.participantIds))
  .openapi('AllocationsIn', { example: [311, 312] });

export const allocationResults = ['allocated', 'already_allocated', 'not_found', 'repeated'] as const;
export type AllocationResult = (typeof allocationResults)[number];

export const allocationsOut = z
  .object({
    results: z.array(
      z.object({
        participantId: z.number().int().openapi({ example: 311 }),
        result: z.enum(allocationResults).openapi({
          description: '`not_found` is no participant of this flow; `repeated` stood earlier in the list.',
        }),
      }),
    ),
  })
  .openapi('AllocationResults', { description: 'A result for each id, in the order of the list.' });

export const participationOut = z
  .object({
    flowId: z.number().int().openapi({ example: 1042 }),
    code: z.string().openapi({ example: 'HIS-101' }),
    title: z.string(),
    archived: z.boolean(),
    participantId: z.number().int().openapi({ example: 311 }),
    sources: z.array(
      z.object({
        id: z.number().int().openapi({ example: 7 }),
        reference: z.string(),
        description: z.string(),
        state: z.enum(sourceStates),
        label: z.enum(Object.values(stateLabels)),
      }),
    ),
  })
  .openapi('Participation');
