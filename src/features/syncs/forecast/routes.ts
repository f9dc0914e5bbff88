import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, jsonBody, ok, programParam } from '../../../http.ts';
import { withBatches } from '../present.ts';
import { replayToSubscription } from '../replay.ts';
import { syncsOut } from '../schema.ts';
import { countedTo, forecastSync } from './count.ts';

const tags = ['Event hub'];

const pairParam = programParam.extend({
  publisherId: z.string().openapi({ param: { name: 'publisherId', in: 'path' } }),
});

const forecastOut = z
  .object({
    events: z
      .number()
      .int()
      .openapi({ description: `Counted to ${countedTo}.` }),
    more: z.boolean().openapi({ description: 'There are more than were counted.' }),
    quarantined: z.number().int(),
  })
  .openapi('SyncForecast');

export type SyncForecast = z.output<typeof forecastOut>;

const forecastRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/forecast',
    tags,
    summary: 'How many events a synchronisation would look at now, or after LastSyncUtc was set to a time',
    request: {
      params: pairParam,
      query: z.object({ since: z.iso.datetime({ offset: true }).optional() }),
    },
    responses: { 200: ok(forecastOut, 'Nothing is changed.') },
  },
);

const replayRoute = defineRoute(
  { scope: 'templates', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/replay',
    tags,
    summary: 'Render one event once more and send its row, wherever the cursor stands',
    request: {
      params: pairParam,
      body: jsonBody(
        z
          .strictObject({ eventId: z.string().max(100).optional().openapi({ description: 'Required.' }) })
          .openapi('SubscriptionReplayIn'),
      ),
    },
    responses: { 200: ok(syncsOut, 'How far it came.') },
  },
);

export const forecastRoutes = createRouter()
  .openapi(forecastRoute, async (c) => {
    const { publisherId } = c.req.valid('param');
    const { since } = c.req.valid('query');
    const sinceMs = since === undefined ? null : Date.parse(since);
    return c.json(await forecastSync(c.get('ctx'), c.get('programId'), publisherId, sinceMs), 200);
  })
  .openapi(replayRoute, async (c) => {
    const { publisherId } = c.req.valid('param');
    const { eventId } = c.req.valid('json');
    const done = await replayToSubscription(c.get('ctx'), c.get('programId'), publisherId, eventId);
    return c.json({ syncs: [withBatches(done)] }, 200);
  });
