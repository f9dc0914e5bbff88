import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageQuery,
  programParam,
  toIso,
  toIsoOrNull,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { createSubscription } from './create.ts';
import { type SubscriptionOut, subscriberOut, subscriptionIn, subscriptionOut } from './schema.ts';
import {
  findSubscription,
  lastSyncAt,
  listSubscribers,
  listSubscriptions,
  type Subscription,
} from './store.ts';
import { setSuspended } from './suspend.ts';
import { templateTag } from './template.ts';

export type SubscriptionList = z.output<typeof subscriptionOut>[];
export type SubscriberList = z.output<typeof subscriberOut>[];

const tags = ['Event hub'];

const publisherParam = programParam.extend({
  publisherId: z.string().openapi({ param: { name: 'publisherId', in: 'path' } }),
});
const subscriberParam = programParam.extend({
  subscriberId: z.string().openapi({ param: { name: 'subscriberId', in: 'path' } }),
});

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/eventSubs',
    tags,
    summary: 'What the program subscribes to',
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(z.array(subscriptionOut), 'A page; `Link` leads to the next.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/eventSubs/{publisherId}',
    tags,
    summary: 'A subscription',
    request: { params: publisherParam },
    responses: {
      200: {
        ...ok(subscriptionOut, 'The subscription.'),
        headers: {
          ETag: {
            schema: { type: 'string' },
            description: 'The version of its template, for `If-Match` of a change.',
          },
        },
      },
    },
  },
);

const createRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'post',
    path: '/api/programs/{programId}/eventSubs',
    tags,
    summary: 'Establish a subscription',
    request: { params: programParam, body: jsonBody(subscriptionIn) },
    responses: {
      201: {
        description: 'Created; no body.',
        headers: { Location: { schema: { type: 'string' }, description: 'Where it is.' } },
      },
    },
  },
);

const subscribersRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'get',
    path: '/api/programs/{programId}/subscribers',
    tags,
    summary: "Who subscribes to this program's events",
    request: { params: programParam, query: pageQuery },
    responses: { 200: ok(z.array(subscriberOut), 'A page; `Link` leads to the next.') },
  },
);

const suspendRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'post',
    path: '/api/programs/{programId}/subscribers/{subscriberId}/suspend',
    tags,
    summary: 'Withhold the events of this program from a subscriber',
    request: { params: subscriberParam },
    responses: { 204: noContent },
  },
);

const resumeRoute = defineRoute(
  { scope: 'manage' },
  {
    method: 'post',
    path: '/api/programs/{programId}/subscribers/{subscriberId}/resume',
    tags,
    summary: 'Give a subscriber the events again, those withheld first',
    request: { params: subscriberParam },
    responses: { 204: noContent },
  },
);

export const subscriptionRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
    const rows = await listSubscriptions(c.get('ctx'), c.get('programId'), after, limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.publisherId]);
    linkNext(c, page.nextCursor);
    return c.json(page.items, 200);
  })
  .openapi(getRoute, async (c) => {
    const { publisherId } = c.req.valid('param');
    const row = await findSubscription(c.get('ctx'), c.get('programId'), publisherId);
    if (!row) throw new AppError('not_found', 'There is no such subscription.');
    c.header('etag', templateTag(row));
    return c.json(present(row), 200);
  })
  .openapi(createRoute, async (c) => {
    const row = await createSubscription(c.get('ctx'), c.get('programId'), c.req.valid('json'));
    c.header('location', `/api/programs/${row.programId}/eventSubs/${row.publisherId}`);
    return c.body(null, 201);
  })
  .openapi(subscribersRoute, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? '' : decodeCursor(cursor, 'string')[0];
    const rows = await listSubscribers(c.get('ctx'), c.get('programId'), after, limit + 1);
    const page = toPage(rows, limit, presentSubscriber, (row) => [row.programId]);
    linkNext(c, page.nextCursor);
    return c.json(page.items, 200);
  })
  .openapi(suspendRoute, async (c) => {
    await setSuspended(c.get('ctx'), c.get('programId'), c.req.valid('param').subscriberId, true);
    return c.body(null, 204);
  })
  .openapi(resumeRoute, async (c) => {
    await setSuspended(c.get('ctx'), c.get('programId'), c.req.valid('param').subscriberId, false);
    return c.body(null, 204);
  });

function present(row: Subscription): SubscriptionOut {
  return {
    ProgramId: row.programId,
    PublisherProgramId: row.publisherId,
    CreatedUtc: toIso(row.createdAt),
    LastSyncUtc: toIsoOrNull(lastSyncAt(row)),
    SynEnabled: row.syncEnabled,
    SyncEnabled: row.syncEnabled,
    LbApiPayloadTemplate: JSON.parse(row.template),
  };
}

function presentSubscriber(row: Subscription) {
  return {
    ProgramId: row.programId,
    CreatedUtc: toIso(row.createdAt),
    LastSyncUtc: toIsoOrNull(lastSyncAt(row)),
    SuspendedUtc: toIsoOrNull(row.suspendedAt),
  };
}
