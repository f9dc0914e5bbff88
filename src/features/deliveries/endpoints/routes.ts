import { z } from '@hono/zod-openapi';
import {
  createRouter,
  defineRoute,
  isoTime,
  jsonBody,
  linkNext,
  ok,
  pageOf,
  pageQuery,
  programParam,
  toIso,
} from '../../../http.ts';
import { decodeCursor, toPage } from '../../../platform/cursor.ts';
import { AppError } from '../../../platform/errors.ts';
import { endpointOut, presentEndpoint, requireEndpoint } from '../../webhooks/index.ts';
import { presentDelivery } from '../present.ts';
import { deliveryOut } from '../schema.ts';
import { cancelRecovery } from './cancel.ts';
import {
  countedTo,
  countFailures,
  listRecoveries,
  type Recovery,
  recoverEndpoint,
  requireRecovery,
} from './recover.ts';
import { pauseEndpoint, resumeEndpoint, testEndpoint } from './verbs.ts';

const tags = ['Webhooks and deliveries'];

const webhookParam = programParam.extend({
  webhookId: z.string().openapi({ param: { name: 'webhookId', in: 'path' } }),
});

const actionRoute = <P extends string>(path: P, summary: string, description: string) =>
  defineRoute(
    { scope: 'webhooks' },
    {
      method: 'post',
      path,
      tags,
      summary,
      request: { params: webhookParam },
      responses: { 200: ok(endpointOut, description) },
    },
  );

const pauseRoute = actionRoute(
  '/api/programs/{programId}/webhooks/{webhookId}/pause',
  'Hold what is due, on record',
  'The paused endpoint.',
);
const resumeRoute = actionRoute(
  '/api/programs/{programId}/webhooks/{webhookId}/resume',
  'Active again; what waited goes out one after another',
  'The active endpoint.',
);

const testRoute = defineRoute(
  { scope: 'webhooks', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks/{webhookId}/test',
    tags,
    summary: 'Send a test message to this endpoint alone',
    request: { params: webhookParam },
    responses: { 202: ok(deliveryOut, 'Its delivery, which tells how it went.') },
  },
);

const recoverIn = z
  .strictObject({
    since: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Required.' }),
    until: z.iso.datetime({ offset: true }).optional(),
    dryRun: z.boolean().default(false).openapi({ description: 'Count only.' }),
  })
  .openapi('RecoverIn');

const recoveryOut = z
  .object({
    recoveryId: z.string().nullable().openapi({ description: 'Null for a count.' }),
    webhookId: z.string(),
    since: isoTime,
    until: isoTime,
    total: z.number().int().openapi({ description: 'Deliveries that had failed for good in the window.' }),
    more: z.boolean().openapi({ description: 'The count ended there: there may be more, which go out too.' }),
    rearmed: z.number().int().openapi({ description: 'Those made due again so far.' }),
    done: z.boolean(),
    createdAt: isoTime.nullable(),
    states: z.record(z.string(), z.number()).openapi({ description: 'Where those stand now, by status.' }),
  })
  .openapi('Recovery');

export type RecoveryOut = z.output<typeof recoveryOut>;
export type RecoveryPage = { items: RecoveryOut[]; nextCursor: string | null };

const recoverRoute = defineRoute(
  { scope: 'webhooks', idempotent: true },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks/{webhookId}/recover',
    tags,
    summary: 'Send again what failed for good in a window; with `dryRun` count it',
    request: { params: webhookParam, body: jsonBody(recoverIn) },
    responses: {
      200: ok(recoveryOut, 'How many there are; nothing is sent.'),
      202: ok(recoveryOut, 'They go out, one after another.'),
    },
  },
);

const listRecoveriesRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhooks/{webhookId}/recoveries',
    tags,
    summary: 'What was recovered of an endpoint, newest first',
    request: { params: webhookParam, query: pageQuery },
    responses: { 200: ok(pageOf(recoveryOut, 'RecoveryPage'), 'Without the states: ask for one.') },
  },
);

const recoveryParam = webhookParam.extend({
  recoveryId: z.string().openapi({ param: { name: 'recoveryId', in: 'path' } }),
});

const cancelRecoveryRoute = defineRoute(
  { scope: 'webhooks' },
  {
    method: 'post',
    path: '/api/programs/{programId}/webhooks/{webhookId}/recoveries/{recoveryId}/cancel',
    tags,
    summary: 'Stop a recovery: what has not gone out is cancelled',
    request: { params: recoveryParam },
    responses: { 200: ok(recoveryOut, 'Where it stopped.') },
  },
);

const getRecoveryRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/webhooks/{webhookId}/recoveries/{recoveryId}',
    tags,
    summary: 'How far a recovery is',
    request: { params: recoveryParam },
    responses: { 200: ok(recoveryOut, 'Its progress.') },
  },
);

function presentRecovery(recovery: Recovery, states: Record<string, number> = {}) {
  return {
    recoveryId: recovery.recoveryId,
    webhookId: recovery.endpointId,
    since: toIso(recovery.sinceAt),
    until: toIso(recovery.untilAt),
    total: recovery.total,
    more: recovery.total >= countedTo,
    rearmed: recovery.rearmed,
    done: recovery.wakeAt === null && !['pending', 'sending', 'waiting', 'paused'].some((one) => states[one]),
    createdAt: toIso(recovery.createdAt),
    states,
  };
}

export const endpointActionRoutes = createRouter()
  .openapi(pauseRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    return c.json(presentEndpoint(await pauseEndpoint(c.get('ctx'), c.get('programId'), webhookId)), 200);
  })
  .openapi(resumeRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    return c.json(presentEndpoint(await resumeEndpoint(c.get('ctx'), c.get('programId'), webhookId)), 200);
  })
  .openapi(testRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    return c.json(presentDelivery(await testEndpoint(c.get('ctx'), c.get('programId'), webhookId)), 202);
  })
  .openapi(recoverRoute, async (c) => {
    const [ctx, programId] = [c.get('ctx'), c.get('programId')];
    const { webhookId } = c.req.valid('param');
    const { since, until, dryRun } = c.req.valid('json');
    await requireEndpoint(ctx, programId, webhookId);
    if (since === undefined)
      throw new AppError('invalid_input', 'Say since when: "since", an ISO 8601 time.');
    const window = {
      sinceMs: Date.parse(since),
      untilMs: until === undefined ? ctx.now() : Date.parse(until),
    };
    if (window.untilMs < window.sinceMs)
      throw new AppError('invalid_input', '"until" lies before "since": nothing is in between.');
    if (!dryRun) {
      const { recovery, states } = await recoverEndpoint(ctx, programId, webhookId, window);
      return c.json(presentRecovery(recovery, states), 202);
    }
    const total = await countFailures(ctx, programId, webhookId, window);
    const counted = {
      recoveryId: null,
      webhookId,
      since: toIso(window.sinceMs),
      until: toIso(window.untilMs),
      total,
      more: total >= countedTo,
      rearmed: 0,
      done: false,
      createdAt: null,
      states: {},
    };
    return c.json(counted, 200);
  })
  .openapi(listRecoveriesRoute, async (c) => {
    const { webhookId } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    const before = cursor === undefined ? null : decodeCursor(cursor, 'string')[0];
    await requireEndpoint(c.get('ctx'), c.get('programId'), webhookId);
    const rows = await listRecoveries(c.get('ctx'), c.get('programId'), webhookId, before, limit + 1);
    const page = toPage(rows, limit, presentRecovery, (row) => [row.recoveryId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(cancelRecoveryRoute, async (c) => {
    const { webhookId, recoveryId } = c.req.valid('param');
    const found = await cancelRecovery(c.get('ctx'), c.get('programId'), webhookId, recoveryId);
    return c.json(presentRecovery(found.recovery, found.states), 200);
  })
  .openapi(getRecoveryRoute, async (c) => {
    const { webhookId, recoveryId } = c.req.valid('param');
    const found = await requireRecovery(c.get('ctx'), c.get('programId'), webhookId, recoveryId);
    return c.json(presentRecovery(found.recovery, found.states), 200);
  });
