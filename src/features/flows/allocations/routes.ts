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
} from '../../../http.ts';
import { decodeCursor, toPage } from '../../../platform/cursor.ts';
import { AppError } from '../../../platform/errors.ts';
import { programOfFlow } from '../find.ts';
import { presentParticipant } from '../participants/present.ts';
import { participantOut, participantParam } from '../participants/schema.ts';
import { listParticipants } from '../participants/store.ts';
import { idParam } from '../schema.ts';
import { requireSource } from '../sources/change.ts';
import { presentSource } from '../sources/present.ts';
import { sourceOut, sourceParam } from '../sources/schema.ts';
import { allocateParticipants, releaseAll, releaseParticipant } from './allocate.ts';
import { findAllocations, flowsLookedAt } from './find.ts';
import { allocationsIn, allocationsOut, participationOut } from './schema.ts';
import { listAllocated, listSourcesOfParticipant } from './store.ts';

const tags = ['Flows and external sources'];

/** Nothing under `participants` is a source: this stands before what takes any segment for an id. */
const sourcesRoute = defineRoute(
  { scope: 'read', owner: programOfFlow },
  {
    method: 'get',
    path: '/api/flows/{flowId}/external-sources/participants/{participantId}',
    tags,
    summary: 'The sources that a participant is allocated to',
    request: { params: participantParam, query: pageQuery },
    responses: { 200: ok(pageOf(sourceOut, 'SourcesOfParticipantPage'), 'A page of sources.') },
  },
);

const listRoute = defineRoute(
  { scope: 'read', owner: programOfFlow },
  {
    method: 'get',
    path: '/api/flows/{flowId}/external-sources/{sourceId}/allocations/participants',
    tags,
    summary: 'The participants that are allocated to a source',
    request: { params: sourceParam, query: pageQuery },
    responses: { 200: ok(pageOf(participantOut, 'AllocatedPage'), 'A page of participants.') },
  },
);

export type ParticipationPage = { items: z.output<typeof participationOut>[]; nextCursor: null };

const findRoute = defineRoute(
  { scope: 'read' },
  {
    method: 'get',
    path: '/api/programs/{programId}/flow-allocations',
    tags,
    summary: 'The flows that a person takes part in, and the sources that it is allocated to there',
    request: {
      params: programParam,
      query: z.object({
        externalId: z
          .string()
          .max(200)
          .optional()
          .openapi({ description: 'Required: as the flow’s participants have it.' }),
        flowId: z.coerce.number().int().positive().optional().openapi({ description: 'Of this flow alone.' }),
      }),
    },
    responses: {
      200: ok(
        pageOf(participationOut, 'ParticipationPage'),
        `Of the program’s latest ${flowsLookedAt} flows, the latest 50 that have the person.`,
      ),
    },
  },
);

const addRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow, bodyLimitBytes: 1_000_000 },
  {
    method: 'post',
    path: '/api/flows/{flowId}/external-sources/{sourceId}/allocations/participants',
    tags,
    summary: 'Allocate participants of the flow to a source',
    request: { params: sourceParam, body: jsonBody(allocationsIn) },
    responses: { 200: ok(allocationsOut, 'A result for each id, in their order.') },
  },
);

const releaseRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow },
  {
    method: 'delete',
    path: '/api/flows/{flowId}/external-sources/{sourceId}/allocations/participants/{participantId}',
    tags,
    summary: 'Take a participant from a source',
    request: { params: sourceParam.extend({ participantId: idParam('participantId', 311) }) },
    responses: { 204: noContent },
  },
);

const releaseAllRoute = defineRoute(
  { scope: 'flows', owner: programOfFlow },
  {
    method: 'delete',
    path: '/api/flows/{flowId}/external-sources/{sourceId}/allocations',
    tags,
    summary: 'Take all participants from a source',
    request: { params: sourceParam },
    responses: { 204: noContent },
  },
);

export const allocationRoutes = createRouter()
  .openapi(sourcesRoute, async (c) => {
    const ctx = c.get('ctx');
    const programId = c.get('programId');
    const { flowId, participantId } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
    const [participant] = await listParticipants(ctx, programId, flowId, { participantId }, 0, 1);
    if (!participant) throw new AppError('not_found', 'The flow has no participant of this id.');
    const rows = await listSourcesOfParticipant(ctx, programId, flowId, participantId, after, limit + 1);
    const page = toPage(rows, limit, presentSource, (row) => [row.sourceId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(listRoute, async (c) => {
    const ctx = c.get('ctx');
    const { flowId, sourceId } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? 0 : decodeCursor(cursor, 'number')[0];
    const source = await requireSource(ctx, c.get('programId'), flowId, sourceId);
    const rows = await listAllocated(ctx, source, after, limit + 1);
    const page = toPage(rows, limit, presentParticipant, (row) => [row.participantId]);
    linkNext(c, page.nextCursor);
    return c.json(page, 200);
  })
  .openapi(findRoute, async (c) => {
    const { externalId, flowId } = c.req.valid('query');
    if (externalId === undefined || externalId === '')
      throw new AppError('invalid_input', 'Name the person as the flow’s participants do: ?externalId=S1024');
    const items = await findAllocations(c.get('ctx'), c.get('programId'), externalId, flowId ?? null);
    return c.json({ items, nextCursor: null }, 200);
  })
  .openapi(addRoute, async (c) => {
    const { flowId, sourceId } = c.req.valid('param');
    const ids = c.req.valid('json');
    const results = await allocateParticipants(c.get('ctx'), c.get('programId'), flowId, sourceId, ids);
    return c.json({ results }, 200);
  })
  .openapi(releaseRoute, async (c) => {
    const { flowId, sourceId, participantId } = c.req.valid('param');
    await releaseParticipant(c.get('ctx'), c.get('programId'), flowId, sourceId, participantId);
    return c.body(null, 204);
  })
  .openapi(releaseAllRoute, async (c) => {
    const { flowId, sourceId } = c.req.valid('param');
    await releaseAll(c.get('ctx'), c.get('programId'), flowId, sourceId);
    return c.body(null, 204);
  });
