import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  type ApiEnv,
  createRouter,
  defineRoute,
  jsonBody,
  linkNext,
  noContent,
  ok,
  pageOf,
  pageQuery,
} from '../../../http.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { programOfFlow } from '../find.ts';
import { flowParam } from '../schema.ts';
import { addSource, deleteSource, describeSource, requireSource } from './change.ts';
import { readHistory } from './history.ts';
import { presentSource } from './present.ts';
import { reportSync } from './report.ts';
import { requestSync } from './request.ts';
import type { HistoryFilter } from './requests.ts';
import {
  doneIn,
  failIn,
  historyOut,
  referenceParam,
  requestFilter,
  requestOut,
  sourceChange,
  sourceFilter,
  sourceIn,
  sourceOut,
  sourceParam,
} from './schema.ts';
import { listSources } from './store.ts';

export type SourcePage = { items: z.output<typeof sourceOut>[]; nextCursor: string | null };
export type HistoryPage = { items: z.output<typeof historyOut>[]; nextCursor: string | null };

// An id of ours stands where a source is managed, the caller's reference where it is synchronised; every
// path with a reference goes on with `sync`, so that a reference may read like an id or like `sync` itself.
const base = '/api/flows/{flowId}/external-sources' as const;
const tags = ['Flows and external sources'];
const reads = { scope: 'read' as const, owner: programOfFlow };
const writes = { scope: 'flows' as const, owner: programOfFlow };

const listRoute = defineRoute(reads, {
  method: 'get',
  path: base,
  tags,
  summary: 'The external sources of a flow; `reference` finds one',
  request: { params: flowParam, query: pageQuery.extend(sourceFilter.shape) },
  responses: { 200: ok(pageOf(sourceOut, 'ExternalSourcePage'), 'A page of sources.') },
});

const addRoute = defineRoute(writes, {
  method: 'post',
  path: base,
  tags,
  summary: 'Add an external source to a flow',
  request: { params: flowParam, body: jsonBody(sourceIn) },
  responses: { 201: ok(sourceOut, 'Added.') },
});

const historyRoute = defineRoute(reads, {
  method: 'get',
  path: `${base}/requests`,
  tags,
  summary: 'Who asked when, how it ended and what told the integration, newest first',
  request: { params: flowParam, query: pageQuery.extend(requestFilter.shape) },
  responses: { 200: ok(pageOf(historyOut, 'SyncRequestPage'), 'A page; deleted sources are in it too.') },
});

const requestAllRoute = defineRoute(
  { ...writes, idempotent: true },
  {
    method: 'post',
    path: `${base}/sync`,
    tags,
    summary: 'Request a sync of all sources of the flow: one id and one webhook',
    request: { params: flowParam },
    responses: { 202: ok(requestOut, 'Requested; a source that is pending already keeps its request.') },
  },
);

const getRoute = defineRoute(reads, {
  method: 'get',
  path: `${base}/{sourceId}`,
  tags,
  summary: 'An external source and where its sync stands',
  request: { params: sourceParam },
  responses: { 200: ok(sourceOut, 'The source.') },
});

const changeRoute = defineRoute(writes, {
  method: 'put',
  path: `${base}/{sourceId}`,
  tags,
  summary: 'Describe an external source; its reference stays',
  request: { params: sourceParam, body: jsonBody(sourceChange) },
  responses: { 200: ok(sourceOut, 'As it is now.') },
});

const deleteRoute = defineRoute(writes, {
  method: 'delete',
  path: `${base}/{sourceId}`,
  tags,
  summary: 'Delete an external source with its allocations; a pending request is cancelled',
  request: { params: sourceParam },
  responses: { 204: noContent },
});

const sourceHistoryRoute = defineRoute(reads, {
  method: 'get',
  path: `${base}/{sourceId}/requests`,
  tags,
  summary: 'The requests of one source, newest first',
  request: { params: sourceParam, query: pageQuery },
  responses: { 200: ok(pageOf(historyOut, 'SyncRequestsOfSourcePage'), 'A page.') },
});

const requestOneRoute = defineRoute(
  { ...writes, idempotent: true },
  {
    method: 'post',
    path: `${base}/{reference}/sync`,
    tags,
    summary: 'Request a sync of one source',
    request: { params: referenceParam },
    responses: { 202: ok(requestOut, 'Requested; if it is pending already it keeps its request.') },
  },
);

const doneRoute = defineRoute(writes, {
  method: 'post',
  path: `${base}/{reference}/sync/done`,
  tags,
  summary: 'The integration reports that the sync is complete',
  request: { params: referenceParam, body: { ...jsonBody(doneIn), required: false } },
  responses: { 200: ok(sourceOut, 'The source as it is now; repeated it changes nothing.') },
});

const failRoute = defineRoute(writes, {
  method: 'post',
  path: `${base}/{reference}/sync/fail`,
  tags,
  summary: 'The integration reports that the sync failed',
  request: { params: referenceParam, body: { ...jsonBody(failIn), required: false } },
  responses: { 200: ok(sourceOut, 'The source as it is now; repeated it changes nothing.') },
});

export const sourceRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
    const { flowId } = c.req.valid('param');
    const rows = await listSources(c.get('ctx'), c.get('programId'), flowId, filter, after, limit + 1);
    const page = toPage(rows, limit, presentSource, (row) => [row.sourceId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(addRoute, async (c) => {
    const { flowId } = c.req.valid('param');
    const source = await addSource(c.get('ctx'), c.get('programId'), flowId, c.req.valid('json'));
    c.header('location', `/api/flows/${flowId}/external-sources/${source.sourceId}`);
    return c.json(presentSource(source), 201);
  })
  .openapi(historyRoute, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    return c.json(await historyPage(c, c.req.valid('param').flowId, filter, { limit, cursor }), 200);
  })
  .openapi(requestAllRoute, async (c) => {
    const { flowId } = c.req.valid('param');
    return c.json(present(await requestSync(c.get('ctx'), c.get('programId'), flowId, null)), 202);
  })
  .openapi(getRoute, async (c) => {
    const { flowId, sourceId } = c.req.valid('param');
    const source = await requireSource(c.get('ctx'), c.get('programId'), flowId, sourceId);
    return c.json(presentSource(source), 200);
  })
  .openapi(changeRoute, async (c) => {
    const { flowId, sourceId } = c.req.valid('param');
    const { description } = c.req.valid('json');
    const source = await describeSource(c.get('ctx'), c.get('programId'), flowId, sourceId, description);
    return c.json(presentSource(source), 200);
  })
  .openapi(deleteRoute, async (c) => {
    const { flowId, sourceId } = c.req.valid('param');
    await deleteSource(c.get('ctx'), c.get('programId'), flowId, sourceId);
    return c.body(null, 204);
  })
  .openapi(sourceHistoryRoute, async (c) => {
    const { flowId, sourceId } = c.req.valid('param');
    await requireSource(c.get('ctx'), c.get('programId'), flowId, sourceId);
    return c.json(await historyPage(c, flowId, { sourceId }, c.req.valid('query')), 200);
  })
  .openapi(requestOneRoute, async (c) => {
    const { flowId, reference } = c.req.valid('param');
    return c.json(present(await requestSync(c.get('ctx'), c.get('programId'), flowId, reference)), 202);
  })
  .openapi(doneRoute, async (c) => {
    const { flowId, reference } = c.req.valid('param');
    const { requestId = null } = c.req.valid('json');
    const report = { outcome: 'SUCCESS' as const, requestId, message: null };
    const source = await reportSync(c.get('ctx'), c.get('programId'), flowId, reference, report);
    return c.json(presentSource(source), 200);
  })
  .openapi(failRoute, async (c) => {
    const { flowId, reference } = c.req.valid('param');
    const { requestId = null, message = null } = c.req.valid('json');
    const report = { outcome: 'FAILED' as const, requestId, message };
    const source = await reportSync(c.get('ctx'), c.get('programId'), flowId, reference, report);
    return c.json(presentSource(source), 200);
  });

function present(requested: Awaited<ReturnType<typeof requestSync>>): z.output<typeof requestOut> {
  const { duplicate, ...rest } = requested;
  return { ...rest, ...(duplicate ? { duplicate: true as const } : {}) };
}

async function historyPage(
  c: Context<ApiEnv>,
  flowId: number,
  filter: HistoryFilter,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
) {
  const before = cursor === undefined ? null : decodeCursor(cursor, 'number')[0];
  const { items, next } = await readHistory(c.get('ctx'), c.get('programId'), flowId, filter, before, limit);
  const nextCursor = next === null ? null : encodeCursor([next]);
  linkNext(c, nextCursor);
  return { items, nextCursor };
}
