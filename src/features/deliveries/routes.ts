import { z } from '@hono/zod-openapi';
import type { Ctx } from '../../context.ts';
import { createRouter, defineRoute, linkNext, ok, pageQuery, programParam, toIso } from '../../http.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import { AppError } from '../../platform/errors.ts';
import { idTime } from '../../platform/ids.ts';
import { cancelDelivery } from './cancel.ts';
import { programOfDelivery } from './deliveries.system.ts';
import { listDeliveries } from './ledger.ts';
import { presentAttempt, presentDelivery } from './present.ts';
import { showRequest } from './request.ts';
import { retryDelivery } from './retry.ts';
import { deliveryOut, deliveryPage, oneDeliveryOut, requestOut } from './schema.ts';
import { bodyOf, findDelivery } from './store.ts';
import { deliveryStatuses } from './table.ts';

export type { DeliveryOut, DeliveryPage, RequestOut } from './schema.ts';

const tags = ['Webhooks and deliveries'];

const deliveryParam = z.object({
  deliveryId: z.string().openapi({ param: { name: 'deliveryId', in: 'path' } }),
});

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/deliveries',
    tags,
    summary: 'The ledger of what was due to anyone, newest first',
    request: {
      params: programParam,
      query: pageQuery.extend({
        status: z
          .enum([...deliveryStatuses, 'undelivered'])
          .optional()
          .openapi({
            description:
              '`undelivered` is what was not taken at once: `waiting`, `paused`, `exhausted` or `cancelled`. `pending` and `sending` are on their way.',
          }),
        channel: z.string().max(50).optional(),
        type: z.string().max(100).optional(),
        traceId: z.string().max(100).optional(),
        about: z.string().max(100).optional(),
        webhookId: z.string().max(100).optional(),
        since: z.iso.datetime().optional().openapi({
          description: 'Due since then alone: a filter that matches little need not look further.',
        }),
      }),
    },
    responses: { 200: ok(deliveryPage, 'A page of the ledger.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/deliveries/{deliveryId}',
    tags,
    summary: 'A delivery with every attempt',
    request: { params: deliveryParam },
    responses: { 200: ok(oneDeliveryOut, 'The delivery.') },
  },
);

const requestRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'get',
    path: '/api/deliveries/{deliveryId}/request',
    tags,
    summary: 'The call as the receiver gets it, signed; reading it is on record',
    request: {
      params: deliveryParam,
      query: z.object({
        signedAt: z.iso.datetime().optional().openapi({ description: 'As of then; now unless told.' }),
      }),
    },
    responses: { 200: ok(requestOut, 'Own headers of the endpoint by their names alone.') },
  },
);

const retryRoute = defineRoute(
  { scope: 'webhooks', idempotent: true },
  {
    method: 'post',
    path: '/api/deliveries/{deliveryId}/retry',
    tags,
    summary: 'Send it again, under the same message id',
    request: { params: deliveryParam },
    responses: { 202: ok(deliveryOut, 'Due again.') },
  },
);

const cancelRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'post',
    path: '/api/deliveries/{deliveryId}/cancel',
    tags,
    summary: 'Try it no more; what is cancelled can be retried and recovered',
    request: { params: deliveryParam },
    responses: { 200: ok(deliveryOut, 'Cancelled, now or before.') },
  },
);

export const deliveryRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor, since, webhookId: endpointId, ...rest } = c.req.valid('query');
    const filter = { ...rest, endpointId, sinceMs: since === undefined ? undefined : Date.parse(since) };
    const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    const listed = await listDeliveries(c.get('ctx'), c.get('programId'), filter, before, limit + 1);
    const page = toPage(listed.rows, limit, presentDelivery, (row) => [row.deliveryId]);
    const lookedTo = page.nextCursor === null ? listed.lookedTo : null;
    const nextCursor = lookedTo === null ? page.nextCursor : encodeCursor([lookedTo]);
    linkNext(c, nextCursor);
    const lookedBackTo = lookedTo === null ? null : toIso(idTime(lookedTo));
    return c.json({ items: page.items, nextCursor, lookedBackTo }, 200);
  })
  .openapi(getRoute, async (c) => {
    const ctx = c.get('ctx');
    const { deliveryId } = c.req.valid('param');
    const delivery = await findDelivery(ctx, await programOf(ctx, deliveryId), deliveryId);
    if (!delivery) throw noSuchDelivery();
    const body = await bodyOf(ctx, delivery);
    return c.json({ ...presentDelivery(delivery), body, attempts: delivery.log.map(presentAttempt) }, 200);
  })
  .openapi(requestRoute, async (c) => {
    const ctx = c.get('ctx');
    const { deliveryId } = c.req.valid('param');
    const { signedAt } = c.req.valid('query');
    const at = signedAt === undefined ? ctx.wallNow() : Date.parse(signedAt);
    const { signedAtMs, ...shown } = await showRequest(ctx, await programOf(ctx, deliveryId), deliveryId, at);
    return c.json({ ...shown, signedAt: toIso(signedAtMs) }, 200);
  })
  .openapi(retryRoute, async (c) => {
    const ctx = c.get('ctx');
    const { deliveryId } = c.req.valid('param');
    return c.json(
      presentDelivery(await retryDelivery(ctx, await programOf(ctx, deliveryId), deliveryId)),
      202,
    );
  })
  .openapi(cancelRoute, async (c) => {
    const ctx = c.get('ctx');
    const { deliveryId } = c.req.valid('param');
    const cancelled = await cancelDelivery(ctx, await programOf(ctx, deliveryId), deliveryId);
    return c.json(presentDelivery(cancelled), 200);
  });

async function programOf(ctx: Ctx, deliveryId: string): Promise<string> {
  if (ctx.actor.kind === 'program') return ctx.actor.programId;
  const programId = await programOfDelivery(ctx, deliveryId);
  if (programId === null) throw noSuchDelivery();
  return programId;
}

function noSuchDelivery(): AppError {
  return new AppError('not_found', 'There is no such delivery.');
}
