import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
  programParam,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { envelopeIn } from '../events/index.ts';
import { findProgram } from '../programs/index.ts';
import { subscriptionPatch } from '../subscriptions/index.ts';
import { changeSubscription, endSubscription, requireSubscription } from './change.ts';
import { presentQuarantined, presentSync, withBatches } from './present.ts';
import { type PreviewAsked, previewTemplate } from './preview.ts';
import { processEvents, retryQuarantine, syncNow } from './run.ts';
import { previewOut, quarantinedOut, syncOut, syncsOut, syncWithBatches } from './schema.ts';
import { findSync, listCalls, listQuarantine, listSyncs } from './store.ts';

export type { Preview, PreviewedEvent, TemplateDifference } from './schema.ts';

export type SyncPage = { items: z.output<typeof syncOut>[]; nextCursor: string | null };
export type QuarantinePage = { items: z.output<typeof quarantinedOut>[]; nextCursor: string | null };

const tags = ['Event hub'];
const subscriptionPath = '/api/programs/{programId}/eventSubs/{publisherId}';

const publisherParam = programParam.extend({
  publisherId: z.string().openapi({ param: { name: 'publisherId', in: 'path' } }),
});

const changeRoute = defineRoute(
  { scope: 'templates' },
  {
    method: 'patch',
    path: subscriptionPath,
    tags,
    summary: 'Change a subscription; an earlier LastSyncUtc replays',
    description:
      "A program's own key may change `LbApiPayloadTemplate` alone. With `If-Match`, the `ETag` of the subscription: 412 where somebody has changed its template since.",
    request: { params: publisherParam, body: jsonBody(subscriptionPatch) },
    responses: { 204: noContent },
  },
);

const endRoute = defineRoute(
  { scope: 'system' },
  {
    method: 'delete',
    path: subscriptionPath,
    tags,
    summary: 'End a subscription',
    request: { params: publisherParam },
    responses: { 204: noContent },
  },
);

const previewIn = z
  .strictObject({
    LbApiPayloadTemplate: z.unknown().optional(),
    events: z.array(envelopeIn.partial()).max(50, 'At most 50 events.').optional(),
    compare: z
      .boolean()
      .optional()
      .openapi({ description: 'Compares it with the saved template over the latest 100 events.' }),
  })
  .openapi('PreviewIn');

const previewRoute = defineRoute(
  { scope: 'templates' },
  {
    method: 'post',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/preview',
    tags,
    summary: 'What a template makes of given events, or of the latest ten',
    request: { params: publisherParam, body: { ...jsonBody(previewIn), required: false } },
    responses: { 200: ok(previewOut, 'Of each event the category matched, and the row or the error.') },
  },
);

const syncRoute = defineRoute(
  { scope: 'templates', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/sync',
    tags,
    summary: 'Synchronise now, whatever SyncEnabled says',
    description: 'Answers within 20 s; a sync that is still `open` then goes on by itself.',
    request: { params: publisherParam },
    responses: { 200: ok(syncsOut, 'How far it came.') },
  },
);

const processRoute = defineRoute(
  { scope: 'system', idempotent: true },
  {
    method: 'post',
    path: '/api/processEvents',
    tags,
    summary: "Synchronise each of a program's subscriptions that has SyncEnabled",
    request: { query: z.object({ programId: z.string().max(100) }) },
    responses: { 200: ok(syncsOut, 'How far each came.') },
  },
);

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/syncs',
    tags,
    summary: "A subscription's synchronisations, newest first",
    request: { params: publisherParam, query: pageQuery },
    responses: { 200: ok(pageOf(syncOut, 'SyncPage'), 'A page.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/syncs/{syncId}',
    tags,
    summary: 'A synchronisation with its calls',
    request: {
      params: publisherParam.extend({
        syncId: z.string().openapi({ param: { name: 'syncId', in: 'path' } }),
      }),
    },
    responses: { 200: ok(syncWithBatches, 'The synchronisation.') },
  },
);

const quarantineRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/quarantine',
    tags,
    summary: 'Events that gave no row, in the order of the log',
    request: { params: publisherParam, query: pageQuery },
    responses: { 200: ok(pageOf(quarantinedOut, 'QuarantinePage'), 'A page.') },
  },
);

const retryRoute = defineRoute(
  { scope: 'templates', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/eventSubs/{publisherId}/quarantine/retry',
    tags,
    summary: 'Render the quarantine again, and synchronise',
    request: { params: publisherParam },
    responses: { 200: ok(syncsOut, 'How far it came.') },
  },
);

export const syncRoutes = createRouter()
  .openapi(changeRoute, async (c) => {
    const { publisherId } = c.req.valid('param');
    const ifMatch = c.req.header('if-match');
    await changeSubscription(c.get('ctx'), c.get('programId'), publisherId, c.req.valid('json'), ifMatch);
    return c.body(null, 204);
  })
  .openapi(endRoute, async (c) => {
    await endSubscription(c.get('ctx'), c.get('programId'), c.req.valid('param').publisherId);
    return c.body(null, 204);
  })
  .openapi(previewRoute, async (c) => {
    // Without a body: the template as it is, and the latest events.
    const { LbApiPayloadTemplate: template, events, compare } = c.req.valid('json') ?? {};
    const { publisherId } = c.req.valid('param');
    const asked = { template, events: events as PreviewAsked['events'], compare };
    return c.json(await previewTemplate(c.get('ctx'), c.get('programId'), publisherId, asked), 200);
  })
  .openapi(syncRoute, async (c) => {
    const done = await syncNow(c.get('ctx'), c.get('programId'), c.req.valid('param').publisherId);
    return c.json({ syncs: [withBatches(done)] }, 200);
  })
  .openapi(processRoute, async (c) => {
    const program = await findProgram(c.get('ctx'), c.req.valid('query').programId);
    if (!program) throw new AppError('not_found', 'There is no such program.');
    const done = await processEvents(c.get('ctx'), program.programId);
    return c.json({ syncs: done.map(withBatches) }, 200);
  })
  .openapi(listRoute, async (c) => {
    const ctx = c.get('ctx');
    const { limit, cursor } = c.req.valid('query');
    const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    const of = await requireSubscription(ctx, c.get('programId'), c.req.valid('param').publisherId);
    const rows = await listSyncs(ctx, of, before, limit + 1);
    const page = toPage(rows, limit, presentSync, (row) => [row.syncId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(getRoute, async (c) => {
    const ctx = c.get('ctx');
    const { publisherId, syncId } = c.req.valid('param');
    const sync = await findSync(ctx, c.get('programId'), syncId);
    if (!sync || sync.publisherId.toLowerCase() !== publisherId.toLowerCase()) {
      throw new AppError('not_found', 'There is no such synchronisation.');
    }
    return c.json(withBatches({ sync, calls: await listCalls(ctx, syncId) }), 200);
  })
  .openapi(quarantineRoute, async (c) => {
    const ctx = c.get('ctx');
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
    const of = await requireSubscription(ctx, c.get('programId'), c.req.valid('param').publisherId);
    const rows = await listQuarantine(ctx, of, after, limit + 1);
    const page = toPage(rows, limit, presentQuarantined, (row) => [row.sequence]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(retryRoute, async (c) => {
    const done = await retryQuarantine(c.get('ctx'), c.get('programId'), c.req.valid('param').publisherId);
    return c.json({ syncs: [withBatches(done)] }, 200);
  });
