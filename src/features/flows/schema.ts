import { z } from '@hono/zod-openapi';
import { isoTime } from '../../http.ts';
import { sourceStates } from './states.ts';

/** Text for people: one line, no control characters, no broken surrogates. */
export const lineOf = (maxChars: number) =>
  z
    .string()
    .trim()
    .max(maxChars, `At most ${maxChars} characters.`)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'One line of text, without control characters.');

const maxDepth = 64;

/** A caller's own JSON object, bounded in size and depth. */
export const ownData = (maxBytes: number) =>
  z
    .record(z.string(), z.unknown())
    .refine((data) => isShallow(data, maxDepth), { error: `At most ${maxDepth} levels deep.`, abort: true })
    .refine((data) => JSON.stringify(data).length <= maxBytes, {
      error: `At most ${maxBytes} characters as JSON.`,
    });

/** Level by level, for a recursion would end where the stack does. */
function isShallow(data: unknown, limit: number): boolean {
  let level: unknown[] = [data];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return false;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return true;
}

/** An id of the hub's own numbering, as a path holds it. */
export const idParam = (name: string, example: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,14}$/, `${name} is a whole number such as ${example}.`)
    .transform(Number)
    .openapi({ type: 'integer', param: { name, in: 'path' }, example });

export const flowParam = z.object({ flowId: idParam('flowId', 1042) });

const title = lineOf(200)
  .min(1, 'A title has at least one character.')
  .openapi({ example: 'History, year 1' });
const data = ownData(65_536)
  .nullable()
  .openapi({ description: "The caller's own.", example: { term: '2026-2' } });
const syncTimeLimitMinutes = z
  .number()
  .int()
  .min(1, 'At least one minute.')
  .max(10_080, 'At most seven days (10080 minutes).')
  .openapi({
    description: 'How long a source may stay PENDING before it turns FAILED and contacts are told.',
    example: 60,
  });

export const defaultTimeLimitMinutes = 60;

export const flowIn = z
  .strictObject({
    code: lineOf(100)
      .min(1, 'A code has at least one character.')
      .openapi({ description: "The program's own name for the flow; unique.", example: 'HIS-101' }),
    title,
    data: data.optional(),
    syncTimeLimitMinutes: syncTimeLimitMinutes.default(defaultTimeLimitMinutes),
  })
  .openapi('FlowIn');

export const flowPatch = z
  .strictObject({
    title: title.optional(),
    data: data.optional(),
    syncTimeLimitMinutes: syncTimeLimitMinutes.optional(),
    archived: z
      .boolean()
      .optional()
      .openapi({ description: 'An archived flow takes no change but `false` here.' }),
  })
  .openapi('FlowPatch');

export type FlowIn = z.output<typeof flowIn>;
export type FlowPatch = z.output<typeof flowPatch>;

const stateDescription =
  'NONE ("Not Requested"), PENDING ("Sync Requested"), SUCCESS ("Complete") or FAILED ("Failed").';

export const stateMembers = {
  state: z.enum(sourceStates).openapi({ description: stateDescription, example: 'PENDING' }),
  label: z.string().openapi({ description: 'The state as people read it.', example: 'Sync Requested' }),
};

export const flowOut = z
  .object({
    flowId: z.number().int().openapi({ example: 1042 }),
    programId: z.string().openapi({ example: 'iqu' }),
    code: z.string().openapi({ example: 'HIS-101' }),
    title: z.string().openapi({ example: 'History, year 1' }),
    data: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ example: { term: '2026-2' } }),
    ...stateMembers,
    allocations: z
      .number()
      .int()
      .openapi({ description: 'Of all its sources; a participant of two is counted twice.' }),
    archived: z.boolean(),
    syncTimeLimitMinutes: z.number().int().openapi({ example: 60 }),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .openapi('Flow', {
    description: 'Its state is the first of PENDING, FAILED, SUCCESS, NONE among its external sources.',
  });
