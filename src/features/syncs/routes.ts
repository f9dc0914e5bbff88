import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, jsonBody, noContent, programParam } from '../../http.ts';
import { subscriptionPatch } from '../subscriptions/index.ts';
import { changeSubscription, endSubscription } from './change.ts';

const tags = ['Event hub'];

const publisherParam = programParam.extend({
  publisherId: z.string().openapi({ param: { name: 'publisherId', in: 'path' } }),
});

const changeRoute = defineRoute(
  { scope: 'templates' },
  {
    method: 'patch',
    path: '/api/programs/{programId}/eventSubs/{publisherId}',
    tags,
    summary: 'Change a subscription; an earlier LastSyncUtc replays',
    description: "A program's own key may change `LbApiPayloadTemplate` alone.",
    request: { params: publisherParam, body: jsonBody(subscriptionPatch) },
    responses: { 204: noContent },
  },
);

const endRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'delete',
    path: '/api/programs/{programId}/eventSubs/{publisherId}',
    tags,
    summary: 'End a subscription',
    request: { params: publisherParam },
    responses: { 204: noContent },
  },
);

export const syncRoutes = createRouter()
  .openapi(changeRoute, async (c) => {
    const { publisherId } = c.req.valid('param');
    await changeSubscription(c.get('ctx'), c.get('programId'), publisherId, c.req.valid('json'));
    return c.body(null, 204);
  })
  .openapi(endRoute, async (c) => {
    await endSubscription(c.get('ctx'), c.get('programId'), c.req.valid('param').publisherId);
    return c.body(null, 204);
  });
