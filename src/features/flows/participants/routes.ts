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
} from '../../../http.ts';
import { decodeCursor, toPage } from '../../../platform/cursor.ts';
import { programOfFlow } from '../find.ts';
import { flowParam } from '../schema.ts';
import { addParticipants, deleteParticipant } from './change.ts';
import { presentParticipant } from './present.ts';
import { participantOut, participantParam, participantsIn, participantsOut } from './schema.ts';
import { listParticipants } from './store.ts';

const tags = ['Flows and external sources'];

const listRoute = defineRoute(
  { scope: 'read', owner: programOfFlow },
  {
    method: 'get',
    path: '/api/flows/{flowId}/participants',
    tags,
    summary: 'Who takes part; `externalId` finds one',
    request: { params: flowParam, query: pageQuery.extend({ externalId: z.string().max(200).optional() }) },
    responses: { 200: ok(pageOf(participantOut, 'ParticipantPage'), 'A page of participants.') },
  },
);

const addRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow, bodyLimitBytes: 4_000_000 },
  {
    method: 'post',
    path: '/api/flows/{flowId}/participants',
    tags,
    summary: 'Add or change participants; an item that is not good costs the others nothing',
    request: { params: flowParam, body: jsonBody(participantsIn) },
    responses: { 200: ok(participantsOut, 'A result for each item, in their order.') },
  },
);

const deleteRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow },
  {
    method: 'delete',
    path: '/api/flows/{flowId}/participants/{participantId}',
    tags,
    summary: 'Remove a participant with its allocations',
    request: { params: participantParam },
    responses: { 204: noContent },
  },
);

export const participantRoutes = createRouter()
  .openapi(listRoute, async (c) => {
    const { limit, cursor, externalId } = c.req.valid('query');
    const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
    const { flowId } = c.req.valid('param');
    const rows = await listParticipants(
      c.get('ctx'),
      c.get('programId'),
      flowId,
      { externalId },
      after,
      limit + 1,
    );
    const page = toPage(rows, limit, presentParticipant, (row) => [row.participantId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(addRoute, async (c) => {
    const { flowId } = c.req.valid('param');
    const results = await addParticipants(c.get('ctx'), c.get('programId'), flowId, c.req.valid('json'));
    return c.json({ results }, 200);
  })
  .openapi(deleteRoute, async (c) => {
    const { flowId, participantId } = c.req.valid('param');
    await deleteParticipant(c.get('ctx'), c.get('programId'), flowId, participantId);
    return c.body(null, 204);
  });
