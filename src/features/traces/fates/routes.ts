import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, ok, programParam } from '../../../http.ts';
import { AppError } from '../../../platform/errors.ts';
import { fates, readFates } from './read.ts';

const fateOut = z
  .object({
    eventId: z.string(),
    fate: z.enum(fates).openapi({
      description:
        'At the program’s own endpoints: the worst of its deliveries; `filtered`: an endpoint listens, but not to its category; `nobody`: none listens to events.',
    }),
    states: z.record(z.string(), z.number()).openapi({ description: 'Its deliveries, by status.' }),
    subscribers: z
      .array(
        z.object({
          programId: z.string().nullable().openapi({ description: 'Null without the scope `manage`.' }),
          decision: z
            .enum(['imported', 'ignored', 'withheld'])
            .openapi({ description: 'By the subscriber’s template as it is now, or its suspension.' }),
          synchronised: z.boolean(),
          pulled: z.boolean(),
          quarantined: z
            .object({
              code: z.string(),
              line: z.number().int().nullable(),
              column: z.number().int().nullable(),
            })
            .nullable()
            .openapi({ description: 'It gave no row: where in the subscriber’s template.' }),
        }),
      )
      .openapi({ description: 'The first 100.' }),
  })
  .openapi('EventFate');

export type EventFateOut = z.output<typeof fateOut>;

const eventsAtMost = 50;

const fatesRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/fates',
    tags: ['Event hub'],
    summary: 'What became of the program’s events: its endpoints’ deliveries, and each subscriber’s standing',
    request: {
      params: programParam,
      query: z.object({
        events: z
          .string()
          .max(2_000)
          .optional()
          .openapi({ description: `Required: ids of at most ${eventsAtMost} events, separated by commas.` }),
      }),
    },
    responses: {
      200: ok(
        z.object({ items: z.array(fateOut) }).openapi('EventFates'),
        'In their order; ids that are none of the program’s are left out.',
      ),
    },
  },
);

export const fateRoutes = createRouter().openapi(fatesRoute, async (c) => {
  const ctx = c.get('ctx');
  const ids = (c.req.valid('query').events ?? '').split(',').filter((id) => id !== '');
  if (ids.length === 0 || ids.length > eventsAtMost)
    throw new AppError('invalid_input', `Name 1 to ${eventsAtMost} events: ?events=evt_…,evt_…`);
  const seesNames =
    ctx.actor.kind === 'system' || ('scopes' in ctx.actor && ctx.actor.scopes.includes('manage'));
  const items = (await readFates(ctx, c.get('programId'), ids)).map(({ subscribers, ...event }) => ({
    ...event,
    subscribers: subscribers.map((one) => ({ ...one, programId: seesNames ? one.programId : null })),
  }));
  return c.json({ items }, 200);
});
