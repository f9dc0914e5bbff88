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
  toIso,
} from '../../http.ts';
import { decodeCursor, toPage } from '../../platform/cursor.ts';
import { allocationRoutes } from './allocations/routes.ts';
import { changeFlow, createFlow, deleteFlow } from './change.ts';
import { programOfFlow } from './find.ts';
import { participantRoutes } from './participants/routes.ts';
import { flowState } from './policy.ts';
import { flowIn, flowOut, flowParam, flowPatch } from './schema.ts';
import { sourceRoutes } from './sources/routes.ts';
import { stateLabels } from './states.ts';
import { type Flow, listFlows, requireFlow } from './store.ts';

export type FlowOut = z.output<typeof flowOut>;
export type FlowPage = { items: FlowOut[]; nextCursor: string | null };

const tags = ['Flows and external sources'];

const listRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/flows',
    tags,
    summary: 'The flows of a program; `code` finds one',
    request: {
      params: programParam,
      query: pageQuery.extend({
        code: z.string().max(100).optional(),
        archived: z
          .enum(['true', 'false'])
          .transform((text) => text === 'true')
          .optional(),
      }),
    },
    responses: { 200: ok(pageOf(flowOut, 'FlowPage'), 'A page of flows.') },
  },
);

const createOne = defineRoute(
  { scope: 'flows' },
  {
    method: 'post',
    path: '/api/programs/{programId}/flows',
    tags,
    summary: 'Create a flow',
    request: { params: programParam, body: jsonBody(flowIn) },
    responses: { 201: ok(flowOut, 'Created.') },
  },
);

const getRoute = defineRoute(
  { scope: 'read', owner: programOfFlow },
  {
    method: 'get',
    path: '/api/flows/{flowId}',
    tags,
    summary: 'A flow and its state',
    request: { params: flowParam },
    responses: { 200: ok(flowOut, 'The flow.') },
  },
);

const changeRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow },
  {
    method: 'patch',
    path: '/api/flows/{flowId}',
    tags,
    summary: 'Change, archive or reopen a flow; archiving cancels what is pending',
    request: { params: flowParam, body: jsonBody(flowPatch) },
    responses: { 200: ok(flowOut, 'As it is now.') },
  },
);

const deleteRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow },
  {
    method: 'delete',
    path: '/api/flows/{flowId}',
    tags,
    summary: 'Delete a flow with its participants, sources and requests',
    request: { params: flowParam },
    responses: { 204: noContent },
  },
);

export const flowRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
    const rows = await listFlows(c.get('ctx'), c.get('programId'), filter, after, limit + 1);
    const page = toPage(rows, limit, present, (row) => [row.flowId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(createOne, async (c) => {
    const flow = await createFlow(c.get('ctx'), c.get('programId'), c.req.valid('json'));
    c.header('location', `/api/flows/${flow.flowId}`);
    return c.json(present(flow), 201);
  })
  .openapi(getRoute, async (c) => {
    const { flowId } = c.req.valid('param');
    return c.json(present(await requireFlow(c.get('ctx'), c.get('programId'), flowId)), 200);
  })
  .openapi(changeRoute, async (c) => {
    const { flowId } = c.req.valid('param');
    const flow = await changeFlow(c.get('ctx'), c.get('programId'), flowId, c.req.valid('json'));
    return c.json(present(flow), 200);
  })
  .openapi(deleteRoute, async (c) => {
    await deleteFlow(c.get('ctx'), c.get('programId'), c.req.valid('param').flowId);
    return c.body(null, 204);
  });

flowRoutes.route('/', participantRoutes);
flowRoutes.route('/', sourceRoutes);
flowRoutes.route('/', allocationRoutes);

function present(flow: Flow): z.output<typeof flowOut> {
  const state = flowState(flow.states);
  return {
    flowId: flow.flowId,
    programId: flow.programId,
    code: flow.code,
    title: flow.title,
    data: flow.data,
    state,
    label: stateLabels[state],
    allocations: flow.allocations,
    archived: flow.archivedAt !== null,
    syncTimeLimitMinutes: flow.syncTimeLimitMinutes,
    createdAt: toIso(flow.createdAt),
    updatedAt: toIso(flow.updatedAt),
  };
}
