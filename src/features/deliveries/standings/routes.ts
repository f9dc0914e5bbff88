import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, isoTime, ok, programParam, toIso, toIsoOrNull } from '../../../http.ts';
import { AppError } from '../../../platform/errors.ts';
import { endedStatuses } from '../../activity/index.ts';
import { type EndpointStanding, readStandings } from './read.ts';

const standingOut = z
  .object({
    webhookId: z.string(),
    failingSince: isoTime
      .nullable()
      .openapi({ description: 'Of the first failure since it last took anything; null while it takes all.' }),
    degradedSince: isoTime
      .nullable()
      .openapi({ description: 'Since when it gets one probe at a time, after time-outs.' }),
    secretSetAt: isoTime.nullable().openapi({ description: 'When the secret that signs now was made.' }),
    nextAttemptAt: isoTime.nullable().openapi({ description: 'Of what is due to it, the earliest.' }),
    hours: z
      .array(
        z.object({
          startsAt: isoTime,
          delivered: z.number().int(),
          failed: z.number().int(),
          other: z.number().int().openapi({ description: 'Cancelled after an attempt.' }),
        }),
      )
      .openapi({ description: 'Of the last 24 hours those in which a delivery ended, the oldest first.' }),
    lastDelivery: z
      .object({ deliveryId: z.string(), status: z.enum(endedStatuses), endedAt: isoTime })
      .nullable()
      .openapi({ description: 'The last that an attempt ended.' }),
  })
  .openapi('WebhookStanding');

export type StandingOut = z.output<typeof standingOut>;
export type StandingPage = { items: StandingOut[] };

const endpointsAtMost = 50;

const standingsRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhook-standings',
    tags: ['Webhooks and deliveries'],
    summary: 'How endpoints stand: their last 24 hours, last delivery, next attempt, failures, secret’s age',
    request: {
      params: programParam,
      query: z.object({
        webhooks: z
          .string()
          .max(2_000)
          .optional()
          .openapi({
            description: `Required: ids of at most ${endpointsAtMost} endpoints, separated by commas.`,
          }),
      }),
    },
    responses: {
      200: ok(
        z.object({ items: z.array(standingOut) }).openapi('WebhookStandings'),
        'In their order; ids that are none of the program’s are left out. Deliveries of the last two minutes count as far as they are among the program’s latest 50.',
      ),
    },
  },
);

const hourMs = 3_600_000;

function present({ activity, ...row }: EndpointStanding, nowMs: number): StandingOut {
  const newest = Math.floor(nowMs / hourMs);
  const hours = [...(activity?.hours ?? [])]
    .filter(([hour]) => hour > newest - 24 && hour <= newest)
    .sort(([a], [b]) => a - b);
  return {
    webhookId: row.endpointId,
    failingSince: toIsoOrNull(row.failingSince),
    degradedSince: toIsoOrNull(row.degradedSince),
    secretSetAt: toIsoOrNull(row.secretAt),
    nextAttemptAt: toIsoOrNull(row.nextAttemptAt),
    hours: hours.map(([hour, [delivered, failed, other]]) => ({
      startsAt: toIso(hour * hourMs),
      delivered,
      failed,
      other,
    })),
    lastDelivery:
      activity === null
        ? null
        : {
            deliveryId: activity.last.deliveryId,
            status: activity.last.status,
            endedAt: toIso(activity.last.endedAt),
          },
  };
}

export const standingRoutes = createRouter().openapi(standingsRoute, async (c) => {
  const ctx = c.get('ctx');
  const ids = (c.req.valid('query').webhooks ?? '').split(',').filter((id) => id !== '');
  if (ids.length === 0 || ids.length > endpointsAtMost)
    throw new AppError('invalid_input', `Name 1 to ${endpointsAtMost} endpoints: ?webhooks=whk_…,whk_…`);
  const standings = await readStandings(ctx, c.get('programId'), ids);
  return c.json({ items: standings.map((one) => present(one, ctx.now())) }, 200);
});
